#!/usr/bin/env python3
"""Runs an exported int8 model in onnxruntime and LiteRT on a dataset, and compares the codes with Kiln's.

    pip install onnx onnxruntime ai-edge-litert safetensors numpy
    python3 scripts/int8_exchange_check.py --weights model-int8.kiln --dataset mnist [--limit N]

Exports the model to ONNX and TFLite, has Kiln evaluate the dataset, runs the same samples through
onnxruntime (after onnx.checker) and LiteRT, by its reference kernels and by those it takes itself, and
prints how many samples get the very same codes, and how many the same class. `--only onnx` or `--only
tflite` needs one of the two installed. Both files are imported again; what comes of the ONNX file is
compared with the model to the bit, and what comes of the TFLite file must give the codes of LiteRT's
reference kernels. Ends with 1 if fewer than 99.9% of the samples get the same class from either, or fewer
than `--codes` (99.9% of them; 0 for a model imported from TFLite) the same codes from onnxruntime.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
from safetensors.numpy import load_file, save_file

ROOT = Path(__file__).resolve().parent.parent
BATCH = 250
SHARE = 0.999


def kiln(*arguments):
    command = [os.environ.get("KILN", "cargo run --quiet --package host --manifest-path "
                              + str(ROOT / "Cargo.toml") + " --")]
    command = command[0].split() + list(map(str, arguments)) + ["--json"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"error: {' '.join(command)}\n{result.stderr}")
    return json.loads(result.stdout)


def run_onnx(path, samples):
    """The codes of the output."""
    import onnx
    import onnxruntime

    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    # The codes in front of the last node, which makes numbers of them.
    codes = model.graph.node[-1].input[0]
    model.graph.output.append(onnx.helper.make_tensor_value_info(codes, onnx.TensorProto.INT8, None))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    found = []
    for at in range(0, len(samples), BATCH):
        batch = samples[at : at + BATCH].astype(numpy.float32)
        found.append(session.run([codes], {"pixels": batch})[0].reshape(len(batch), -1))
    return numpy.concatenate(found)


def run_tflite(path, codes, kernels="BUILTIN_REF"):
    """The codes of the output, for input codes channels last."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        str(path), experimental_op_resolver_type=getattr(OpResolverType, kernels), num_threads=1
    )
    interpreter.allocate_tensors()
    given, taken = interpreter.get_output_details()[0], interpreter.get_input_details()[0]
    found = []
    for sample in codes:
        interpreter.set_tensor(taken["index"], sample.reshape(taken["shape"]))
        interpreter.invoke()
        output = interpreter.get_tensor(given["index"])
        # Maps as Kiln puts them out, channel by channel.
        found.append((numpy.moveaxis(output, -1, 1) if output.ndim == 4 else output).reshape(-1))
    return numpy.array(found)


def input_codes(samples, report):
    """The codes, channels last, of samples as they are."""
    scale, shift = (numpy.float32(report[key]).reshape(1, -1, 1, 1) for key in ["scale", "shift"])
    codes = report["codes"]
    place = (samples.astype(numpy.float32) * scale + shift) / numpy.float32(codes["scale"])
    place = numpy.floor(place + numpy.float32(codes["zero"] + 0.5))
    return numpy.moveaxis(numpy.clip(place, codes["low"], codes["high"]).astype(numpy.int8), 1, -1)


def compare(name, found, expected, classes):
    equal = (found == expected).all(1).sum()
    apart = numpy.abs(found.astype(int) - expected).max(initial=0)
    print(f"{name:<12}{equal:,} of {len(expected):,} samples with the same codes, "
          f"at most {apart} apart", end="")
    same = len(expected)
    if classes:
        same = (found.argmax(1) == expected.argmax(1)).sum()
        print(f", {same:,} of the same class", end="")
    print()
    return equal / len(expected), same / len(expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--data")
    parser.add_argument("--limit", type=int, help="compare this many samples, spread evenly")
    parser.add_argument("--only", choices=["onnx", "tflite"])
    parser.add_argument("--codes", type=float, default=SHARE)
    arguments = parser.parse_args()
    data = ["--data", arguments.data] if arguments.data else []
    source = ["--dataset", arguments.dataset, *data, "--offline"]
    good = True
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        outputs = folder / "outputs.safetensors"
        kiln("evaluate", "--weights", arguments.weights, *source, "--outputs", outputs)
        scored = load_file(outputs)
        samples = scored.get("pixels", scored.get("input"))
        codes = scored["codes"].reshape(len(samples), -1)
        if arguments.limit:
            chosen = numpy.linspace(0, len(samples) - 1, min(arguments.limit, len(samples)))
            samples, codes = samples[chosen.astype(int)], codes[chosen.astype(int)]
        classes = "logits" in scored
        if arguments.only != "tflite":
            graph = folder / "model.onnx"
            report = kiln("export", "--to", "onnx", "--weights", arguments.weights, "--out", graph)
            for remark in report.get("remarks", []):
                print("ONNX        " + remark)
            back = folder / "back.kiln"
            kiln("import", graph, "--out", back)
            if back.read_bytes() != Path(arguments.weights).read_bytes():
                sys.exit("error: the ONNX file does not come back to the bit")
            print("imported    the ONNX file again, equal to the model file to the bit")
            equal, same = compare("onnxruntime", run_onnx(graph, samples), codes, classes)
            good &= same >= SHARE and equal >= arguments.codes
        if arguments.only != "onnx":
            graph = folder / "model.tflite"
            report = kiln("export", "--to", "tflite", "--weights", arguments.weights, "--out", graph)
            for remark in report.get("remarks", []):
                print("TFLite      " + remark)
            given = input_codes(samples, report)
            found = run_tflite(graph, given)
            _, same = compare("LiteRT", found, codes, classes)
            good &= same >= SHARE
            compare("its default", run_tflite(graph, given, "AUTO"), codes, classes)
            back, given_file = folder / "again.kiln", folder / "codes.safetensors"
            kiln("import", graph, "--out", back)
            save_file({"input": given}, given_file)
            kiln("evaluate", "--weights", back, "--dataset", given_file, "--outputs", outputs)
            again = load_file(outputs)["codes"].reshape(len(found), -1)
            equal, _ = compare("imported", again, found, classes)
            good &= equal == 1.0
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
