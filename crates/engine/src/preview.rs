//! From a picture to a file that the page shows of it: whole, where the browser does not show the
//! picture's own file, or small, for pages with many.
//!
//! A canvas makes them, so that they are small files. Where a canvas [cannot be
//! read](canvas_check), they are BMP files (<https://en.wikipedia.org/wiki/BMP_file_format>, of 24
//! bits a pixel), which are large and take nothing but the pixels.

use cliplet_clip::picture::Picture;
use js_sys::{Array, Reflect, Uint8Array, Uint8ClampedArray};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, ImageBitmap, ImageData, ImageEncodeOptions, OffscreenCanvas,
    OffscreenCanvasRenderingContext2d,
};

use super::bitmap::{context, internal};
use super::canvas_check;
use cliplet_protocol::messages::Failure;

/// A file of a picture: a PNG, or a BMP.
pub(super) async fn whole(picture: &Picture) -> Result<Blob, Failure> {
    if !canvas_check::can_be_read() {
        return bmp_of(picture);
    }
    let promise = canvas_of(picture)?.convert_to_blob().map_err(internal)?;
    let blob = JsFuture::from(promise).await.map_err(internal)?;
    blob.dyn_into().map_err(internal)
}

/// A file of a picture whose longer side has `side` pixels at most: a JPEG, or a BMP. `bitmap` is
/// the picture as the browser has decoded it, if it has.
pub(super) async fn small(
    picture: &Picture,
    bitmap: Option<&ImageBitmap>,
    side: u32,
) -> Result<Blob, Failure> {
    let (width, height) = (picture.width(), picture.height());
    if !canvas_check::can_be_read() {
        return bmp_of(&shrunk(picture, side)?);
    }
    let canvas = if let Some(bitmap) = bitmap {
        small_canvas(width, height, side, |context, width, height| {
            context.draw_image_with_image_bitmap_and_dw_and_dh(bitmap, 0.0, 0.0, width, height)
        })
    } else {
        let whole = canvas_of(picture)?;
        small_canvas(width, height, side, |context, width, height| {
            context.draw_image_with_offscreen_canvas_and_dw_and_dh(&whole, 0.0, 0.0, width, height)
        })
    };
    jpeg(&canvas?).await
}

/// The width and height of a picture whose longer side has `side` pixels at most.
fn shrunk_size(width: u32, height: u32, side: u32) -> (u32, u32) {
    let scale = (f64::from(side) / f64::from(width.max(height).max(1))).min(1.0);
    let scaled = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    (scaled(width), scaled(height))
}

