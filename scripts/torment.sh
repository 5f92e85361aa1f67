#!/usr/bin/env bash
# Torments the program: ends its commands at random moments, fills their disks, closes their streams,
# runs two at once, and compares what comes of it in the end with what undisturbed runs leave.
#
# usage: scripts/torment.sh MINUTES [SEED]
#
# KILN_PROGRAM names the program; without it, it is built. Needs Python 3. Where it runs as root on Linux,
# disks are really full, too; elsewhere a limit of file sizes stands for them alone.
set -euo pipefail
scripts="$(cd "$(dirname "$0")" && pwd)"
if [ -z "${KILN_PROGRAM:-}" ]; then
    cargo build --locked --package host --bin kiln --manifest-path "$scripts/../Cargo.toml"
    KILN_PROGRAM="${CARGO_TARGET_DIR:-$scripts/../target}/debug/kiln"
fi
export KILN_PROGRAM
exec python3 "$scripts/torment/main.py" "$@"
