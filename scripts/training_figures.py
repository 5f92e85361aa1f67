#!/usr/bin/env python3
"""Measures training on the emulated boards beside its plan, and compares with what is recorded.

    scripts/training_figures.py --check     what CI calls: fails where a figure differs by more than
                                            2%, breaks its limit, or firmware/DEVICES.md has another table
    scripts/training_figures.py --record    writes firmware/training_figures.json and firmware/DEVICES.md's table

The plan's figures are those of `kiln summary`. The measured ones are reported by the firmware's
program `train`, built for each training with KILN_TRAIN, but for what fits no board. The MNIST
network is the committed one; the models and images of the RGB network, and of the small ones of every
kind in host/examples/shapes, are made here.
"""

import json
import struct
import tempfile
import zlib
from pathlib import Path

from figures import FIRMWARE, ROOT, Elf, build, kiln, main, number, program

SMALL, LARGE = "mps2-an386", "mps2-an500"
# Network, words of KILN_TRAIN, the board it runs on, limits. The default comes last, so that it is
# what is left in the folder.
BUILDS = [
    ("RGB", "from=1", LARGE, {}),
    ("RGB", "from=1,batch", LARGE, {}),
    ("RGB", "from=9", SMALL, {}),
    ("RGB", "from=1,biases", SMALL, {}),
    ("MNIST", "from=1,batch", LARGE, {}),
    ("MNIST", "from=1,batch,momentum", LARGE, {}),
    ("MNIST", "from=9", SMALL, {"ram": 32 << 10}),
    ("MNIST", "from=1,biases", SMALL, {}),
    ("MNIST", "from=1", SMALL, {"ram": 256 << 10, "instructions": 2_500_000}),
]
# Small networks of every kind, in place, and their limits.
SHAPES = {
    "plain3": {"instructions": 2_100_000},
    "pad3": {"instructions": 3_900_000},
    "k5": {"instructions": 2_000_000},
    "stride": {"instructions": 1_800_000},
    "dsconv": {"instructions": 4_000_000, "arena": 112_000},
    "point": {"instructions": 7_500_000, "arena": 126_000},
}
BUILDS = [(name, "from=1", LARGE, limits) for name, limits in SHAPES.items()] + BUILDS
PARTS = ("parameters", "gradient", "velocity", "arena", "winners")
COLUMNS = {part: part for part in PARTS} | {
    "total": "sum of the plan",
    "memory": "measured",
    "stack": "stack",
    "ram": "RAM in all",
    "instructions": "instructions a sample",
}
IMAGES = 2


def png(path, extent, channels, value):
    """Writes a square image, grey or RGB, whose bytes are `value(channel, row, column)`."""
    row = lambda y: bytes([0, *(value(c, y, x) for x in range(extent) for c in range(channels))])
    pixels = b"".join(row(y) for y in range(extent))
    header = struct.pack(">IIBBBBB", extent, extent, 8, {1: 0, 3: 2}[channels], 0, 0, 0)

    def chunk(kind, content):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


def make(folder, classes, extent, channels, *options):
    """Model and samples of a network, trained for an epoch on patterns in a folder a class."""
    state = 1
    for label in range(classes):
        images = folder / "images" / f"{label:02}"
        images.mkdir(parents=True)
        for index in range(IMAGES):
            state = (state * 1103515245 + 12345) % (1 << 31)
            slope, noise = label % 10 + 1, state >> 16
            png(images / f"{index}.png", extent, channels, lambda c, y, x: (
                (slope * x + (label // 10 + c) * y) * 3 + (noise * (x ^ y) >> 9) % 32) % 256)
    kiln("train", folder / "images", "--epochs", "1", "--lr", "0.05", "--out", folder / "run", *options)
    kiln("export", "--weights", folder / "run/model.kiln", "--dataset", folder / "images",
         "--samples", "24", "--out", folder / "device")
    return folder / "device/model.kiln", folder / "device/model.samples"


def make_shape(folder, name):
    return make(folder, 10, 28, 1, "--model", ROOT / "host/examples/shapes" / f"{name}.toml")


def planned(model):
    """The plan of each training of a model, by the words of KILN_TRAIN."""
    modes = json.loads(kiln("summary", model, "--json"))["device_training"]
    figures = {mode["kiln_train"]: {key: mode[key] for key in (*PARTS, "total")} for mode in modes}
    return {mode["kiln_train"]: mode["name"] for mode in modes}, figures


def measure(board, words, model, samples):
    build(board, "--features", "training", "--bin", "train",
          KILN_TRAIN=words, KILN_MODEL=str(model), KILN_SAMPLES=str(samples), KILN_SEED="")
    train = program(board, "train")
    report = kiln("emulate", train)
    batch = number(report, r"^step .*batch (\d+)")
    count = number(report, r"^before .* of (\d+)")
    stack = number(report, r"^stack .*?(\d+)")
    return {
        "memory": number(report, r"^heap .*?(\d+)"),
        "stack": stack,
        # The heap is a part of .bss.
        "ram": Elf(train).total(".data", ".bss", ".uninit") + stack,
        # The last batch may be smaller.
        "instructions": number(report, r"^step +(\d+) instructions") * -(-count // batch) // count,
    }


def broken(name, limits, figures):
    if figures["memory"] != figures["total"]:
        yield f"{name}: took {figures['memory']:,} bytes, the plan says {figures['total']:,}"
    for key, limit in limits.items():
        if figures[key] > limit:
            yield f"{name}: {COLUMNS[key]} is {figures[key]:,}, above the limit of {limit:,}"


def measure_network(network, model, samples):
    """Figures of all trainings of a network by their names, and problems."""
    modes = json.loads(kiln("summary", model, "--json"))["device_training"]
    names = {mode["kiln_train"]: f"{network}, {mode['name']}" for mode in modes}
    figures = {
        mode["kiln_train"]: {key: mode[key] for key in (*PARTS, "total")} for mode in modes
    }
    problems = []
    for owner, words, board, limits in BUILDS:
        if owner == network:
            names[words] += f", on {board}"
            print(f"measuring {names[words]}", flush=True)
            figures[words] |= measure(board, words, model, samples)
            problems += broken(names[words], limits, figures[words])
    return {names[words]: figures[words] for words in names}, problems


def measure_all():
    assets = FIRMWARE / "assets"
    shapes, problems = {}, []
    for name in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            figures, found = measure_network(name, *make_shape(Path(folder), name))
        # The other trainings fit the same boards and tell nothing more.
        shapes |= {key: value for key, value in figures.items() if "instructions" in value}
        problems += found
    with tempfile.TemporaryDirectory() as folder:
        rgb, found = measure_network("RGB", *make(Path(folder), 100, 32, 3))
    problems += found
    mnist, found = measure_network("MNIST", assets / "digits.kiln", assets / "digits.samples")
    return mnist | rgb | shapes, problems + found


main(__doc__, FIRMWARE / "training_figures.json", "training figures", COLUMNS, measure_all)
