#!/usr/bin/env python3
"""Runs an exported model in other programs on a whole test set, and compares with Kiln's logits.

    pip install onnxruntime onnx safetensors numpy torch
    python3 scripts/onnx_check.py --weights model.kiln --dataset mnist [--data DIR] [--limit N]

Exports the model to ONNX and safetensors, has Kiln evaluate the dataset, runs the same pixels
through onnxruntime and, loaded with strict=True, through PyTorch, and prints how many images get
the same class and how far the logits are apart. Ends with 1 if a class differs, or a logit by more
than 1e-5 of the largest logit of its image (or than 1e-5 where these are all smaller than 1).
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


def compare(name, found, expected):
    same = (found.argmax(1) == expected.argmax(1)).sum()
    apart = numpy.abs(found.astype(numpy.float64) - expected)
    largest = numpy.abs(expected).max(1, keepdims=True)
    relative = (apart / numpy.maximum(largest, 1)).max()
    print(
        f"{name:<12}{same:,} of {len(expected):,} images of the same class, logits at most "
        f"{apart.max():.2g} apart, {relative:.2g} of the largest"
    )
    return same == len(expected) and relative <= BOUND


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--data")
    parser.add_argument("--limit", type=int, help="compare this many images, spread evenly")
    arguments = parser.parse_args()
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
        pixels, logits = scored["pixels"], scored["logits"]
        if arguments.limit:
            chosen = numpy.linspace(0, len(pixels) - 1, min(arguments.limit, len(pixels)))
            pixels, logits = pixels[chosen.astype(int)], logits[chosen.astype(int)]
        print("largest     logit", numpy.abs(logits).max())
        good = compare("onnxruntime", run_onnx(graph, pixels), logits)
        good &= compare("PyTorch", run_torch(tensors, export, pixels), logits)
        print("imported    both files again, equal to the model file to the bit")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
