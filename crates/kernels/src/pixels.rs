//! Pixels on their way to an image tower: large pictures have millions of them.

/// What the four bytes of a pixel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// Red, green, blue, and one that says nothing.
    Rgbx,
    /// Blue, green, red, and one that says nothing.
    Bgrx,
    /// Red, green, blue and alpha, which these are not multiplied with; to be laid over white.
    Rgba,
}

/// Appends pixels of four bytes to pixels of three, red, green and blue.
pub fn append_rgb(rgb: &mut Vec<u8>, pixels: &[u8], channels: Channels) {
    let (pixels, _) = pixels.as_chunks::<4>();
    let begin = rgb.len();
    // Filled in place: pushing byte by byte takes several times as long.
    rgb.resize(begin + 3 * pixels.len(), 0);
    let (to, _) = rgb[begin..].as_chunks_mut::<3>();
    let pixels = to.iter_mut().zip(pixels);
    match channels {
        Channels::Rgbx => pixels.for_each(|(to, &[red, green, blue, _])| *to = [red, green, blue]),
        Channels::Bgrx => pixels.for_each(|(to, &[blue, green, red, _])| *to = [red, green, blue]),
        Channels::Rgba => pixels.for_each(|(to, &[red, green, blue, alpha])| {
            *to = match alpha {
                255 => [red, green, blue],
                _ => [red, green, blue].map(|channel| over_white(channel, alpha)),
            };
        }),
    }
}

/// `channel * alpha + white * (1 - alpha)`, rounded to nearest.
fn over_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    ((channel * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

/// Rescales the bytes of a picture to 0..1 and normalises each channel: planar, red then green then blue, as many numbers.
pub fn normalise(rgb: &[u8], mean: &[f32; 3], std: &[f32; 3]) -> Vec<f32> {
    let (pixels, _) = rgb.as_chunks::<3>();
    let mut planes = vec![0.0; 3 * pixels.len()];
    let each = planes.chunks_exact_mut(pixels.len().max(1));
    for (channel, plane) in each.enumerate() {
        let normalised: [f32; 256] =
            std::array::from_fn(|value| (value as f32 / 255.0 - mean[channel]) / std[channel]);
        for (to, pixel) in plane.iter_mut().zip(pixels) {
            *to = normalised[usize::from(pixel[channel])];
        }
    }
    planes
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn transparent_pixels_lie_over_white() {
        assert_eq!(over_white(0, 128), 127);
        let mut rgb = vec![1, 2, 3];
        let pixels = [200, 100, 0, 255, 0, 0, 0, 0, 0, 255, 0, 128];
        append_rgb(&mut rgb, &pixels, Channels::Rgba);
        assert_eq!(rgb, [1, 2, 3, 200, 100, 0, 255, 255, 255, 127, 255, 127]);
    }

    #[test]
    fn the_fourth_byte_is_left_out() {
        let mut rgb = Vec::new();
        append_rgb(&mut rgb, &[1, 2, 3, 0, 4, 5, 6, 9], Channels::Rgbx);
        append_rgb(&mut rgb, &[1, 2, 3, 0], Channels::Bgrx);
        assert_eq!(rgb, [1, 2, 3, 4, 5, 6, 3, 2, 1]);
    }

    #[test]
    fn channels_are_normalised_into_planes() {
        let planes = normalise(&[0, 51, 255, 255, 0, 0], &[0.0, 0.1, 1.0], &[1.0, 0.1, 0.5]);
        for (found, expected) in planes.iter().zip([0.0, 1.0, 1.0, -1.0, 0.0, -2.0]) {
            assert!((found - expected).abs() < 1e-6, "{planes:?}");
        }
        assert!(normalise(&[], &[0.0; 3], &[1.0; 3]).is_empty());
    }
}
