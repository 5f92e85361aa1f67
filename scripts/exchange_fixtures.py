#!/usr/bin/env python3
"""Makes the files that the tests of import read: small networks that PyTorch wrote itself.

    pip install torch onnx onnxruntime onnxscript safetensors numpy
    python3 scripts/exchange_fixtures.py [chains | graphs]

Each NAME.safetensors or NAME.onnx in host/tests/cli/exchange/ has random weights from a fixed seed.
NAME.expected.json holds pixels (0 to 255) of a few images and the logits PyTorch computes for them,
with the network in its evaluation mode. Of networks that branch, or normalise where nothing can be
folded, the logits are onnxruntime's, after PyTorch and the other exporter's file have been found to
agree. The committed files are of the versions that their expected.json names; other versions may
write other bytes.
"""

import json
import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime
import torch
from safetensors.torch import save_file
from torch import nn

from exchange_graphs import Mobile, Shortcuts, Unfoldable, Uneven, dilated, padded_pools

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "host" / "tests" / "cli" / "exchange"
# As many as classes, so that `kiln evaluate` takes them as a dataset with one image a class.
IMAGES = 3
# How far two programs may be apart in a logit.
BOUND = 2e-6
# Networks to be exported a second time, as they are, and by which exporter.
KEPT = {"shortcuts": "torchscript", "mobile": "torchscript", "uneven": "dynamo"}


class HandWritten(nn.Module):
    """Names of its own, two convolutions of one shape, one without a bias."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 4, 3, stride=2, bias=False)
        self.conv10 = nn.Conv2d(4, 4, 3, padding=1)
        self.fc1 = nn.Linear(36, 6)
        self.out = nn.Linear(6, 3)

    def forward(self, x):
        x = torch.relu(self.conv1(x))
        x = torch.relu(self.conv2(x))
        x = torch.relu(self.conv10(x))
        x = x.view(x.size(0), -1)
        return self.out(torch.relu(self.fc1(x)))


class Scaled(nn.Module):
    """Takes pixels from 0 to 255 and normalises them itself; no bias, a matrix product at its end."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.2, 0.25, 0.3]).view(1, 3, 1, 1))
        self.conv = nn.Conv2d(3, 6, (3, 2), stride=(1, 2), padding=(1, 0), groups=3, bias=False)
        self.weight = nn.Parameter(torch.randn(6, 3) / 3)
        self.bias = nn.Parameter(torch.randn(3) / 3)

    def forward(self, x):
        x = (x / 255 - self.mean) / self.std
        x = torch.relu(self.conv(x)).mean([2, 3])
        return torch.softmax(x @ self.weight + self.bias, dim=1)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        self.fc = nn.Linear(64, 2)

    def forward(self, x):
        return self.fc(torch.flatten(x + torch.relu(self.conv(x)), 1))


def sequential():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 8), nn.ReLU(),
        nn.Linear(8, 3),
    )


def normalised():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6, eps=1e-3), nn.ReLU(), nn.Dropout(0.3),
        nn.Flatten(), nn.Linear(54, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3),
    )


def pooled():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(3, stride=1), nn.Conv2d(4, 3, 1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )


def shaken(model):
    """Statistics of a BatchNorm as after some training, not 0 and 1."""
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.2, 2.0)
    return model.eval()


