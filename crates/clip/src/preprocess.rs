//! From a picture to what the vision tower takes, as Hugging Face's `CLIPImageProcessor` does it with Pillow: the
//! shortest side is resized to the model's image size (bicubic, antialiased), the middle is cropped out, and the channels
//! are rescaled to 0..1 and normalised.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::Error;
use crate::picture::Picture;

/// Resizes the shortest side to `image_size` and crops the middle: `3 * image_size * image_size` bytes, pixel by pixel.
///
/// Only the pixels that are kept are computed, so that a picture of any aspect costs no more than its own pixels.
///
/// # Errors
/// [`Error::UnreadablePicture`] if the resizing library refuses, which a [`Picture`] gives it no reason to.
pub fn resize_and_crop(picture: &Picture, image_size: usize) -> Result<Vec<u8>, Error> {
    let refused = |reason: &dyn std::fmt::Display| Error::UnreadablePicture(reason.to_string());
    let (width, height) = (picture.width(), picture.height());
    let source = ImageRef::new(width, height, picture.rgb(), PixelType::U8x3)
        .map_err(|error| refused(&error))?;
    let side = image_size as u32;
    let shortest = width.min(height);
    let (left, box_width) = central_box(width, shortest, side);
    let (top, box_height) = central_box(height, shortest, side);
    // Catmull-Rom is the bicubic filter with a = -0.5, which is Pillow's.
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
        .use_alpha(false);
    let mut resizer = Resizer::new();
    // Pillow resizes across first, then down, and rounds to bytes in between; the library would begin with the columns. So
    // each call has only one direction to do. The first leaves out rows that the second has no use for: the filter reaches
    // two pixels of the result, or of the source where that is enlarged.
    let margin = 2.0 * (box_height / f64::from(side)).max(1.0);
    let first = (top - margin).floor().max(0.0);
    let last = (top + box_height + margin).ceil().min(f64::from(height));
    let mut strip = Image::new(side, (last - first) as u32, PixelType::U8x3);
    let across = options.clone().crop(left, first, box_width, last - first);
    resizer
        .resize(&source, &mut strip, &across)
        .map_err(|error| refused(&error))?;
    let mut resized = Image::new(side, side, PixelType::U8x3);
    let down = options.crop(0.0, top - first, f64::from(side), box_height);
    resizer
        .resize(&strip, &mut resized, &down)
        .map_err(|error| refused(&error))?;
    Ok(resized.into_vec())
}

/// Along one side of the source, in source pixels: where the kept part begins and how long it is.
///
/// The side would become `image_size * side / shortest` pixels, rounded down, of which `image_size` are kept, beginning at
/// half the rest, rounded down (`transformers.image_transforms.center_crop`).
fn central_box(side: u32, shortest: u32, image_size: u32) -> (f64, f64) {
    let resized = u64::from(image_size) * u64::from(side) / u64::from(shortest);
    let offset = (resized - u64::from(image_size)) / 2;
    let scale = f64::from(side) / resized as f64;
    (offset as f64 * scale, f64::from(image_size) * scale)
}

/// Rescales bytes to 0..1 and normalises each channel: planar, red then green then blue, `3 * image_size * image_size`.
pub fn normalise(rgb: &[u8], mean: &[f32; 3], std: &[f32; 3]) -> Vec<f32> {
    (0..3)
        .flat_map(|channel| {
            rgb.iter()
                .skip(channel)
                .step_by(3)
                .map(move |&value| (f32::from(value) / 255.0 - mean[channel]) / std[channel])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn gradient(width: u32, height: u32) -> Picture {
        let rgb = (0..height)
            .flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, 7]))
            .collect();
        Picture::new(width, height, rgb).unwrap()
    }

    #[test]
    fn a_picture_of_the_right_size_is_left_alone() {
        let picture = gradient(32, 32);
        assert_eq!(resize_and_crop(&picture, 32).unwrap(), picture.rgb());
    }

    #[test]
    fn the_middle_is_kept() {
        let picture = gradient(41, 32);
        let cropped = resize_and_crop(&picture, 32).unwrap();
        // Nine columns too many: four go on the left.
        assert_eq!(&cropped[..3], [4, 0, 7]);
        assert_eq!(&cropped[cropped.len() - 3..], [35, 31, 7]);
    }

    #[test]
    fn extreme_aspects_cost_only_what_is_kept() {
        for (width, height) in [(1, 60_000), (60_000, 1), (1, 1), (3, 7000)] {
            let cropped = resize_and_crop(&gradient(width, height), 224).unwrap();
            assert_eq!(cropped.len(), 3 * 224 * 224);
            assert_eq!(cropped[2], 7);
        }
    }

    #[test]
    fn channels_are_normalised_apart_and_become_planes() {
        let planes = normalise(
            &[255, 0, 0, 0, 255, 51],
            &[0.5, 0.25, 0.0],
            &[0.5, 0.25, 2.0],
        );
        assert_eq!(planes, [1.0, -1.0, -1.0, 3.0, 0.0, 0.1]);
    }
}
