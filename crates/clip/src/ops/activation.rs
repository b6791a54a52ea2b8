//! Activation functions.

use candle_core::{Result, Tensor};

use crate::config::Activation;

/// Applies it to each element; the shape stays.
///
/// # Errors
/// If candle fails.
pub fn activate(activation: Activation, xs: &Tensor) -> Result<Tensor> {
    match activation {
        Activation::Gelu => xs.gelu_erf(),
        Activation::QuickGelu => xs * candle_nn::ops::sigmoid(&(xs * 1.702)?)?,
        Activation::Relu6 => xs.clamp(0f32, 6f32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn values_are_those_of_torch() {
        let xs = Tensor::new(&[-3.0f32, -0.5, 0.0, 1.0, 4.0], &Device::Cpu).unwrap();
        // torch.nn.functional.gelu(x) and x * torch.sigmoid(1.702 * x), in f64.
        let gelu = [-0.004_049_694, -0.154_268_77, 0.0, 0.841_344_7, 3.999_873_3];
        let quick = [-0.018_074_56, -0.149_609_92, 0.0, 0.845_795_8, 3.995_585_4];
        for (activation, expected) in [(Activation::Gelu, gelu), (Activation::QuickGelu, quick)] {
            let ys = activate(activation, &xs).unwrap().to_vec1::<f32>().unwrap();
            for (y, expected) in ys.iter().zip(expected) {
                assert!(
                    (y - expected).abs() < 1e-5,
                    "{activation:?}: {y} {expected}"
                );
            }
        }
    }
}
