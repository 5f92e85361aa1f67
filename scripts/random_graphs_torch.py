"""Random PyTorch networks of Kiln's operations, as both exporters write them, for random_onnx.py."""

import contextlib
import io

import torch
from torch import nn
from torch.nn import functional


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, call):
        super().__init__()
        self.call = call

    def forward(self, x):
        return self.call(x)


class Constant(nn.Module):
    """Arithmetic with a constant for each channel, or one for all."""

    def __init__(self, shape, operator):
        super().__init__()
        self.register_buffer("value", torch.rand(shape) + 0.5)
        self.operator = operator

    def forward(self, x):
        match self.operator:
            case "add":
                return x + self.value
            case "sub":
                return x - self.value
            case "from":
                return self.value - x
            case "mul":
                return x * self.value
        return x / self.value


class Residual(nn.Module):
    def __init__(self, body, shortcut):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def norm(kind, channels):
    """A batch normalisation that has seen data; some factors are negative."""
    layer = kind(channels)
    with torch.no_grad():
        layer.weight.uniform_(0.5, 1.5).mul_(torch.where(torch.rand(channels) < 0.1, -1.0, 1.0))
        layer.bias.uniform_(-0.5, 0.5)
        layer.running_mean.uniform_(-0.5, 0.5)
        layer.running_var.uniform_(0.5, 2.0)
    return layer


def activation(draw):
    return draw.choice([
        nn.ReLU, nn.ReLU6, nn.ReLU, lambda: nn.Hardtanh(0.0, 6.0), lambda: Call(lambda x: x.clamp(min=0)),
        lambda: Call(functional.relu), lambda: Call(lambda x: x.clamp(0, 6)),
    ])()


