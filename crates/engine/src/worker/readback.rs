//! From a bitmap of the browser's to its pixels in memory.
//!
//! The quickest way is a frame of a video, which gives bytes as they lie there. It does not convert colours and does not say
//! what transparent ones are multiplied with, so that it is for opaque pictures of sRGB alone; a canvas, which takes some
//! ten times as long, reads all others, and all where a browser has no frames.

use cliplet_clip::picture::{Channels, Picture, append_rgb};
use js_sys::{Object, Reflect, Uint8Array, Uint8ClampedArray};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ImageBitmap, ImageData, OffscreenCanvas};

use super::decode::{context, failure, internal};
use crate::messages::Failure;

/// Pixels read at a time. What is read in pieces that fit the processor's cache takes half the time, and large photographs would
/// double their memory.
const STRIP_PIXELS: u32 = 1 << 18;

// https://www.w3.org/TR/webcodecs/#videoframe-interface; web-sys has it only with a flag for all that is built.
#[wasm_bindgen]
extern "C" {
    type VideoFrame;

    #[wasm_bindgen(constructor, catch)]
    fn new(bitmap: &ImageBitmap, init: &JsValue) -> Result<VideoFrame, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn format(this: &VideoFrame) -> Option<String>;

    #[wasm_bindgen(method, getter, js_name = colorSpace)]
    fn color_space(this: &VideoFrame) -> JsValue;

    #[wasm_bindgen(method, catch, js_name = copyTo)]
    async fn copy_to(
        this: &VideoFrame,
        destination: &Uint8Array,
        options: &JsValue,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method)]
    fn close(this: &VideoFrame);
}

/// The pixels of a bitmap, transparent ones over white.
pub(super) async fn bitmap(bitmap: &ImageBitmap) -> Result<Picture, Failure> {
    match Frame::of(bitmap) {
        Some(frame) => match frame.read(bitmap).await? {
            Some(picture) => Ok(picture),
            None => by_canvas(bitmap),
        },
        None => by_canvas(bitmap),
    }
}

/// A frame whose bytes are a picture's.
struct Frame {
    frame: VideoFrame,
    channels: Channels,
}

impl Drop for Frame {
    fn drop(&mut self) {
        self.frame.close();
    }
}

impl Frame {
    /// None where the browser has no frames, or its bytes would be others than a canvas shows.
    fn of(bitmap: &ImageBitmap) -> Option<Self> {
        let frame = VideoFrame::new(bitmap, &object([("timestamp", 0.0)])).ok()?;
        let channels = match frame.format().as_deref() {
            Some("BGRX") => Channels::Bgrx,
            Some("RGBX") => Channels::Rgbx,
            _ => {
                frame.close();
                return None;
            }
        };
        let space = frame.color_space();
        let is = |property: &str, expected: &str| {
            Reflect::get(&space, &property.into()).is_ok_and(|value| value == expected)
        };
        let frame = Self { frame, channels };
        (is("primaries", "bt709") && is("transfer", "iec61966-2-1")).then_some(frame)
    }

    /// None if the browser refuses.
    async fn read(&self, bitmap: &ImageBitmap) -> Result<Option<Picture>, Failure> {
        let (width, height) = (bitmap.width(), bitmap.height());
        let mut rgb = room_for(width, height)?;
        let strip_height = (STRIP_PIXELS / width).clamp(1, height);
        let outside = Uint8Array::new_with_length(4 * width * strip_height);
        let mut strip = vec![0; outside.length() as usize];
        for top in (0..height).step_by(strip_height as usize) {
            let rows = strip_height.min(height - top);
            let lies = [("x", 0), ("y", top), ("width", width), ("height", rows)];
            let part = object(lies.map(|(name, value)| (name, f64::from(value))));
            let options = object([("rect", part)]);
            if self.frame.copy_to(&outside, &options).await.is_err() {
                return Ok(None);
            }
            let bytes = 4 * width * rows;
            let strip = &mut strip[..bytes as usize];
            outside.subarray(0, bytes).copy_to(strip);
            // Within what is reserved.
            append_rgb(&mut rgb, strip, self.channels);
        }
        Picture::new(width, height, rgb).map(Some).map_err(failure)
    }
}

fn object<T: Into<JsValue>, const N: usize>(properties: [(&str, T); N]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        // Setting a property of an object that has just been made cannot fail.
        let _ = Reflect::set(&object, &name.into(), &value.into());
    }
    object.into()
}

fn by_canvas(bitmap: &ImageBitmap) -> Result<Picture, Failure> {
    let (width, height) = (bitmap.width(), bitmap.height());
    let mut rgb = room_for(width, height)?;
    let strip_height = (STRIP_PIXELS / width).clamp(1, height);
    let canvas = OffscreenCanvas::new(width, strip_height).map_err(internal)?;
    let context = context(&canvas)?;
    context.set_fill_style_str("white");
    for top in (0..height).step_by(strip_height as usize) {
        let rows = strip_height.min(height - top);
        let (width, rows) = (f64::from(width), f64::from(rows));
        context.fill_rect(0.0, 0.0, width, rows);
        context
            .draw_image_with_image_bitmap_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
                bitmap,
                0.0,
                f64::from(top),
                width,
                rows,
                0.0,
                0.0,
                width,
                rows,
            )
            .map_err(internal)?;
        let strip = context
            .get_image_data(0.0, 0.0, width, rows)
            .map_err(internal)?;
        append_rgb(&mut rgb, &strip.data(), Channels::Rgbx);
    }
    Picture::new(width, height, rgb).map_err(failure)
}

