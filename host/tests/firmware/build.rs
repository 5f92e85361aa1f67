//! What does not fit a board is not built.

use super::support::refusal;
use host::boards::{BOARDS, PROGRAM_BYTES, WORKING_BYTES};
use host::firmware::Content;
use host::weights::ModelBytes;
use kiln_core::{ModelParts, ModelTask, Network, Program, Purpose, SamplesParts, Scaling};

/// The network's model file with parameters of zero, and a samples file without a sample.
fn files(network: &Network) -> (ModelBytes, Vec<u8>) {
    let model = ModelBytes::encode(&ModelParts {
        network,
        task: ModelTask::Classification,
        scaling: &Scaling::new(&[1.0], &[0.0]).unwrap(),
        class_names: &[],
        notes: "",
        parameters: &vec![0.0; network.parameters()],
    });
    let parts = SamplesParts {
        shape: network.input_shape(),
        labels: &[],
        pixels: &[],
    };
    let mut samples = vec![0; parts.encoded_len().unwrap()];
    parts.write(&mut samples).unwrap();
    (model.unwrap(), samples)
}

#[test]
fn a_model_too_large_for_the_flash_is_refused_with_the_bytes() {
    let network = Network::input(1, 28, 28).linear(400).linear(10);
    let (model, samples) = files(&network);
    let model = model.as_slice();
    let samples = &samples[..];
    let over = model.len() + samples.len() + PROGRAM_BYTES - BOARDS[0].flash;
    let Some(reason) = refusal(BOARDS[0], Content { model, samples }) else {
        return;
    };
    let expected = format!("mps2-an386: {over} bytes too large for its flash: the model (");
    assert!(reason.contains(&expected), "{reason}, not {expected}");
}

#[test]
fn a_network_too_large_for_the_ram_is_refused_with_the_bytes() {
    let network = Network::input(1, 128, 128)
        .conv2d(8, 3)
        .max_pool2d(4)
        .linear(2);
    let (model, samples) = files(&network);
    let (model, samples) = (model.as_slice(), &samples[..]);
    let program: Program = Program::of(&network, Purpose::Inference);
    let arena = program.working_bytes(1);
    let over = arena + WORKING_BYTES - BOARDS[0].ram;
    let Some(reason) = refusal(BOARDS[0], Content { model, samples }) else {
        return;
    };
    let expected = format!("mps2-an386: {over} bytes too large for its RAM: the arena ({arena})");
    assert!(reason.contains(&expected), "{reason}, not {expected}");
}
