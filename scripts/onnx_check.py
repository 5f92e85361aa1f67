#!/usr/bin/env python3
"""Runs an exported model in other programs on a whole test set, and compares with Kiln's logits.

    pip install onnxruntime onnx safetensors numpy torch
    python3 scripts/onnx_check.py --weights model.kiln --dataset mnist [--data DIR] [--limit N]
    python3 scripts/onnx_check.py --onnx theirs.onnx --dataset pictures [--mean M --std S | --scale S]

Exports the model to ONNX and safetensors, has Kiln evaluate the dataset, runs the same pixels
through onnxruntime and, loaded with strict=True, through PyTorch, and prints how many images get
the same class and how far the logits are apart. Ends with 1 if a class differs, or a logit by more
than 1e-5 of the largest logit of its image (or than 1e-5 where these are all smaller than 1).

With --onnx it goes the other way: it imports another program's file (the flags of the pixels' scaling are
those of kiln import, a number for each channel or one for all), has Kiln evaluate the dataset, and runs the same pixels,
scaled so, through onnxruntime with that file; the bound is 2e-5 then.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import onnx
import onnxruntime
import torch
from safetensors import safe_open
from safetensors.numpy import load_file
from safetensors.torch import load_file as load_tensors
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
BOUND = 1e-5
BATCH = 500


def kiln(*arguments):
    command = ["cargo", "run", "--quiet", "--package", "host", "--manifest-path",
               str(ROOT / "Cargo.toml"), "--", *map(str, arguments), "--json"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"error: {' '.join(command)}\n{result.stderr}")
    return json.loads(result.stdout)


def batches(pixels):
    return (pixels[at : at + BATCH].astype(numpy.float32) for at in range(0, len(pixels), BATCH))


def run_onnx(path, pixels):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return numpy.concatenate(
        [session.run(["logits"], {"pixels": batch})[0] for batch in batches(pixels)]
    )


def run_torch(path, export, pixels):
    names = {"nn": nn, "torch": torch}
    exec(export.get("pytorch_definitions", ""), names)  # Kiln's own output, not a file's.
    model = eval(export["pytorch"], names).eval()
    model.load_state_dict(load_tensors(path), strict=True)
    with safe_open(path, "np") as file:
        metadata = json.loads(file.metadata()["kiln"])
    scale, shift = (
        torch.tensor([float(value) for value in metadata[key]]).view(1, -1, 1, 1)
        for key in ["scale", "shift"]
    )
    with torch.no_grad():
        return numpy.concatenate(
            [model(torch.from_numpy(batch) * scale + shift).numpy() for batch in batches(pixels)]
        )


def compare(name, found, expected, bound=BOUND):
    same = (found.argmax(1) == expected.argmax(1)).sum()
    apart = numpy.abs(found.astype(numpy.float64) - expected)
    largest = numpy.abs(expected).max(1, keepdims=True)
    relative = (apart / numpy.maximum(largest, 1)).max()
    print(
        f"{name:<12}{same:,} of {len(expected):,} images of the same class, logits at most "
        f"{apart.max():.2g} apart, {relative:.2g} of the largest"
    )
    return same == len(expected) and relative <= bound


def softmax(logits):
    powers = numpy.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def as_it_takes(pixels, given, arguments):
    """Pixels scaled by the flags, in the order of axes that a file's input has."""
    def numbers(text):
        values = [eval(one, {}) for one in text.split(",")]  # 1/255 is a number, too.
        return numpy.asarray(values, numpy.float32).reshape(1, -1, 1, 1)

    if arguments.mean:
        scaled = (pixels / numpy.float32(255) - numbers(arguments.mean)) / numbers(arguments.std)
    else:
        scaled = pixels * numbers(arguments.scale or "1/255")
    rank = len(given.shape)
    if rank == 4 and list(given.shape[1:]) != list(pixels.shape[1:]):
        scaled = scaled.transpose(0, 2, 3, 1)
    return scaled if rank == 4 else scaled.reshape(len(scaled), *given.shape[1:])