def spread(model):
    """Weights so large that an image shows in the logits, through many layers."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.weight.data *= 2.5
    return model


def expect(name, model, channels=1, raw=False):
    pixels = torch.randint(0, 256, (IMAGES, channels, 8, 8))
    with torch.no_grad():
        logits = model(pixels.float() if raw else pixels.float() / 255)
    result = {
        "torch": torch.__version__,
        "shape": [channels, 8, 8],
        "pixels": pixels.flatten(1).tolist(),
        "logits": logits.tolist(),
    }
    (OUT / f"{name}.expected.json").write_text(json.dumps(result) + "\n")


def expect_graph(name, files, model=None, channels=1, images=IMAGES):
    """Writes what onnxruntime makes of the first of some files that must all come to the same."""
    pixels = torch.randint(0, 256, (images, channels, 8, 8))
    logits, *others = [run_onnx(OUT / f"{file}.onnx", pixels.float() / 255) for file in files]
    if model is not None:
        others.append(model(pixels.float() / 255).detach().numpy())
    for other in others:
        if numpy.abs(other - logits).max() > BOUND:
            raise SystemExit(f"error: {name}: {logits} and {other} are more than {BOUND} apart")
    result = {
        "torch": torch.__version__,
        "onnxruntime": onnxruntime.__version__,
        "shape": [channels, 8, 8],
        "pixels": pixels.flatten(1).tolist(),
        "logits": logits.tolist(),
    }
    (OUT / f"{name}.expected.json").write_text(json.dumps(result) + "\n")


def run_onnx(path, images):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images.numpy()})[0]


def export(name, model, dynamo, channels=1, dynamic=True, plain=False):
    example = torch.zeros(2 if dynamic and dynamo else 1, channels, 8, 8)
    options = {"dynamo": dynamo}
    if dynamo:
        options["external_data"] = False
        if dynamic:
            options["dynamic_shapes"] = ({0: torch.export.Dim("batch")},)
    elif dynamic:
        options |= {"input_names": ["input"], "dynamic_axes": {"input": {0: "batch"}}}
    if plain and dynamo:
        options["optimize"] = False
    elif plain:
        preserved = torch.onnx.TrainingMode.PRESERVE
        options |= {"training": preserved, "do_constant_folding": False}
    torch.onnx.export(model, (example,), str(OUT / f"{name}.onnx"), **options)
    without_places(OUT / f"{name}.onnx")


def without_places(path):
    """Takes out where on this machine the lines of Python were that made each node."""
    model = onnx.load(path)
    for node in model.graph.node:
        kept = [entry for entry in node.metadata_props if "stack_trace" not in entry.key]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    onnx.save(model, path)


def main():
    parts = {"chains": chains, "graphs": graphs}
    chosen = sys.argv[1:] or parts
    if unknown := set(chosen) - set(parts):
        sys.exit(f"error: {', '.join(unknown)}: there are {', '.join(parts)}\n{__doc__}")
    OUT.mkdir(parents=True, exist_ok=True)
    for part in chosen:
        torch.manual_seed(1)
        parts[part]()
    for path in OUT.glob("*.data"):
        raise SystemExit(f"error: {path} is beside its model; weights must be inside")


def chains():
    for name, model in [("sequential", sequential()), ("hand_written", HandWritten())]:
        save_file(shaken(model).state_dict(), OUT / f"{name}.safetensors")
        expect(name, model)
    save_file(normalised().state_dict(), OUT / "batch_norm.safetensors")
    save_file({k: v.half() for k, v in sequential().state_dict().items()}, OUT / "half.safetensors")
    models = [
        ("plain", sequential(), 1), ("view", HandWritten(), 1), ("folded", normalised(), 1),
        ("kept", normalised(), 1), ("pooled", pooled(), 1), ("scaled", Scaled(), 3),
    ]
    for name, model, channels in models:
        shaken(model)
        # The newer exporter folds what it can, unless it may not simplify anything at all.
        for exporter in ["torchscript", "dynamo"][: 1 if name == "kept" else 2]:
            # For any number of images, and for one alone. PyTorch folds a BatchNorm behind a
            # convolution itself, if it may.
            export(
                f"{name}_{exporter}", model, exporter == "dynamo", channels,
                dynamic=name != "plain", plain=name == "kept",
            )
        expect(name, model, channels, raw=name == "scaled")
    leaky = nn.Sequential(nn.Conv2d(1, 2, 3), nn.LeakyReLU(0.1), nn.Flatten(), nn.Linear(72, 2))
    export("leaky", leaky.eval(), False)
    for exporter in ["torchscript", "dynamo"]:
        export(f"residual_{exporter}", Residual().eval(), exporter == "dynamo")


def graphs():
    # Each exporter's file has weights of its own, from among the chains.
    for exporter in ["torchscript", "dynamo"]:
        expect_graph(f"residual_{exporter}", [f"residual_{exporter}"], images=2)
    models = [
        ("shortcuts", Shortcuts(), 3), ("mobile", Mobile(), 3), ("uneven", Uneven(), 1),
        ("unfoldable", Unfoldable(), 1), ("padded_pools", padded_pools(), 1),
        ("dilated", dilated(), 1),
    ]
    for name, model, channels in models:
        shaken(spread(model))
        files = [f"{name}_{exporter}" for exporter in ["torchscript", "dynamo"]]
        for file in files:
            export(file, model, file.endswith("dynamo"), channels)
        # With the batch normalisations, or padding, that an exporter folds if it may.
        if kept := KEPT.get(name):
            files.append(f"{name}_kept_{kept}")
            export(files[-1], model, kept == "dynamo", channels, plain=True)
        expect_graph(name, files, model, channels)


if __name__ == "__main__":
    main()
