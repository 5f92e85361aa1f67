#!/usr/bin/env python3
"""Measures Kiln and PyTorch in turn, network by network, and prints what either takes a sample.

    pip install torch
    scripts/beside_pytorch.py TORCH_STEP.py [NETWORK ...] [--rounds N] [--seconds N]

TORCH_STEP.py is PyTorch's side. Called with a number of threads and a network's name, it prints a
line such as

    pad3         train     196.1  infer      55.2  single     310.4

in microseconds a sample: a training step of 64 samples, inference of 64, and of one. Kiln's side is
`kiln bench` on the example of that name, in both arithmetics, built for release, or the program
that KILN_PROGRAM names.

A round takes PyTorch, then Kiln, for every network, on one thread and on two. The best round of each
counts, and with it the share of the machine's limit at that time: a machine that others use, too, is
unfair to whoever runs just then. A factor says how many times as fast as PyTorch Kiln is.
"""

import argparse
import json
import os
import re
import subprocess
import sys

from figures import ROOT, run

EXAMPLES = ROOT / "host" / "examples"
NETWORKS = {
    name: EXAMPLES / "shapes" / f"{name}.toml"
    for name in ("plain3", "pad3", "k5", "stride", "dsconv", "point")
} | {
    "colour100": EXAMPLES / "colour100.toml",
    "resnet8": EXAMPLES / "resnet8.toml",
    "mobilenet": EXAMPLES / "mobilenet_v1_025.toml",
    "dscnn": EXAMPLES / "ds_cnn.toml",
    "autoencoder": EXAMPLES / "autoencoder.toml",
}
ARITHMETICS = ("separate", "fused")
# What is measured: PyTorch's word for it, and Kiln's.
PASSES = {"train": "training", "infer": "inference", "single": "inference_single"}
HEADINGS = {"train": "training step", "infer": "inference of 64", "single": "inference of 1"}
THREADS = (1, 2)


def program():
    """The program to measure."""
    if own := os.environ.get("KILN_PROGRAM"):
        return own
    run(["cargo", "build", "--release", "--quiet", "--package", "host"])
    return ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / "kiln"


def pytorch(script, threads, name):
    """Microseconds of each pass."""
    line = run([sys.executable, script, str(threads), name])
    times = {key: re.search(rf"\b{key}\s+([\d.]+)", line) for key in PASSES}
    if None in times.values():
        sys.exit(f"error: {script} prints no times of {name}:\n{line}")
    return {key: (float(found[1]), None) for key, found in times.items()}


def kiln(own, arithmetic, threads, name, seconds):
    """Microseconds of each pass, and the share of the limit."""
    options = ["--threads", str(threads), "--lanes", "auto", "--seconds", str(seconds), "--json"]
    command = [own, "bench", NETWORKS[name], "--arithmetic", arithmetic, *options]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        # No fused arithmetic on this machine is no reason to measure nothing.
        print(result.stderr.strip(), file=sys.stderr)
        return {}
    (measured,) = json.loads(result.stdout)["results"]
    passes = {key: measured[word] for key, word in PASSES.items()}
    return {key: (own["microseconds"], own["fraction"]) for key, own in passes.items()}


def measure(arguments):
    """The best of each system on each network, number of threads and pass, and its share."""
    own, best = program(), {}
    for _ in range(arguments.rounds):
        for name in arguments.networks or NETWORKS:
            for threads in THREADS:
                found = {"PyTorch": pytorch(arguments.script, threads, name)}
                for arithmetic in ARITHMETICS:
                    found[arithmetic] = kiln(own, arithmetic, threads, name, arguments.seconds)
                for system, passes in found.items():
                    for key, figure in passes.items():
                        place = (key, name, threads, system)
                        best[place] = min(best.get(place, figure), figure)
    return best


def cell(figure, pytorch):
    if figure is None:
        return ""
    micro, share = figure
    return f"{micro:.1f} ({pytorch[0] / micro:.2f}, {share:.0%})"


def table(best, key):
    """One pass: a row a network; a column for each number of threads and each system."""
    # A single sample is one thread's work, whoever computes it.
    threads = THREADS if key != "single" else THREADS[:1]
    systems = [(count, system) for count in threads for system in ("PyTorch", *ARITHMETICS)]
    heads = [f"{system}, {count}" for count, system in systems]
    yield f"| {HEADINGS[key]}, µs a sample | " + " | ".join(heads) + " |"
    yield "| --- |" + " ---: |" * len(heads)
    for name in dict.fromkeys(name for own, name, *_ in best if own == key):
        cells = []
        for count, system in systems:
            pytorch = best[key, name, count, "PyTorch"]
            figure = best.get((key, name, count, system))
            is_kiln = system != "PyTorch"
            cells.append(cell(figure, pytorch) if is_kiln else f"{pytorch[0]:.1f}")
        yield f"| {name} | " + " | ".join(cells) + " |"
    yield ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("script", metavar="TORCH_STEP.py", help="PyTorch's side")
    parser.add_argument("networks", metavar="NETWORK", nargs="*", help="default: all of them")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument("--seconds", type=int, default=1, help="of Kiln's, each time; default: 1")
    arguments = parser.parse_args()
    if unknown := set(arguments.networks) - NETWORKS.keys():
        parser.error(f"no network is called {sorted(unknown)[0]}: they are {', '.join(NETWORKS)}")
    best = measure(arguments)
    print("Behind a time of Kiln's: how many times as fast as PyTorch, and its share of the limit.\n")
    for key in PASSES:
        print("\n".join(table(best, key)))


if __name__ == "__main__":
    main()
