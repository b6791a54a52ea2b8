//! The camera: its stream, and single pictures out of it.
//!
//! The only caller of the camera. It is on between [`Camera::start`] and [`Camera::stop`], and off
//! otherwise.

use futures_channel::oneshot;
use js_sys::{Array, Function, Object, Promise, Reflect};
use leptos::prelude::{document, window};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, HtmlCanvasElement, HtmlVideoElement};

use crate::canvas;

/// The longer side of a picture that is scored in passing, in pixels: more than any model looks at.
const LONGEST_SIDE: f64 = 640.0;

/// What is asked of a camera, in pixels across: enough for a picture that is kept. It may give
/// less.
const WANTED_WIDTH: f64 = 1_280.0;

#[wasm_bindgen]
extern "C" {
    type Devices;

    #[wasm_bindgen(method, catch, js_name = getUserMedia)]
    fn get_user_media(this: &Devices, constraints: &Object) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch, js_name = enumerateDevices)]
    fn enumerate(this: &Devices) -> Result<Promise, JsValue>;

    type Stream;

    #[wasm_bindgen(method, js_name = getTracks)]
    fn tracks(this: &Stream) -> Array;

    type Track;

    #[wasm_bindgen(method)]
    fn stop(this: &Track);

    #[wasm_bindgen(method, setter)]
    fn set_onended(this: &Track, ended: &Function);

    #[wasm_bindgen(method, catch, js_name = getSettings)]
    fn settings(this: &Track) -> Result<JsValue, JsValue>;

    type Drawing;

    #[wasm_bindgen(method, catch, js_name = drawImage)]
    fn draw(
        this: &Drawing,
        video: &HtmlVideoElement,
        x: f64,
        y: f64,
        width: f64,
        height: f64,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(catch, js_name = createImageBitmap)]
    fn create_image_bitmap(video: &HtmlVideoElement, options: &Object) -> Result<Promise, JsValue>;
}

/// Why there is no camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CameraError {
    /// The browser gives none to this page.
    NotHere,
    /// The person, or the page around, does not allow it.
    NotAllowed,
    /// The device has none.
    NoCamera,
    /// Another program has it.
    InUse,
    /// The browser hides what it sees from pages.
    Hidden,
}

/// Which camera, where a device has two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Facing {
    /// What is before the person: the back of a phone.
    #[default]
    Away,
    /// The person.
    Person,
}

impl Facing {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Away => Self::Person,
            Self::Person => Self::Away,
        }
    }

    /// As browsers call it: <https://www.w3.org/TR/mediacapture-streams/#dom-videofacingmodeenum>.
    fn name(self) -> &'static str {
        match self {
            Self::Away => "environment",
            Self::Person => "user",
        }
    }
}

/// A camera that is on. It goes off when this is dropped at the latest.
pub struct Camera {
    stream: Stream,
    _ended: Closure<dyn Fn()>,
}

impl Camera {
    /// Switches the camera on; the browser asks the person. Where there is no such camera, another
    /// is taken. `ended` hears if it goes off by itself.
    ///
    /// # Errors
    /// [`CameraError`].
    pub async fn start(facing: Facing, ended: impl Fn() + 'static) -> Result<Self, CameraError> {
        let devices = devices().ok_or(CameraError::NotHere)?;
        let wish = |wish: &JsValue| {
            let object = Object::new();
            Reflect::set(&object, &"ideal".into(), wish).ok();
            object
        };
        let video = Object::new();
        Reflect::set(&video, &"facingMode".into(), &wish(&facing.name().into())).ok();
        Reflect::set(&video, &"width".into(), &wish(&WANTED_WIDTH.into())).ok();
        let constraints = Object::new();
        Reflect::set(&constraints, &"video".into(), &video).ok();
        let asked = devices
            .get_user_media(&constraints)
            .map_err(|error| trouble(&error))?;
        let stream = JsFuture::from(asked)
            .await
            .map_err(|error| trouble(&error))?;
        let stream: Stream = stream.unchecked_into();
        let ended = Closure::<dyn Fn()>::new(ended);
        for track in stream.tracks() {
            let track: Track = track.unchecked_into();
            track.set_onended(ended.as_ref().unchecked_ref());
        }
        Ok(Self {
            stream,
            _ended: ended,
        })
    }

    /// Switches it off, at once.
    pub fn stop(&self) {
        for track in self.stream.tracks() {
            track.unchecked_into::<Track>().stop();
        }
    }

