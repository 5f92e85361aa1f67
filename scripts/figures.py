"""What the scripts that measure the firmware share: commands, ELF files, records, tables."""

import argparse
import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"
DOCUMENT = ROOT / "firmware/DEVICES.md"
TOLERANCE = 0.02


def run(command, folder=ROOT, **environment):
    environment = os.environ | environment
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    if result.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


def kiln(*arguments):
    """The host's program: one that is built already, where KILN_PROGRAM names it."""
    program = os.environ.get("KILN_PROGRAM")
    command = [program] if program else ["cargo", "run", "--quiet", "--package", "host", "--"]
    return run([*command, *arguments])


def build(board, *arguments, **environment):
    run([FIRMWARE / "build.sh", "build", board, "--quiet", *arguments], **environment)


def program(board, name):
    """A program as it was built last for a board of the same target."""
    return FIRMWARE / run([FIRMWARE / "build.sh", "folder", board]).strip() / name


class Elf:
    """The sections of a 32-bit ELF file."""

    def __init__(self, path):
        self.bytes = path.read_bytes()
        (offset,) = struct.unpack_from("<I", self.bytes, 0x20)
        size, count, self.names = struct.unpack_from("<HHH", self.bytes, 0x2E)
        self.sections = [
            struct.unpack_from("<10I", self.bytes, offset + i * size) for i in range(count)
        ]

    def name(self, table, at):
        start = self.sections[table][4] + at
        return self.bytes[start : self.bytes.index(b"\0", start)].decode()

    def total(self, *names):
        """Bytes of the sections of these names."""
        return sum(s[5] for s in self.sections if self.name(self.names, s[0]) in names)

    def symbols(self):
        """Name and length of every symbol."""
        table = next(s for s in self.sections if s[1] == 2)
        for at in range(table[4], table[4] + table[5], 16):
            text, _, length = struct.unpack_from("<III", self.bytes, at)
            yield self.name(table[6], text), length


def text_bytes(path):
    """Bytes of flash that a program takes, without its model and samples."""
    elf = Elf(path)
    content = re.compile(r"8firmware5model\d(MODEL|SAMPLES)$")
    total = elf.total(".vector_table", ".text", ".rodata", ".data")
    return total - sum(length for name, length in elf.symbols() if content.search(name))


def number(report, pattern):
    match = re.search(pattern, report, re.M)
    if not match:
        sys.exit(f"error: nothing like {pattern} in the report:\n{report}")
    return int(match.group(1))


def drift(columns, name, recorded, figures):
    for key in sorted(recorded.keys() | figures.keys()):
        old, new = recorded.get(key), figures.get(key)
        if old is None or new is None:
            yield f"{name}: {key} is recorded as {old}, measured as {new}; run --record"
        elif new > old * (1 + TOLERANCE):
            yield f"{name}: {columns[key]} rose from {old:,} to {new:,}"
        elif new < old * (1 - TOLERANCE):
            yield f"{name}: {columns[key]} fell from {old:,} to {new:,}; record it with --record"


def rows(columns, figures):
    """A table, a row for each build, and what it was measured with."""
    lines = ["| | " + " | ".join(columns.values()) + " |", "| --- |" + " ---: |" * len(columns)]
    for name, build in figures["builds"].items():
        cells = (build.get(key) for key in columns)
        cells = ("" if cell is None else f"{cell:,}" for cell in cells)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", f"Measured with {figures['compiler']} and {figures['emulator']}."]
    return "\n".join(lines) + "\n"


def with_table(text, marker, table):
    """The document with the table between the two comments that name it."""
    place = re.compile(rf"(<!-- {marker} -->\n).*?(<!-- end of {marker} -->)", re.S)
    changed, count = place.subn(lambda found: found[1] + table + found[2], text)
    if count != 1:
        sys.exit(f"error: {DOCUMENT.name} has no place for the table of {marker}")
    return changed


def main(document, path, marker, columns, measure):
    """Checks or records what `measure` gives: figures by build, and problems found at once.

    The table is kept in `DOCUMENT` between the comments `marker` and `end of marker`, the record at
    `path` as JSON.
    """
    parser = argparse.ArgumentParser(description=document.splitlines()[0])
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--check", action="store_true", help="fail where a figure differs")
    choice.add_argument("--record", action="store_true", help="record what is measured now")
    arguments = parser.parse_args()

    emulator = run(["qemu-system-arm", "--version"]).splitlines()[0]
    record = {
        "compiler": run([FIRMWARE / "build.sh", "compiler"]).strip(),
        "emulator": re.sub(r"^(QEMU) emulator version ([\d.]+).*", r"\1 \2", emulator),
    }
    record["builds"], problems = measure()
    table = rows(columns, record)
    text = DOCUMENT.read_text()
    if arguments.record:
        path.write_text(json.dumps(record, indent=2) + "\n")
        DOCUMENT.write_text(with_table(text, marker, table))
    else:
        recorded = json.loads(path.read_text())
        for name, figures in record["builds"].items():
            problems += drift(columns, name, recorded["builds"].get(name, {}), figures)
        if with_table(text, marker, rows(columns, recorded)) != text:
            problems.append(f"{DOCUMENT.name} has another table than {path.relative_to(ROOT)}")
        if problems:
            print(f"recorded with {recorded['compiler']}, measured with {record['compiler']}")
    print(table)
    if problems:
        sys.exit("\n".join(f"error: {problem}" for problem in problems))
