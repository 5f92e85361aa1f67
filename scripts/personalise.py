#!/usr/bin/env python3
"""A device gets to know another hand: prints the table of personalisation in firmware/DEVICES.md.

The committed model has learned upright digits. It meets the same digits turned by 45 degrees: 1,000
to test on, which no training sees, and 400 to learn from, on the emulated device, in three passes.
Every accuracy is the device's own, over the link. Takes some five minutes, and no network.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "firmware" / "assets" / "digits.kiln"
DEGREES, SAMPLES, EPOCHS, RATE = 45, 400, 3, 0.005
# What is trained: for people, and the first layer as `kiln summary` numbers them.
MODES = [("all layers", 1), ("the last two linear layers", 7), ("the last layer", 9)]


def run(*command):
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))}\n{result.stderr}")
    return result.stdout


def cargo(*arguments):
    return run("cargo", "run", "--release", "--quiet", "--package", "host", *arguments)


def device(command, *arguments):
    output = cargo("--", "device", command, "--offline", "--json", *map(str, arguments))
    return json.loads(output)


def accuracy(model, dataset):
    report = device("evaluate", "--weights", model, "--dataset", dataset)
    if report["equal_to_host"] != report["samples"]:
        sys.exit(f"error: {model} on {dataset}: not all logits are the desktop's")
    return f"{100 * report['accuracy']:.1f}%"


def main():
    with tempfile.TemporaryDirectory() as folder:
        turned = Path(folder) / "turned"
        cargo("--example", "turned_digits", "--", "mnist", str(DEGREES), str(SAMPLES), str(turned))
        print("| trained on the device | RAM | turned digits | upright digits |")
        print("| --- | --- | --- | --- |")
        print(f"| nothing yet | | {accuracy(MODEL, turned)} | {accuracy(MODEL, 'mnist')} |")
        for name, layer in MODES:
            tuned = Path(folder) / f"from{layer}.kiln"
            report = device(
                "train", "--weights", MODEL, "--dataset", turned, "--train-from", layer,
                "--epochs", EPOCHS, "--lr", RATE, "--test", 1, "--out", tuned,
            )
            memory = report["memory"]["total"] + report["stack_bytes"]
            columns = [name, f"{memory:,} bytes", accuracy(tuned, turned), accuracy(tuned, "mnist")]
            print(f"| {' | '.join(columns)} |", flush=True)


if __name__ == "__main__":
    main()
