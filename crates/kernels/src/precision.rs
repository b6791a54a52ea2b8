//! How exact quantised activations are.

use super::layout::Order;

/// How many bits a quantised activation has, its sign included.
///
/// The fewer, the more products fit a vector. Which ones a kernel is quickest with, it says itself
/// ([`coarse_precision`](super::Kernel::coarse_precision),
/// [`fine_precision`](super::Kernel::fine_precision)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// From -63 to 63: what a dot product of eight by seven bits takes. Blocks whose numbers are
    /// nearly all large have fewer, so that sixteen bits hold any eight of their products
    /// ([`MOST_OF_EIGHT`]). Enough for a picture.
    Seven,
    /// From -127 to 127: what a dot product of eight bits with a sign by eight without one takes,
    /// added up in 32 bits.
    Eight,
    /// From -8127 to 8127, in two halves of seven bits, each multiplied by itself. As good as f32.
    Fourteen,
    /// From -32767 to 32767. As good as f32.
    Fifteen,
}

impl Precision {
    /// The largest quantised activation.
    pub const fn most(self) -> i32 {
        match self {
            Self::Seven => 63,
            Self::Eight => 127,
            Self::Fourteen => 63 * 128 + 63,
            Self::Fifteen => 32767,
        }
    }

    /// How weights must lie in memory to be multiplied with such activations.
    pub(super) const fn order(self) -> Order {
        match self {
            Self::Seven | Self::Eight | Self::Fourteen => Order::Fours,
            Self::Fifteen => Order::Pairs,
        }
    }
}

/// [`Precision::Seven`]: the largest sum of the absolute values of any eight quantised activations
/// whose products are added up in sixteen bits. With weights from -128 to 127 their sum then lies
/// within 32640.
pub const MOST_OF_EIGHT: f32 = 255.0;
