//! The camera.

use crate::camera;

/// The button that leads to the camera.
pub const USE_CAMERA: &str = "Use the camera";
/// What the camera's picture is called.
pub const CAMERA: &str = "What the camera sees";
/// The button that switches the camera on.
pub const START_CAMERA: &str = "Start the camera";
/// The button that switches it off.
pub const STOP_CAMERA: &str = "Stop";
/// Where the camera's pictures go: nowhere.
pub const CAMERA_STAYS: &str = "What it sees never leaves this browser.";
/// While the browser asks the person.
pub const CAMERA_ASKED: &str = "Your browser asks whether this page may use the camera.";
/// It is on.
pub const CAMERA_ON: &str = "The camera is on.";
/// The button that takes the other camera.
pub const OTHER_CAMERA: &str = "Other camera";
/// The button that keeps what is seen now.
pub const TAKE_SNAPSHOT: &str = "Take this picture";
/// What a picture that was taken is called.
pub const SNAPSHOT: &str = "A picture that the camera took";
/// The file of one.
pub const SNAPSHOT_FILE: &str = "camera.jpg";
/// There was no picture to be taken.
pub const NO_SNAPSHOT: &str = "The camera gave no picture. Start it again, wait until it shows something, then take the picture.";

/// There is no camera.
pub fn no_camera(trouble: camera::CameraError) -> &'static str {
    match trouble {
        camera::CameraError::NotHere => {
            "Camera unavailable. It needs HTTPS and, when embedded, the host page’s permission."
        }
        camera::CameraError::NotAllowed => {
            "The camera was not allowed. Allow it for this page in the browser’s settings, then start it again."
        }
        camera::CameraError::NoCamera => {
            "This device has no camera. Connect one, then start it again."
        }
        camera::CameraError::Hidden => {
            "This browser hides from web pages what the camera sees, as a protection against fingerprinting. Allow \
             this site to read canvases, then start it again."
        }
        camera::CameraError::InUse => {
            "Another program is using the camera. Close that, then start it again."
        }
    }
}

/// How many pictures are scored a second.
pub fn frame_rate(rate: f64) -> String {
    match rate {
        rate if rate < 9.95 => format!("{rate:.1} pictures a second"),
        rate => format!("{rate:.0} pictures a second"),
    }
}
