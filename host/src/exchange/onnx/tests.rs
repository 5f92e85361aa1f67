mod axes;
mod builder;
mod exporters;
mod graphs;
mod growth;
mod integers;

use super::*;
use crate::exchange::damage;
use crate::weights::ModelBytes;
use kiln_core::{Conv2d, Layer, Linear, ModelParts, ModelTask, Network, Padding, Pool2d, Scaling};
use message::{F32, LIMIT, Node};
use proptest::prelude::*;
use prost::Message;

/// The network of a graph of floating-point numbers.
fn read(bytes: &[u8]) -> Result<Imported, OnnxError> {
    match super::read(bytes, None)? {
        ImportedGraph::Float(imported) => Ok(*imported),
        ImportedGraph::Int8(imported) => panic!("{imported:?}"),
    }
}

/// Every layer and option there is.
const EVERYTHING: Network = Network::input(2, 9, 9)
    .layer(Layer::Conv2d(
        Conv2d::new(4, 3)
            .kernel(3, 2)
            .stride(2)
            .padding(1)
            .groups(2),
    ))
    .relu()
    .layer(Layer::MaxPool2d(Pool2d::new(2).stride(1)))
    .layer(Layer::AvgPool2d(Pool2d::new(2)))
    .linear(5)
    .relu()
    .conv2d(6, 1)
    .global_avg_pool2d();

/// Values that several layers read, and every option that a graph may have.
fn graph() -> Network {
    let uneven = Padding {
        top: 0,
        left: 2,
        bottom: 1,
        right: 0,
    };
    let same = Layer::Conv2d(Conv2d::new(4, 3).padding(1).without_bias());
    let stem = Network::input(2, 9, 9)
        .layer(Layer::ScaleShift)
        .layer(same)
        .relu6();
    let skip = stem.last();
    let block = stem
        .layer(Layer::Conv2d(Conv2d::new(4, 3).dilation(2).padding(2)))
        .add(skip)
        .layer(Layer::ScaleShift);
    let wide = block.last();
    let pooled = block
        .layer(Layer::MaxPool2d(
            Pool2d::new(3).stride(2).padding(1).ceil_mode(),
        ))
        .layer(Layer::Conv2d(Conv2d::new(4, 1).padded(uneven)))
        .layer(Layer::AvgPool2d(
            Pool2d::new(2).padding(1).without_padding_counted(),
        ))
        .layer(Layer::Linear(Linear::new(6).without_bias()));
    let row = pooled.last();
    pooled
        .from(wide)
        .layer(Layer::AvgPool2d(Pool2d {
            padding: Padding {
                left: 1,
                ..Padding::NONE
            },
            ..Pool2d::new(3)
        }))
        .linear(6)
        .layer(Layer::ScaleShift)
        .relu6()
        .add(row)
        .conv2d(6, 1)
        .add(row)
}

fn model_of(network: &Network) -> ModelBytes {
    let parameters: Vec<f32> = (0..network.parameters())
        .map(|index| {
            if index == 3 {
                -0.0
            } else {
                1.0 / (index as f32 - 7.3)
            }
        })
        .collect();
    ModelBytes::encode(&ModelParts {
        network,
        task: ModelTask::Classification,
        scaling: &Scaling::new(&[0.1, -0.3], &[-0.0, 0.7]).unwrap(),
        class_names: &["a", "b", "c", "d", "e", "f"],
        notes: "by hand\nin two lines",
        parameters: &parameters,
    })
    .unwrap()
}

fn model() -> ModelBytes {
    model_of(&EVERYTHING)
}

fn exported() -> Vec<u8> {
    write(&model().open().unwrap()).unwrap()
}

/// Files of Kiln's and of both of PyTorch's exporters.
fn files() -> Vec<Vec<u8>> {
    let others: [&[u8]; 7] = [
        include_bytes!("../../../tests/cli/exchange/view_torchscript.onnx"),
        include_bytes!("../../../tests/cli/exchange/kept_torchscript.onnx"),
        include_bytes!("../../../tests/cli/exchange/scaled_dynamo.onnx"),
        include_bytes!("../../../tests/cli/exchange/shortcuts_kept_torchscript.onnx"),
        include_bytes!("../../../tests/cli/exchange/mobile_kept_torchscript.onnx"),
        include_bytes!("../../../tests/cli/exchange/uneven_torchscript.onnx"),
        include_bytes!("../../../tests/cli/exchange/uneven_kept_dynamo.onnx"),
    ];
    let graph = model_of(&graph());
    let mut files = vec![exported(), write(&graph.open().unwrap()).unwrap()];
    files.extend(others.map(<[u8]>::to_vec));
    files
}

#[test]
fn every_layer_comes_back_to_the_bit() {
    for network in [EVERYTHING, graph()] {
        let bytes = model_of(&network);
        let model = bytes.open().unwrap();
        let imported = read(&write(&model).unwrap()).unwrap();
        assert_eq!(imported.network, network);
        let bits = |values: &[f32]| {
            values
                .iter()
                .map(|value| value.to_bits())
                .collect::<Vec<_>>()
        };
        assert_eq!(bits(&imported.parameters), bits(model.parameters()));
        let input = imported.input.unwrap();
        let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
        assert_eq!(input.scale, wide(model.scaling().scale()));
        assert_eq!(input.shift, wide(model.scaling().shift()));
        assert!(input.shift[0].is_sign_negative());
        assert_eq!(imported.metadata, Some(Metadata::of(&model)));
    }
}