/// The pixels of what has been read already, transparent ones over white.
pub(super) fn data(data: &ImageData) -> Result<Picture, Failure> {
    let (width, height) = (data.width(), data.height());
    let mut rgb = room_for(width, height)?;
    // Without the copy of all of it that `ImageData::data` makes. Of more than eight bits a channel it is another array.
    let bytes: Uint8ClampedArray = Reflect::get(data, &"data".into())
        .map_err(internal)?
        .dyn_into()
        .map_err(|_| Failure::UnreadablePicture)?;
    let mut rgba = vec![0; 4 * STRIP_PIXELS as usize];
    let mut at = 0;
    while at < bytes.length() {
        let end = bytes.length().min(at + 4 * STRIP_PIXELS);
        let strip = &mut rgba[..(end - at) as usize];
        bytes.subarray(at, end).copy_to(strip);
        append_rgb(&mut rgb, strip, Channels::Rgba);
        at = end;
    }
    Picture::new(width, height, rgb).map_err(failure)
}

/// Room for the pixels of a picture, three bytes each.
fn room_for(width: u32, height: u32) -> Result<Vec<u8>, Failure> {
    cliplet_clip::picture::check_size(width, height).map_err(failure)?;
    let mut rgb = Vec::new();
    rgb.try_reserve_exact(3 * width as usize * height as usize)
        .map_err(|_| Failure::PictureTooLarge { width, height })?;
    Ok(rgb)
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use js_sys::Promise;
    use wasm_bindgen_futures::JsFuture;
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
    use web_sys::{Blob, DedicatedWorkerGlobalScope};

    use super::*;

    wasm_bindgen_test_configure!(run_in_browser);

    fn scope() -> DedicatedWorkerGlobalScope {
        js_sys::global().unchecked_into()
    }

    async fn bitmap_of(promise: Result<Promise, JsValue>) -> ImageBitmap {
        let bitmap = JsFuture::from(promise.unwrap()).await.unwrap();
        bitmap.unchecked_into()
    }

    /// A canvas of more pixels than are read at a time, each unlike the one before.
    async fn canvas_bitmap(width: u32, height: u32, alpha: u8) -> ImageBitmap {
        let rgba: Vec<u8> = (0..width * height)
            .flat_map(|at| [at as u8, (at >> 8) as u8, (at >> 16) as u8, alpha])
            .collect();
        let rgba = Uint8ClampedArray::from(&rgba[..]);
        let data = ImageData::new_with_js_u8_clamped_array(&rgba, width).unwrap();
        let canvas = OffscreenCanvas::new(width, height).unwrap();
        let context = context(&canvas).unwrap();
        context.put_image_data(&data, 0.0, 0.0).unwrap();
        bitmap_of(scope().create_image_bitmap_with_offscreen_canvas(&canvas)).await
    }

    async fn file_bitmap(canvas: &OffscreenCanvas, kind: &str) -> ImageBitmap {
        let options = web_sys::ImageEncodeOptions::new();
        options.set_type(kind);
        let file = JsFuture::from(canvas.convert_to_blob_with_options(&options).unwrap()).await;
        let file: Blob = file.unwrap().unchecked_into();
        bitmap_of(scope().create_image_bitmap_with_blob(&file)).await
    }

    #[wasm_bindgen_test]
    async fn a_frame_and_a_canvas_give_the_same_pixels() {
        let (width, height) = (701, 905);
        let canvas = OffscreenCanvas::new(width, height).unwrap();
        let drawn = context(&canvas).unwrap();
        let pattern = canvas_bitmap(width, height, 255).await;
        drawn
            .draw_image_with_image_bitmap(&pattern, 0.0, 0.0)
            .unwrap();
        let file = file_bitmap(&canvas, "image/jpeg").await;
        let frame = Frame::of(&file).expect("an opaque picture of sRGB");
        let by_frame = frame.read(&file).await.unwrap().expect("its bytes");
        assert!(by_frame == by_canvas(&file).unwrap());
        assert!(bitmap(&file).await.unwrap() == by_frame);
    }

    #[wasm_bindgen_test]
    async fn transparent_pictures_are_no_frames() {
        let clear = canvas_bitmap(16, 16, 0).await;
        assert!(Frame::of(&clear).is_none());
        assert_eq!(bitmap(&clear).await.unwrap().rgb(), [255; 3 * 16 * 16]);
    }

    /// A PNG of one grey pixel whose gamma is 1, which browsers convert.
    const LINEAR: &[u8] = include_bytes!("linear.png");

    #[wasm_bindgen_test]
    async fn colours_are_converted() {
        let parts = js_sys::Array::of1(&Uint8Array::from(LINEAR));
        let file = Blob::new_with_u8_array_sequence(&parts).unwrap();
        let bitmap = bitmap_of(scope().create_image_bitmap_with_blob(&file)).await;
        let read = super::bitmap(&bitmap).await.unwrap();
        // 128 of 255 in linear light are 188 in sRGB.
        assert!(
            read.rgb().iter().all(|&grey| grey.abs_diff(188) <= 1),
            "{:?}",
            read.rgb()
        );
    }
}
