#!/usr/bin/env bash
# Builds the program as it is given away, and packs it with the licences of all that it contains.
#
#   scripts/package.sh FOLDER     leaves FOLDER/kiln-VERSION-PLATFORM.tar.gz, and says how large the program is
#
# Fails where the program is larger than 10 MB.
set -euo pipefail
most=10000000
folder=${1:?name the folder to write to}
cd "$(dirname "$0")/.."
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
platform=$(rustc -vV | sed -n 's/^host: //p')
target=${CARGO_TARGET_DIR:-target}

# What is kept to walk the stack after a panic, a sixteenth of the program, is of no use where a panic aborts.
case $platform in
*-linux-*) export RUSTFLAGS="${RUSTFLAGS:-} -C force-unwind-tables=no" ;;
esac
# Optimising across crates is done as fast code needs it, which the last crate's level says; functions of crates that
# Cargo.toml wants small are compiled small all the same. The profile's `strip` does not reach a package with a level.
cargo rustc --locked --profile dist -p host --bin kiln -- -C opt-level=3 -C strip=symbols
program=$target/dist/kiln
[ -e "$program" ] || program=$program.exe
bytes=$(wc -c <"$program" | tr -d ' ')
echo "$program has $bytes bytes"
if [ "$bytes" -gt "$most" ]; then
    echo "these are more than $most: leave something out, or say in this script why it is worth it" >&2
    exit 1
fi

name=kiln-$version-$platform
mkdir -p "$folder"
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
mkdir "$scratch/$name"
cp "$program" LICENSE-APACHE LICENSE-MIT README.md host/MANUAL.md "$scratch/$name"
cp host/assets/README.md "$scratch/$name/LICENSE-digits.md"
cargo run --locked -q -p tests --bin third_party >"$scratch/$name/LICENSE-third-party.txt"
tar -czf "$folder/$name.tar.gz" -C "$scratch" "$name"
echo "$folder/$name.tar.gz"
