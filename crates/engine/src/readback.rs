//! From a bitmap of the browser's to its pixels in memory.
//!
//! The quickest way is a frame of a video, which gives bytes as they lie there. It does not convert
//! colours and does not say what transparent ones are multiplied with, so that it is for opaque
//! pictures of sRGB alone; a canvas, which takes some ten times as long, reads all others, and all
//! where a browser has no frames, unless it [hides what was drawn](canvas_check).
//!
//! Bytes lie as the file stores them, which Chromium does not turn upright before it draws them. A
//! frame says in `rotation` and `flip` what is left to do. Where it has no such properties, a small
//! file whose orientation is known shows once whether there is anything to do; where there is, a
//! canvas reads all pictures.

use std::cell::Cell;

use cliplet_clip::picture::{Channels, Picture, Turn, append_rgb};
use js_sys::{Array, Object, Reflect, Uint8Array, Uint8ClampedArray};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, ImageBitmap, ImageData, OffscreenCanvas};

use super::bitmap::{browser_bitmap, context, failure, internal};
use super::canvas_check;
use cliplet_protocol::messages::Failure;

/// Pixels read at a time. What is read in pieces that fit the processor's cache takes half the
/// time, and large photographs would double their memory.
const STRIP_PIXELS: u32 = 1 << 18;

// https://www.w3.org/TR/webcodecs/#videoframe-interface; web-sys has it only with a flag for all
// that is built.
#[wasm_bindgen]
extern "C" {
    type VideoFrame;

    #[wasm_bindgen(constructor, catch)]
    fn new(bitmap: &ImageBitmap, init: &JsValue) -> Result<VideoFrame, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn format(this: &VideoFrame) -> Option<String>;

    #[wasm_bindgen(method, getter, js_name = colorSpace)]
    fn color_space(this: &VideoFrame) -> JsValue;

    #[wasm_bindgen(method, getter, js_name = codedWidth)]
    fn coded_width(this: &VideoFrame) -> u32;

    #[wasm_bindgen(method, getter, js_name = codedHeight)]
    fn coded_height(this: &VideoFrame) -> u32;

    /// Degrees clockwise, a multiple of 90.
    #[wasm_bindgen(method, getter)]
    fn rotation(this: &VideoFrame) -> Option<u16>;

    #[wasm_bindgen(method, getter)]
    fn flip(this: &VideoFrame) -> Option<bool>;

    #[wasm_bindgen(method, catch, js_name = copyTo)]
    async fn copy_to(
        this: &VideoFrame,
        destination: &Uint8Array,
        options: &JsValue,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method)]
    fn close(this: &VideoFrame);
}

/// The pixels of a bitmap, upright as a canvas shows it, transparent ones over white.
pub(super) async fn bitmap(bitmap: &ImageBitmap) -> Result<Picture, Failure> {
    if let Some(frame) = Frame::of(bitmap)
        && (frame.says_turn || frames_are_upright().await)
        && let Some(picture) = frame.read().await?
    {
        return Ok(picture);
    }
    by_canvas(bitmap)
}

