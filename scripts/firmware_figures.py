#!/usr/bin/env python3
"""Measures the firmware on the emulated boards and compares with the figures that are recorded.

    scripts/firmware_figures.py --check     what CI calls: fails where a figure differs by more than
                                            2%, breaks its limit, or README has another table
    scripts/firmware_figures.py --record    writes firmware/figures.json and README's table

Builds every board with firmware/build.sh, runs it with `kiln emulate` and `kiln device evaluate`,
and reads the sizes out of the program files. Less is better for every figure.
"""

import argparse
import json
import re
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"
RECORD = FIRMWARE / "figures.json"
README = ROOT / "README.md"
TABLE = re.compile(r"(<!-- firmware figures -->\n).*?(<!-- end of firmware figures -->)", re.S)
TOLERANCE = 0.02

HARD, SOFT = "thumbv7em-none-eabihf", "thumbv7m-none-eabi"
FOR_SILICON = ["--config", f"target.{HARD}.rustflags = ['-C', 'target-cpu=cortex-m4']"]
# Name, board, target, further arguments of cargo, limits of its own. The default comes last, so
# that it is what is left in the folder.
BUILDS = [
    ("nrf52840", "nrf52840", HARD, [], {}),
    ("mps2-an386, `target-cpu=cortex-m4`", "mps2-an386", HARD, FOR_SILICON,
     {"instructions": 720_000}),
    ("mps2-an500", "mps2-an500", HARD, [], {}),
    ("mps2-an385", "mps2-an385", SOFT, [], {}),
    ("mps2-an386", "mps2-an386", HARD, [], {"instructions": 520_000}),
]
LIMITS = {"arena": 9 << 10, "stack": 2 << 10, "serve_stack": 2 << 10, "text": 24 << 10}
COLUMNS = {
    "instructions": "instructions an inference",
    "arena": "working RAM",
    "stack": "stack, `evaluate`",
    "serve_stack": "stack, `serve`",
    "heap_before": "heap before",
    "heap_after": "heap after",
    "text": "text, `evaluate`",
    "serve_text": "text, `serve`",
}


def run(command, folder=ROOT):
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


def kiln(*arguments):
    return run(["cargo", "run", "--quiet", "--package", "host", "--", *arguments])


def text_bytes(path):
    """Bytes of flash that a program takes, without its model and samples."""
    elf = path.read_bytes()
    (offset,) = struct.unpack_from("<I", elf, 0x20)
    size, count, names = struct.unpack_from("<HHH", elf, 0x2E)
    sections = [struct.unpack_from("<10I", elf, offset + i * size) for i in range(count)]

    def name(table, at):
        start = sections[table][4] + at
        return elf[start : elf.index(b"\0", start)].decode()

    flash = {".vector_table", ".text", ".rodata", ".data"}
    total = sum(s[5] for s in sections if name(names, s[0]) in flash)
    symbols = next(s for s in sections if s[1] == 2)
    for at in range(symbols[4], symbols[4] + symbols[5], 16):
        text, _, length = struct.unpack_from("<III", elf, at)
        if re.search(r"8firmware5model\d(MODEL|SAMPLES)$", name(symbols[6], text)):
            total -= length
    return total


def number(report, pattern):
    match = re.search(pattern, report, re.M)
    if not match:
        sys.exit(f"error: nothing like {pattern} in the report:\n{report}")
    return int(match.group(1))


def measure(board, target, arguments):
    run([FIRMWARE / "build.sh", "build", board, "--quiet", *arguments])
    evaluate, serve = (FIRMWARE / "target" / target / "release" / n for n in ("evaluate", "serve"))
    figures = {"text": text_bytes(evaluate), "serve_text": text_bytes(serve)}
    if board == "nrf52840":
        return figures
    report = kiln("emulate", evaluate)
    served = json.loads(
        kiln("device", "evaluate", "--weights", FIRMWARE / "assets/digits.kiln", "--dataset",
             "mnist", "--offline", "--limit", "20", "--firmware", serve, "--json")
    )
    if served["equal_to_host"] != served["samples"]:
        sys.exit(f"error: {board}: {served['equal_to_host']} of {served['samples']} are equal")
    return figures | {
        "instructions": number(report, r"^inference +(\d+) instructions"),
        "arena": number(report, r"^arena +(\d+)"),
        "stack": number(report, r"^stack .*?(\d+)"),
        "serve_stack": served["stack_bytes"],
        "heap_before": number(report, r"^heap .*?(\d+) bytes before"),
        "heap_after": number(report, r"(\d+) after the last"),
    }


def broken_limits(name, limits, figures):
    for key, limit in (LIMITS | limits).items():
        if figures.get(key, 0) > limit:
            yield f"{name}: {COLUMNS[key]} is {figures[key]:,}, above the limit of {limit:,}"
    if figures.get("heap_before") != figures.get("heap_after"):
        yield f"{name}: the heap grew from {figures['heap_before']:,} to {figures['heap_after']:,}"


def drift(name, recorded, figures):
    for key in sorted(recorded.keys() | figures.keys()):
        old, new = recorded.get(key), figures.get(key)
        if old is None or new is None:
            yield f"{name}: {key} is recorded as {old}, measured as {new}; run --record"
        elif new > old * (1 + TOLERANCE):
            yield f"{name}: {COLUMNS[key]} rose from {old:,} to {new:,}"
        elif new < old * (1 - TOLERANCE):
            yield f"{name}: {COLUMNS[key]} fell from {old:,} to {new:,}; record it with --record"


def table(record):
    lines = [
        "| | " + " | ".join(COLUMNS.values()) + " |",
        "| --- |" + " ---: |" * len(COLUMNS),
    ]
    for name, *_ in reversed(BUILDS):
        cells = (record["builds"][name].get(key) for key in COLUMNS)
        cells = ("" if cell is None else f"{cell:,}" for cell in cells)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", f"Measured with {record['compiler']} and {record['emulator']}."]
    return "\n".join(lines) + "\n"


def with_table(text, record):
    changed, count = TABLE.subn(lambda found: found[1] + table(record) + found[2], text)
    if count != 1:
        sys.exit("error: README.md has no place for the table of firmware figures")
    return changed


def compiler():
    return run([FIRMWARE / "build.sh", "compiler"]).strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--check", action="store_true", help="fail where a figure differs")
    choice.add_argument("--record", action="store_true", help="record what is measured now")
    arguments = parser.parse_args()

    emulator = run(["qemu-system-arm", "--version"]).splitlines()[0]
    record = {
        "compiler": compiler(),
        "emulator": re.sub(r"^(QEMU) emulator version ([\d.]+).*", r"\1 \2", emulator),
        "builds": {},
    }
    problems = []
    for name, board, target, further, limits in BUILDS:
        print(f"measuring {name}", flush=True)
        figures = record["builds"][name] = measure(board, target, further)
        problems += broken_limits(name, limits, figures)
    if arguments.record:
        RECORD.write_text(json.dumps(record, indent=2) + "\n")
        README.write_text(with_table(README.read_text(), record))
    else:
        recorded = json.loads(RECORD.read_text())
        for name, figures in record["builds"].items():
            problems += drift(name, recorded["builds"].get(name, {}), figures)
        if with_table(README.read_text(), recorded) != README.read_text():
            problems.append("README.md has another table than firmware/figures.json")
        if problems:
            print(f"recorded with {recorded['compiler']}, measured with {record['compiler']}")
    print(table(record))
    if problems:
        sys.exit("\n".join(f"error: {problem}" for problem in problems))


main()