def run_theirs(arguments, pixels):
    session = onnxruntime.InferenceSession(arguments.onnx, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    scaled = as_it_takes(pixels.astype(numpy.float32), given, arguments).astype(numpy.float32)
    size = given.shape[0] if isinstance(given.shape[0], int) else BATCH
    if len(scaled) % size and isinstance(given.shape[0], int):
        sys.exit(f"error: the file takes {size} images at a time; use --limit")
    parts = [session.run(None, {given.name: scaled[at : at + size]})[0]
             for at in range(0, len(scaled), size)]
    return numpy.concatenate([part.reshape(len(part), -1) for part in parts])


def check_theirs(arguments, folder):
    """Whether an imported file gives what onnxruntime gives by it, on real images."""
    flags = []
    for name in ["mean", "std", "scale"]:
        if getattr(arguments, name):
            flags.append(f"--{name}={getattr(arguments, name)}")
    model, outputs = folder / "model.kiln", folder / "outputs.safetensors"
    for remark in kiln("import", arguments.onnx, "--out", model, *flags)["remarks"]:
        print("imported   ", remark)
    kiln("evaluate", "--weights", model, "--dataset", arguments.dataset, "--outputs", outputs)
    scored = load_file(outputs)
    pixels, logits = chosen(scored["pixels"], scored["logits"], arguments.limit)
    theirs = run_theirs(arguments, pixels)
    if theirs.shape[1] == 1 and logits.shape[1] == 2:
        logits = logits[:, 1:]
        if theirs.min() >= 0 and theirs.max() <= 1:
            logits = 1 / (1 + numpy.exp(-logits))
        theirs, logits = (numpy.concatenate([0 * it + it.mean(), it], 1) for it in (theirs, logits))
    elif theirs.min() >= 0 and numpy.allclose(theirs.sum(1), 1, atol=1e-4):
        logits = softmax(logits)
    elif numpy.allclose(numpy.exp(theirs).sum(1), 1, atol=1e-4):
        logits = numpy.log(softmax(logits))
    return compare("onnxruntime", theirs, logits, 2e-5)


def chosen(pixels, logits, limit):
    """So many of the images, spread evenly."""
    if not limit:
        return pixels, logits
    places = numpy.linspace(0, len(pixels) - 1, min(limit, len(pixels))).astype(int)
    return pixels[places], logits[places]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", help="a model of Kiln's")
    parser.add_argument("--onnx", help="another program's file instead")
    for flag in ["--mean", "--std", "--scale"]:
        parser.add_argument(flag, help="as for kiln import, with --onnx")
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--data")
    parser.add_argument("--limit", type=int, help="compare this many images, spread evenly")
    arguments = parser.parse_args()
    if bool(arguments.weights) == bool(arguments.onnx):
        parser.error("give --weights or --onnx")
    if arguments.onnx:
        with tempfile.TemporaryDirectory() as folder:
            sys.exit(0 if check_theirs(arguments, Path(folder)) else 1)
    data = ["--data", arguments.data] if arguments.data else []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        outputs = folder / "outputs.safetensors"
        kiln("evaluate", "--weights", arguments.weights, "--dataset", arguments.dataset, *data,
             "--offline", "--outputs", outputs)
        graph = folder / "model.onnx"
        kiln("export", "--to", "onnx", "--weights", arguments.weights, "--out", graph)
        tensors = folder / "model.safetensors"
        export = kiln("export", "--to", "safetensors", "--weights", arguments.weights,
                      "--out", tensors)
        for path in [graph, tensors]:
            back = path.with_suffix(".kiln")
            kiln("import", path, "--out", back)
            if back.read_bytes() != Path(arguments.weights).read_bytes():
                sys.exit(f"error: {path.name} does not come back to the bit")
        scored = load_file(outputs)
        pixels, logits = chosen(scored["pixels"], scored["logits"], arguments.limit)
        print("largest     logit", numpy.abs(logits).max())
        good = compare("onnxruntime", run_onnx(graph, pixels), logits)
        good &= compare("PyTorch", run_torch(tensors, export, pixels), logits)
        print("imported    both files again, equal to the model file to the bit")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
