#!/usr/bin/env python3
"""Makes the int8 ONNX files that the tests of import read, and the codes that onnxruntime gives for them.

    pip install onnx==1.23.2 onnxruntime==1.32.0 safetensors numpy
    python3 scripts/int8_fixtures.py

A small network with random weights from a fixed seed goes through onnxruntime's quantize_static: between
QuantizeLinear and DequantizeLinear, a scale for each channel and codes without a sign (int8_qdq), and by
operators of codes, one scale and codes with a sign (int8_qlinear). NAME.expected.safetensors holds inputs
and the codes of the output, those with a sign.
"""

import tempfile
from pathlib import Path

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from safetensors.numpy import save_file

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "host" / "tests" / "cli" / "exchange"
INPUTS = 24
SHAPE = (2, 9, 8)


class Reader(CalibrationDataReader):
    def __init__(self, inputs):
        self.inputs = iter([{"pixels": one[None]} for one in inputs])

    def get_next(self):
        return next(self.inputs, None)


def network(random):
    """Convolutions of every kind, an addition, pools, two linear layers."""
    nodes, tensors = [], []

    def tensor(name, shape, reach):
        values = random.uniform(-reach, reach, shape).astype(numpy.float32)
        tensors.append(numpy_helper.from_array(values, name))
        return name

    def add(operator, name, inputs, **attributes):
        nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def conv(name, read, filters, channels, kernel, **attributes):
        reach = 2 / numpy.sqrt(channels * kernel * kernel)
        weight = tensor(f"{name}.weight", (filters, channels, kernel, kernel), reach)
        bias = tensor(f"{name}.bias", (filters,), 0.3)
        return add("Conv", name, [read, weight, bias], kernel_shape=[kernel, kernel], **attributes)

    stem = add("Relu", "stem.relu", [conv("stem", "pixels", 8, 2, 3, pads=[1, 1, 1, 1])])
    wide = conv("wide", stem, 8, 8, 3, pads=[1, 1, 1, 1])
    both = add("Relu", "both.relu", [add("Add", "both", [wide, stem])])
    deep = add("Relu", "deep.relu", [conv("deep", both, 8, 1, 3, group=8, strides=[2, 2])])
    split = conv("split", deep, 6, 4, 1, group=2)
    small = add("MaxPool", "small", [split], kernel_shape=[2, 2], strides=[1, 1])
    row = add("Flatten", "row", [small], axis=1)
    weight, bias = tensor("hidden.weight", (12, 36), 0.4), tensor("hidden.bias", (12,), 0.2)
    hidden = add("Gemm", "hidden", [row, weight, bias], transB=1)
    weight, bias = tensor("last.weight", (12, 5), 0.6), tensor("last.bias", (5,), 0.2)
    add("Gemm", "logits", [add("Relu", "hidden.relu", [hidden]), weight, bias])
    graph = helper.make_graph(
        nodes, "network",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", *SHAPE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 5])], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def output_codes(path, inputs):
    """The codes that the last node makes numbers of, those with a sign."""
    model = onnx.load(path)
    last = model.graph.node[-1]
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    kind = kinds[last.input[2]]
    model.graph.output.append(helper.make_tensor_value_info(last.input[0], kind, None))
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"])
    codes = session.run([last.input[0]], {"pixels": inputs})[0].astype(int)
    return (codes - (128 if kind == TensorProto.UINT8 else 0)).astype(numpy.int8)


def main():
    random = numpy.random.default_rng(5)
    model = network(random)
    inputs = random.uniform(0, 1, (INPUTS, *SHAPE)).astype(numpy.float32)
    kinds = [
        ("int8_qdq", QuantFormat.QDQ, True, QuantType.QUInt8),
        ("int8_qlinear", QuantFormat.QOperator, False, QuantType.QInt8),
    ]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "float.onnx"
        onnx.save(model, source)
        for name, form, per_channel, activations in kinds:
            path = OUT / f"{name}.onnx"
            quantize_static(source, path, Reader(inputs), quant_format=form,
                            per_channel=per_channel, activation_type=activations,
                            weight_type=QuantType.QInt8)
            codes = output_codes(path, inputs)
            save_file({"input": inputs, "logits": codes}, OUT / f"{name}.expected.safetensors",
                      {"onnxruntime": onnxruntime.__version__})
            print(f"{name}: {path.stat().st_size} bytes, {len(numpy.unique(codes))} codes")


if __name__ == "__main__":
    main()
