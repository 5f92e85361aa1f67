#!/bin/sh
# Builds or runs the firmware: with rustup's target where that is installed, else with Debian's
# compiler, which builds the target's library from its own sources.
#
#   firmware/build.sh [build|run|clippy|…] [BOARD] [further arguments of cargo]
set -eu
command=${1:-build}
board=${2:-mps2-an386}
shift $(($# < 2 ? $# : 2))
cd "$(dirname "$0")"

case $board in
mps2-an385) target=thumbv7m-none-eabi ;;
mps2-an386 | mps2-an500 | nrf52840) target=thumbv7em-none-eabihf ;;
*)
    echo "error: no board $board; the boards are mps2-an386, mps2-an500, mps2-an385, nrf52840" >&2
    exit 2
    ;;
esac

case $board in
nrf52840)
    # On silicon VMUL and VADD take two cycles, the VMLA that counts as one instruction three.
    set -- --config "target.$target.rustflags = ['-C', 'target-cpu=cortex-m4']" "$@"
    ;;
esac

library=$(rustc --print target-libdir --target "$target" 2>/dev/null || true)
if [ -n "$library" ] && ls "$library"/libcore-*.rlib >/dev/null 2>&1; then
    exec cargo "$command" --release --locked --target "$target" \
        --no-default-features --features "$board" "$@"
fi

if ! [ -x /usr/bin/cargo ] || ! [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
    echo "error: cannot build for $target; run: rustup target add $target" \
        "(or on Debian: apt-get install rustc-web cargo-web rust-web-src)" >&2
    exit 3
fi
# Debian's compiler comes without a linker for bare machines; rustup's has one.
if ! command -v rust-lld >/dev/null; then
    linker=$(find "${RUSTUP_HOME:-$HOME/.rustup}/toolchains" -name rust-lld 2>/dev/null | head -n 1)
    if [ -z "$linker" ]; then
        echo "error: no rust-lld to link with; install a Rust toolchain with rustup" >&2
        exit 3
    fi
    PATH=$(dirname "$linker"):$PATH
    export PATH
fi
RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc exec /usr/bin/cargo "$command" --release --locked \
    --target "$target" -Zbuild-std=core,alloc --no-default-features --features "$board" "$@"
