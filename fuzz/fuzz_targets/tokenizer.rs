#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cliplet_fuzz_inputs::tokenizer(bytes));
