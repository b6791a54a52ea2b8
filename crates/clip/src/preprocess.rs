//! From a picture to what the vision tower takes, as Hugging Face's `CLIPImageProcessor` does it
//! with Pillow: the shortest side is resized to the model's image size (bicubic, antialiased), the
//! middle is cropped out, and the channels are rescaled to 0..1 and normalised.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{InnerPixel, U8x3};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

pub use cliplet_kernels::pixels::normalise;

use crate::Error;
use crate::picture::Picture;

/// Resizes the shortest side to `image_size` and crops the middle: `3 * image_size * image_size`
/// bytes, pixel by pixel.
///
/// Only the pixels that are kept are computed, so that a picture of any aspect costs no more than
/// its own pixels.
///
/// # Errors
/// [`Error::UnreadablePicture`] if the resizing library refuses, which a [`Picture`] gives it no
/// reason to.
pub fn resize_and_crop(picture: &Picture, image_size: usize) -> Result<Vec<u8>, Error> {
    let refused = |reason: &dyn std::fmt::Display| Error::UnreadablePicture(reason.to_string());
    let (width, height) = (picture.width(), picture.height());
    // Types that are known when this is compiled leave out of the program all that the library can
    // do with others, half a megabyte of tables among it.
    let source = TypedImageRef::<U8x3>::from_buffer(width, height, picture.rgb())
        .map_err(|error| refused(&error))?;
    let [first, second] = passes(width, height, image_size as u32);
    // Catmull-Rom is the bicubic filter with a = -0.5, which is Pillow's.
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
        .use_alpha(false);
    let crop =
        |[left, top, width, height]: [f64; 4]| options.clone().crop(left, top, width, height);
    let mut resizer = Resizer::new();
    let mut strip = TypedImage::<U8x3>::new(first.width, first.height);
    resizer
        .resize_typed(&source, &mut strip, &crop(first.source))
        .map_err(|error| refused(&error))?;
    let mut resized = TypedImage::<U8x3>::new(second.width, second.height);
    resizer
        .resize_typed(&strip, &mut resized, &crop(second.source))
        .map_err(|error| refused(&error))?;
    Ok(U8x3::components(resized.pixels()).to_vec())
}

/// One of the two passes of resizing: what it reads and how large the result is, in pixels.
struct Pass {
    /// Left, top, width and height. The library refuses a box that leaves its picture by as much as
    /// a rounding error.
    source: [f64; 4],
    width: u32,
    height: u32,
}

/// The passes by which a picture becomes the model's.
///
/// Each has one direction to do, because Pillow rounds to bytes in between. The library would begin
/// with the columns. Pillow 13 does that where it takes more than twice as many pixels off the
/// height as off the width, and otherwise begins with the rows (`ImagingResampleInner` in
/// `Resample.c`).
fn passes(width: u32, height: u32, image_size: u32) -> [Pass; 2] {
    let [left, top, box_width, box_height] = kept_part(width, height, image_size as usize);
    let (side, shortest) = (f64::from(image_size), width.min(height));
    let less = |side: u32| i64::from(side) - resized_side(side, shortest, image_size) as i64;
    let pass = |source, width, height| Pass {
        source,
        width,
        height,
    };
    if less(height) > 0.max(2 * less(width)) {
        // Nothing is cut off the width, which is the shortest side.
        return [
            pass([left, top, box_width, box_height], width, image_size),
            pass([left, 0.0, box_width, side], image_size, image_size),
        ];
    }
    // The first pass leaves out rows that the second does not read: the filter reaches two pixels
    // of the result, or of the source where that is enlarged.
    let margin = 2.0 * (box_height / side).max(1.0);
    let first = (top - margin).floor().max(0.0);
    let rows = (top + box_height + margin).ceil().min(f64::from(height)) - first;
    [
        pass([left, first, box_width, rows], image_size, rows as u32),
        pass([0.0, top - first, side, box_height], image_size, image_size),
    ]
}

