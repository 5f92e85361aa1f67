#!/bin/sh
# Builds the library for this machine, exports models of every kind, and drives the library with what C can do
# wrong: driver.c, compiled with the sanitizers for addresses and undefined behaviour.
#
#   firmware/c/sanitizer/run.sh SECONDS SEED [FOLDER]
#
# KILN_PROGRAM names a program kiln that is built already. Exits with 3 where the compiler has no sanitizers.
set -eu
if [ $# -lt 2 ]; then
    echo "usage: firmware/c/sanitizer/run.sh SECONDS SEED [FOLDER]" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
seconds=$1 seed=$2
folder=${3:-$root/firmware/c/target/sanitizer}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
flags="-std=c11 -D_DEFAULT_SOURCE -g -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all"

printf 'int main(void) { return 0; }\n' >"$folder/nothing.c"
if ! gcc $flags "$folder/nothing.c" -o "$folder/nothing" 2>/dev/null; then
    echo "no gcc with its sanitizers (apt-get install gcc)" >&2
    exit 3
fi
host=$(rustc -vV | sed -n 's/^host: //p')
# Assumptions are checked, those on slices among them. What it depends on is compiled as for tests, which unwind,
# so that it is compiled once.
(cd "$here/.." && cargo rustc --quiet --locked --lib --crate-type staticlib --target "$host" \
    --target-dir "$root/firmware/c/target" --config 'profile.dev.panic="unwind"' -- -C panic=abort)
kiln() {
    if [ -n "${KILN_PROGRAM:-}" ]; then
        "$KILN_PROGRAM" "$@"
    else
        (cd "$root" && cargo run --quiet -p host -- "$@")
    fi
}
assets=$root/firmware/assets
: >"$folder/subjects.h"
rows=
number=0
# Exports a model by a name, with what of it learns.
subject() {
    name=$1 model=$2
    shift 2
    kiln export --to c --weights "$assets/$model.kiln" --name "$name" --out "$folder" "$@" >/dev/null 2>&1
    upper=$(echo "$name" | tr a-z A-Z)
    saved=0
    [ $# -eq 0 ] || saved=${upper}_SAVED_BYTES
    echo "#include \"$name.h\"" >>"$folder/subjects.h"
    rows="$rows    {$number, &$name, ${upper}_MEMORY_BYTES, ${upper}_IMAGE_BYTES, ${upper}_OUTPUTS, $saved},
"
    number=$((number + 1))
}
subject f32 digits
subject f32_last digits --train 1
subject f32_all digits --train all
subject int8 digits-int8
subject int8_last digits-int8 --train 1
printf '\n#define SUBJECTS %s\nstatic const subject subjects[SUBJECTS] = {\n%s};\n' "$number" "$rows" \
    >>"$folder/subjects.h"
gcc $flags -I "$folder" -I "$here/../include" "$here/driver.c" "$folder/f32.c" "$folder/f32_last.c" \
    "$folder/f32_all.c" "$folder/int8.c" "$folder/int8_last.c" \
    "$root/firmware/c/target/$host/debug/libkiln.a" -o "$folder/driver"
"$folder/driver" "$seconds" "$seed"
