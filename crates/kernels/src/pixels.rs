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

/// How stored pixels have to be turned for their picture to be upright. The eight of them are the
/// orientations of EXIF (CIPA DC-008-2024, 4.6.5.1.6), written as
/// <https://www.w3.org/TR/webcodecs/#videoframe-interface> has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Quarter turns clockwise; multiples of four more make no difference.
    pub quarters: u8,
    /// Left and right change places after that.
    pub mirrored: bool,
}

impl Turn {
    /// Whether what is stored is upright.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// The width and height of what is stored from those of the upright picture, or the other way
    /// round.
    pub fn size(self, width: usize, height: usize) -> (usize, usize) {
        match self.quarters % 2 {
            0 => (width, height),
            _ => (height, width),
        }
    }

    /// Puts whole stored rows where they belong in the upright picture.
    ///
    /// `rows` are pixels of three bytes, `stored` the width and height of what is stored, `first`
    /// the number of the first of the rows. `upright` has three bytes for each of its pixels.
    ///
    /// # Panics
    /// If `upright` is too small for these rows.
    pub fn place(self, upright: &mut [u8], rows: &[u8], stored: (usize, usize), first: usize) {
        let (width, height) = stored;
        let (upright, _) = upright.as_chunks_mut::<3>();
        let (rows, _) = rows.as_chunks::<3>();
        let across = self.size(width, height).0 as isize;
        // The place of a stored pixel, which is linear in both of its coordinates.
        let place = |x: isize, y: isize| {
            let (last_x, last_y) = (width as isize - 1, height as isize - 1);
            let (column, row) = match self.quarters % 4 {
                0 => (x, y),
                1 => (last_y - y, x),
                2 => (last_x - x, last_y - y),
                _ => (y, last_x - x),
            };
            let column = if self.mirrored {
                across - 1 - column
            } else {
                column
            };
            row * across + column
        };
        let begin = place(0, first as isize);
        let (right, down) = (place(1, 0) - place(0, 0), place(0, 1) - place(0, 0));
        let (right, down) = ((width, right, 1), (rows.len() / width.max(1), down, width));
        // Along the rows of the upright picture, which does not fit the processor's cache, as what
        // is stored of it here does.
        let (outer, inner) = match self.quarters % 2 {
            0 => (down, right),
            _ => (right, down),
        };
        for at in 0..outer.0 {
            let mut to = begin + at as isize * outer.1;
            let mut from = at * outer.2;
            for _ in 0..inner.0 {
                upright[to as usize] = rows[from];
                to += inner.1;
                from += inner.2;
            }
        }
    }
}

/// `channel * alpha + white * (1 - alpha)`, rounded to nearest.
fn over_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    ((channel * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

/// Rescales the bytes of a picture to 0..1 and normalises each channel: planar, red then green then
/// blue, as many numbers.
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

    /// What is stored of the pixels 0 to 5, which lie upright as `0 1 2 / 3 4 5`, for each
    /// orientation of EXIF from 1 on: "the 0th row is at the visual top, the 0th column at the
    /// visual left-hand side" and so on.
    const STORED: [[u8; 6]; 8] = [
        [0, 1, 2, 3, 4, 5],
        [2, 1, 0, 5, 4, 3],
        [5, 4, 3, 2, 1, 0],
        [3, 4, 5, 0, 1, 2],
        [0, 3, 1, 4, 2, 5],
        [2, 5, 1, 4, 0, 3],
        [5, 2, 4, 1, 3, 0],
        [3, 0, 4, 1, 5, 2],
    ];

    #[test]
    fn all_orientations_are_turned_upright_whatever_comes_at_once() {
        // As Chromium says them of bitmaps of files with these orientations.
        let turns = [(0, false), (0, true), (2, false), (2, true)]
            .into_iter()
            .chain([(1, true), (1, false), (3, true), (3, false)]);
        for (stored, (quarters, mirrored)) in STORED.iter().zip(turns) {
            let turn = Turn { quarters, mirrored };
            let (width, height) = turn.size(3, 2);
            let pixels: Vec<u8> = stored
                .iter()
                .flat_map(|&pixel| [pixel, 10 + pixel, 20 + pixel])
                .collect();
            for together in 1..=height {
                let mut upright = [99; 18];
                for (at, rows) in pixels.chunks(3 * width * together).enumerate() {
                    turn.place(&mut upright, rows, (width, height), at * together);
                }
                let expected: Vec<u8> = (0..6).flat_map(|at| [at, 10 + at, 20 + at]).collect();
                assert_eq!(upright[..], expected, "{turn:?}, {together} rows at a time");
            }
            assert_eq!(turn.is_none(), stored == &STORED[0]);
        }
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
