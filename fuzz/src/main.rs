//! The fuzzer: libFuzzer's `main`, with the target that `TETHERBOARD_FUZZ_TARGET` names. Run it with `bin/soak`.

#![no_main]
#![allow(unsafe_code, reason = "libFuzzer calls its target as a C function")]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tetherboard_fuzz::{TARGETS, Target};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("TETHERBOARD_FUZZ_TARGET").unwrap_or_default();
    let target = TARGETS.iter().find(|target| target.name == name);
    target.unwrap_or_else(|| panic!("TETHERBOARD_FUZZ_TARGET is `{name}`; it should be a folder of fuzz/seeds"))
});

fuzz_target!(|data: &[u8]| (TARGET.check)(data));
