//! What the towers are made of: the few operations that take nearly all the time.
//!
//! Each is a plain type or function over candle tensors, in f32, with rows of features in the last
//! dimension. How exactly weights are multiplied is chosen once, by [`Arithmetic`], and becomes a
//! [`Path`]; the towers do not know. What is not here: the order in which the operations make up a
//! tower, and the loops themselves ([`cliplet_kernels`]).

mod activation;
mod arithmetic;
mod attention;
mod blocks;
mod convolution;
mod floats;
mod inverted_residual;
mod layer_norm;
mod linear;
mod memory;
mod packed;
mod parallel;
mod row_product;
mod rows;

pub use activation::activate;
pub use arithmetic::{Arithmetic, ByCandle, Path};
pub use attention::{Attention, Visible};
pub use convolution::{DepthwiseConvolution, PictureConvolution};
pub use inverted_residual::InvertedResidual;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use memory::Memory;
pub use parallel::{on_all_threads, threads};
pub use rows::{add, mean_row, select_rows, stack_rows};
