#!/bin/sh
# Type-checks the host program for the desktops that are not at hand: Windows and macOS.
#
#   scripts/check_platforms.sh            checks both
#   scripts/check_platforms.sh TARGET...  checks those
#
# What is C or assembly in the libraries is not compiled, since nothing is linked: a tool that writes nothing
# stands for theirs. So this proves that the program's Rust is right for those systems, not that it runs there.
# Exits with 3, and says what to install, where a target's library can neither be had from rustup nor be built.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- x86_64-pc-windows-gnu aarch64-apple-darwin

# A folder of its own: two compilers in one would each undo the other's work.
CARGO_TARGET_DIR="$(mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)/platforms"
export CARGO_TARGET_DIR
mkdir -p "$CARGO_TARGET_DIR"
# The library is compiled where it is built here: nothing runs, so it need not be fast.
export CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=false

# Build scripts call it as a compiler with `-o FILE`, or as an archiver with `cq FILE` among its words, and rustc as
# `dlltool` with `-l FILE` for an archive that it reads again: of no members.
stub="$CARGO_TARGET_DIR/no_tool.sh"
cat >"$stub" <<'STUB'
#!/bin/sh
while [ $# -gt 0 ]; do
    case $1 in
    -o) shift && : >"$1" ;;
    -l) shift && printf '!<arch>\n' >"$1" ;;
    *.a) : >"$1" ;;
    esac
    shift
done
STUB
chmod +x "$stub"

for target; do
    name=$(echo "$target" | tr - _)
    export "CC_$name=$stub" "AR_$name=$stub"
    case $target in
    *-windows-gnu) export "CARGO_TARGET_$(echo "$name" | tr a-z A-Z)_RUSTFLAGS=-C dlltool=$stub" ;;
    esac
    echo "$target: the program's Rust and its libraries', types only; NOT checked: their C and assembly, linking, running"
    scripts/cross_host.sh "$target" check --package host --locked
done