/// The part of a picture that the model looks at, in pixels of the picture: left, top, width and
/// height.
///
/// It never leaves the picture: left and width, added as `f64`, are at most the picture's width,
/// and top and height its height.
///
/// # Panics
/// If the picture has no pixels.
pub fn kept_part(width: u32, height: u32, image_size: usize) -> [f64; 4] {
    let (shortest, side) = (width.min(height), image_size as u32);
    let (left, right) = central_span(width, shortest, side);
    let (top, bottom) = central_span(height, shortest, side);
    [left, top, right - left, bottom - top]
}

/// Along one side of the source, in source pixels: where the kept part begins and where it ends.
///
/// Of the resized side's pixels `image_size` are kept, beginning at half the rest, rounded down
/// (`transformers.image_transforms.center_crop`).
fn central_span(side: u32, shortest: u32, image_size: u32) -> (f64, f64) {
    let resized = resized_side(side, shortest, image_size);
    let offset = (resized - u64::from(image_size)) / 2;
    let side = f64::from(side);
    // Multiplied first, so that the last pixel of the result ends exactly where the source does. A
    // scale that was rounded before, and then multiplied, can end behind it.
    let place = |pixel: u64| (pixel as f64 * side / resized as f64).min(side);
    (place(offset), place(offset + u64::from(image_size)))
}

/// How long a side becomes, in pixels, rounded down
/// (`transformers.image_transforms.get_resize_output_image_size`).
fn resized_side(side: u32, shortest: u32, image_size: u32) -> u64 {
    u64::from(image_size) * u64::from(side) / u64::from(shortest)
}

/// Cuts a normalised picture, planar and of `image_size * image_size` pixels, into patches: row by
/// row, and of each patch its channels, rows and columns, in the order of the patch convolution's
/// kernel.
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

    /// The models' sizes that are tried.
    const IMAGE_SIZES: [u32; 9] = [64, 112, 224, 240, 256, 336, 378, 384, 448];

    /// Whether fast_image_resize takes this box of a picture: it adds as it does.
    fn is_inside([left, top, box_width, box_height]: [f64; 4], width: u32, height: u32) -> bool {
        let (width, height) = (f64::from(width), f64::from(height));
        left >= 0.0
            && top >= 0.0
            && left < width
            && top < height
            && left + box_width <= width
            && top + box_height <= height
    }

    #[test]
    fn no_box_leaves_its_picture() {
        for image_size in IMAGE_SIZES {
            for shortest in 1..=4000 {
                let longer = [
                    shortest,
                    shortest + 1,
                    shortest * 4 / 3,
                    shortest * 3 / 2,
                    shortest * 16 / 9,
                    3 * shortest - 1,
                    17 * shortest + 5,
                    1001 * shortest + 3,
                    9_999_991,
                ];
                let shapes = longer.map(|longest| [(shortest, longest), (longest, shortest)]);
                for (width, height) in shapes.into_iter().flatten() {
                    let [first, second] = passes(width, height, image_size);
                    assert!(
                        is_inside(first.source, width, height)
                            && is_inside(second.source, first.width, first.height),
                        "{width} x {height} for {image_size}"
                    );
                }
                // Where nothing is cropped, nothing is left out.
                let whole = f64::from(shortest);
                let kept = kept_part(shortest, shortest, image_size as usize);
                assert_eq!(kept, [0.0, 0.0, whole, whole], "{image_size}");
            }
        }
    }

    #[test]
    fn a_side_of_any_length_is_cropped_inside_it() {
        for side in [u32::MAX, u32::MAX - 1, 1 << 31, (1 << 27) + 1] {
            for shortest in [1, 2, 3, 1009, side / 3, side] {
                for image_size in IMAGE_SIZES {
                    let (begin, end) = central_span(side, shortest, image_size);
                    assert!(begin < end && begin + (end - begin) <= f64::from(side));
                }
            }
        }
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
