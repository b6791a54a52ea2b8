//! Products that are computed row by row, whatever the weights are.

use candle_core::{Result, Tensor};

use super::parallel;
use super::rows::with_numbers;
use crate::config::Activation;

/// A product with rows of numbers.
pub(super) trait RowProduct: Sync {
    /// Numbers in a row.
    fn inputs(&self) -> usize;

    /// Numbers in a row of results.
    fn outputs(&self) -> usize;

    /// On the thread that asks, puts the product of whole rows into `out`, through an activation
    /// function if there is one; with a `residual`, adds it to what is there.
    fn multiply(&self, xs: &[f32], activation: Option<Activation>, residual: bool, out: &mut [f32]);

    /// The same of a tensor's rows, shared out to threads, of which each takes so many at once.
    ///
    /// # Errors
    /// If the rows have other numbers of inputs.
    fn multiply_shared(
        &self,
        xs: &Tensor,
        at_once: usize,
        activation: Option<Activation>,
        residual: bool,
        out: &mut [f32],
    ) -> Result<()> {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        if xs.dims().last() != Some(&inputs) {
            candle_core::bail!("a product of {:?} with {inputs} inputs", xs.dims());
        }
        with_numbers(&xs.contiguous()?, |xs| {
            let some = xs.chunks(at_once * inputs);
            let parts = some.zip(out.chunks_mut(at_once * outputs));
            parallel::each(parts, |(xs, out)| {
                self.multiply(xs, activation, residual, out);
            });
            Ok(())
        })
    }
}