#[test]
fn files_of_no_model_are_refused() {
    assert!(matches!(read(&[]), Err(OnnxError::Opset { found: 0 })));
    assert!(matches!(read(b"no model"), Err(OnnxError::Damaged)));
    // A field 7 whose length is beyond all bounds.
    let endless = [0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    assert!(matches!(read(&endless), Err(OnnxError::Damaged)));
}

/// An error, or none, after a change to the export.
fn changed(change: impl FnOnce(&mut Model)) -> Result<Imported, OnnxError> {
    let mut model = Model::read(&exported()).unwrap();
    change(&mut model);
    read(&model.encode_to_vec())
}

#[test]
fn a_file_beyond_the_limit_is_refused_before_it_is_decoded() {
    let file = |length| read(&vec![0; length]);
    assert!(matches!(file(MAX_BYTES + 1), Err(OnnxError::TooLarge)));
    assert!(matches!(file(MAX_BYTES), Err(OnnxError::Damaged)));
}

#[test]
fn a_file_cut_short_is_refused() {
    let bytes = exported();
    let opset = bytes.windows(4).position(|it| it == b"\x42\x02\x10\x0d");
    for length in 0..opset.unwrap() {
        // Only between two fields does a cut go unseen, and then the operators' version is missing.
        let error = read(&bytes[..length]).unwrap_err();
        assert!(matches!(
            error,
            OnnxError::Damaged | OnnxError::Opset { found: 0 }
        ));
    }
}

#[test]
fn values_are_read_as_bytes_and_as_numbers() {
    let imported = changed(|model| {
        for tensor in model.graph.tensors.iter_mut().filter(|it| it.kind == F32) {
            let raw = tensor.raw.take().unwrap();
            let values = raw.as_chunks::<4>().0.iter();
            tensor.floats = values.map(|bytes| f32::from_le_bytes(*bytes)).collect();
        }
    });
    let bits = |values: &[f32]| values.iter().copied().map(f32::to_bits).collect::<Vec<_>>();
    let expected = read(&exported()).unwrap();
    assert_eq!(
        bits(&imported.unwrap().parameters),
        bits(&expected.parameters)
    );
    let external = changed(|model| model.graph.tensors[2].location = 1);
    let message = external.unwrap_err().to_string();
    assert!(message.contains("is in another file"), "{message}");
}

#[test]
fn more_parts_than_any_network_has_are_refused() {
    let nodes = changed(|model| model.graph.nodes.resize_with(LIMIT + 1, Node::default));
    assert!(matches!(nodes, Err(OnnxError::Damaged)));
    let ints = changed(|model| model.graph.nodes[2].attributes[0].ints = vec![1; LIMIT + 1]);
    assert!(matches!(ints, Err(OnnxError::Damaged)));
    let dims = changed(|model| model.graph.tensors[0].dims = vec![1; LIMIT + 1]);
    assert!(matches!(dims, Err(OnnxError::Damaged)));
}

/// The file with the first `from` in it replaced, as long as before.
fn altered(from: &[u8], to: &[u8]) -> String {
    let mut bytes = exported();
    let found = bytes.windows(from.len()).position(|window| window == from);
    let at = found.unwrap();
    bytes[at..at + to.len()].copy_from_slice(to);
    read(&bytes).unwrap_err().to_string()
}

#[test]
fn what_no_layer_does_is_refused_by_the_nodes_name() {
    let cases: [(&[u8], &[u8], &str); 7] = [
        (
            b"\x22\x04Relu",
            b"\x22\x04Sqrt",
            "node \"1.relu\" (Sqrt): Kiln has no layer",
        ),
        (
            b"\x0a\x060.bias",
            b"\x0a\x061.bias",
            "node \"0.conv2d\" (Conv): it reads \"1.bias\", which nothing in the file gives",
        ),
        (
            b"\x0a\x05group\x18\x02",
            b"\x0a\x05group\x18\x01",
            "is 4x1x3x2, but 4x2x3x2 is needed",
        ),
        (
            b"\x0a\x07strides\x40\x02",
            b"\x0a\x07strides\x40\x00",
            "stride is 0",
        ),
        (
            b"\x0a\x05group",
            b"\x0a\x05grout",
            "the attribute \"grout\"",
        ),
        (b"\x0a\x06logits", b"\x0a\x06logitz", "output \"logitz\""),
        (b"\x42\x02\x10\x0d", b"\x42\x02\x10\x05", "opset 5"),
    ];
    for (from, to, expected) in cases {
        let message = altered(from, to);
        assert!(message.contains(expected), "{message} / {expected}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_damage_is_a_panic(bytes in damage::to_one_of(files())) {
        if let Ok(imported) = read(&bytes) {
            prop_assert_eq!(imported.parameters.len(), imported.network.parameters());
        }
    }

    #[test]
    fn nor_are_any_bytes_at_all(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = read(&bytes);
    }
}
