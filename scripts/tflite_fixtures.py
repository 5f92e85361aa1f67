#!/usr/bin/env python3
"""Makes the int8 TFLite files that the tests of import read, and the codes that LiteRT gives for them.

    pip install ai-edge-litert==2.3.0 safetensors numpy
    python3 scripts/tflite_fixtures.py

Each NAME.tflite in host/tests/cli/exchange/ is a small network with random weights from a fixed seed,
written field by field. NAME.expected.safetensors holds random inputs, codes channels last, and what
LiteRT's reference kernels make of them: `logits`, the codes before what import leaves away. Together
the files have every operator that is imported, per channel and per tensor, with every padding and
activation, odd extents, scales from 2^-20 to 2, and sums halfway between two codes.
"""

from pathlib import Path

import flatbuffers
import numpy
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from safetensors.numpy import save_file

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "host" / "tests" / "cli" / "exchange"
INPUTS = 24
SAME, VALID = 0, 1
NONE, RELU, RELU6 = 0, 1, 3
TYPES = schema.TensorType
OPERATORS = schema.BuiltinOperator
# A code's usual distance from zero, and a weight's.
SPREAD = 50


class Tensor:
    """A value of the graph: its number, extents, scale and zero."""

    def __init__(self, number, shape, scale, zero):
        self.number, self.shape, self.scale, self.zero = number, shape, scale, zero


