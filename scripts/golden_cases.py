"""The networks of the reference vectors that golden_graphs.py computes, as their files tell them.

Between them they have what tests/golden/graphs otherwise lacks: dilation, uneven padding with
strides and groups, pools with padding and ceil_mode, label smoothing, layers without bias, values
read several times, batch normalisation that cannot be folded, and batches of 1, 5, 16, 17 and 40.
"""

RUN = {"lr": 0.0625, "momentum": 0.875, "weight_decay": 0.0009765625, "steps": 3}


def conv2d(name, source, filters, kernel, stride=(1, 1), padding=(0, 0, 0, 0), groups=1, bias=True,
           dilation=(1, 1)):
    return {"name": name, "op": "conv2d", "inputs": [source], "filters": filters,
            "kernel": list(kernel), "stride": list(stride), "padding": list(padding),
            "dilation": list(dilation), "groups": groups, "bias": bias}


def pool2d(op, name, source, window, stride, padding=(0, 0, 0, 0), ceil_mode=False, **options):
    return {"name": name, "op": op, "inputs": [source], "window": list(window),
            "stride": list(stride), "padding": list(padding), "ceil_mode": ceil_mode, **options}


def max_pool2d(name, source, *geometry, **options):
    return pool2d("max_pool2d", name, source, *geometry, **options)


def avg_pool2d(name, source, *geometry, count_include_pad=True, **options):
    options["count_include_pad"] = count_include_pad
    return pool2d("avg_pool2d", name, source, *geometry, **options)


def batch_norm(name, source):
    return {"name": name, "op": "batch_norm", "inputs": [source], "momentum": 0.125,
            "epsilon": 0.001}


def linear(name, source, outputs, bias=True):
    return {"name": name, "op": "linear", "inputs": [source], "outputs": outputs, "bias": bias}


def plain(op, name, *sources):
    return {"name": name, "op": op, "inputs": list(sources)}


def case(shape, batch, *nodes, loss="cross_entropy", **options):
    return {**RUN, "input": list(shape), "batch": batch, "nodes": list(nodes), "loss": loss,
            **options}


