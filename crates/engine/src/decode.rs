//! From a picture file to pixels: with the browser's own decoder, which knows more formats, is
//! quicker, turns the picture upright and converts its colours; with that of `crates/decoder` where
//! the browser refuses a TIFF, and where the end of a JPEG is missing, of which browsers make
//! different things. That one is a program of its own, which the worker's script fetches when the
//! first such picture comes.
//!
//! Both lay transparent pictures over white, and so are pixels that are decoded already.

use cliplet_clip::picture::{self, CutOff, HEAD, Picture, SHORT, TAIL};
use futures_util::future::{join, try_join};
use js_sys::{Array, Reflect, Uint8Array, Uint8ClampedArray};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, ImageBitmap, ImageData, ImageEncodeOptions, OffscreenCanvas,
    OffscreenCanvasRenderingContext2d,
};

use super::bitmap::{browser_bitmap, context, failure, internal};
use super::{pictures, readback};
use cliplet_protocol::messages::Failure;

/// A decoded picture.
pub(super) struct Decoded {
    pub(super) picture: Picture,
    /// The browser cannot show the file itself.
    pub(super) foreign: bool,
}

/// Decodes a file.
pub(super) async fn decode(file: &Blob) -> Result<Decoded, Failure> {
    match open(file).await? {
        Opened::Bitmap(bitmap) => {
            let picture = readback::bitmap(&bitmap).await;
            bitmap.close();
            Ok(Decoded {
                picture: picture?,
                foreign: false,
            })
        }
        Opened::Foreign(picture) => Ok(Decoded {
            picture,
            foreign: true,
        }),
    }
}

/// A file, as the browser or the decoder of Cliplet opens it.
enum Opened {
    Bitmap(ImageBitmap),
    Foreign(Picture),
}

async fn open(file: &Blob) -> Result<Opened, Failure> {
    if file.size() == 0.0 {
        return Err(Failure::EmptyPicture);
    }
    let (bitmap, cut_off) = join(browser_bitmap(file), cut_off(file)).await;
    let cut_off = cut_off?;
    if let Some(bitmap) = bitmap {
        if cut_off.is_none() {
            return Ok(Opened::Bitmap(bitmap));
        }
        bitmap.close();
    }
    match cut_off {
        Some(other @ CutOff::Other(_)) => Err(failure(other.error())),
        Some(CutOff::Jpeg) | None => decode_foreign(file).await.map(Opened::Foreign),
    }
}

/// Whether the end of a file is missing. Of nearly all files a few thousand bytes say it.
async fn cut_off(file: &Blob) -> Result<Option<CutOff>, Failure> {
    let length = file.size();
    if length > SHORT as f64 {
        let (head, tail) = try_join(
            part(file, 0.0, TAIL as f64),
            part(file, length - TAIL as f64, length),
        )
        .await?;
        if !picture::may_be_cut_off(&head, &tail, length as u64) {
            return Ok(None);
        }
    }
    Ok(picture::cut_off(&pictures::bytes(file).await?))
}

async fn part(file: &Blob, begin: f64, end: f64) -> Result<Vec<u8>, Failure> {
    let part = file.slice_with_f64_and_f64(begin, end);
    pictures::bytes(&part.map_err(internal)?).await
}

// The worker's script has it (js/engine/worker.js).
#[wasm_bindgen]
extern "C" {
    /// What `decode` of `crates/decoder` gives, of a picture that it breaks down over `[]`; fails
    /// where the program cannot be had.
    #[wasm_bindgen(catch, js_name = decodeClipletPicture)]
    async fn decode_picture(file: Uint8Array) -> Result<JsValue, JsValue>;
}

/// How TIFFs begin, the larger kind too.
const TIFF: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
/// How JPEGs begin, whose end may be missing; all else that the decoder reads, browsers do.
const JPEG: &[u8] = b"\xff\xd8\xff";

