#!/bin/sh
# Runs a target with libFuzzer on the stable Rust of this repository: fuzz/run.sh TARGET [OPTION...]. What cargo-fuzz does with
# `--sanitizer none`; libFuzzer's own runtime is compiled by its crate, which needs a C++ compiler.
set -eu
cd "$(dirname "$0")"
target=$1
shift
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
# A target of its own, so that build scripts and macros are compiled without the counters.
host=$(rustc -vV | sed -n 's/^host: //p')
# The versions that everything else is compiled with.
[ -f Cargo.lock ] || cp ../Cargo.lock .
mkdir -p "corpus/$target" "artifacts/$target"
cargo build --release --target "$host" --bin "$target"
exec "target/$host/release/$target" -artifact_prefix="artifacts/$target/" -rss_limit_mb=2048 -timeout=20 "$@" "corpus/$target"
