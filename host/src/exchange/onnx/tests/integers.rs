//! Graphs of codes: what Kiln writes is read as the very network, what others write as one that gives
//! their codes.

use super::super::message::{I8, Model};
use super::super::{ImportedGraph, OnnxError};
use crate::exchange::damage;
use crate::exchange::integers::testing::{everything, model_bytes};
use crate::exchange::{ImportedInt8, tflite};
use crate::quantization::QuantizedTables;
use kiln_core::{Int8ModelFile, Int8Rule, Layer, MAX_NODES, Program, Purpose};
use proptest::prelude::*;
use prost::Message;
use safetensors::SafeTensors;
use std::collections::HashSet;
use std::fs;
use std::path::Path;

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/exchange");
    fs::read(folder.join(name)).unwrap()
}

fn read(bytes: &[u8]) -> Result<ImportedInt8, OnnxError> {
    match super::super::read(bytes, None)? {
        ImportedGraph::Int8(imported) => Ok(*imported),
        ImportedGraph::Float(imported) => panic!("{imported:?}"),
    }
}

fn written(tables: &QuantizedTables) -> (Vec<u8>, Vec<String>) {
    let bytes = model_bytes(tables);
    let model = Int8ModelFile::open(bytes.as_slice()).unwrap();
    let written = super::super::write_integers(&model).unwrap();
    (written.bytes, written.remarks)
}

fn assert_same(found: &QuantizedTables, expected: &QuantizedTables) {
    assert_eq!(found.network.to_string(), expected.network.to_string());
    assert_eq!(found.rule, expected.rule);
    assert_eq!(found.values, expected.values);
    assert_eq!(found.constants, expected.constants);
    assert_eq!(found.weights, expected.weights);
}

#[test]
fn what_is_written_is_read_as_the_very_network() {
    let imported: Vec<QuantizedTables> = ["int8_residual", "int8_mobile", "int8_rows"]
        .map(|name| {
            tflite::read(&fixture(&format!("{name}.tflite")))
                .unwrap()
                .tables
        })
        .into();
    for tables in imported.iter().chain([&everything()]) {
        let (bytes, remarks) = written(tables);
        let imported = read(&bytes).unwrap();
        assert_same(&imported.tables, tables);
        assert!(imported.takes_numbers);
        assert_eq!(imported.metadata.unwrap().classes.len(), 0);
        let told = remarks.concat();
        assert!(told.contains("sums within limits"), "{told}");
        // Rounding twice is not what other programs do; that is said in numbers.
        let is_other = told.contains("a neighbouring code of");
        assert!(is_other || tables.rule == Int8Rule::Once, "{told}");
    }
}

#[test]
fn a_graph_is_sound_and_its_nodes_find_what_they_read() {
    let (bytes, remarks) = written(&everything());
    let model = Model::decode(bytes.as_slice()).unwrap();
    let graph = &model.graph;
    let mut names: HashSet<&str> = graph.tensors.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names.len(), graph.tensors.len());
    names.extend(graph.inputs.iter().map(|input| input.name.as_str()));
    for node in &graph.nodes {
        let missing = node
            .inputs
            .iter()
            .find(|name| !names.contains(name.as_str()));
        assert_eq!(missing, None, "{}", node.name);
        assert!(names.insert(&node.outputs[0]), "{}", node.name);
    }
    let count = |operator: &str| {
        let nodes = graph.nodes.iter();
        nodes.filter(|node| node.operator == operator).count()
    };
    let network = everything().network;
    let sums = network.layers().iter().filter(|layer| {
        matches!(
            layer,
            Layer::Conv2d(_) | Layer::Linear(_) | Layer::GlobalAvgPool2d
        )
    });
    // The average pool of whole windows, too; that of clipped ones is one of numbers.
    assert_eq!(count("QLinearConv"), sums.count() + 1);
    assert_eq!(count("AveragePool"), 1);
    assert_eq!(count("MaxPool"), 1);
    assert!(remarks.concat().contains("reach beyond its input"));
    let kinds = graph
        .tensors
        .iter()
        .filter(|tensor| tensor.name.ends_with(".weight"));
    assert!(kinds.clone().count() > 6 && kinds.into_iter().all(|tensor| tensor.kind == I8));
}

#[test]
fn a_file_that_was_changed_is_read_by_its_graph() {
    let (bytes, _) = written(&plain());
    let mut model = Model::decode(bytes.as_slice()).unwrap();
    let graph = &mut model.graph;
    let scale = graph
        .tensors
        .iter_mut()
        .find(|it| it.name == "1.weight_scale")
        .unwrap();
    let raw = scale.raw.as_mut().unwrap();
    let doubled = 2.0 * f32::from_le_bytes(raw[..4].try_into().unwrap());
    raw[..4].copy_from_slice(&doubled.to_le_bytes());
    let found = read(&model.encode_to_vec()).unwrap().tables;
    let expected = plain();
    // A linear layer is a convolution by what the graph says.
    let layers = "2x6x6 > conv2d 3x3 to 3 > relu > max_pool2d 2x2 > conv2d 2x2 to 4";
    assert_eq!(found.network.to_string(), layers);
    assert_eq!(found.weights, expected.weights);
    assert_eq!(found.constants[..3], expected.constants[..3]);
    let (channels, changed) = (3, &found.constants);
    let scale = |constants: &[i32], channel: usize| {
        f64::from(constants[channels + channel]) / 2_f64.powi(constants[2 * channels + channel])
    };
    for channel in 0..channels {
        let times = scale(changed, channel) / scale(&expected.constants, channel);
        let wanted = if channel == 0 { 2.0 } else { 1.0 };
        assert!((times - wanted).abs() < 1e-6, "{channel}: {times}");
    }
}

