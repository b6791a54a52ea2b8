#!/bin/sh
# Runs a target with libFuzzer and AddressSanitizer on the stable Rust of this repository: fuzz/run.sh TARGET [OPTION...].
#
# What `cargo fuzz run` does, without cargo-fuzz and without a nightly Rust, whose switches RUSTC_BOOTSTRAP opens. It installs nothing: a Rust
# of rustup brings the sanitizer's runtime, libFuzzer's is compiled by its crate, for which there must be a C++ compiler
# (on Debian, `apt-get install g++`).
set -eu
cd "$(dirname "$0")"
target=${1:?"Usage: fuzz/run.sh TARGET [OPTION...]; the targets are gguf, safetensors, tokenizer, pickle, picture and sizes."}
shift
export CARGO_TARGET_DIR="$PWD/target" RUSTC_BOOTSTRAP=1
export RUSTFLAGS="--cfg fuzzing -Zsanitizer=address -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
# A target of its own, so that build scripts and macros are compiled without the counters.
host=$(rustc -vV | sed -n 's/^host: //p')
# The versions that everything else is compiled with.
[ -f Cargo.lock ] || cp ../Cargo.lock .
mkdir -p "corpus/$target" "artifacts/$target"
cargo build --release --target "$host" --bin "$target"
# Bytes of a file at most: somewhat more than the seeds have. What is found in the corpus's folder, which comes first, is kept there.
case $target in
    gguf) longest=28672 ;;
    safetensors | pickle) longest=8192 ;;
    sizes) longest=16 ;;
    *) longest=4096 ;;
esac
[ ! -d "../crates/fuzz-inputs/regressions/$target" ] || set -- "$@" "../crates/fuzz-inputs/regressions/$target"
# A file of some kilobytes justifies no more than a megabyte or two; the rest is for tables that programs have whatever the file says.
export ASAN_OPTIONS="malloc_context_size=8:quarantine_size_mb=16:detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
exec "target/$host/release/$target" -artifact_prefix="artifacts/$target/" -max_len=$longest -malloc_limit_mb=32 -rss_limit_mb=1024 \
    -timeout=10 -detect_leaks=0 -print_final_stats=1 "corpus/$target" "../crates/fuzz-inputs/seeds/$target" "$@"