/// A frame whose bytes are a picture's.
struct Frame {
    frame: VideoFrame,
    channels: Channels,
    turn: Turn,
    /// The browser says how frames are to be turned.
    says_turn: bool,
    /// The format has transparency, as WebKit's always has; only the bytes say whether the picture
    /// has.
    may_be_transparent: bool,
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
        let format = frame.format();
        let channels = match format.as_deref() {
            Some("BGRX" | "BGRA") => Channels::Bgrx,
            Some("RGBX" | "RGBA") => Channels::Rgbx,
            _ => {
                frame.close();
                return None;
            }
        };
        let rotation = frame.rotation();
        let turn = Turn {
            quarters: (rotation.unwrap_or(0) / 90) as u8,
            mirrored: frame.flip().unwrap_or(false),
        };
        let space = frame.color_space();
        let is = |property: &str, expected: &str| {
            Reflect::get(&space, &property.into()).is_ok_and(|value| value == expected)
        };
        let frame = Self {
            frame,
            channels,
            turn,
            says_turn: rotation.is_some(),
            may_be_transparent: format.is_some_and(|format| format.ends_with('A')),
        };
        let (width, height) = turn.size(bitmap.width() as usize, bitmap.height() as usize);
        (frame.size() == (width as u32, height as u32)
            && is("primaries", "bt709")
            && is("transfer", "iec61966-2-1"))
        .then_some(frame)
    }

    /// The width and height of what is stored, in pixels.
    fn size(&self) -> (u32, u32) {
        (self.frame.coded_width(), self.frame.coded_height())
    }

    /// The upright picture; none if the browser refuses, or the picture is transparent somewhere.
    async fn read(&self) -> Result<Option<Picture>, Failure> {
        let (width, height) = self.size();
        let mut rgb = room_for(width, height)?;
        let mut stored = Vec::new();
        if !self.turn.is_none() {
            // Within what is reserved.
            rgb.resize(3 * width as usize * height as usize, 0);
        }
        let strip_height = (STRIP_PIXELS / width).clamp(1, height);
        let outside = Uint8Array::new_with_length(4 * width * strip_height);
        let mut strip = vec![0; outside.length() as usize];
        let size = (width as usize, height as usize);
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
            if self.may_be_transparent && strip.as_chunks::<4>().0.iter().any(|&[.., a]| a < 255) {
                return Ok(None);
            }
            if self.turn.is_none() {
                // Within what is reserved.
                append_rgb(&mut rgb, strip, self.channels);
            } else {
                stored.clear();
                append_rgb(&mut stored, strip, self.channels);
                self.turn.place(&mut rgb, &stored, size, top as usize);
            }
        }
        let (width, height) = self.turn.size(size.0, size.1);
        Picture::new(width as u32, height as u32, rgb)
            .map(Some)
            .map_err(failure)
    }
}

/// A JPEG of two grey blocks, which is upside down and says so.
const UPSIDE_DOWN: &[u8] = include_bytes!("upside_down.jpg");

/// Whether the bytes of frames are those of upright pictures, in a browser whose frames do not say
/// how to turn them.
async fn frames_are_upright() -> bool {
    thread_local! {
        static FOUND: Cell<Option<bool>> = const { Cell::new(None) };
    }
    if let Some(found) = FOUND.get() {
        return found;
    }
    let found = is_upright_in_frame(UPSIDE_DOWN).await.unwrap_or(false);
    FOUND.set(Some(found));
    found
}

