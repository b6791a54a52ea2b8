#![no_main]

use std::panic;

// A panic ends the fuzzer, but for those that decoding catches.
libfuzzer_sys::fuzz_target!(
    init: {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !cliplet_fuzz_inputs::is_decoding_a_picture() {
                usual(info);
            }
        }));
    },
    |bytes: &[u8]| cliplet_fuzz_inputs::picture(bytes)
);
