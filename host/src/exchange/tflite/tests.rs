mod builder;
mod damaged;
mod fixtures;
mod mlperf_tiny;
mod refused;
mod written;

use super::*;
use kiln_core::{MAX_NODES, Program, Purpose};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

/// The codes that a network gives for one sample of codes, channels last.
fn codes(imported: &ImportedInt8, input: &[u8]) -> Vec<u8> {
    let tables = &imported.tables;
    let program = Program::<MAX_NODES>::of(&tables.network, Purpose::Int8(tables.rule));
    let mut arena = vec![0; program.arena_packets()];
    let found = program.infer_int8(&tables.quantized().unwrap(), &mut arena, |codes| {
        for (code, byte) in codes.iter_mut().zip(input) {
            *code = *byte as i8;
        }
    });
    found.unwrap().iter().map(|code| *code as u8).collect()
}

/// Holds a network to the codes of LiteRT's reference kernels for each input of a safetensors file.
fn check(name: &str, imported: &ImportedInt8, expected: &SafeTensors<'_>) {
    let table = |name: &str| expected.tensor(name);
    let samples = |tensor: TensorView<'_>| -> Vec<Vec<u8>> {
        let len = tensor.data().len() / tensor.shape()[0];
        tensor
            .data()
            .chunks_exact(len)
            .map(<[u8]>::to_vec)
            .collect()
    };
    let inputs = samples(table("input").unwrap());
    let outputs = samples(table("logits").or_else(|_| table("output")).unwrap());
    assert_eq!(inputs.len(), outputs.len());
    for (index, (input, output)) in inputs.iter().zip(&outputs).enumerate() {
        assert_eq!(&codes(imported, input), output, "{name}, input {index}");
    }
}

#[test]
fn the_integers_are_those_of_the_file() {
    let imported = read(&builder::small().write()).unwrap();
    let tables = &imported.tables;
    assert_eq!(tables.network.to_string(), "2x3x3 > conv2d 2x2 to 3 > relu");
    let [input, conv, relu] = tables.values.as_slice() else {
        panic!("{:?}", tables.values);
    };
    assert_eq!(
        (input.scale, input.zero, input.low, input.high),
        (0.5, -128, -128, 127)
    );
    assert_eq!(
        (conv.scale, conv.zero, conv.low, conv.high),
        (2.0, 7, -128, 127)
    );
    assert_eq!((relu.low, relu.high), (7, 127));
    let weights: Vec<i8> = (0..24).map(|tap| tap * 5 - 60).collect();
    assert_eq!(tables.weights, weights);
    // The input's zero, -128, is in the biases: 128 times each filter's sum of weights.
    let sums = weights
        .chunks_exact(8)
        .map(|row| row.iter().map(|tap| i32::from(*tap)).sum::<i32>());
    let biases = sums.zip([10, -20, 30]).map(|(sum, bias)| bias + 128 * sum);
    assert_eq!(tables.constants[..3], biases.collect::<Vec<i32>>());
    // 0.5 * 0.25 / 2 and 0.5 * 0.5 / 2 are powers of two; 0.01 in between is not.
    assert_eq!(tables.constants[3], 1 << 30);
    assert_eq!(tables.constants[5], 1 << 30);
    assert_eq!(tables.constants[6..], [-3, -8, -2]);
}
