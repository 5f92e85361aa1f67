#!/usr/bin/env python3
"""Writes reference vectors for networks that are graphs: tests/golden/graphs/NAME.safetensors.

    pip install torch numpy safetensors
    python3 scripts/golden_graphs.py tests/golden/graphs

Each case is a small network, a batch, and what PyTorch computes for them in float64: inputs and
parameters are exact in f32, results are rounded to it once. tests/golden/README.md describes the
files. A case that PyTorch itself cannot follow in f32, say because a maximum is decided by a last
bit, is refused: it would test luck. Two runs on one machine write the same bytes.
"""

import json
import math
import sys
import zlib
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional

from golden_cases import CASES, RUN

# How far PyTorch's f32 may be off, in parts of a tensor's largest magnitude or of FLOOR.
BOUND = 2e-5
FLOOR = 0.01


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, description in CASES.items():
        given = drawn(description, torch.Generator().manual_seed(zlib.crc32(name.encode())))
        results = run(description, given, torch.float64)
        check(name, results, run(description, given, torch.float32))
        text = json.dumps({**description, "torch": torch.__version__})
        save_file(given | results, folder / f"{name}.safetensors", metadata={"case": text})


def drawn(description, generator):
    """A batch, and all parameters and running statistics before the first step, in f32."""

    def between(low, high, *shape):
        return torch.rand(shape, generator=generator) * (high - low) + low

    batch, shape = description["batch"], description["input"]
    given = {"input": between(-2, 2, batch, *shape)}
    value = {"input": given["input"]}
    for node in description["nodes"]:
        sources = [value[name] for name in node["inputs"]]
        own = {}
        channels = sources[0].shape[1]
        if node["op"] == "batch_norm":
            own = {"weight": between(0.5, 1.5, channels), "bias": between(-0.5, 0.5, channels),
                   "running_mean": between(-0.5, 0.5, channels),
                   "running_var": between(0.5, 2, channels)}
        elif node["op"] in ("conv2d", "linear"):
            outputs, weights = weight_shape(node, sources[0])
            reach = math.sqrt(6 / weights.numel())
            own = {"weight": between(-reach, reach, outputs, *weights)}
            if node["bias"]:
                own["bias"] = between(-0.25, 0.25, outputs)
        given |= {f"before.{node['name']}.{kind}": tensor for kind, tensor in own.items()}
        value[node["name"]] = forward(node, sources, own, training=False)
    if description["loss"] == "cross_entropy":
        classes = description["nodes"][-1]["outputs"]
        given["labels"] = torch.randint(0, classes, (batch,), generator=generator)
    return given


def weight_shape(node, source):
    """How many outputs a node has, and the shape of each output's weights."""
    if node["op"] == "linear":
        return node["outputs"], torch.Size([source[0].numel()])
    return node["filters"], torch.Size([source.shape[1] // node["groups"], *node["kernel"]])


def run(description, given, dtype):
    """Logits, loss and gradients of the first step, and what is there after the last one."""
    tensors = {name.removeprefix("before."): tensor.detach().to(dtype, copy=True)
               for name, tensor in given.items() if name.startswith("before.")}
    trained = {name: tensor.requires_grad_() for name, tensor in tensors.items()
               if not name.endswith(("running_mean", "running_var"))}
    sgd = torch.optim.SGD(trained.values(), lr=RUN["lr"], momentum=RUN["momentum"],
                          weight_decay=RUN["weight_decay"])
    batch = given["input"].to(dtype)
    results = {}
    for step in range(RUN["steps"]):
        logits = outputs(description["nodes"], batch, tensors, training=True)
        loss = loss_of(description, logits, batch, given.get("labels"))
        sgd.zero_grad()
        loss.backward()
        if step == 0:
            results = {"logits": logits, "loss": loss}
            results |= {f"grad.{name}": tensor.grad.clone() for name, tensor in trained.items()}
        sgd.step()
    results |= {f"after.{name}": tensor for name, tensor in tensors.items()}
    with torch.no_grad():
        evaluated = outputs(description["nodes"], batch, tensors, training=False)
    results["after.eval_logits"] = evaluated
    return {name: tensor.detach().float().contiguous() for name, tensor in results.items()}


def outputs(nodes, batch, tensors, training):
    value = {"input": batch}
    for node in nodes:
        prefix = f"{node['name']}."
        own = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()
               if name.startswith(prefix)}
        sources = [value[name] for name in node["inputs"]]
        value[node["name"]] = forward(node, sources, own, training)
    return value[nodes[-1]["name"]]


def loss_of(description, logits, batch, labels):
    if description["loss"] == "mse":
        return functional.mse_loss(logits, batch.flatten(1))
    smoothing = description.get("label_smoothing", 0.0)
    return functional.cross_entropy(logits, labels, label_smoothing=smoothing)


def forward(node, sources, own, training):
    x = sources[0]
    match node["op"]:
        case "max_pool2d" | "avg_pool2d":
            return pooled(node, x)
        case "conv2d":
            return functional.conv2d(padded(node, x, 0.0), own["weight"], own.get("bias"),
                                     node["stride"], 0, node["dilation"], node["groups"])
        case "linear":
            return functional.linear(x.flatten(1), own["weight"], own.get("bias"))
        case "batch_norm":
            return functional.batch_norm(x, own["running_mean"], own["running_var"], own["weight"],
                                         own["bias"], training, node["momentum"], node["epsilon"])
        case "relu":
            return functional.relu(x)
        case "relu6":
            return functional.relu6(x)
        case "add":
            return x + sources[1]
        case "global_avg_pool2d":
            return functional.adaptive_avg_pool2d(x, 1)
    sys.exit(f"error: node {node['name']!r}: no operation {node['op']!r}")


def padded(node, x, value):
    top, left, bottom, right = node["padding"]
    return functional.pad(x, (left, right, top, bottom), value=value)


def pooled(node, x):
    """A pool by PyTorch itself where it can pad so, or else of values padded before it."""
    top, left, bottom, right = node["padding"]
    geometry = (node["window"], node["stride"])
    options = {"ceil_mode": node["ceil_mode"]}
    largest = node["op"] == "max_pool2d"
    if (top, left) == (bottom, right):
        if largest:
            return functional.max_pool2d(x, *geometry, (top, left), **options)
        options["count_include_pad"] = node["count_include_pad"]
        return functional.avg_pool2d(x, *geometry, (top, left), **options)
    if node["ceil_mode"]:
        sys.exit(f"error: node {node['name']!r}: PyTorch has no uneven padding with ceil_mode")
    if largest:
        return functional.max_pool2d(padded(node, x, -math.inf), *geometry)
    means = functional.avg_pool2d(padded(node, x, 0.0), *geometry)
    if node["count_include_pad"]:
        return means
    return means / functional.avg_pool2d(padded(node, torch.ones_like(x), 0.0), *geometry)


def check(name, results, rough):
    for tensor, exact in results.items():
        bound = BOUND * max(exact.abs().max().item(), FLOOR)
        apart = (rough[tensor] - exact).abs().max().item()
        if not apart <= bound:
            sys.exit(f"error: {name}, {tensor}: f32 is off by {apart}, of {bound}; change the case")


if __name__ == "__main__":
    main()