class Graph:
    """A model that grows operator by operator."""

    def __init__(self, seed):
        self.random = numpy.random.default_rng(seed)
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = "made by scripts/tflite_fixtures.py"
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]

    def tensor(self, shape, kind, scales=None, zero=0, axis=0, data=None):
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.buffer = list(shape), kind, 0
        tensor.name = f"t{len(self.graph.tensors)}"
        tensor.quantization = schema.QuantizationParametersT()
        if scales is not None:
            tensor.quantization.scale = [float(scale) for scale in scales]
            tensor.quantization.zeroPoint = [zero] * len(scales)
            tensor.quantization.quantizedDimension = axis
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = numpy.frombuffer(data.tobytes(), numpy.uint8)
            self.model.buffers.append(buffer)
            tensor.buffer = len(self.model.buffers) - 1
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def value(self, shape, scale, zero=None):
        if zero is None:
            zero = int(self.random.integers(-60, 61))
        scale = numpy.float32(scale)
        return Tensor(self.tensor(shape, TYPES.INT8, [scale], zero), list(shape), scale, zero)

    def like(self, value, shape):
        return self.value(shape, value.scale, value.zero)

    def ints(self, values):
        values = numpy.array(values, numpy.int32)
        return self.tensor(values.shape, TYPES.INT32, data=values)

    def operator(self, name, inputs, output, options=None, **fields):
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(OPERATORS, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = fields.pop("version", 1)
        self.model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs = [getattr(read, "number", read) for read in inputs]
        operator.outputs = [getattr(output, "number", output)]
        if options:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, options + "T")()
            for field, value in fields.items():
                setattr(operator.builtinOptions, field, value)
        self.graph.operators.append(operator)
        return output

    def summed(self, name, read, kernel, axis, shape, options, ratios=None, bias=True,
               per_channel=True, scale=None, **fields):
        """A layer with weights; `ratios` are those of its sums' scale to its output's."""
        outputs = kernel[axis]
        taps = int(numpy.prod(kernel)) // outputs
        if ratios is None:
            count = outputs if per_channel else 1
            ratios = self.random.uniform(0.5, 1.5, count) / (SPREAD * numpy.sqrt(taps))
        given = self.value(shape, scale or self.random.uniform(0.02, 0.08))
        scales = numpy.float32(ratios * given.scale / read.scale)
        weights = self.random.integers(-127, 128, kernel).astype(numpy.int8)
        inputs = [read, self.tensor(kernel, TYPES.INT8, scales, axis=axis, data=weights)]
        if bias:
            reach = SPREAD / numpy.broadcast_to(ratios, outputs)
            biases = self.random.uniform(-reach, reach).astype(numpy.int32)
            inputs.append(self.tensor([outputs], TYPES.INT32, read.scale * scales, data=biases))
        version = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4}[name]
        return self.operator(name, inputs, given, options, version=version, **fields)

    def conv(self, read, filters, window, stride=(1, 1), padding=SAME, activation=NONE,
             dilation=(1, 1), groups=1, **more):
        kernel = [filters, *window, read.shape[3] // groups]
        return self.summed(
            "CONV_2D", read, kernel, 0, placed(read, filters, window, stride, padding, dilation),
            "Conv2DOptions", padding=padding, strideH=stride[0], strideW=stride[1],
            dilationHFactor=dilation[0], dilationWFactor=dilation[1],
            fusedActivationFunction=activation, **more)

    def depthwise(self, read, times, window, stride=(1, 1), padding=SAME, activation=NONE,
                  dilation=(1, 1), **more):
        filters = times * read.shape[3]
        return self.summed(
            "DEPTHWISE_CONV_2D", read, [1, *window, filters], 3,
            placed(read, filters, window, stride, padding, dilation), "DepthwiseConv2DOptions",
            padding=padding, strideH=stride[0], strideW=stride[1], depthMultiplier=times,
            dilationHFactor=dilation[0], dilationWFactor=dilation[1],
            fusedActivationFunction=activation, **more)

    def linear(self, read, outputs, activation=NONE, **more):
        kernel = [outputs, int(numpy.prod(read.shape))]
        return self.summed(
            "FULLY_CONNECTED", read, kernel, 0, [1, outputs], "FullyConnectedOptions",
            fusedActivationFunction=activation, **more)

    def add(self, first, second, scale, activation=NONE):
        return self.operator("ADD", [first, second], self.value(first.shape, scale), "AddOptions",
                             version=2, fusedActivationFunction=activation)

    def pool(self, name, read, window, stride, padding, activation=NONE):
        shape = placed(read, read.shape[3], window, stride, padding, (1, 1))
        return self.operator(
            name, [read], self.like(read, shape), "Pool2DOptions", version=2, padding=padding,
            strideH=stride[0], strideW=stride[1], filterHeight=window[0], filterWidth=window[1],
            fusedActivationFunction=activation)

    def mean(self, read, scale, keep):
        shape = [1, 1, 1, read.shape[3]] if keep else [1, read.shape[3]]
        return self.operator("MEAN", [read, self.ints([1, 2])], self.value(shape, scale),
                             "ReducerOptions", version=2, keepDims=keep)

    def pad(self, read, top, bottom, left, right):
        _, rows, columns, channels = read.shape
        given = self.like(read, [1, rows + top + bottom, columns + left + right, channels])
        sides = self.ints([[0, 0], [top, bottom], [left, right], [0, 0]])
        return self.operator("PAD", [read, sides], given, "PadOptions", version=2)

    def reshape(self, read, shape):
        return self.operator("RESHAPE", [read, self.ints(shape)], self.like(read, shape))

    def save(self, name, read, last, before):
        """Writes the file, and what its inputs come to in `before`."""
        self.graph.inputs = [getattr(read, "number", read)]
        self.graph.outputs = [getattr(last, "number", last)]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), file_identifier=b"TFL3")
        content = bytes(builder.Output())
        (OUT / f"{name}.tflite").write_bytes(content)
        interpreter = Interpreter(
            model_content=content, experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
        interpreter.allocate_tensors()
        outer = interpreter.get_input_details()[0]
        inputs = self.random.integers(-128, 128, (INPUTS, *outer["shape"][1:])).astype(numpy.int8)
        logits = []
        for codes in inputs:
            if outer["dtype"] == numpy.float32:
                number = self.graph.operators[0].outputs[0]
                scale, zero = self.graph.tensors[number].quantization.scale[0], \
                    self.graph.tensors[number].quantization.zeroPoint[0]
                codes = (codes.astype(numpy.float32) - zero) * numpy.float32(scale)
            interpreter.set_tensor(outer["index"], codes[None])
            interpreter.invoke()
            logits.append(interpreter.get_tensor(before.number).copy().reshape(-1))
        logits = numpy.stack(logits)
        various = len(numpy.unique(logits))
        assert various > 20, f"{name} gives {various} codes only"
        tensors = {"input": inputs, "logits": logits}
        save_file(tensors, OUT / f"{name}.expected.safetensors", {"litert": "2.3.0"})
        print(f"{name}: {len(content)} bytes, {various} different codes")


def placed(read, channels, window, stride, padding, dilation):
    """Extents of what windows give."""
    extents = []
    for axis in range(2):
        reach = (window[axis] - 1) * dilation[axis] + 1
        extent = read.shape[axis + 1] - (reach - 1 if padding == VALID else 0)
        extents.append(-(-extent // stride[axis]))
    return [1, *extents, channels]


def residual():
    """A ResNet's blocks, every activation, a mean that keeps no extents, a softmax."""
    graph = Graph(1)
    read = graph.value([1, 9, 8, 3], 0.05)
    stem = graph.conv(read, 4, (3, 3), activation=RELU)
    same = graph.conv(stem, 4, (3, 3))
    sum_of = graph.add(stem, same, 0.1, activation=RELU6)
    halved = graph.conv(sum_of, 6, (3, 3), stride=(2, 2), activation=RELU)
    inner = graph.conv(halved, 6, (2, 3))
    shortcut = graph.conv(sum_of, 6, (1, 1), stride=(2, 2), per_channel=False)
    sum_of = graph.add(inner, shortcut, 0.07)
    pooled = graph.pool("AVERAGE_POOL_2D", sum_of, (3, 2), (2, 1), SAME)
    means = graph.mean(pooled, 0.04, keep=False)
    logits = graph.linear(means, 12)
    last = graph.value([1, 12], 1 / 256, -128)
    graph.operator("SOFTMAX", [logits], last, "SoftmaxOptions", version=2, beta=1.0)
    graph.save("int8_residual", read, last, logits)


def mobile():
    """Numbers in and out, a padding by itself, depthwise and grouped kernels, maps made a row."""
    graph = Graph(2)
    outer = graph.tensor([1, 9, 11, 2], TYPES.FLOAT32)
    read = graph.value([1, 9, 11, 2], 0.05)
    graph.operator("QUANTIZE", [outer], read)
    padded = graph.pad(read, 0, 1, 2, 1)
    stem = graph.conv(padded, 4, (3, 3), stride=(2, 2), padding=VALID, activation=RELU6)
    deep = graph.depthwise(stem, 2, (3, 3), dilation=(2, 1), bias=False)
    cut = graph.like(deep, deep.shape)
    graph.operator("RELU", [deep], cut, version=2)
    deep = graph.depthwise(cut, 1, (2, 3), stride=(1, 1), padding=VALID, activation=RELU6,
                           per_channel=False)
    mixed = graph.conv(deep, 6, (1, 1), groups=2)
    pooled = graph.pool("MAX_POOL_2D", mixed, (2, 3), (1, 2), SAME, activation=RELU)
    row = graph.reshape(pooled, [1, int(numpy.prod(pooled.shape))])
    hidden = graph.linear(row, 9, activation=RELU, per_channel=False)
    logits = graph.linear(hidden, 7, bias=False)
    last = graph.tensor([1, 7], TYPES.FLOAT32)
    graph.operator("DEQUANTIZE", [logits], last, version=2)
    graph.save("int8_mobile", outer, last, logits)


def rows():
    """A row made maps, means with their extents, 1x1 kernels on what is left, two pools."""
    graph = Graph(3)
    read = graph.value([1, 60], 0.05)
    maps = graph.reshape(read, [1, 10, 6, 1])
    stem = graph.conv(maps, 8, (4, 3), stride=(2, 1), padding=SAME, per_channel=False)
    pooled = graph.pool("MAX_POOL_2D", stem, (2, 2), (2, 2), VALID)
    means = graph.pool("AVERAGE_POOL_2D", pooled, (2, 2), (1, 1), VALID, activation=RELU6)
    means = graph.mean(means, 0.01, keep=True)
    logits = graph.conv(means, 20, (1, 1), padding=VALID)
    last = graph.reshape(logits, [1, 20])
    graph.save("int8_rows", read, last, logits)


def scales():
    """Sums from 2^-20 to 2 of a code, with outputs of every rounding: convolution, then linear."""
    graph = Graph(4)
    read = graph.value([1, 3, 3, 2], 0.05)
    ratios = numpy.exp2(numpy.linspace(-20, 1, 43)) * graph.random.uniform(0.8, 1.2, 43)
    wide = graph.conv(read, 43, (2, 2), padding=VALID, ratios=ratios)
    row = graph.reshape(wide, [1, 172])
    linear_ratios = numpy.exp2(numpy.linspace(-16, 1, 35)) * graph.random.uniform(0.8, 1.2, 35)
    logits = graph.linear(row, 35, ratios=linear_ratios)
    graph.save("int8_scales", read, logits, logits)


def ties():
    """Scales that are powers of two, so that sums lie in the middle of two codes, below zero, too."""
    graph = Graph(5)
    read = graph.value([1, 2, 3, 4], 0.0625)
    ratios = numpy.exp2(-(numpy.arange(12) % 8 + 4.0))
    halves = graph.conv(read, 12, (1, 1), padding=VALID, ratios=ratios, scale=0.125)
    row = graph.reshape(halves, [1, 72])
    ratios = numpy.exp2(-(numpy.arange(24) % 6 + 7.0))
    logits = graph.linear(row, 24, ratios=ratios, scale=0.25)
    graph.save("int8_ties", read, logits, logits)


if __name__ == "__main__":
    for make in [residual, mobile, rows, scales, ties]:
        make()