/// A network without additions and averages, whose graph says all of it.
fn plain() -> QuantizedTables {
    let network = kiln_core::Network::input(2, 6, 6)
        .conv2d(3, 3)
        .relu()
        .max_pool2d(2)
        .linear(4);
    crate::exchange::integers::testing::random(network)
}

/// The codes that a network gives for numbers, channels x rows x columns.
fn codes(tables: &QuantizedTables, numbers: &[f32]) -> Vec<i8> {
    let shape = tables.network.input_shape();
    let map = shape.map_elements();
    let program = Program::<MAX_NODES>::of(&tables.network, Purpose::Int8(tables.rule));
    let mut arena = vec![0; program.arena_packets()];
    let found = program.infer_int8(&tables.quantized().unwrap(), &mut arena, |codes| {
        for (at, code) in codes.iter_mut().enumerate() {
            let (place, channel) = (at / shape.channels as usize, at % shape.channels as usize);
            *code = tables.values[0].code(numbers[channel * map + place]);
        }
    });
    found.unwrap().to_vec()
}

#[test]
fn files_of_other_programs_give_their_codes() {
    for (name, layers) in [
        (
            "int8_qdq",
            "groups 2 > max_pool2d 2x2, stride 1x1 > linear 12",
        ),
        (
            "int8_qlinear",
            "groups 2 > max_pool2d 2x2, stride 1x1 > linear 12",
        ),
    ] {
        let tables = read(&fixture(&format!("{name}.onnx"))).unwrap().tables;
        assert_eq!(tables.rule, Int8Rule::Once);
        assert!(
            tables.network.to_string().contains(layers),
            "{}",
            tables.network
        );
        let expected = fixture(&format!("{name}.expected.safetensors"));
        let expected = SafeTensors::deserialize(&expected).unwrap();
        let [inputs, outputs] = ["input", "logits"].map(|name| expected.tensor(name).unwrap());
        let (numbers, _) = inputs.data().as_chunks::<4>();
        let numbers: Vec<f32> = numbers.iter().map(|own| f32::from_le_bytes(*own)).collect();
        let elements = tables.network.input_shape().elements();
        let (mut equal, mut all) = (0, 0);
        let rows = outputs.data().chunks_exact(tables.network.classes());
        for (input, output) in numbers.chunks_exact(elements).zip(rows) {
            for (found, expected) in codes(&tables, input).iter().zip(output) {
                let apart = i16::from(*found) - i16::from(*expected as i8);
                assert!(apart.abs() <= 2, "{name}: {found}, {}", *expected as i8);
                equal += usize::from(apart == 0);
                all += 1;
            }
        }
        assert!(equal * 10 >= all * 9, "{name}: {equal} of {all}");
    }
}

#[test]
fn what_cannot_be_taken_names_its_node() {
    let with = |change: &dyn Fn(&mut Model)| {
        let mut model = Model::decode(fixture("int8_qlinear.onnx").as_slice()).unwrap();
        change(&mut model);
        read(&model.encode_to_vec()).unwrap_err().to_string()
    };
    let node = |model: &mut Model, operator: &str, change: &dyn Fn(&mut super::Node)| {
        let nodes = &mut model.graph.nodes;
        change(
            nodes
                .iter_mut()
                .find(|node| node.operator == operator)
                .unwrap(),
        );
    };
    let error = with(&|model| {
        node(model, "QLinearAdd", &|node| {
            node.operator = "QLinearConcat".into()
        })
    });
    assert!(
        error.contains("both") && error.contains("no layer"),
        "{error}"
    );
    let error = with(&|model| node(model, "QLinearConv", &|node| node.domain = "else".into()));
    assert!(
        error.contains("stem") && error.contains("no layer"),
        "{error}"
    );
    let error = with(&|model| {
        model.graph.nodes.pop();
        let name = model.graph.nodes.last().unwrap().outputs[0].clone();
        model.graph.outputs[0].name = name;
        let gemm = model.graph.nodes.last_mut().unwrap();
        gemm.inputs.truncate(7);
    });
    assert!(error.contains("floating point"), "{error}");
    let error = with(&|model| {
        let zero = model.graph.nodes[1].inputs[2].clone();
        for tensor in model.graph.tensors.iter_mut().filter(|it| it.name == zero) {
            tensor.kind = 16;
        }
    });
    assert!(
        error.contains("kind 16") && error.contains("int8 or uint8"),
        "{error}"
    );
    let error = with(&|model| {
        let scale = model.graph.nodes[1].inputs[4].clone();
        for tensor in model.graph.tensors.iter_mut().filter(|it| it.name == scale) {
            tensor.raw = None;
            tensor.floats = vec![f32::NAN];
        }
    });
    assert!(error.contains("scale"), "{error}");
}

fn files() -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = ["int8_qdq.onnx", "int8_qlinear.onnx"].map(fixture).into();
    files.push(written(&everything()).0);
    files.push(written(&plain()).0);
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Another network or an error, nothing that panics.
    #[test]
    fn changed_files_never_panic(bytes in damage::to_one_of(files())) {
        if let Ok(ImportedGraph::Int8(imported)) = super::super::read(&bytes, None) {
            prop_assert!(imported.tables.quantized().is_ok());
        }
    }
}
