//! From a picture to what the vision tower takes, as Hugging Face's `CLIPImageProcessor` does it with Pillow: the
//! shortest side is resized to the model's image size (bicubic, antialiased), the middle is cropped out, and the channels
//! are rescaled to 0..1 and normalised.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{InnerPixel, U8x3};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

pub use cliplet_kernels::pixels::normalise;

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
    // Types that are known when this is compiled leave out of the program all that the library can do with others, half a
    // megabyte of tables among it.
    let source = TypedImageRef::<U8x3>::from_buffer(width, height, picture.rgb())
        .map_err(|error| refused(&error))?;
    let side = image_size as u32;
    let [left, top, box_width, box_height] = kept_part(width, height, image_size);
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
    let mut strip = TypedImage::<U8x3>::new(side, (last - first) as u32);
    let across = options.clone().crop(left, first, box_width, last - first);
    resizer
        .resize_typed(&source, &mut strip, &across)
        .map_err(|error| refused(&error))?;
    let mut resized = TypedImage::<U8x3>::new(side, side);
    let down = options.crop(0.0, top - first, f64::from(side), box_height);
    resizer
        .resize_typed(&strip, &mut resized, &down)
        .map_err(|error| refused(&error))?;
    Ok(U8x3::components(resized.pixels()).to_vec())
}

/// The part of a picture that the model looks at, in pixels of the picture: left, top, width and height.
///
/// # Panics
/// If the picture has no pixels.
pub fn kept_part(width: u32, height: u32, image_size: usize) -> [f64; 4] {
    let (shortest, side) = (width.min(height), image_size as u32);
    let (left, kept_width) = central_box(width, shortest, side);
    let (top, kept_height) = central_box(height, shortest, side);
    [left, top, kept_width, kept_height]
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

/// Cuts a normalised picture, planar and of `image_size * image_size` pixels, into patches: row by row, and of each patch its
/// channels, rows and columns, in the order of the patch convolution's kernel.
///
/// # Panics
/// If `image_size` is no multiple of `patch_size`, or there are fewer pixels.
pub fn patches(pixels: &[f32], image_size: usize, patch_size: usize) -> Vec<f32> {
    assert!(image_size.is_multiple_of(patch_size), "whole patches");
    let across = image_size / patch_size;
    let mut patches = Vec::with_capacity(3 * image_size * image_size);
    for (top, left) in (0..across).flat_map(|top| (0..across).map(move |left| (top, left))) {
        for (channel, row) in
            (0..3).flat_map(|channel| (0..patch_size).map(move |row| (channel, row)))
        {
            let y = channel * image_size + top * patch_size + row;
            let begin = y * image_size + left * patch_size;
            patches.extend_from_slice(&pixels[begin..begin + patch_size]);
        }
    }
    patches
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
    fn what_is_looked_at_is_the_middle() {
        assert_eq!(kept_part(32, 32, 32), [0.0, 0.0, 32.0, 32.0]);
        assert_eq!(kept_part(100, 300, 50), [0.0, 100.0, 100.0, 100.0]);
        let [left, top, width, height] = kept_part(640, 480, 224);
        assert!((left - 80.0).abs() < 2.0 && (width - 480.0).abs() < 2.0);
        assert_eq!((top, height), (0.0, 480.0));
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

    #[test]
    fn patches_are_cut_row_by_row_and_keep_their_channels_apart() {
        // Each number says its channel, row and column.
        let pixels: Vec<f32> = (0..3 * 16)
            .map(|i| (100 * (i / 16) + 10 * (i / 4 % 4) + i % 4) as f32)
            .collect();
        let patches = patches(&pixels, 4, 2);
        assert_eq!(
            patches[12..24],
            [2, 3, 12, 13, 102, 103, 112, 113, 202, 203, 212, 213].map(|x| x as f32)
        );
        assert_eq!(patches.len(), pixels.len());
    }
}
