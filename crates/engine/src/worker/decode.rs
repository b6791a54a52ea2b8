//! From a picture file to pixels: with the browser's own decoder, which knows more formats, is quicker, turns the picture
//! upright and converts its colours; with `cliplet-clip`'s where the browser refuses.
//!
//! Both lay transparent pictures over white.

use cliplet_clip::Error;
use cliplet_clip::picture::{self, Picture};
use js_sys::{Object, Uint8ClampedArray};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ImageBitmap, ImageData, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

use super::{pictures, port};
use crate::messages::Failure;

/// A decoded picture.
pub(super) struct Decoded {
    pub(super) picture: Picture,
    /// The browser cannot show the file itself.
    pub(super) foreign: bool,
}

/// Decodes a file.
pub(super) async fn decode(file: &Blob) -> Result<Decoded, Failure> {
    if file.size() == 0.0 {
        return Err(Failure::EmptyPicture);
    }
    if let Some(bitmap) = browser_bitmap(file).await {
        let picture = read_bitmap(&bitmap);
        bitmap.close();
        return Ok(Decoded {
            picture: picture?,
            foreign: false,
        });
    }
    let bytes = pictures::bytes(file).await?;
    Ok(Decoded {
        picture: picture::decode(&bytes).map_err(failure)?,
        foreign: true,
    })
}

async fn browser_bitmap(file: &Blob) -> Option<ImageBitmap> {
    let promise = port::scope().create_image_bitmap_with_blob(file).ok()?;
    JsFuture::from(promise).await.ok()?.dyn_into().ok()
}

/// Pixels read back at a time. A canvas as large as a large photograph would double its memory, and one that fits the
/// processor's cache is read in half the time.
const STRIP_PIXELS: u32 = 1 << 18;

fn read_bitmap(bitmap: &ImageBitmap) -> Result<Picture, Failure> {
    let (width, height) = (bitmap.width(), bitmap.height());
    picture::check_size(width, height).map_err(failure)?;
    let mut rgb = Vec::new();
    rgb.try_reserve_exact(3 * width as usize * height as usize)
        .map_err(|_| Failure::PictureTooLarge { width, height })?;
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
        append_rgb(&mut rgb, &strip.data());
    }
    Picture::new(width, height, rgb).map_err(failure)
}

/// Appends pixels without their alpha.
fn append_rgb(rgb: &mut Vec<u8>, rgba: &[u8]) {
    let (from, _) = rgba.as_chunks::<4>();
    let begin = rgb.len();
    // Within what is reserved. Filled in place: pushing byte by byte takes several times as long.
    rgb.resize(begin + 3 * from.len(), 0);
    let (to, _) = rgb[begin..].as_chunks_mut::<3>();
    for (to, &[red, green, blue, _]) in to.iter_mut().zip(from) {
        *to = [red, green, blue];
    }
}

/// A PNG of a picture, for the page to show.
pub(super) async fn preview(picture: &Picture) -> Result<Blob, Failure> {
    let rgba: Vec<u8> = picture
        .rgb()
        .chunks_exact(3)
        .flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255])
        .collect();
    // A copy outside WebAssembly's memory: where that is shared with threads, browsers take no pictures from it.
    let rgba = Uint8ClampedArray::from(&rgba[..]);
    let data = ImageData::new_with_js_u8_clamped_array(&rgba, picture.width()).map_err(internal)?;
    let canvas = OffscreenCanvas::new(picture.width(), picture.height()).map_err(internal)?;
    context(&canvas)?
        .put_image_data(&data, 0.0, 0.0)
        .map_err(internal)?;
    let promise = canvas.convert_to_blob().map_err(internal)?;
    let blob = JsFuture::from(promise).await.map_err(internal)?;
    blob.dyn_into().map_err(internal)
}

/// A context that is read from, not shown.
fn context(canvas: &OffscreenCanvas) -> Result<OffscreenCanvasRenderingContext2d, Failure> {
    let options = Object::new();
    js_sys::Reflect::set(&options, &"willReadFrequently".into(), &JsValue::TRUE)
        .map_err(internal)?;
    canvas
        .get_context_with_context_options("2d", &options)
        .map_err(internal)?
        .and_then(|context| context.dyn_into().ok())
        .ok_or_else(|| Failure::Internal {
            message: "This browser gives a worker no canvas.".to_owned(),
        })
}

fn failure(error: Error) -> Failure {
    match error {
        Error::EmptyPicture => Failure::EmptyPicture,
        Error::PictureTooLarge { width, height } => Failure::PictureTooLarge { width, height },
        _ => Failure::UnreadablePicture,
    }
}

fn internal(error: JsValue) -> Failure {
    Failure::Internal {
        message: format!("{error:?}"),
    }
}
