mod fixtures;
mod mlperf_tiny;

use super::*;
use kiln_core::{MAX_NODES, Program, Purpose};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

/// The codes that a network gives for one sample of codes, channels last.
fn codes(imported: &ImportedInt8, input: &[u8]) -> Vec<u8> {
    let program = Program::<MAX_NODES>::of(&imported.network, Purpose::Int8(imported.rule));
    let mut arena = vec![0; program.arena_packets()];
    let found = program.infer_int8(&imported.quantized().unwrap(), &mut arena, |codes| {
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
