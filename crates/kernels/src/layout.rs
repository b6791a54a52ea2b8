//! How large blocks, panels and groups of rows are, and how weights lie in them.

/// Inputs that share a scale, in weights and in activations; that of GGML's block types.
pub const BLOCK: usize = 32;

/// Numbers of 32 bits in a vector.
pub const LANES: usize = if cfg!(target_arch = "x86_64") { 8 } else { 4 };

/// Outputs that are computed side by side, one per lane of three vectors.
pub const PANEL: usize = VECTORS * LANES;

/// Vectors of a panel.
pub(super) const VECTORS: usize = 3;

/// Rows of activations that are multiplied together: with three vectors of outputs nine dot
/// products, for which, with what is multiplied, V8 has registers. A processor that begins two a
/// cycle and needs four cycles for each has eight under way.
pub const ROWS: usize = 3;

/// How many neighbouring inputs of one output lie together in packed weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Pairs,
    Fours,
}

impl Order {
    /// Where the weight of one of [`PANEL`] outputs and one of [`BLOCK`] inputs lies in a packed
    /// block.
    pub(super) const fn position(self, output: usize, input: usize) -> usize {
        let depth = self.depth();
        (input / depth * PANEL + output) * depth + input % depth
    }

    pub(super) const fn depth(self) -> usize {
        match self {
            Self::Pairs => 2,
            Self::Fours => 4,
        }
    }
}
