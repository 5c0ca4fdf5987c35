#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| makegood_fuzz::packed(bytes));
