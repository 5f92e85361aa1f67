#!/usr/bin/env python3
"""Measures the firmware on the emulated boards and compares with the figures that are recorded.

    scripts/firmware_figures.py --check     what CI calls: fails where a figure differs by more than
                                            2%, breaks its limit, or firmware/DEVICES.md has another table
    scripts/firmware_figures.py --record    writes firmware/figures.json and firmware/DEVICES.md's table

Builds every board with firmware/build.sh, runs it with `kiln emulate` and `kiln device evaluate`,
and reads the sizes out of the program files. Less is better for every figure.
"""

import json
import sys

from figures import FIRMWARE, build, kiln, main, number, program, text_bytes

DEFAULT = "mps2-an386"
FOR_SILICON = ["--features", "slow-vmla"]
# Name, board, further arguments of cargo, limits of its own. The default comes last, so
# that it is what is left in the folder.
BUILDS = [
    ("nrf52840", "nrf52840", [], {}),
    ("mps2-an386, `slow-vmla`", DEFAULT, FOR_SILICON,
     {"instructions": 720_000}),
    ("mps2-an500", "mps2-an500", [], {}),
    ("mps2-an385", "mps2-an385", [], {}),
    ("mps2-an386", DEFAULT, [], {"instructions": 490_000, "text": 22 << 10}),
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


def measure(board, arguments):
    build(board, "--bin", "evaluate", "--bin", "serve", *arguments)
    evaluate, serve = program(board, "evaluate"), program(board, "serve")
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


def measure_all():
    builds, problems = {}, []
    for name, board, further, limits in BUILDS:
        print(f"measuring {name}", flush=True)
        figures = builds[name] = measure(board, further)
        problems += broken_limits(name, limits, figures)
    # The default first.
    return dict(reversed(builds.items())), problems


main(__doc__, FIRMWARE / "figures.json", "firmware figures", COLUMNS, measure_all)
