//! The loops of all vector kernels, compiled for one.

/// The methods of a [`Kernel`](super::Kernel) that are the same loops everywhere, for vectors of a
/// type; compiled for instructions that the rest of the program is not, where an attribute says so.
macro_rules! loops {
    ($vector:ty $(, $attribute:meta)?) => {
        $crate::loops::loops!(@ $vector, [$($attribute)?],
            fn quantise(xs: &[f32], groups: $crate::Groups) = quantise::quantise);
        $crate::loops::loops!(@ $vector, [$($attribute)?],
            fn multiply_floats(
                weights: &$crate::FloatWeights, xs: &[f32],
                epilogue: $crate::Epilogue, out: $crate::Out
            ) = floats::multiply);
        $crate::loops::loops!(@ $vector, [$($attribute)?],
            fn attend(
                queries: $crate::Queries, keys: $crate::Keys,
                out: $crate::Out
            ) = attention::attend);
        $crate::loops::loops!(@ $vector, [$($attribute)?],
            fn layer_norm(xs: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32])
                = layer_norm::layer_norm);
        $crate::loops::loops!(@ $vector, [$($attribute)?],
            fn convolve(
                depthwise: &$crate::Depthwise, xs: $crate::MapRows, rows: std::ops::Range<usize>,
                activation: $crate::Activation, out: &mut [f32]
            ) = convolve::convolve);
        $crate::loops::loops!(@ $vector, [$($attribute)?],
            fn activate(activation: $crate::Activation, xs: &mut [f32])
                = functions::activate_all);
    };
    (@ $vector:ty, [$($attribute:meta)?],
        fn $name:ident($($argument:ident: $type:ty),*) = $module:ident::$loop:ident) => {
        fn $name(&self, $($argument: $type),*) {
            $(#[$attribute])?
            unsafe fn compiled_so($($argument: $type),*) {
                // Safety: passed on to the caller.
                unsafe { $crate::$module::$loop::<$vector>($($argument),*) }
            }
            // Safety: a kernel is only to be had where its instructions are.
            unsafe { compiled_so($($argument),*) }
        }
    };
}
pub(super) use loops;