/// Decodes a file that is not the browser's to decode.
async fn decode_foreign(file: &Blob) -> Result<Picture, Failure> {
    let head = part(file, 0.0, HEAD as f64).await?;
    let is_read = TIFF
        .iter()
        .chain([&JPEG])
        .any(|beginning| head.starts_with(beginning));
    if !is_read {
        return Err(picture::unsupported(&head).map_or(Failure::UnreadablePicture, failure));
    }
    let bytes = pictures::bytes(file).await?;
    let decoded = decode_picture(Uint8Array::from(&bytes[..])).await;
    let decoded: Array = decoded
        .map_err(|_| Failure::NoDecoder)?
        .dyn_into()
        .map_err(internal)?;
    if let Some((what, advice)) = decoded.get(0).as_string().zip(decoded.get(1).as_string()) {
        return Err(Failure::UnsupportedPicture { what, advice });
    }
    let number = |at| decoded.get(at).as_f64().map(|number| number as u32);
    let (width, height) = number(0).zip(number(1)).ok_or(Failure::UnreadablePicture)?;
    let rgb: Uint8Array = decoded
        .get(2)
        .dyn_into()
        .map_err(|_| Failure::PictureTooLarge { width, height })?;
    let picture = Picture::new(width, height, rgb.to_vec()).map_err(failure)?;
    Ok(if decoded.get(3).is_truthy() {
        picture.incomplete()
    } else {
        picture
    })
}

/// Decodes a file, and makes a JPEG of it whose longer side has `side` pixels at most.
pub(super) async fn decode_and_shrink(file: &Blob, side: u32) -> Result<(Picture, Blob), Failure> {
    let bitmap = match open(file).await? {
        Opened::Bitmap(bitmap) => bitmap,
        Opened::Foreign(picture) => {
            let whole = canvas_of(&picture)?;
            let small = small_canvas(
                picture.width(),
                picture.height(),
                side,
                |context, width, height| {
                    context.draw_image_with_offscreen_canvas_and_dw_and_dh(
                        &whole, 0.0, 0.0, width, height,
                    )
                },
            )?;
            return Ok((picture, jpeg(&small).await?));
        }
    };
    let picture = readback::bitmap(&bitmap).await;
    let small = small_canvas(
        bitmap.width(),
        bitmap.height(),
        side,
        |context, width, height| {
            context.draw_image_with_image_bitmap_and_dw_and_dh(&bitmap, 0.0, 0.0, width, height)
        },
    );
    bitmap.close();
    Ok((picture?, jpeg(&small?).await?))
}

/// A canvas with what `draw` puts into its width and height, over white, in the shape of a picture
/// of this size.
fn small_canvas(
    width: u32,
    height: u32,
    side: u32,
    draw: impl FnOnce(&OffscreenCanvasRenderingContext2d, f64, f64) -> Result<(), JsValue>,
) -> Result<OffscreenCanvas, Failure> {
    let scale = (f64::from(side) / f64::from(width.max(height).max(1))).min(1.0);
    let scaled = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let (width, height) = (scaled(width), scaled(height));
    let canvas = OffscreenCanvas::new(width, height).map_err(internal)?;
    let context = context(&canvas)?;
    context.set_image_smoothing_enabled(true);
    // Called by name: no loss where a browser has it not.
    let _ = Reflect::set(&context, &"imageSmoothingQuality".into(), &"medium".into());
    let (width, height) = (f64::from(width), f64::from(height));
    context.set_fill_style_str("white");
    context.fill_rect(0.0, 0.0, width, height);
    draw(&context, width, height).map_err(internal)?;
    Ok(canvas)
}

async fn jpeg(canvas: &OffscreenCanvas) -> Result<Blob, Failure> {
    let options = ImageEncodeOptions::new();
    options.set_type("image/jpeg");
    options.set_quality(0.8);
    let promise = canvas
        .convert_to_blob_with_options(&options)
        .map_err(internal)?;
    let blob = JsFuture::from(promise).await.map_err(internal)?;
    blob.dyn_into().map_err(internal)
}

/// A PNG of a picture, for the page to show.
pub(super) async fn preview(picture: &Picture) -> Result<Blob, Failure> {
    let promise = canvas_of(picture)?.convert_to_blob().map_err(internal)?;
    let blob = JsFuture::from(promise).await.map_err(internal)?;
    blob.dyn_into().map_err(internal)
}

/// A canvas with a picture on it.
fn canvas_of(picture: &Picture) -> Result<OffscreenCanvas, Failure> {
    let rgba: Vec<u8> = picture
        .rgb()
        .chunks_exact(3)
        .flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255])
        .collect();
    // A copy outside WebAssembly's memory: where that is shared with threads, browsers take no
    // pictures from it.
    let rgba = Uint8ClampedArray::from(&rgba[..]);
    let data = ImageData::new_with_js_u8_clamped_array(&rgba, picture.width()).map_err(internal)?;
    let canvas = OffscreenCanvas::new(picture.width(), picture.height()).map_err(internal)?;
    context(&canvas)?
        .put_image_data(&data, 0.0, 0.0)
        .map_err(internal)?;
    Ok(canvas)
}
