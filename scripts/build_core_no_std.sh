#!/bin/sh
# Checks core for a Cortex-M4F, a target without std, and without an allocator's library. What firmware links of
# it is compiled with the firmware.
set -eu
cd "$(dirname "$0")/.."
# A folder of its own: two compilers in one would each undo the other's work.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/no_std"
exec scripts/cross_cargo.sh thumbv7em-none-eabihf core check --package core --lib --release
