#!/bin/sh
# Builds this example for an emulated Cortex-M4F with a model that kiln export --to c wrote.
#
#   firmware/examples/c/build.sh DIR ELF [FLAGS]     DIR has main.c, the model, libkiln.a and kiln.h
#
# PROCESSOR has the compiler's flags for another processor, one with the same memory map.
set -eu
dir=$1 elf=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2086 # They are several words.
arm-none-eabi-gcc ${PROCESSOR:--mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16} -Os -Wall -Wextra -Werror \
    -ffunction-sections -fdata-sections -Wl,--gc-sections -Wl,--no-warn-rwx-segments,--no-warn-execstack \
    -T "$here/mps2.ld" --specs=rdimon.specs -I "$dir" "$@" \
    "$dir/main.c" "$here/startup.c" "$dir/digits.c" "$dir/libkiln.a" -o "$elf"
