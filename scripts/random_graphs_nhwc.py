"""Random graphs in the spelling of tf2onnx, channels last, for random_onnx.py.

tf2onnx keeps images as N x rows x columns x channels and transposes them around each layer that ONNX has
for channels first; its optimiser takes most of these transpositions out again, so graphs with few and with
many of them are made here.
"""

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

FIRST, LAST = [0, 3, 1, 2], [0, 2, 3, 1]


class Graph:
    """A graph that grows; `last` says how the value `name` of this shape (channels first) lies."""

    def __init__(self, draw):
        self.draw = draw
        self.numbers = numpy.random.default_rng(draw.getrandbits(32))
        self.nodes, self.tensors = [], []
        self.opset = draw.choice([9, 11, 12, 13, 15, 18])
        self.shape = (draw.choice([1, 1, 3]), draw.randint(4, 10), draw.randint(4, 10))
        self.name, self.last = "input_1", True
        self.keeps = draw.random()

    def constant(self, values, kind=numpy.float32):
        name = f"const_{len(self.tensors)}"
        values = numpy.asarray(values, kind)
        if kind is numpy.float32 and values.size > 1:
            match self.draw.randint(0, 9):
                case 0:
                    return self.computed("Cast", [self.tensor(name, values.astype(numpy.float16))], to=1)
                case 1:
                    flat = self.tensor(name, values.reshape(-1))
                    shape = self.constant(list(values.shape), numpy.int64)
                    return self.computed("Reshape", [flat, shape])
                case 2 if values.ndim > 1:
                    return self.computed("Transpose", [self.tensor(name, values.T)])
                case 3:
                    return self.constant_node(values)
        return self.tensor(name, values)

    def tensor(self, name, values):
        self.tensors.append(numpy_helper.from_array(numpy.ascontiguousarray(values), name))
        return name

    def constant_node(self, values):
        return self.computed("Constant", [], value=numpy_helper.from_array(values))

    def computed(self, operator, inputs, **attributes):
        name = f"StatefulPartitionedCall/v{len(self.nodes)}:0"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name[:-2], **attributes))
        return name

    def add(self, operator, *inputs, **attributes):
        self.name = self.computed(operator, [self.name, *inputs], **attributes)

    def lie(self, last):
        """Transposes, if the value does not lie so."""
        if self.last == last:
            return
        channels, rows, columns = self.shape
        if channels == 1 and self.draw.random() < 0.5:
            target = [-1, rows, columns, 1] if last else [-1, 1, rows, columns]
            self.add("Reshape", self.constant(target, numpy.int64))
        else:
            self.add("Transpose", perm=LAST if last else FIRST)
        self.last = last

    def settled(self):
        """Goes back to channels last, as before the optimiser."""
        if self.draw.random() < self.keeps:
            self.lie(True)

    def random(self, *shape):
        return self.numbers.uniform(-0.6, 0.6, shape).astype(numpy.float32)

    def each(self, values):
        """A constant for each channel, as it is broadcast where the value lies now."""
        values = numpy.asarray(values, numpy.float32)
        if self.last:
            return self.constant(values if self.draw.random() < 0.7 else values.reshape(1, 1, 1, -1))
        return self.constant(values.reshape(1, -1, 1, 1))

    def windows(self, kernel, stride, dilation=1):
        """Padding by auto_pad, by pads, or none; and the extents behind."""
        reach = [(side - 1) * dilation + 1 for side in kernel]
        extents = self.shape[1:]
        # onnxruntime refuses SAME where a stride leaves something out.
        if min(kernel) >= stride and self.draw.random() < 0.5:
            behind = [-(-extent // stride) for extent in extents]
            if self.draw.random() < 0.5:
                return {"auto_pad": self.draw.choice(["SAME_UPPER", "SAME_UPPER", "SAME_LOWER"])}, behind
            total = [max(0, (one - 1) * stride + side - extent)
                     for one, side, extent in zip(behind, reach, extents)]
            before = [one // 2 for one in total]
            return {"pads": before + [one - own for one, own in zip(total, before)]}, behind
        behind = [(extent - side) // stride + 1 for extent, side in zip(extents, reach)]
        return self.draw.choice([{"auto_pad": "VALID"}, {}, {"pads": [0, 0, 0, 0]}]), behind

    def pad(self):
        self.lie(self.draw.random() < 0.5)
        sides = [self.draw.randint(0, 2) for _ in range(4)]
        own = [0] * 8
        rows = 1 if self.last else 2
        own[rows], own[rows + 1], own[rows + 4], own[rows + 5] = sides
        if self.opset < 11:
            self.add("Pad", mode="constant", pads=own)
        else:
            self.add("Pad", self.constant(own, numpy.int64))
        channels, height, width = self.shape
        self.shape = (channels, height + sides[0] + sides[2], width + sides[1] + sides[3])

    def convolution(self):
        if self.draw.random() < 0.3:
            self.pad()
        self.lie(False)
        channels, height, width = self.shape
        kernel = [self.draw.randint(1, min(4, height)), self.draw.randint(1, min(4, width))]
        groups = self.draw.choice([1, 1, channels])
        filters = groups * self.draw.randint(1, max(1, 6 // groups))
        stride = self.draw.choice([1, 1, 2])
        padding, behind = self.windows(kernel, stride)
        weights = self.constant(self.random(filters, channels // groups, *kernel))
        biases = [self.constant(self.random(filters))] if self.draw.random() < 0.4 else []
        self.add("Conv", weights, *biases, group=groups, kernel_shape=kernel, strides=[stride] * 2,
                 dilations=[1, 1], **padding)
        self.shape = (filters, *behind)
        self.settled()
        if not biases and self.draw.random() < 0.7:
            self.add("Add", self.each(self.random(filters)))

    def pool(self):
        self.lie(False)
        channels, height, width = self.shape
        kernel = [self.draw.randint(1, min(3, height)), self.draw.randint(1, min(3, width))]
        stride = self.draw.choice([1, 2])
        padding, behind = self.windows(kernel, stride)
        self.add(self.draw.choice(["MaxPool", "AveragePool"]), kernel_shape=kernel, strides=[stride] * 2,
                 **padding)
        self.shape = (channels, *behind)
        self.settled()

    def norm(self):
        channels = self.shape[0]
        scale = self.numbers.uniform(0.5, 1.5, channels)
        shift = self.random(channels)
        if self.draw.random() < 0.5:
            self.add("Mul", self.each(scale))
            self.add("Add", self.each(shift))
            return
        self.lie(False)
        variance = self.numbers.uniform(0.5, 2.0, channels)
        tensors = [self.constant(it) for it in [scale, shift, self.random(channels), variance]]
        self.add("BatchNormalization", *tensors, epsilon=1e-3)
        self.settled()

    def activation(self):
        match self.draw.randint(0, 3):
            case 0:
                self.add("Relu")
                self.add("Min", self.constant(6.0))
            case 1 if self.opset >= 11:
                self.add("Clip", self.constant(0.0), self.constant(6.0))
            case 2:
                self.add("Max", self.constant(0.0))
            case _:
                self.add("Relu")

    def pixels(self):
        """Dense on images: a matrix for each pixel."""
        self.lie(True)
        outputs = self.draw.randint(1, 5)
        self.add("MatMul", self.constant(self.random(self.shape[0], outputs)))
        self.add("Add", self.constant(self.random(outputs)))
        self.shape = (outputs, *self.shape[1:])

    def rows(self):
        channels, height, width = self.shape
        axes_of_input = self.opset >= 13

        def squeeze(axes):
            if axes_of_input:
                self.add("Squeeze", self.constant(axes, numpy.int64))
            else:
                self.add("Squeeze", axes=axes)

        match self.draw.randint(0, 3):
            case 0:
                keeps = self.draw.choice([0, 1])
                operator = self.draw.choice(["ReduceMean", "ReduceMax"])
                axes = [1, 2] if self.last else [2, 3]
                if self.opset >= 18:
                    self.add(operator, self.constant(axes, numpy.int64), keepdims=keeps)
                else:
                    self.add(operator, axes=axes, keepdims=keeps)
                if keeps:
                    squeeze(axes)
            case 1:
                self.lie(False)
                self.add(self.draw.choice(["GlobalAveragePool", "GlobalMaxPool"]))
                squeeze([2, 3])
            case _:
                # Keras flattens what lies channels last.
                self.lie(True)
                channels = channels * height * width
                if self.draw.random() < 0.3:
                    self.add("Flatten", axis=1)
                else:
                    self.add("Reshape", self.constant([-1, channels], numpy.int64))
        return channels

    def dense(self, inputs, outputs):
        matrix = self.random(inputs, outputs)
        if self.draw.random() < 0.3:
            self.add("Gemm", self.constant(matrix.T), self.constant(self.random(outputs)), transB=1)
            return
        self.add("MatMul", self.constant(matrix))
        if self.draw.random() < 0.8:
            self.add("Add", self.constant(self.random(outputs)))


def graph(draw, path):
    own = Graph(draw)
    dims = [draw.choice(["unk__1", 1]), *own.shape[1:], own.shape[0]]
    if own.shape[0] == 1 and draw.random() < 0.2:
        # Keras' own MNIST: without an axis of channels.
        dims.pop()
        own.add("Reshape", own.constant([-1, *own.shape[1:], 1], numpy.int64))
    # The first layer has to tell where the channels are.
    own.convolution()
    steps = [own.convolution, own.pool, own.norm, own.activation, own.activation, own.pixels]
    for _ in range(draw.randint(0, 5)):
        draw.choice(steps)()
    inputs = own.rows()
    for _ in range(draw.randint(0, 1)):
        hidden = draw.randint(1, 6)
        own.dense(inputs, hidden)
        own.activation()
        inputs = hidden
    classes = draw.choice([1, 2, 4])
    own.dense(inputs, classes)
    if draw.random() < 0.6:
        own.add("Sigmoid" if classes == 1 else "Softmax", **({} if classes == 1 else {"axis": 1}))
    own.nodes.append(helper.make_node("Identity", [own.name], ["dense"]))
    if draw.random() < 0.2:
        own.nodes.append(helper.make_node("Exp", [own.nodes[0].output[0]], ["nobody"]))
    value = helper.make_tensor_value_info
    made = helper.make_graph(
        own.nodes, "tf2onnx", [value("input_1", TensorProto.FLOAT, dims)],
        [value("dense", TensorProto.FLOAT, [dims[0], classes])], own.tensors,
    )
    opset = [helper.make_opsetid("", own.opset)]
    onnx.save(helper.make_model(made, producer_name="tf2onnx", opset_imports=opset, ir_version=8), path)
