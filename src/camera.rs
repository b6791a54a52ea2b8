//! The camera: its stream, and single pictures out of it.
//!
//! The only caller of the camera. It is on between [`Camera::start`] and [`Camera::stop`], and off otherwise.

use futures_channel::oneshot;
use js_sys::{Array, Function, Object, Promise, Reflect};
use leptos::prelude::{document, window};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, HtmlCanvasElement, HtmlVideoElement};

/// The longer side of a picture that is taken, in pixels: more than any model looks at.
const LONGEST_SIDE: f64 = 640.0;

#[wasm_bindgen]
extern "C" {
    type Devices;

    #[wasm_bindgen(method, catch, js_name = getUserMedia)]
    fn get_user_media(this: &Devices, constraints: &Object) -> Result<Promise, JsValue>;

    type Stream;

    #[wasm_bindgen(method, js_name = getTracks)]
    fn tracks(this: &Stream) -> Array;

    type Track;

    #[wasm_bindgen(method)]
    fn stop(this: &Track);

    #[wasm_bindgen(method, setter)]
    fn set_onended(this: &Track, ended: &Function);

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
}

/// Why there is no camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The browser gives none to this page.
    NotHere,
    /// The person, or the page around, does not allow it.
    NotAllowed,
    /// The device has none.
    NoCamera,
    /// Another program has it.
    InUse,
}

/// A camera that is on. It goes off when this is dropped at the latest.
pub struct Camera {
    stream: Stream,
    canvas: HtmlCanvasElement,
    _ended: Closure<dyn Fn()>,
}

impl Camera {
    /// Switches the camera on; the browser asks the person. `ended` hears if it goes off by itself.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn start(ended: impl Fn() + 'static) -> Result<Self, Trouble> {
        let devices = Reflect::get(&window().navigator(), &"mediaDevices".into());
        let devices = devices.ok().filter(JsValue::is_object);
        let devices: Devices = devices.ok_or(Trouble::NotHere)?.unchecked_into();
        let constraints = Object::new();
        // The back of a phone, where there are two.
        let video = Object::new();
        Reflect::set(&video, &"facingMode".into(), &"environment".into()).ok();
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
        let canvas = document().create_element("canvas");
        let canvas = canvas.ok().and_then(|canvas| canvas.dyn_into().ok());
        Ok(Self {
            stream,
            canvas: canvas.ok_or(Trouble::NotHere)?,
            _ended: ended,
        })
    }

    /// Switches it off, at once.
    pub fn stop(&self) {
        for track in self.stream.tracks() {
            track.unchecked_into::<Track>().stop();
        }
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

    /// The present picture, as a JPEG file. `None` as long as there is none.
    pub async fn picture(&self, video: &HtmlVideoElement) -> Option<Blob> {
        let (width, height) = (
            f64::from(video.video_width()),
            f64::from(video.video_height()),
        );
        if width < 1.0 || height < 1.0 {
            return None;
        }
        let scale = (LONGEST_SIDE / width.max(height)).min(1.0);
        let (width, height) = ((width * scale).round(), (height * scale).round());
        self.canvas.set_width(width as u32);
        self.canvas.set_height(height as u32);
        let drawing: Drawing = self.canvas.get_context("2d").ok()??.unchecked_into();
        drawing.draw(video, 0.0, 0.0, width, height).ok()?;
        let (end, file) = oneshot::channel();
        let done = Closure::once_into_js(move |file: JsValue| {
            end.send(file.dyn_into::<Blob>().ok()).ok();
        });
        self.canvas
            .to_blob_with_type(done.unchecked_ref(), "image/jpeg")
            .ok()?;
        file.await.ok().flatten()
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What an exception of the browser means: <https://www.w3.org/TR/mediacapture-streams/#dom-mediadevices-getusermedia>.
fn trouble(error: &JsValue) -> Trouble {
    let name = Reflect::get(error, &"name".into()).ok();
    match name.and_then(|name| name.as_string()).as_deref() {
        Some("NotFoundError" | "OverconstrainedError") => Trouble::NoCamera,
        Some("NotReadableError" | "AbortError") => Trouble::InUse,
        Some("NotAllowedError" | "SecurityError") => Trouble::NotAllowed,
        _ => Trouble::NotHere,
    }
}
