#!/bin/sh
# Proves that core gives the same bits in WebAssembly: builds core's tests of packets and the golden vectors for it,
# with its vectors (SIMD128), and runs them in Node.js.
set -eu
cd "$(dirname "$0")/.."
# A folder of its own: two compilers in one would each undo the other's work.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/wasm" CARGO_INCREMENTAL=0
cross="scripts/cross_host.sh wasm32-wasip1"
$cross available
# What panics is left out by itself: there is nothing to catch a panic with.
CARGO_PROFILE_TEST_OPT_LEVEL=0 $cross test --package core --lib -- lanes:: scaled_ pack:: run::tests::packets::shapes
$cross test --package tests --test golden