    /// Whether it looks at the person, as far as the browser knows.
    pub fn faces_person(&self) -> bool {
        let track: Track = self.stream.tracks().get(0).unchecked_into();
        let facing = track
            .settings()
            .and_then(|settings| Reflect::get(&settings, &"facingMode".into()));
        facing.is_ok_and(|facing| facing == Facing::Person.name())
    }

    /// Shows what it sees in an element.
    pub fn show_in(&self, video: &HtmlVideoElement) {
        let stream: &JsValue = self.stream.as_ref();
        Reflect::set(video, &"srcObject".into(), stream).ok();
        if let Ok(playing) = video.play() {
            // What keeps it from playing shows in there being no pictures.
            wasm_bindgen_futures::spawn_local(async { drop(JsFuture::from(playing).await) });
        }
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether the device has more than one camera. The browser says so once one of them is on.
pub async fn are_several() -> bool {
    let listed = async {
        let listed = devices()?.enumerate().ok()?;
        let listed: Array = JsFuture::from(listed).await.ok()?.dyn_into().ok()?;
        let kind = |device: &JsValue| Reflect::get(device, &"kind".into()).unwrap_or_default();
        let cameras = listed.iter().filter(|device| kind(device) == "videoinput");
        Some(cameras.count())
    };
    listed.await.is_some_and(|cameras| cameras > 1)
}

/// The present picture of a video, decoded and in a size that is good for scoring, as an
/// `ImageBitmap`. `None` as long as there is none.
pub async fn frame(video: &HtmlVideoElement) -> Option<JsValue> {
    let (width, height) = size(video)?;
    let scale = (LONGEST_SIDE / width.max(height)).min(1.0);
    let options = Object::new();
    for (name, side) in [("resizeWidth", width), ("resizeHeight", height)] {
        Reflect::set(
            &options,
            &name.into(),
            &(side * scale).round().max(1.0).into(),
        )
        .ok();
    }
    Reflect::set(&options, &"resizeQuality".into(), &"medium".into()).ok();
    JsFuture::from(create_image_bitmap(video, &options).ok()?)
        .await
        .ok()
}

/// The present picture of a video, as large as it is, as a JPEG file. `None` as long as there is
/// none, and where the browser [hides](canvas::is_hidden) what is drawn.
pub async fn snapshot(video: &HtmlVideoElement) -> Option<Blob> {
    const QUALITY: f64 = 0.95;
    let (width, height) = size(video)?;
    if canvas::is_hidden() {
        return None;
    }
    let canvas = document().create_element("canvas").ok()?;
    let canvas: HtmlCanvasElement = canvas.dyn_into().ok()?;
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    let drawing: Drawing = canvas.get_context("2d").ok()??.unchecked_into();
    drawing.draw(video, 0.0, 0.0, width, height).ok()?;
    let (end, file) = oneshot::channel();
    let done = Closure::once_into_js(move |file: JsValue| {
        end.send(file.dyn_into::<Blob>().ok()).ok();
    });
    canvas
        .to_blob_with_type_and_encoder_options(done.unchecked_ref(), "image/jpeg", &QUALITY.into())
        .ok()?;
    file.await.ok().flatten()
}

/// How large the picture of a video is; `None` as long as there is none.
fn size(video: &HtmlVideoElement) -> Option<(f64, f64)> {
    let (width, height) = (video.video_width(), video.video_height());
    (width > 0 && height > 0).then(|| (f64::from(width), f64::from(height)))
}

fn devices() -> Option<Devices> {
    let devices = Reflect::get(&window().navigator(), &"mediaDevices".into());
    let devices = devices.ok().filter(JsValue::is_object)?;
    Some(devices.unchecked_into())
}

/// What an exception of the browser means:
/// <https://www.w3.org/TR/mediacapture-streams/#dom-mediadevices-getusermedia>.
fn trouble(error: &JsValue) -> CameraError {
    let name = Reflect::get(error, &"name".into()).ok();
    match name.and_then(|name| name.as_string()).as_deref() {
        Some("NotFoundError" | "OverconstrainedError") => CameraError::NoCamera,
        Some("NotReadableError" | "AbortError") => CameraError::InUse,
        Some("NotAllowedError" | "SecurityError") => CameraError::NotAllowed,
        _ => CameraError::NotHere,
    }
}
