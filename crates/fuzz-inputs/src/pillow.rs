//! What Hugging Face's image processor makes of a picture with Pillow, to the byte: slow, and short
//! enough to be believed.
//!
//! Pillow's `Resample.c` resizes in two passes and rounds to bytes in between. Its weights are
//! whole numbers of 22 bits after the point. `tests/sizes.rs` compares this with a table that the
//! two programs have made.

use std::array;
use std::collections::BTreeSet;

use cliplet_clip::picture::Picture;

/// Bits after the point of a weight.
const PRECISION: u32 = 22;
/// The largest difference of a channel that is allowed, in units of 1/255. The library that Cliplet
/// resizes with has shorter weights than Pillow.
pub const LARGEST: u8 = 2;
/// The largest mean difference of many pictures' channels that is allowed, in the same units.
pub const MEAN: f64 = 0.05;
/// How far the bicubic filter reaches, in pixels.
const REACH: f64 = 2.0;

/// The whole picture, resized until its shortest side is the model's, and cropped to the middle.
pub struct Expected<'a> {
    picture: &'a Picture,
    across: Vec<Window>,
    down: Vec<Window>,
    /// Whether the pass down comes first.
    down_first: bool,
}

/// How far two pictures are apart, in units of 1/255.
#[derive(Clone, Copy, Debug, Default)]
pub struct Difference {
    /// Of one channel of a pixel.
    pub largest: u8,
    /// Of all of them.
    pub sum: u64,
    /// How many were compared.
    pub channels: u64,
}

impl Difference {
    /// Of a channel, on average.
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.channels as f64
    }

    /// Whether a single picture may be so far from Pillow's. It may have twice as many channels
    /// that are rounded otherwise as pictures have on average; of few pixels the average says
    /// nothing.
    pub fn is_allowed(&self) -> bool {
        const FEW: u64 = 300;
        self.largest <= LARGEST && (self.channels < FEW || self.mean() <= 2.0 * MEAN)
    }

    /// With another one.
    pub fn and(self, other: Self) -> Self {
        Self {
            largest: self.largest.max(other.largest),
            sum: self.sum + other.sum,
            channels: self.channels + other.channels,
        }
    }
}

/// What makes one pixel of the result along one side: weights of neighbours in the source, of which
/// this is the first.
struct Window {
    first: usize,
    weights: Vec<i32>,
}

impl<'a> Expected<'a> {
    /// Of a picture, for a model whose pictures have this many pixels a side.
    pub fn new(picture: &'a Picture, image_size: usize) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let shortest = width.min(height);
        let less = |side| side as i64 - resized_side(side, shortest, image_size) as i64;
        Self {
            picture,
            across: windows(width, shortest, image_size),
            down: windows(height, shortest, image_size),
            down_first: less(height) > 0 && less(height) > 2 * less(width),
        }
    }

    /// Red, green and blue of one pixel of the result.
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let (across, down) = (&self.across[x], &self.down[y]);
        let at = |x: usize, y: usize| {
            let begin = 3 * (y * self.picture.width() as usize + x);
            array::from_fn(|channel| self.picture.rgb()[begin + channel])
        };
        if self.down_first {
            across.weigh(|x| down.weigh(|y| at(x, y)))
        } else {
            down.weigh(|y| across.weigh(|x| at(x, y)))
        }
    }

    /// How far a result is from this one, in at most so many pixels: the first ones of a sequence
    /// that comes to all of them, and the corners.
    ///
    /// # Panics
    /// If the result has another number of pixels.
    pub fn compare(&self, result: &[u8], most: usize) -> Difference {
        let side = self.across.len();
        assert_eq!(result.len(), 3 * side * side);
        // A prime, which no number of pixels is a multiple of.
        let scattered = (0..most.min(side * side)).map(|place| place * 7_919 % (side * side));
        let corners = [0, side - 1, side * side - side, side * side - 1];
        // Of a small picture all have come already.
        let places: BTreeSet<usize> = scattered.chain(corners).collect();
        let mut difference = Difference::default();
        for place in places {
            let expected = self.pixel(place % side, place / side);
            for (ours, theirs) in result[3 * place..].iter().zip(expected) {
                let apart = ours.abs_diff(theirs);
                difference.largest = difference.largest.max(apart);
                difference.sum += u64::from(apart);
                difference.channels += 1;
            }
        }
        difference
    }

    /// All of them, row by row.
    pub fn pixels(&self) -> Vec<u8> {
        let places = (0..self.down.len()).flat_map(|y| (0..self.across.len()).map(move |x| (x, y)));
        places.flat_map(|(x, y)| self.pixel(x, y)).collect()
    }
}

impl Window {
    /// The weighted sum of the pixels that a place has.
    fn weigh(&self, pixel: impl Fn(usize) -> [u8; 3]) -> [u8; 3] {
        let mut sums = [1i32 << (PRECISION - 1); 3];
        for (place, weight) in self.weights.iter().enumerate() {
            for (sum, value) in sums.iter_mut().zip(pixel(self.first + place)) {
                *sum += weight * i32::from(value);
            }
        }
        sums.map(|sum| (sum >> PRECISION).clamp(0, 255) as u8)
    }
}

/// Along one side of the source, the windows of the pixels that the crop keeps.
fn windows(side: usize, shortest: usize, image_size: usize) -> Vec<Window> {
    let resized = resized_side(side, shortest, image_size);
    // transformers' `center_crop`.
    let offset = (resized - image_size) / 2;
    let scale = side as f64 / resized as f64;
    (offset..offset + image_size)
        .map(|at| window(side, scale, at))
        .collect()
}

/// transformers' `get_resize_output_image_size`.
fn resized_side(side: usize, shortest: usize, image_size: usize) -> usize {
    (image_size as f64 * side as f64 / shortest as f64) as usize
}

/// `precompute_coeffs` and `normalize_coeffs_8bpc`, for one pixel of the result.
fn window(side: usize, scale: f64, at: usize) -> Window {
    let enlarged = scale.max(1.0);
    let reach = REACH * enlarged;
    let centre = (at as f64 + 0.5) * scale;
    // Rounded to whole pixels as C casts: towards zero.
    let first = ((centre - reach + 0.5) as i64).max(0) as usize;
    let last = ((centre + reach + 0.5) as usize).min(side);
    let shrink = 1.0 / enlarged;
    let weights: Vec<f64> = (first..last)
        .map(|pixel| bicubic((pixel as f64 - centre + 0.5) * shrink))
        .collect();
    let total: f64 = weights.iter().sum();
    let weights = weights.iter().map(|weight| {
        let scaled = weight / total * f64::from(1 << PRECISION);
        (scaled + 0.5f64.copysign(scaled)) as i32
    });
    Window {
        first,
        weights: weights.collect(),
    }
}

/// The bicubic filter with a = -0.5.
fn bicubic(distance: f64) -> f64 {
    const A: f64 = -0.5;
    match distance.abs() {
        x if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
        x if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
        _ => 0.0,
    }
}
