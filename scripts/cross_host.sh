#!/bin/sh
# Runs cargo for another desktop's target or for WebAssembly, with its whole library, on a stable compiler.
#
# Takes rustup's target where it is installed (rustup target add TARGET). Where it is not, takes a
# compiler that comes with its library's sources, as Debian's does, and builds the library first.
# Programs for AArch64 Linux are linked by Debian's cross compiler and run in QEMU's user mode, those for
# WebAssembly (wasm32-wasip1) have its vectors, SIMD128, and run in Node.js.
# Exits with 3, and says what to install, where something is missing.
#
#   scripts/cross_host.sh TARGET available     says nothing, succeeds if there is a way
#   scripts/cross_host.sh TARGET compiler      says which compiler it is
#   scripts/cross_host.sh TARGET COMMAND [further arguments of cargo]
set -eu
target=$1 command=$2
shift 2

missing() {
    echo "error: $1" >&2
    exit 3
}

is_this_machine() {
    [ "$(rustc -vV | sed -n 's/^host: //p')" = "$target" ]
}

if ! is_this_machine && [ "$target" = aarch64-unknown-linux-gnu ]; then
    command -v aarch64-linux-gnu-gcc >/dev/null && [ -d /usr/aarch64-linux-gnu/lib ] ||
        missing "no linker for $target; on Debian: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    if [ "$(uname -m)" != aarch64 ]; then
        command -v qemu-aarch64 >/dev/null ||
            missing "nothing runs programs for $target; on Debian: apt-get install qemu-user"
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    fi
fi

if [ "$target" = wasm32-wasip1 ]; then
    command -v node >/dev/null || missing "nothing runs programs for $target; install Node.js, version 18 or newer"
    export CARGO_TARGET_WASM32_WASIP1_RUNNER="node --no-warnings $(cd "$(dirname "$0")" && pwd)/run_wasi.mjs"
    export CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="-C target-feature=+simd128"
fi

library=$(rustc --print target-libdir --target "$target" 2>/dev/null || true)
if [ -n "$library" ] && ls "$library"/libstd-*.rlib >/dev/null 2>&1; then
    case $command in
    available) exit 0 ;;
    compiler) exec rustc --version ;;
    *) exec cargo "$command" --target "$target" "$@" ;;
    esac
fi

if ! [ -x /usr/bin/cargo ] || ! [ -x /usr/bin/rustc ] ||
    ! [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
    missing "cannot build for $target; run: rustup target add $target (or on Debian: apt-get install rustc-web cargo-web rust-web-src)"
fi
if [ "$target" = wasm32-wasip1 ]; then
    # Debian has the C library that rustup's target brings along, and rustup the linker that Debian's compiler lacks.
    # That C library is older than the compiler's: what it lacks is for threads.
    libc=/usr/lib/wasm32-wasi
    [ -f "$libc/libc.a" ] || missing "no C library for $target; on Debian: apt-get install wasi-libc"
    linker=$(command -v rust-lld || find "${RUSTUP_HOME:-$HOME/.rustup}/toolchains" -name rust-lld 2>/dev/null | head -n 1)
    [ -n "$linker" ] || missing "no rust-lld to link with; install a Rust toolchain with rustup"
    export CARGO_TARGET_WASM32_WASIP1_LINKER="$linker"
    CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="$CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS -C link-self-contained=no"
    CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="$CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS -L native=$libc"
    for argument in "$libc/crt1-command.o" --allow-undefined; do
        CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="$CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS -C link-arg=$argument"
    done
fi
case $command in
available) exit 0 ;;
compiler) exec /usr/bin/rustc --version ;;
esac
# The variable lets a stable compiler build the library; nothing else here is unstable.
RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc exec /usr/bin/cargo "$command" --target "$target" \
    -Zbuild-std=std,panic_abort,panic_unwind,proc_macro,test "$@"
