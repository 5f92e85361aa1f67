#!/usr/bin/env python3
"""Measures inference of other networks, and single layers, on the emulated Cortex-M4F.

    scripts/single_figures.py --check     what CI calls: fails where a figure differs by more than
                                          2%, breaks its limit, or firmware/DEVICES.md has another table
    scripts/single_figures.py --record    writes firmware/single_figures.json and firmware/DEVICES.md's table

The networks are those of host/examples/shapes, trained for an epoch on the digits that come with
Kiln, evaluated by the firmware's program `evaluate`. The layers are those that its program
`kernels` measures, after it has held 465 layers of random geometries to the references, and those of
random geometries that its program `survey` measures, kind by kind.
"""

import json
import re
import tempfile
from pathlib import Path

from figures import FIRMWARE, ROOT, build, kiln, main, number, program, text_bytes

BOARD = "mps2-an386"
# Instructions a MAC, at most. The MNIST network's are held by firmware_figures.py.
NETWORKS = {"plain3": 1.7, "pad3": 2.2, "k5": 2.2, "stride": 2.2, "dsconv": 3.0, "point": 2.2}
LAYER = 3.5
# Of all layers of a kind together.
KIND = 3.0
TEXT = 32 << 10
COLUMNS = {
    "macs": "MACs",
    "instructions": "instructions",
    "per_mac": "instructions a MAC",
    "text": "text, `evaluate`",
    "above": "above 3.5",
}


def figures(instructions, macs):
    return {"macs": macs, "instructions": instructions, "per_mac": round(instructions / macs, 2)}


def layers():
    """What `kernels` says of the layers that it measures, by their names."""
    # Last as it is by default; either way it ends with an error where a bit differs.
    for arguments in (["--features", "slow-vmla"], []):
        build(BOARD, "--bin", "kernels", *arguments)
        report = kiln("emulate", program(BOARD, "kernels"))
        number(report, r"^kernels +(\d+) layers have the bits of the reference$")
    costs = re.findall(r"^cost +(\S+) (\d+) for (\d+) MACs$", report, re.M)
    return {f"layer {name}": figures(int(cost), int(macs)) for name, cost, macs in costs}


def kinds():
    """What `survey` says of the layers of each kind."""
    build(BOARD, "--bin", "survey")
    report = kiln("emulate", program(BOARD, "survey"))
    sums = re.findall(r"^kind +(.+): (\d+) for (\d+) MACs, .* above (\d+) of (\d+)$", report, re.M)
    return {f"{count} layers, {name}": figures(int(cost), int(macs)) | {"above": int(above)}
            for name, cost, macs, above, count in sums}


def network(name, folder):
    shape = ROOT / "host/examples/shapes" / f"{name}.toml"
    kiln("train", "mnist", "--offline", "--epochs", "1", "--model", shape, "--out", folder / name)
    model = folder / name / "model.kiln"
    build(BOARD, "--bin", "evaluate", KILN_MODEL=str(model))
    evaluate = program(BOARD, "evaluate")
    report = kiln("emulate", evaluate)
    macs = sum(layer["macs"] for layer in json.loads(kiln("summary", model, "--json"))["layers"])
    taken = figures(number(report, r"^inference +(\d+) instructions"), macs)
    return taken | {"text": text_bytes(evaluate)}


def problems(name, taken, limit):
    if taken["per_mac"] > limit:
        yield f"{name}: {taken['per_mac']} instructions a MAC are above the limit of {limit}"
    if taken.get("text", 0) > TEXT:
        yield f"{name}: {taken['text']:,} bytes of text are above the limit of {TEXT:,}"


def measure_all():
    builds, found = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for name, limit in NETWORKS.items():
            print(f"measuring {name}", flush=True)
            builds[name] = network(name, Path(folder))
            found += problems(name, builds[name], limit)
    print("measuring layers", flush=True)
    for name, taken in layers().items():
        builds[name] = taken
        found += problems(name, taken, LAYER)
    for name, taken in kinds().items():
        builds[name] = taken
        found += problems(name, taken, KIND)
        if taken["above"] > 0:
            found.append(f"{name}: {taken['above']} take more than {LAYER} instructions a MAC")
    # As it was for the next one who looks into the folder.
    build(BOARD, "--bin", "evaluate")
    return builds, found


if __name__ == "__main__":
    main(__doc__, FIRMWARE / "single_figures.json", "single figures", COLUMNS, measure_all)