/// A canvas with what `draw` puts into its width and height, over white, in the shape of a picture
/// of this size.
fn small_canvas(
    width: u32,
    height: u32,
    side: u32,
    draw: impl FnOnce(&OffscreenCanvasRenderingContext2d, f64, f64) -> Result<(), JsValue>,
) -> Result<OffscreenCanvas, Failure> {
    let (width, height) = shrunk_size(width, height, side);
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

/// A picture whose longer side has `side` pixels at most: each pixel is the mean of those that it
/// stands for.
fn shrunk(picture: &Picture, side: u32) -> Result<Picture, Failure> {
    let (from_width, from_height) = (picture.width() as usize, picture.height() as usize);
    let (width, height) = shrunk_size(picture.width(), picture.height(), side);
    let span = |at: usize, of: usize, from: usize| at * from / of..(at + 1) * from / of;
    let mut rgb = Vec::with_capacity(3 * width as usize * height as usize);
    for y in 0..height as usize {
        let rows = span(y, height as usize, from_height);
        for x in 0..width as usize {
            let columns = span(x, width as usize, from_width);
            let mut sums = [0u64; 3];
            for row in rows.clone() {
                let pixels =
                    3 * (row * from_width + columns.start)..3 * (row * from_width + columns.end);
                for pixel in picture.rgb()[pixels].as_chunks::<3>().0 {
                    for (sum, &channel) in sums.iter_mut().zip(pixel) {
                        *sum += u64::from(channel);
                    }
                }
            }
            let count = (rows.len() * columns.len()) as u64;
            rgb.extend(sums.map(|sum| ((sum + count / 2) / count) as u8));
        }
    }
    Picture::new(width, height, rgb).map_err(super::bitmap::failure)
}

/// A picture as a BMP file.
fn bmp_of(picture: &Picture) -> Result<Blob, Failure> {
    const HEADERS: u32 = 14 + 40;
    let row = 3 * picture.width() as usize;
    let stored_row = row.next_multiple_of(4);
    let pixels = (stored_row * picture.height() as usize) as u32;
    let mut file = Vec::new();
    file.try_reserve_exact((HEADERS + pixels) as usize)
        .map_err(|_| Failure::OutOfMemory { wanted: None })?;
    file.extend(b"BM");
    // The file's length, nothing, and where the pixels begin.
    file.extend(
        [HEADERS + pixels, 0, HEADERS]
            .map(u32::to_le_bytes)
            .concat(),
    );
    // The second header: its length, the size, one plane of 24 bits, no compression, the pixels'
    // bytes, no resolution, no palette.
    file.extend(
        [40, picture.width(), picture.height()]
            .map(u32::to_le_bytes)
            .concat(),
    );
    file.extend([1u16, 24].map(u16::to_le_bytes).concat());
    file.extend([0, pixels, 0, 0, 0, 0].map(u32::to_le_bytes).concat());
    // Rows from below to above, blue first, each of a multiple of four bytes.
    for pixels in picture.rgb().chunks_exact(row).rev() {
        let begin = file.len();
        file.extend(
            pixels
                .as_chunks::<3>()
                .0
                .iter()
                .flat_map(|&[r, g, b]| [b, g, r]),
        );
        file.resize(begin + stored_row, 0);
    }
    let options = BlobPropertyBag::new();
    options.set_type("image/bmp");
    // A copy outside WebAssembly's memory, as above.
    let parts = Array::of1(&Uint8Array::from(&file[..]));
    Blob::new_with_u8_array_sequence_and_options(&parts, &options).map_err(internal)
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use super::*;
    use crate::bitmap::browser_bitmap;
    use crate::readback;
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

    wasm_bindgen_test_configure!(run_in_browser);

    /// A picture whose rows are no multiple of four bytes, and in which no two pixels are the same.
    fn picture(width: u32, height: u32) -> Picture {
        let pixels = 0..width * height;
        let rgb = pixels.flat_map(|at| [at as u8, (at >> 8) as u8, 77]);
        Picture::new(width, height, rgb.collect()).unwrap()
    }

    #[wasm_bindgen_test]
    async fn a_browser_shows_a_bmp_as_the_picture_is() {
        for (width, height) in [(1, 1), (5, 3), (30, 21), (64, 64)] {
            let picture = picture(width, height);
            let bitmap = browser_bitmap(&bmp_of(&picture).unwrap()).await.unwrap();
            assert!(readback::bitmap(&bitmap).await.unwrap() == picture);
        }
    }

    #[wasm_bindgen_test]
    fn a_small_picture_has_the_means_of_the_large_one() {
        let rgb = [[0, 10, 20], [100, 30, 40], [50, 0, 0], [51, 0, 0]].concat();
        let halves = shrunk(&Picture::new(2, 2, rgb).unwrap(), 1).unwrap();
        assert_eq!((halves.width(), halves.height()), (1, 1));
        assert_eq!(halves.rgb(), [50, 10, 15]);
        let wide = shrunk(&picture(300, 100), 30).unwrap();
        assert_eq!((wide.width(), wide.height()), (30, 10));
        let as_it_is = picture(20, 30);
        assert!(shrunk(&as_it_is, 256).unwrap() == as_it_is);
    }
}
