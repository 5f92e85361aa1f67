//! A hundred thousand requests that are not as they should be, most of them in frames whose checksums hold:
//! each is answered, none stops the device, and after each block of them it gives the right bits.
//!
//! A share of them is sent; `KILN_MUTATED_REQUESTS=100000` sends as many.

mod conversation;
mod source;

use super::support::{bits, serve_content, thorough};
use conversation::Conversation;
use host::boards::{BOARDS, WORKING_BYTES};
use host::firmware::{Content, TrainingMemory};
use host::weights::ModelBytes;
use kiln_core::{
    ModelParts, ModelTask, Network, Program, Purpose, SamplesParts, Scaling, pack_pixels,
};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro128PlusPlus;
use source::Source;
use std::env;

/// Requests where no number is asked for.
const SHARE: u32 = 1_000;
/// Requests between two looks at the device.
const BLOCK: u32 = 250;
/// A network of few bytes: each of them takes the emulator as long as many instructions.
const NETWORK: Network = Network::input(1, 8, 8)
    .conv2d(4, 3)
    .relu()
    .max_pool2d(2)
    .linear(6)
    .relu()
    .linear(3);
/// Bytes of an image.
const PIXELS: usize = 64;
/// Memory for all that can be asked for.
const MEMORY: TrainingMemory = TrainingMemory {
    from: 1,
    biases_only: false,
    batch: true,
    momentum: true,
};
/// A model of the network, and a samples file without a sample.
fn files() -> (ModelBytes, Vec<u8>) {
    let parameter = |index: usize| (index * 29 % 97) as f32 / 97.0 - 0.5;
    let parameters: Vec<f32> = (0..NETWORK.parameters()).map(parameter).collect();
    let model = ModelBytes::encode(&ModelParts {
        task: ModelTask::Classification,
        network: &NETWORK,
        scaling: &Scaling::new(&[1.0 / 255.0], &[0.0]).unwrap(),
        class_names: &[],
        notes: "",
        parameters: &parameters,
    });
    let parts = SamplesParts {
        shape: NETWORK.input_shape(),
        labels: &[],
        pixels: &[],
    };
    let mut samples = vec![0; parts.encoded_len().unwrap()];
    parts.write(&mut samples).unwrap();
    (model.unwrap(), samples)
}

/// The bits of the logits that the desktop gives an image.
fn logits(model: &ModelBytes, image: &[u8]) -> Vec<u32> {
    let model = model.open().unwrap();
    let program: Program = Program::of(model.network(), Purpose::Inference);
    let mut arena = vec![0.0_f32; program.arena_packets()];
    let fill = |input: &mut [f32]| pack_pixels(model.scaling(), &[image], input);
    bits(program.infer(model.parameters(), &mut arena, fill).unwrap())
}

#[test]
fn mutated_requests_neither_stop_nor_change_the_device() {
    if !thorough() {
        return;
    }
    let (model, samples) = files();
    let content = Content {
        model: model.as_slice(),
        samples: &samples,
    };
    let Some(served) = serve_content(BOARDS[0], content, MEMORY) else {
        return;
    };
    let wanted = env::var("KILN_MUTATED_REQUESTS");
    let requests = wanted.map_or(SHARE, |wanted| wanted.parse().unwrap());
    let mut conversation = Conversation::new(served);
    let image: Vec<u8> = (0..PIXELS).map(|at| (at * 37 % 256) as u8).collect();
    let logits = logits(&model, &image);
    let heap = conversation.look(&image, &logits).heap;
    let mut deepest = 0;
    for block in 0..requests.div_ceil(BLOCK) {
        // A block can be sent by itself, to see what it does.
        let mut source = Source {
            random: Xoshiro128PlusPlus::seed_from_u64(block.into()),
            image: image.clone(),
        };
        conversation.send(&mut source, BLOCK);
        let usage = conversation.look(&image, &logits);
        assert_eq!(usage.heap, heap, "block {block}");
        deepest = deepest.max(usage.stack as usize);
        assert!(deepest < WORKING_BYTES, "block {block}: {usage:?}");
    }
    let counts = &conversation.counts;
    println!("{requests} requests, stack {deepest} bytes, answered: {counts:?}");
    for kind in [
        "damaged",
        "refused",
        "configured",
        "trained",
        "parameters",
        "stored",
        "storage",
        "logits",
    ] {
        assert!(
            counts.contains_key(kind),
            "no answer was {kind}: {counts:?}"
        );
    }
    assert!(!counts.contains_key("another"), "{counts:?}");
}
