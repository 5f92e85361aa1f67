#!/bin/sh
# Builds Kiln's library for firmware in C, and says where it is.
#
#   scripts/c_library.sh TARGET [DIR]     libkiln.a and kiln.h in DIR [target/c/TARGET]
#
# TARGET is Rust's name of a processor: thumbv6m-none-eabi (Cortex-M0, M0+), thumbv7m-none-eabi (M3),
# thumbv7em-none-eabi (M4, M7 without a floating-point unit), thumbv7em-none-eabihf (with one),
# thumbv8m.main-none-eabi, thumbv8m.main-none-eabihf (M33), riscv32imc-unknown-none-elf,
# riscv32imac-unknown-none-elf, or a desktop's, for tests. Exits with 3 where no compiler here builds for it.
set -eu
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: scripts/c_library.sh TARGET [DIR]" >&2
    exit 2
fi
target=$1
root=$(cd "$(dirname "$0")/.." && pwd)
out=${2:-$root/target/c/$target}
mkdir -p "$out"
out=$(cd "$out" && pwd)
build=$root/firmware/c/target

cd "$root/firmware/c"
"$root/scripts/cross_cargo.sh" "$target" core rustc --release --locked --lib --target-dir "$build" \
    --crate-type staticlib
cp "$build/$target/release/libkiln.a" "$root/firmware/c/include/kiln.h" "$out"
echo "$out/libkiln.a"
