//! Pixels that the page hands over decoded. Transparent ones are laid over white.

use cliplet_clip::picture::Picture;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ImageBitmap, ImageData};

use super::readback;
use cliplet_protocol::messages::Failure;

/// Pixels that were decoded elsewhere.
pub(super) enum Pixels {
    Bitmap(ImageBitmap),
    Data(ImageData),
}

impl Pixels {
    /// Those in an object, if it holds any.
    pub(super) fn of(object: JsValue) -> Option<Self> {
        let data = match object.dyn_into() {
            Ok(bitmap) => return Some(Self::Bitmap(bitmap)),
            Err(other) => other.dyn_into().ok()?,
        };
        Some(Self::Data(data))
    }

    /// The picture that they are. A bitmap is closed.
    pub(super) async fn read(&self) -> Result<Picture, Failure> {
        match self {
            Self::Bitmap(bitmap) => {
                let picture = readback::bitmap(bitmap).await;
                bitmap.close();
                picture
            }
            Self::Data(data) => readback::data(data),
        }
    }
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use js_sys::Uint8ClampedArray;
    use wasm_bindgen_futures::JsFuture;
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

    use super::*;

    wasm_bindgen_test_configure!(run_in_browser);

    /// More pixels than are read at a time, each unlike the one before.
    fn rgba(width: u32, height: u32, alpha: u8) -> Vec<u8> {
        let pixels = 0..width * height;
        pixels
            .flat_map(|at| [at as u8, (at >> 8) as u8, (at >> 16) as u8, alpha])
            .collect()
    }

    fn data(rgba: &[u8], width: u32) -> JsValue {
        let rgba = Uint8ClampedArray::from(rgba);
        ImageData::new_with_js_u8_clamped_array(&rgba, width)
            .unwrap()
            .into()
    }

    #[wasm_bindgen_test]
    async fn pixels_are_taken_as_they_are() {
        let (width, height) = (700, 900);
        let rgba = rgba(width, height, 255);
        let picture = Pixels::of(data(&rgba, width))
            .unwrap()
            .read()
            .await
            .unwrap();
        assert_eq!((picture.width(), picture.height()), (width, height));
        let expected = rgba.chunks_exact(4).flat_map(|pixel| &pixel[..3]);
        assert!(picture.rgb().iter().eq(expected));
    }

    #[wasm_bindgen_test]
    async fn pixels_of_both_kinds_lie_over_white() {
        let data = data(&rgba(16, 16, 0), 16);
        let scope: web_sys::DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
        let bitmap = scope
            .create_image_bitmap_with_image_data(data.unchecked_ref())
            .unwrap();
        for pixels in [data, JsFuture::from(bitmap).await.unwrap()] {
            let picture = Pixels::of(pixels).unwrap().read().await.unwrap();
            assert_eq!(picture.rgb(), [255; 3 * 16 * 16]);
        }
        assert!(Pixels::of("no pixels".into()).is_none());
    }
}
