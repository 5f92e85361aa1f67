#!/usr/bin/env bash
# Builds core for a Cortex-M4F, a target without std.
#
# Takes rustup's target where it is installed (rustup target add thumbv7em-none-eabihf). Where
# rustup cannot fetch it, takes a compiler that comes with its library's sources, as Debian's does,
# and builds Rust's own core for the target first; installs Debian's where that is possible.
# Exits with an error where neither way is open.
set -euo pipefail
cd "$(dirname "$0")/.."

target=thumbv7em-none-eabihf
# A folder of its own: two compilers in one would each undo the other's work.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/no_std"

has_sources() {
    [ -x /usr/bin/cargo ] && [ -x /usr/bin/rustc ] &&
        [ -f "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/core/src/lib.rs" ]
}

install_sources() {
    local packages=(rustc-web cargo-web rust-web-src)
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    apt-get update -qq >&2 && apt-get install -qq -y --no-install-recommends "${packages[@]}" >&2
}

if [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]; then
    echo "core for $target, with the installed target"
    cargo build --package core --lib --release --target "$target"
elif has_sources || { install_sources && has_sources; }; then
    echo "core for $target, with a library built from source by $(/usr/bin/rustc --version)"
    # The variable lets a stable compiler build the library; core itself needs nothing unstable.
    RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc /usr/bin/cargo build \
        --package core --lib --release --target "$target" -Zbuild-std=core
else
    echo "cannot build for $target: run 'rustup target add $target'," >&2
    echo "or install Debian's rustc-web, cargo-web and rust-web-src" >&2
    exit 1
fi