def convolution(draw, channels, height, width):
    kernel = [draw.randint(1, min(5, height)), draw.randint(1, min(5, width))]
    groups = draw.choice([1, 1, 1, channels, 2 if channels % 2 == 0 else 1])
    filters = groups * draw.randint(1, max(1, 8 // groups))
    options = dict(groups=groups, bias=draw.random() < 0.6)
    stride = draw.choice([1, 1, 1, 2, (2, 1), 3])
    dilation = draw.choice([1, 1, 1, 2])
    padding = draw.choice([0, 1, (1, 0), "same", "valid", 2, "pad", "pad"])
    if padding == "same":
        # onnxruntime does not run it with a dilation.
        stride, dilation = 1, 1
    if dilation == 2:
        kernel = [min(side, (extent + 1) // 2) for side, extent in zip(kernel, (height, width))]
    layers = []
    if padding == "pad":
        sides = [draw.randint(0, 2) for _ in range(4)]
        layers.append(draw.choice([
            nn.ZeroPad2d(tuple(sides)), Call(lambda x: functional.pad(x, sides)),
            nn.ConstantPad2d(tuple(sides), 0.0),
        ]))
        padding = draw.choice([0, 0, 1])
    layers.append(nn.Conv2d(channels, filters, kernel, stride=stride, dilation=dilation, padding=padding,
                            **options))
    return layers


def pool(draw, height, width):
    window = [draw.randint(1, min(3, height)), draw.randint(1, min(3, width))]
    options = dict(stride=draw.choice([None, 1, 2]), ceil_mode=draw.random() < 0.3,
                   padding=draw.choice([0, 0, [side // 2 for side in window]]))
    if draw.random() < 0.5:
        return nn.MaxPool2d(window, **options)
    return nn.AvgPool2d(window, count_include_pad=draw.random() < 0.5, **options)


def arithmetic(draw, channels):
    shape = draw.choice([(1, channels, 1, 1), (channels, 1, 1), (1,)])
    return Constant(shape, draw.choice(["add", "sub", "from", "mul", "div"]))


def residual(draw, channels):
    body = [nn.Conv2d(channels, channels, 3, padding=1)]
    if draw.random() < 0.5:
        body.append(norm(nn.BatchNorm2d, channels))
    if draw.random() < 0.5:
        body.append(activation(draw))
    shortcut = draw.choice([nn.Identity(), nn.Identity(), nn.Conv2d(channels, channels, 1)])
    return Residual(nn.Sequential(*body), shortcut)


def layers_of_maps(draw, shape):
    layers, x = [], torch.zeros(1, *shape)
    for _ in range(draw.randint(1, 6)):
        _, channels, height, width = x.shape
        match draw.choices(["conv", "pool", "norm", "activation", "arithmetic", "residual", "nothing"],
                           [4, 2, 2, 3, 1, 1, 1])[0]:
            case "conv":
                added = convolution(draw, channels, height, width)
            case "pool":
                added = [pool(draw, height, width)]
            case "norm":
                added = [norm(nn.BatchNorm2d, channels)]
            case "activation":
                added = [activation(draw)]
            case "arithmetic":
                added = [arithmetic(draw, channels)]
            case "residual":
                added = [residual(draw, channels)]
            case _:
                added = [draw.choice([nn.Dropout(0.5), nn.Identity(), nn.Dropout2d(0.5)])]
        try:
            y = nn.Sequential(*added).eval()(x)
        except RuntimeError:
            continue
        if 0 < y[0].numel() < 4096:
            layers, x = layers + added, y
    return layers, x


def to_rows(draw, x):
    """A flatten, or a mean or maximum over maps, in one of their spellings."""
    _, channels, height, width = x.shape
    elements = channels * height * width
    flat = [
        nn.Flatten(), Call(lambda x: torch.flatten(x, 1)), Call(lambda x: x.view(x.size(0), -1)),
        Call(lambda x: x.reshape(-1, elements)), Call(lambda x: x.reshape(x.shape[0], elements)),
        Call(lambda x: x.reshape(x.shape[0], x.shape[1] * x.shape[2] * x.shape[3])),
        Call(lambda x: x.flatten(2).flatten(1)), Call(lambda x: x.flatten(start_dim=-3)),
        Call(lambda x: x.view(x.shape[0], x.shape[1], -1).flatten(1)),
        Call(lambda x: x.permute(0, 2, 3, 1).flatten(1)),
        Call(lambda x: x.permute(0, 2, 3, 1).reshape(x.shape[0], -1)),
        Call(lambda x: x.transpose(1, 2).flatten(1)),
    ]
    mean = [
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), Call(lambda x: x.mean((2, 3))),
        Call(lambda x: x.mean([-1, -2], keepdim=True).flatten(1)), Call(lambda x: x.mean(3).mean(2)),
        Call(lambda x: x.flatten(2).mean(2)), Call(lambda x: x.flatten(2).mean(-1)),
        Call(lambda x: functional.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1)),
        Call(lambda x: functional.avg_pool2d(x, (height, width)).flatten(1)),
        Call(lambda x: x.permute(0, 2, 3, 1).mean((1, 2))), Call(lambda x: x.sum((2, 3))),
        nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten()), Call(lambda x: x.amax((2, 3))),
        Call(lambda x: functional.max_pool2d(x, (height, width)).flatten(1)),
    ]
    layer = draw.choice(draw.choice([flat, mean]))
    return layer, layer(x).shape[1]


def network(draw):
    """A random network and its input."""
    torch.manual_seed(draw.getrandbits(32))
    shape = (draw.choice([1, 1, 2, 3]), draw.randint(4, 12), draw.randint(4, 12))
    layers, x = layers_of_maps(draw, shape)
    rows, features = to_rows(draw, x)
    layers.append(rows)
    if draw.random() < 0.3:
        layers.append(norm(nn.BatchNorm1d, features))
    if draw.random() < 0.5:
        hidden = draw.randint(1, 8)
        layers += [nn.Linear(features, hidden, bias=draw.random() < 0.7), activation(draw)]
        features = hidden
        if draw.random() < 0.3:
            layers += [norm(nn.BatchNorm1d, features), nn.Dropout(0.3)]
    classes = draw.choice([1, 2, 3, 5])
    layers.append(nn.Linear(features, classes, bias=draw.random() < 0.8))
    endings = [nn.Identity(), nn.Identity(), nn.Softmax(1), nn.LogSoftmax(-1)]
    if classes == 1:
        endings = [nn.Identity(), nn.Sigmoid(), Call(lambda x: x.squeeze(1)),
                   Call(lambda x: torch.sigmoid(x).squeeze(-1))]
    layers.append(draw.choice(endings))
    batch = draw.choice([1, 1, 2])
    return nn.Sequential(*layers).eval(), torch.randn(batch, *shape)


@contextlib.contextmanager
def silence():
    """Without what an exporter prints."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def legacy(draw, path):
    model, x = network(draw)
    dynamic = draw.random() < 0.5
    with silence():
        torch.onnx.export(
            model, (x,), str(path), dynamo=False, opset_version=draw.choice([9, 11, 12, 13, 14, 16, 18]),
            do_constant_folding=draw.random() < 0.7, keep_initializers_as_inputs=draw.random() < 0.2,
            input_names=["x"], dynamic_axes={"x": {0: "n"}} if dynamic else None,
            training=draw.choice([torch.onnx.TrainingMode.EVAL, torch.onnx.TrainingMode.PRESERVE]),
        )


def dynamo(draw, path):
    model, x = network(draw)
    if draw.random() < 0.5:
        shapes = ({0: torch.export.Dim("n")},)
        x = torch.randn(2, *x.shape[1:])
    else:
        shapes = None
    with silence():
        torch.onnx.export(model, (x,), str(path), dynamo=True, dynamic_shapes=shapes,
                          external_data=draw.random() < 0.5, optimize=draw.random() < 0.7, verbose=False)