CASES = {
    "dilated": case(
        (2, 12, 11), 5,
        conv2d("c0", "input", 4, (3, 3), dilation=(2, 3)), plain("relu", "r0", "c0"),
        conv2d("c1", "r0", 6, (2, 3), (2, 1), (3, 0, 1, 2), groups=2, dilation=(3, 1)),
        plain("relu", "r1", "c1"),
        conv2d("c2", "r1", 6, (3, 3), padding=(2, 2, 2, 2), groups=6, dilation=(2, 2), bias=False),
        plain("global_avg_pool2d", "g", "c2"), linear("out", "g", 4),
    ),
    "uneven_padding": case(
        (4, 7, 8), 17,
        conv2d("c0", "input", 6, (3, 2), (2, 3), (0, 2, 1, 0), groups=2),
        plain("relu", "r0", "c0"),
        conv2d("c1", "r0", 6, (3, 3), (2, 1), (0, 1, 3, 2), groups=6, bias=False),
        conv2d("c2", "c1", 6, (2, 4), (1, 2), (1, 3, 0, 0), groups=3),
        plain("relu", "r2", "c2"), linear("out", "r2", 3),
    ),
    "max_pool_padding": case(
        (2, 11, 10), 5,
        conv2d("c0", "input", 4, (2, 2)),
        max_pool2d("p0", "c0", (3, 3), (2, 2), (1, 1, 1, 1), ceil_mode=True),
        conv2d("c1", "p0", 5, (3, 3), padding=(1, 1, 1, 1)),
        max_pool2d("p1", "c1", (2, 3), (1, 2), (1, 0, 0, 1)), linear("out", "p1", 3),
    ),
    # A fourth window of p0 would begin behind the last pixel: left out. p1's third has one row.
    "max_pool_ceil": case(
        (1, 8, 9), 16,
        conv2d("c0", "input", 4, (2, 2)),
        max_pool2d("p0", "c0", (2, 2), (3, 3), (1, 1, 1, 1), ceil_mode=True),
        max_pool2d("p1", "c0", (3, 2), (3, 2), ceil_mode=True), linear("l0", "p0", 5),
        linear("l1", "p1", 5), plain("add", "s", "l0", "l1"), plain("relu", "r", "s"),
        linear("out", "r", 3),
    ),
    # The last windows of p1 reach one behind the padding: the divisors do not count that.
    "avg_pool_counted": case(
        (2, 10, 9), 5,
        conv2d("c0", "input", 4, (3, 3), padding=(1, 1, 1, 1)),
        avg_pool2d("p0", "c0", (3, 3), (2, 2), (1, 1, 1, 1)), plain("relu", "r0", "p0"),
        conv2d("c1", "r0", 5, (1, 1)),
        avg_pool2d("p1", "c1", (4, 2), (2, 2), (1, 0, 1, 0), ceil_mode=True),
        avg_pool2d("p2", "p1", (2, 2), (1, 1), (0, 1, 1, 0)), linear("out", "p2", 3),
    ),
    "avg_pool_inside": case(
        (2, 10, 9), 16,
        conv2d("c0", "input", 4, (3, 3), padding=(1, 1, 1, 1)),
        avg_pool2d("p0", "c0", (3, 3), (2, 2), (1, 1, 1, 1), count_include_pad=False),
        plain("relu", "r0", "p0"), conv2d("c1", "r0", 5, (1, 1)),
        avg_pool2d("p1", "c1", (4, 3), (2, 3), (1, 1, 1, 1), ceil_mode=True,
                   count_include_pad=False),
        avg_pool2d("p2", "p1", (2, 2), (1, 1), (1, 0, 0, 1), count_include_pad=False),
        linear("out", "p2", 3),
    ),
    "label_smoothing": case(
        (3, 6, 6), 16,
        conv2d("c0", "input", 6, (3, 3)), plain("relu", "r0", "c0"), linear("out", "r0", 7),
        label_smoothing=0.125,
    ),
    "one_sample": case(
        (2, 7, 6), 1,
        conv2d("c0", "input", 4, (3, 3), (2, 2), (1, 0, 1, 1)),
        plain("relu", "r0", "c0"), conv2d("c1", "r0", 4, (1, 1)), plain("add", "s", "c1", "r0"),
        max_pool2d("p", "s", (2, 2), (1, 1)), linear("out", "p", 5), label_smoothing=0.0625,
    ),
    "one_sample_mse": case(
        (10, 1, 1), 1,
        linear("l0", "input", 6), plain("relu", "r0", "l0"), linear("l1", "r0", 3, bias=False),
        plain("relu", "r1", "l1"), linear("out", "r1", 10), loss="mse",
    ),
    # A value added to itself twice is large enough for relu6 to cut off.
    "without_bias": case(
        (2, 8, 8), 17,
        conv2d("c0", "input", 6, (3, 3), bias=False), plain("add", "d0", "c0", "c0"),
        plain("add", "e0", "d0", "d0"), plain("relu6", "r0", "e0"),
        conv2d("c1", "r0", 6, (2, 2), stride=(2, 2), groups=3, bias=False),
        plain("relu6", "r1", "c1"), linear("l", "r1", 8, bias=False), plain("relu6", "r2", "l"),
        linear("out", "r2", 4, bias=False),
    ),
    "read_by_three": case(
        (3, 8, 7), 5,
        conv2d("c0", "input", 3, (3, 3), padding=(1, 1, 1, 1)), plain("add", "i", "c0", "input"),
        plain("relu", "r", "i"), conv2d("a", "r", 3, (3, 3), padding=(1, 1, 1, 1)),
        conv2d("b", "r", 3, (1, 1), bias=False), plain("add", "d", "r", "r"),
        plain("add", "s", "a", "b"), plain("add", "t", "d", "s"),
        avg_pool2d("p", "t", (2, 2), (2, 2)), linear("out", "p", 4),
    ),
    "batch_norm_behind_add": case(
        (2, 7, 7), 17,
        conv2d("c0", "input", 4, (3, 3)), plain("relu", "r0", "c0"),
        conv2d("c1", "r0", 4, (3, 3), padding=(1, 1, 1, 1)), plain("add", "s", "c1", "r0"),
        batch_norm("b", "s"), plain("relu", "r1", "b"), plain("global_avg_pool2d", "g", "r1"),
        linear("out", "g", 3),
    ),
    "batch_norm_before_padding": case(
        (2, 6, 7), 40,
        conv2d("c0", "input", 4, (2, 2)), plain("relu", "r0", "c0"), batch_norm("b0", "r0"),
        conv2d("c1", "b0", 4, (3, 3), padding=(1, 1, 1, 1), bias=False), plain("relu", "r1", "c1"),
        batch_norm("b1", "r1"), conv2d("c2", "b1", 4, (3, 3), (2, 2), (0, 0, 1, 1), groups=4),
        linear("out", "c2", 3),
    ),
    "batch_norm_first": case(
        (3, 5, 6), 5,
        batch_norm("b0", "input"), conv2d("c0", "b0", 4, (3, 3)), batch_norm("b1", "c0"),
        plain("relu6", "r0", "b1"), conv2d("c1", "r0", 4, (3, 3), padding=(1, 1, 1, 1), bias=False),
        batch_norm("b2", "c1"), plain("add", "s", "b1", "b2"),
        max_pool2d("p", "s", (3, 3), (2, 2), (1, 1, 1, 1)), linear("out", "p", 3),
    ),
    "batch_norm_flat": case(
        (2, 4, 5), 17,
        linear("l0", "input", 9, bias=False), batch_norm("b0", "l0"),
        plain("add", "d0", "b0", "b0"), plain("add", "e0", "d0", "d0"), plain("relu6", "r0", "e0"),
        linear("l1", "r0", 6), plain("relu", "r1", "l1"), batch_norm("b1", "r1"),
        linear("out", "b1", 4), label_smoothing=0.25,
    ),
    "batch_norm_mse": case(
        (12, 1, 1), 40,
        linear("l0", "input", 8, bias=False), batch_norm("b0", "l0"), plain("relu", "r0", "b0"),
        linear("l1", "r0", 3), batch_norm("b1", "l1"), plain("relu", "r1", "b1"),
        linear("out", "r1", 12), loss="mse",
    ),
}
