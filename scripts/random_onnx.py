#!/usr/bin/env python3
"""Imports random ONNX graphs of Kiln's operations and compares each with onnxruntime.

    pip install torch onnx onnxscript onnxruntime safetensors numpy
    cargo build --package host
    python3 scripts/random_onnx.py --program target/debug/kiln --count 2000 [--seed 1] [--form FORM]...

The forms, which take turns unless some are named:

    legacy    PyTorch modules by torch.onnx.export(dynamo=False)
    dynamo    the same by torch.onnx.export(dynamo=True), which takes a second or two each
    nhwc      graphs as tf2onnx writes Keras networks: channels last, put together node by node

Graph number I of a seed is always the same one (--first I --count 1 makes it again). onnxruntime runs each
on random inputs, and `kiln import FILE --verify` compares. Says what was refused or differs by more than
2e-5 of the largest output, keeps those files in --keep DIR, and ends with 1 if there is any. Batches run
side by side: give each its own --first.
"""

import argparse
import collections
import logging
import random
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy
import onnx
import onnxruntime
from safetensors.numpy import save_file

import random_graphs_nhwc
import random_graphs_torch

TOLERANCE = "2e-5"
IMAGES = 3
FORMS = {
    "legacy": random_graphs_torch.legacy,
    "dynamo": random_graphs_torch.dynamo,
    "nhwc": random_graphs_nhwc.graph,
}


class Skipped(Exception):
    """A graph that the exporter does not write, or onnxruntime does not run."""


def expected(path, generator):
    """Random inputs of a graph, and what onnxruntime makes of them."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (given,) = [it for it in session.get_inputs()]
    batch = given.shape[0] if isinstance(given.shape[0], int) else IMAGES
    shape = [batch, *given.shape[1:]]
    kinds = {"tensor(float)": numpy.float32, "tensor(float16)": numpy.float16,
             "tensor(double)": numpy.float64}
    inputs, outputs = [], []
    for _ in range(IMAGES if batch == 1 else 1):
        one = generator.standard_normal(shape).astype(kinds[given.type])
        inputs.append(one)
        found = session.run(None, {given.name: one})[0]
        outputs.append(numpy.asarray(found, numpy.float32).reshape(batch, -1))
    return numpy.concatenate(inputs).astype(numpy.float32), numpy.concatenate(outputs)


def check(arguments, form, number, folder):
    """What is wrong with graph `number`, if anything."""
    draw = random.Random(f"{arguments.seed} {number} {form}")
    path = folder / "graph.onnx"
    for old in folder.iterdir():
        old.unlink()
    try:
        FORMS[form](draw, path)
        onnx.checker.check_model(path)
        inputs, outputs = expected(path, numpy.random.default_rng(draw.getrandbits(32)))
    except Exception as error:  # Of the exporter or of onnxruntime, of whatever class.
        raise Skipped(f"{type(error).__name__}: {str(error).splitlines()[0][:160]}") from error
    save_file({"input": inputs, "output": outputs}, folder / "compared.safetensors")
    command = [arguments.program, "import", path, "--out", folder / "graph.kiln", "--scale", "1",
               "--verify", folder / "compared.safetensors", "--tolerance", TOLERANCE]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode == 0:
        return None
    if arguments.keep:
        for file in folder.iterdir():
            kept = arguments.keep / f"{form}-{arguments.seed}-{number}-{file.name}"
            kept.write_bytes(file.read_bytes())
    return result.stderr.strip().replace(str(folder), "…")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, required=True, help="kiln, built")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--form", action="append", choices=FORMS)
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    arguments.program = arguments.program.resolve()
    warnings.filterwarnings("ignore")
    logging.disable(logging.ERROR)
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    forms = arguments.form or list(FORMS)
    counts, wrong, skipped, start = collections.Counter(), 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.first, arguments.first + arguments.count):
            form = forms[number % len(forms)]
            try:
                fault = check(arguments, form, number, Path(folder))
            except Skipped as reason:
                skipped += 1
                print(f"{form} {number} cannot be compared: {reason}", flush=True)
                continue
            counts[form] += 1
            if fault:
                wrong += 1
                print(f"{form} {number}: {fault}", flush=True)
    told = ", ".join(f"{count} {form}" for form, count in sorted(counts.items()))
    seconds = time.monotonic() - start
    print(f"compared    {told} with onnxruntime {onnxruntime.__version__}: {wrong} wrong, {skipped} not compared, "
          f"{seconds:.0f} s")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
