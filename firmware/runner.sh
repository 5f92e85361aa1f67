#!/bin/sh
# Runs a firmware in the emulator: what `cargo run` calls with the program's path.
# A script, because the host program is built for the desktop, so outside this folder's settings.
set -eu
program=$(realpath "$1")
shift
cd "$(dirname "$0")/.."
unset RUSTC RUSTC_BOOTSTRAP
cargo build --quiet --package host
exec target/debug/kiln emulate "$program" "$@"
