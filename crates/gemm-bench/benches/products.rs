//! Prints the table: natively on the standard output, in a browser on the console of
//! `wasm-bindgen-test-runner`.

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
fn products() {
    wasm_bindgen_test::console_log!("{}", cliplet_gemm_bench::table());
}

fn main() {
    #[cfg(not(target_arch = "wasm32"))]
    print!("{}", cliplet_gemm_bench::table());
}
