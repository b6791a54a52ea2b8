//! From a picture file to pixels: with the browser's own decoder, which knows more formats, is
//! quicker, turns the picture upright and converts its colours; with that of `crates/decoder` where
//! the browser refuses a TIFF, where the end of a JPEG is missing, of which browsers make different
//! things, and where the browser decodes and does not let pixels be read. That one is a program of
//! its own, which the worker's script fetches when the first such picture comes.
//!
//! Both lay transparent pictures over white, and so are pixels that are decoded already.

use cliplet_clip::picture::{self, CutOff, HEAD, Picture, SHORT, TAIL};
use futures_util::future::{join, try_join};
use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, ImageBitmap};

use super::bitmap::{browser_bitmap, failure, internal};
use super::{pictures, preview, readback};
use cliplet_protocol::messages::Failure;

/// A decoded picture.
pub(super) struct Decoded {
    pub(super) picture: Picture,
    /// The browser cannot show the file itself.
    pub(super) foreign: bool,
}

/// Decodes a file.
pub(super) async fn decode(file: &Blob) -> Result<Decoded, Failure> {
    let Opened {
        picture, foreign, ..
    } = open(file).await?;
    Ok(Decoded { picture, foreign })
}

/// Decodes a file, and makes a file of it whose longer side has `side` pixels at most.
pub(super) async fn decode_and_shrink(file: &Blob, side: u32) -> Result<(Picture, Blob), Failure> {
    let Opened {
        picture, bitmap, ..
    } = open(file).await?;
    let bitmap = bitmap.as_ref().map(|bitmap| &bitmap.0);
    let small = preview::small(&picture, bitmap, side).await?;
    Ok((picture, small))
}

/// A picture, and what the browser makes of its file, if its pixels are that.
struct Opened {
    picture: Picture,
    bitmap: Option<OpenBitmap>,
    /// The browser cannot show the file itself.
    foreign: bool,
}

/// A bitmap, which is closed when it is dropped.
struct OpenBitmap(ImageBitmap);

impl Drop for OpenBitmap {
    fn drop(&mut self) {
        self.0.close();
    }
}

async fn open(file: &Blob) -> Result<Opened, Failure> {
    if file.size() == 0.0 {
        return Err(Failure::EmptyPicture);
    }
    let (bitmap, cut_off) = join(browser_bitmap(file), cut_off(file)).await;
    let bitmap = bitmap.map(OpenBitmap);
    let (kinds, foreign) = match (bitmap, cut_off?) {
        (_, Some(other @ CutOff::Other(_))) => return Err(failure(other.error())),
        (_, Some(CutOff::Jpeg)) => (FOREIGN, true),
        (None, None) if can_browser_decode() => (FOREIGN, true),
        (None, None) => (ALL, true),
        (Some(bitmap), None) => match readback::bitmap(&bitmap.0).await {
            Err(Failure::HiddenPixels) => (ALL, false),
            picture => {
                return Ok(Opened {
                    picture: picture?,
                    bitmap: Some(bitmap),
                    foreign: false,
                });
            }
        },
    };
    let picture = match decode_here(file, kinds).await {
        // The browser shows it, and nobody here reads it.
        Err(Failure::UnreadablePicture | Failure::UnsupportedPicture { .. }) if !foreign => {
            Err(Failure::HiddenPixels)
        }
        decoded => decoded,
    }?;
    Ok(Opened {
        picture,
        bitmap: None,
        foreign,
    })
}

/// Whether the browser can be asked to decode a picture.
fn can_browser_decode() -> bool {
    Reflect::has(&js_sys::global(), &"createImageBitmap".into()).unwrap_or_default()
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

/// Files are known by how they begin.
type Kinds = &'static [&'static [&'static [u8]]];

/// Those that browsers do not decode, or of which they make different things: TIFFs, the larger
/// kind too, and JPEGs.
const FOREIGN: Kinds = &[TIFF_OR_JPEG];
/// All that the decoder reads.
const ALL: Kinds = &[TIFF_OR_JPEG, PNG_GIF_WEBP_OR_BMP];

const TIFF_OR_JPEG: &[&[u8]] = &[b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\xff\xd8\xff"];
const PNG_GIF_WEBP_OR_BMP: &[&[u8]] = &[b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"BM"];

/// Decodes a file of one of these kinds with the decoder of Cliplet.
async fn decode_here(file: &Blob, kinds: Kinds) -> Result<Picture, Failure> {
    let head = part(file, 0.0, HEAD as f64).await?;
    let mut beginnings = kinds.iter().copied().flatten();
    if !beginnings.any(|beginning| head.starts_with(beginning)) {
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
