#!/usr/bin/env python3
"""Trains networks by two builds of Kiln, and compares what comes of it to the bit.

    scripts/same_bits.py PROGRAM OTHER [ARGUMENT...]

PROGRAM is a `kiln` for this machine, OTHER what runs another one, such as `qemu-aarch64 -L
/usr/aarch64-linux-gnu target/aarch64-unknown-linux-gnu/debug/kiln`. A chain, a residual network with
batch normalisations and dropout, and an int8 network learn a small data set made here; then each program
evaluates its own models. Weights, logits, and each epoch's losses must be the same, at every lane
width that the other one has. Needs Python alone; fails by saying what differs.
"""

import json
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

CLASSES, CHANNELS, SIZE, SAMPLES = 4, 2, 12, 300

CHAIN = """
input = { channels = 2, height = 12, width = 12 }
layers = [
    { type = "conv2d", filters = 6, kernel = 3 },
    { type = "relu" },
    { type = "max_pool2d", window = 2 },
    { type = "conv2d", filters = 8, kernel = 3, padding = 1 },
    { type = "relu" },
    { type = "linear", outputs = 17 },
    { type = "relu6" },
    { type = "linear", outputs = 4 },
]
"""

RESIDUAL = """
input = { channels = 2, height = 12, width = 12 }
layers = [
    { type = "conv2d", filters = 8, kernel = 3, padding = 1, bias = false },
    { type = "batch_norm" },
    { type = "relu", name = "stem" },
    { type = "conv2d", filters = 8, kernel = 3, padding = 1, groups = 8, bias = false },
    { type = "batch_norm" },
    { type = "relu6" },
    { type = "conv2d", filters = 8, kernel = 1, bias = false },
    { type = "batch_norm", name = "block" },
    { type = "add", inputs = ["block", "stem"] },
    { type = "relu" },
    { type = "conv2d", filters = 12, kernel = 3, stride = 2 },
    { type = "avg_pool2d", window = 2, stride = 1 },
    { type = "dropout", probability = 0.1 },
    { type = "global_avg_pool2d" },
    { type = "linear", outputs = 4 },
]
"""

# Name, network, and what else a training is told.
TRAININGS = [
    ("chain", CHAIN, []),
    ("residual", RESIDUAL, ["--nesterov"]),
    ("int8", CHAIN, ["--quantize", "--quantize-epochs", "1"]),
]


def samples(path):
    """A safetensors file of bytes: bright squares on noise, their corner by the class."""
    source = random.Random(7)
    images, labels = bytearray(), bytearray()
    for sample in range(SAMPLES):
        label = sample % CLASSES
        top, left = 6 * (label // 2), 6 * (label % 2)
        for _ in range(CHANNELS):
            for row in range(SIZE):
                for column in range(SIZE):
                    inside = top <= row < top + 6 and left <= column < left + 6
                    images.append(source.randrange(256) // 2 + 100 * inside)
        labels += struct.pack("<q", label)
    shape = [SAMPLES, CHANNELS, SIZE, SIZE]
    header = {
        "input": {"dtype": "U8", "shape": shape, "data_offsets": [0, len(images)]},
        "labels": {
            "dtype": "I64",
            "shape": [SAMPLES],
            "data_offsets": [len(images), len(images) + len(labels)],
        },
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + images + labels)


def kiln(program, folder, *arguments):
    """The JSON that a command prints."""
    done = subprocess.run([*program, *arguments, "--json"], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join([*program, *arguments])}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def outcome(program, folder, run, network, more, lanes):
    """What a training leaves, and what its models make of the samples."""
    Path(folder, "network.toml").write_text(network)
    machine = ["--threads", "1", "--lanes", lanes]
    learnt = ["--epochs", "2", "--batch", "32", "--augment", "flip,shift:1"]
    kiln(program, folder, "train", "samples.safetensors", "--model", "network.toml", "--out", run,
         *learnt, *more, *machine)
    found = {"metrics": metrics(folder, run)}
    for model in sorted(Path(folder, run).glob("model*.kiln")):
        said = kiln(program, folder, "evaluate", "--dataset", "samples.safetensors", "--weights",
                    f"{run}/{model.name}", *machine)
        for key in ["weights_sha256", "logits_sha256", "accuracy"]:
            found[f"{model.name} {key}"] = said[key]
    return found


def metrics(folder, run):
    """Each epoch's line, but for the columns that time it."""
    lines = Path(folder, run, "metrics.csv").read_text().splitlines()
    names = lines[0].split(",")
    kept = [at for at, name in enumerate(names) if "second" not in name]
    return [",".join(line.split(",")[at] for at in kept) for line in lines]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    ours, other = [str(Path(sys.argv[1]).resolve())], sys.argv[2:]
    other = [str(Path(word).resolve()) if Path(word).exists() else word for word in other]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        samples(Path(folder, "samples.safetensors"))
        for name, network, more in TRAININGS:
            expected = outcome(ours, folder, f"{name}-here", network, more, "auto")
            for lanes in ["4", "8"] if name == "residual" else ["auto"]:
                found = outcome(other, folder, f"{name}-there-{lanes}", network, more, lanes)
                differing = [key for key in expected if expected[key] != found.get(key)]
                wrong += len(differing)
                for key in differing:
                    print(f"{name}, lanes {lanes}: {key}: {found.get(key)}, not {expected[key]}")
                if not differing:
                    hashes = [value[:16] for key, value in expected.items() if "sha256" in key]
                    print(f"{name}, lanes {lanes}: the same bits ({', '.join(hashes)})")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
