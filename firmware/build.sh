#!/bin/sh
# Builds or runs the firmware with cargo, for one of the boards; works without rustup's targets, too
# (see scripts/cross_cargo.sh). Exits with 3 where no compiler here builds for the board.
#
#   firmware/build.sh [build|run|clippy|compiler|…] [BOARD] [further arguments of cargo]
#   firmware/build.sh folder [BOARD]     says where the board's programs are once they are built, from here
set -eu
command=${1:-build}
board=${2:-mps2-an386}
shift $(($# < 2 ? $# : 2))
# How it is optimised: as it is flashed, or `quick` to build.
profile=${KILN_FIRMWARE_PROFILE:-release}
# Paths are meant from where this is called.
for variable in KILN_MODEL KILN_SAMPLES KILN_INT8_MODEL KILN_INT8_SAMPLES; do
    eval "path=\${$variable-}"
    case $path in
    '' | /*) ;;
    *) export "$variable=$PWD/$path" ;;
    esac
done
cd "$(dirname "$0")"

case $board in
mps2-an385) target=thumbv7m-none-eabi ;;
mps2-an386 | mps2-an500 | nrf52840 | stm32f405) target=thumbv7em-none-eabihf ;;
mps2-an505 | rp2350) target=thumbv8m.main-none-eabihf ;;
riscv-virt) target=riscv32imac-unknown-none-elf ;;
rp2040 | microbit) target=thumbv6m-none-eabi ;;
stm32f411 | stm32h743 | nrf52833 | esp32-c3)
    echo "error: $board is known by its memory only (kiln summary --board $board), and has no program here;" \
        "the boards are mps2-an386, mps2-an500, mps2-an385, nrf52840, stm32f405, mps2-an505, riscv-virt, rp2040, rp2350, microbit" >&2
    exit 2
    ;;
*)
    echo "error: no board $board; the boards are mps2-an386, mps2-an500, mps2-an385, nrf52840, stm32f405, mps2-an505, riscv-virt, rp2040, rp2350, microbit" >&2
    exit 2
    ;;
esac

# Boards of one target that are compiled with other flags have a folder of their own: in a common one each
# build would compile everything again that the other has left.
case $board in
nrf52840) export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/$board" ;;
esac

if [ "$command" = folder ]; then
    echo "${CARGO_TARGET_DIR:-target}/$target/$profile"
    exit
fi

# Cargo does not find flags by the name of a target that has a dot in it.
case $target in
*.*) flags="target.'cfg(target_os = \"none\")'.rustflags" ;;
*) flags=target.$target.rustflags ;;
esac

case $board in
mps2-an385 | riscv-virt | rp2040 | microbit)
    # Without an FPU every sum and product is a call: larger tiles are only larger.
    set -- --config "profile.$profile.package.core.opt-level = 2" "$@"
    ;;
mps2-an505 | rp2350)
    # The target alone is a processor without the DSP extension.
    set -- --config "$flags = ['-C', 'target-cpu=cortex-m33']" "$@"
    ;;
nrf52840)
    # On silicon VMUL and VADD take two cycles, the VMLA that counts as one instruction three.
    set -- --config "$flags = ['-C', 'target-cpu=cortex-m4']" "$@"
    ;;
esac

# The places that a defect is reported with lie in flash: without what comes before the sources they
# are short, and a program is as long wherever it was built.
sources=$(cd .. && pwd) crates=${CARGO_HOME:-$HOME/.cargo}/registry/src
set -- --config "$flags = ['--remap-path-prefix=$sources=', \
'--remap-path-prefix=$crates=']" "$@"

exec ../scripts/cross_cargo.sh "$target" core,alloc "$command" --profile "$profile" --locked \
    --no-default-features --features "$board" "$@"