async fn is_upright_in_frame(file: &[u8]) -> Option<bool> {
    let parts = Array::of1(&Uint8Array::from(file));
    let bitmap = browser_bitmap(&Blob::new_with_u8_array_sequence(&parts).ok()?).await?;
    let by_frame = Frame::of(&bitmap)?.read().await.ok()??;
    let by_canvas = by_canvas(&bitmap).ok()?;
    // Blocks that were exchanged are far apart; a canvas may be a little wrong.
    let far = by_frame.rgb().iter().zip(by_canvas.rgb());
    Some(far.map(|(one, other)| one.abs_diff(*other)).max()? < 16)
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
    if !canvas_check::can_be_read() {
        return Err(Failure::HiddenPixels);
    }
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
    // Without the copy of all of it that `ImageData::data` makes. Of more than eight bits a channel
    // it is another array.
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
    use web_sys::DedicatedWorkerGlobalScope;

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

    async fn jpeg_file(canvas: &OffscreenCanvas) -> Blob {
        let options = web_sys::ImageEncodeOptions::new();
        options.set_type("image/jpeg");
        let file = JsFuture::from(canvas.convert_to_blob_with_options(&options).unwrap()).await;
        file.unwrap().unchecked_into()
    }

    async fn file_bitmap(file: &Blob) -> ImageBitmap {
        bitmap_of(scope().create_image_bitmap_with_blob(file)).await
    }

    /// A canvas with [`canvas_bitmap`] on it.
    async fn drawn(width: u32, height: u32) -> OffscreenCanvas {
        let canvas = OffscreenCanvas::new(width, height).unwrap();
        let pattern = canvas_bitmap(width, height, 255).await;
        context(&canvas)
            .unwrap()
            .draw_image_with_image_bitmap(&pattern, 0.0, 0.0)
            .unwrap();
        canvas
    }

    /// A JPEG file with an EXIF block that says this orientation.
    fn oriented(jpeg: &Blob, orientation: u8) -> Blob {
        let exif = [
            &b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"[..],
            &[orientation, 0, 0, 0, 0, 0, 0],
        ]
        .concat();
        let parts = Array::of3(
            &jpeg.slice_with_i32_and_i32(0, 2).unwrap(),
            &Uint8Array::from(&exif[..]),
            &jpeg.slice_with_i32(2).unwrap(),
        );
        Blob::new_with_blob_sequence(&parts).unwrap()
    }

    #[wasm_bindgen_test]
    async fn a_frame_and_a_canvas_give_the_same_pixels() {
        let file = file_bitmap(&jpeg_file(&drawn(701, 905).await).await).await;
        let frame = Frame::of(&file).expect("an opaque picture of sRGB");
        let by_frame = frame.read().await.unwrap().expect("its bytes");
        assert!(by_frame == by_canvas(&file).unwrap());
        assert!(bitmap(&file).await.unwrap() == by_frame);
    }

    #[wasm_bindgen_test]
    async fn frames_are_turned_as_a_canvas_turns_them() {
        // Of more rows and columns than are read at a time, and a square one.
        for (width, height) in [(701, 905), (905, 701), (600, 600)] {
            let jpeg = jpeg_file(&drawn(width, height).await).await;
            let mut seen = Vec::new();
            for orientation in 1..=8 {
                let bitmap = file_bitmap(&oriented(&jpeg, orientation)).await;
                let frame = Frame::of(&bitmap).expect("an opaque picture of sRGB");
                let by_frame = frame.read().await.unwrap().expect("its bytes");
                assert!(by_frame == by_canvas(&bitmap).unwrap(), "{orientation}");
                let size = (by_frame.width(), by_frame.height());
                assert_eq!(size, (bitmap.width(), bitmap.height()));
                assert!(super::bitmap(&bitmap).await.unwrap() == by_frame);
                assert!(!seen.contains(&by_frame), "{orientation} is one of its own");
                seen.push(by_frame);
            }
        }
    }

    /// Without these properties of frames, as in Chromium before they had them.
    #[wasm_bindgen_test]
    async fn where_frames_do_not_say_how_to_turn_them_a_known_picture_does() {
        let jpeg = oriented(&jpeg_file(&drawn(300, 200).await).await, 3);
        let bitmap = file_bitmap(&jpeg).await;
        let expected = by_canvas(&bitmap).unwrap();
        assert_eq!(is_upright_in_frame(UPSIDE_DOWN).await, Some(true));
        let frames = Reflect::get(&js_sys::global(), &"VideoFrame".into()).unwrap();
        let frames: Object = Reflect::get(&frames, &"prototype".into())
            .unwrap()
            .unchecked_into();
        let kept = ["rotation", "flip"].map(|name| {
            let property = Object::get_own_property_descriptor(&frames, &name.into());
            Reflect::delete_property(&frames, &name.into()).unwrap();
            (name, property)
        });
        let frame = Frame::of(&bitmap).unwrap();
        let unturned = frame.read().await.unwrap().unwrap();
        let (says_turn, upright) = (frame.says_turn, is_upright_in_frame(UPSIDE_DOWN).await);
        let read = super::bitmap(&bitmap).await.unwrap();
        for (name, property) in kept {
            Object::define_property(&frames, &name.into(), property.unchecked_ref());
        }
        assert!(!says_turn);
        assert!(unturned != expected, "Chromium turns these bytes now");
        assert_eq!(upright, Some(false));
        assert!(read == expected);
    }

    #[wasm_bindgen_test]
    async fn of_frames_that_may_be_transparent_the_opaque_ones_are_read() {
        let opaque = canvas_bitmap(701, 905, 255).await;
        let frame = Frame::of(&opaque).expect("a picture of sRGB");
        assert!(frame.may_be_transparent);
        let by_frame = frame.read().await.unwrap().expect("its bytes");
        assert!(by_frame == by_canvas(&opaque).unwrap());

        let clear = canvas_bitmap(16, 16, 0).await;
        let frame = Frame::of(&clear).expect("a picture of sRGB");
        assert!(frame.read().await.unwrap().is_none());
        assert_eq!(bitmap(&clear).await.unwrap().rgb(), [255; 3 * 16 * 16]);
    }

    /// A PNG of one grey pixel whose gamma is 1, which browsers convert.
    const LINEAR: &[u8] = include_bytes!("linear.png");

    #[wasm_bindgen_test]
    async fn colours_are_converted() {
        let parts = Array::of1(&Uint8Array::from(LINEAR));
        let bitmap = file_bitmap(&Blob::new_with_u8_array_sequence(&parts).unwrap()).await;
        let read = super::bitmap(&bitmap).await.unwrap();
        // 128 of 255 in linear light are 188 in sRGB.
        assert!(
            read.rgb().iter().all(|&grey| grey.abs_diff(188) <= 1),
            "{:?}",
            read.rgb()
        );
    }
}
