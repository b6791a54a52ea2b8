//! How exactly weights are multiplied, and by what.

use cliplet_kernels::{self as kernels, Kernel, Precision};

/// How weights are multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// Each matrix is expanded to f32 when it is used and multiplied in f32: exact, slow, and what
    /// everything else is measured against.
    #[cfg(feature = "reference")]
    Reference,
    /// Quantised weights are multiplied as they are, with activations quantised on the way.
    Fast,
}

/// From here on a tower is slow enough for coarse activations to be worth what they cost. In a
/// wider one that is less, too: embeddings of random models of width 768 keep a cosine of 0.9999 to
/// exact ones, those of width 64 one of 0.998.
pub(super) const WIDE: usize = 512;

/// What an [`Arithmetic`] comes to on this machine.
#[derive(Clone, Copy)]
pub enum Path {
    /// candle's operations.
    Candle(ByCandle),
    /// A kernel of ours, with activations of a precision.
    Kernel(&'static dyn Kernel, Precision),
}

/// candle's operations, which not every program has: without the feature `reference` there is no
/// such value, and nothing that would need one is compiled.
#[cfg(feature = "reference")]
#[derive(Clone, Copy)]
pub struct ByCandle {
    /// All weights are multiplied in f32; otherwise those that candle has quick products for are
    /// multiplied as they are.
    expanded: bool,
}

/// See above.
#[cfg(not(feature = "reference"))]
#[derive(Clone, Copy)]
pub enum ByCandle {}

#[cfg(all(
    not(feature = "reference"),
    not(all(target_arch = "wasm32", target_feature = "simd128"))
))]
compile_error!("there may be no kernel on this architecture: the feature `reference` is needed");

impl ByCandle {
    #[cfg(feature = "reference")]
    pub(super) fn expanded(self) -> bool {
        self.expanded
    }

    #[cfg(not(feature = "reference"))]
    pub(super) fn expanded(self) -> bool {
        match self {}
    }
}

impl Arithmetic {
    /// For an image tower of some width.
    pub fn for_images(self, width: usize) -> Path {
        match self {
            Self::Fast if width >= WIDE => self.path(false, |kernel| kernel.coarse_precision()),
            _ => self.path(false, |kernel| kernel.fine_precision()),
        }
    }

    /// For a convolutional image tower. Products are not what takes the time there: coarse
    /// activations make it no quicker, and leave embeddings a cosine of 0.8 to exact ones.
    pub fn for_convolutions(self) -> Path {
        self.fine()
    }

    /// For a text tower. Prompts of one list differ by a word or two, and activations of seven or
    /// eight bits, which candle's quick products have too, blur that: scores of a small model were
    /// off by more than a hundredth.
    pub fn for_texts(self) -> Path {
        self.fine()
    }

    /// For what makes an embedding of one row of an image tower. It takes no time to speak of, and
    /// nothing behind it evens out what it rounds: a fourth to a third of what embeddings were off
    /// by, when it was done in bytes, was its doing alone.
    pub fn for_projections(self) -> Path {
        self.fine()
    }

    /// With activations as good as f32.
    fn fine(self) -> Path {
        self.path(true, |kernel| kernel.fine_precision())
    }

    /// The path of a kernel, if there is one. Where candle does without, `expanded` says how.
    #[cfg_attr(not(feature = "reference"), expect(unused_variables))]
    fn path(self, expanded: bool, precision: impl FnOnce(&dyn Kernel) -> Precision) -> Path {
        match (self, kernels::active()) {
            (Self::Fast, Some(kernel)) => Path::Kernel(kernel, precision(kernel)),
            #[cfg(feature = "reference")]
            (Self::Fast, None) => Path::Candle(ByCandle { expanded }),
            #[cfg(feature = "reference")]
            (Self::Reference, _) => Path::Candle(ByCandle { expanded: true }),
            #[cfg(not(feature = "reference"))]
            (Self::Fast, None) => unreachable!("this architecture has a kernel"),
        }
    }
}
