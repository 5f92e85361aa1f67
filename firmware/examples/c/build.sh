#!/bin/sh
# Builds this example for an emulated Cortex-M4F with a model that kiln export --to c wrote.
#
#   firmware/examples/c/build.sh DIR ELF     DIR has the model, libkiln.a and kiln.h
set -eu
here=$(cd "$(dirname "$0")" && pwd)
arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -Os -Wall -Wextra -Werror \
    -ffunction-sections -fdata-sections -Wl,--gc-sections -Wl,--no-warn-rwx-segments,--no-warn-execstack \
    -T "$here/mps2.ld" --specs=rdimon.specs -I "$1" \
    "$here/main.c" "$here/startup.c" "$1/digits.c" "$1/libkiln.a" -o "$2"
