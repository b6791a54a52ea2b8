//! The example's product is that of the scalar kernel, and nearly that in f32.

// It is for a terminal; the unit tests compare the kernels in WebAssembly too.
#![cfg(not(target_arch = "wasm32"))]

#[allow(dead_code, reason = "its `main` prints")]
#[path = "../examples/product.rs"]
mod product;

#[test]
fn the_example_multiplies() {
    let product::Comparison {
        from_scalar,
        from_f32,
        largest,
        ..
    } = product::compare();
    assert!(largest > 1.0, "{largest}");
    assert!(from_scalar < 1e-5 * largest, "{from_scalar} of {largest}");
    // Both sides are quantised to about a hundredth.
    assert!(
        from_f32 > 0.0 && from_f32 < 0.02 * largest,
        "{from_f32} of {largest}"
    );
}
