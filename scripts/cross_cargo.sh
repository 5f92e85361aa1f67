#!/bin/sh
# Runs cargo for a Cortex-M target, on a stable compiler.
#
# Takes rustup's target where it is installed (rustup target add TARGET). Where it is not, takes a
# compiler that comes with its library's sources, as Debian's does, and builds the target's library
# first. Exits with 3 where neither way is open.
#
#   scripts/cross_cargo.sh TARGET LIBRARIES available     says nothing, succeeds if there is a way
#   scripts/cross_cargo.sh TARGET LIBRARIES compiler      says which compiler it is
#   scripts/cross_cargo.sh TARGET LIBRARIES COMMAND [further arguments of cargo]
#
# LIBRARIES are those the program needs: core, or core,alloc.
set -eu
target=$1 libraries=$2 command=$3
shift 3

library=$(rustc --print target-libdir --target "$target" 2>/dev/null || true)
if [ -n "$library" ] && ls "$library"/libcore-*.rlib >/dev/null 2>&1; then
    case $command in
    available) exit 0 ;;
    compiler) exec rustc --version ;;
    *) exec cargo "$command" --target "$target" "$@" ;;
    esac
fi

if ! [ -x /usr/bin/cargo ] || ! [ -x /usr/bin/rustc ] ||
    ! [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
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
case $command in
available) exit 0 ;;
compiler) exec /usr/bin/rustc --version ;;
esac
# The variable lets a stable compiler build the library; nothing else here is unstable.
RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc exec /usr/bin/cargo "$command" --target "$target" \
    -Zbuild-std="$libraries" "$@"
