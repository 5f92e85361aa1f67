#!/usr/bin/env bash
# Proves on this machine that Kiln gives the same bits on AArch64: builds it for AArch64 Linux, and runs
# it in QEMU's user mode beside a `kiln` of this machine's own.
#
#   scripts/aarch64.sh              core's tests of packets, the golden vectors, and trainings of both
#   scripts/aarch64.sh tests        all of core's tests; most of an hour
#   scripts/aarch64.sh instructions what a training step takes at 4 lanes, a sample, NEON against SSE2; fails
#                                   where NEON takes more than a tenth more
#
# KILN_PROGRAM names this machine's kiln; default: target/debug/kiln.
set -euo pipefail
cd "$(dirname "$0")/.."
target=aarch64-unknown-linux-gnu
emulator=(qemu-aarch64 -L /usr/aarch64-linux-gnu)
ours=${KILN_PROGRAM:-target/debug/kiln}
# A folder of its own: two compilers in one would each undo the other's work.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/aarch64"
built="$CARGO_TARGET_DIR/$target/debug"
export CARGO_INCREMENTAL=0 CARGO_PROFILE_TEST_DEBUG=false
# Checks of indices are this machine's own tests'. One profile for all, or the library would be built twice.
profile=(--config 'profile.test.package.core.debug-assertions=false')
# The kernels are optimised as in what is shipped, all that only reads and writes is not.
build=(build --profile test "${profile[@]}")

cross() {
    scripts/cross_host.sh "$target" "$@"
}

cross available
case ${1:-proof} in
proof)
    # A tenth of the time of all of core's tests: packets, and what is compiled for them.
    CARGO_PROFILE_TEST_OPT_LEVEL=0 cross test "${profile[@]}" --package core --lib -- lanes:: scaled_ pack:: run::tests::packets::shapes
    cross test "${profile[@]}" --package tests --test golden
    # Without boards and downloads, which no training needs.
    cross "${build[@]}" --package host --bin kiln --no-default-features
    scripts/same_bits.py "$ours" "${emulator[@]}" "$built/kiln"
    ;;
tests)
    CARGO_PROFILE_TEST_OPT_LEVEL=0 cross test "${profile[@]}" --package core --lib
    ;;
instructions)
    plugin="$CARGO_TARGET_DIR/count_instructions.so"
    mkdir -p "$CARGO_TARGET_DIR"
    cc -shared -fPIC -O1 -o "$plugin" scripts/count_instructions.c
    cross "${build[@]}" --package tests --bin training_steps
    cargo "${build[@]}" --package tests --bin training_steps
    # Of a step of 64 samples, the difference between three steps and one.
    a_sample() {
        local counts=()
        for steps in 1 3; do
            counts+=("$("$@" 4 "$steps" 2>&1 | sed -n 's/^instructions //p')")
        done
        echo $(((counts[1] - counts[0]) / 128))
    }
    neon=$(a_sample "${emulator[@]}" -plugin "$plugin" -d plugin "$built/training_steps")
    sse2=$(a_sample qemu-x86_64 -plugin "$plugin" -d plugin "$CARGO_TARGET_DIR/debug/training_steps")
    echo "a training step at 4 lanes, instructions a sample: NEON $neon, SSE2 $sse2"
    [ "$neon" -gt 0 ] && [ "$sse2" -gt 0 ] && [ $((10 * neon)) -le $((11 * sse2)) ]
    ;;
*)
    echo "error: $1: expected nothing, tests or instructions" >&2
    exit 2
    ;;
esac
