//! Networks that branch, on devices: their logits, and what they learn, are the desktop's.

use super::support::{bits, serve_content, thorough};
use host::boards::{BOARDS, Board};
use host::data::{ImageShape, Samples};
use host::engine::{Engine, EngineOptions};
use host::firmware::{Content, TrainingMemory};
use host::link::{LinkSession, from_socket};
use host::network_file;
use host::weights::ModelBytes;
use kiln_core::link::{Example, Start, Training};
use kiln_core::{
    Conv2d, Folding, Layer, ModelParts, ModelTask, Network, SamplesParts, Scaling, Sgd, Trainable,
    first_statistics, he_uniform, random,
};
use std::path::Path;
use std::time::Duration;

const RATE: f32 = 0.01;
const LAST_LAYER: TrainingMemory = TrainingMemory {
    from: 1,
    biases_only: true,
    batch: false,
    momentum: false,
};
const ALL: TrainingMemory = TrainingMemory {
    biases_only: false,
    ..LAST_LAYER
};

/// A convolution as networks with batch normalisation have it.
fn normalised(network: Network, conv: Conv2d) -> Network {
    network
        .layer(Layer::Conv2d(conv.without_bias()))
        .batch_norm()
}

/// A depthwise convolution and one of single pixels behind it.
fn separable(network: Network, channels: u16, filters: u16, stride: u16) -> Network {
    let depthwise = Conv2d::new(channels, 3).padding(1).stride(stride);
    let network = normalised(network, depthwise.groups(channels)).relu6();
    normalised(network, Conv2d::new(filters, 1)).relu6()
}

/// Two blocks with shortcuts, one of them through a convolution.
fn residual() -> Network {
    let padded = |filters| Conv2d::new(filters, 3).padding(1);
    let stem = normalised(Network::input(1, 12, 12), padded(4)).relu();
    let skip = stem.last();
    let block = normalised(normalised(stem, padded(4)).relu(), padded(4));
    let block = block.add(skip).relu();
    let skip = block.last();
    let main = normalised(normalised(block, padded(6).stride(2)).relu(), padded(6));
    let main_end = main.last();
    let shortcut = main
        .from(skip)
        .layer(Layer::Conv2d(Conv2d::new(6, 1).stride(2)));
    shortcut.add(main_end).relu().global_avg_pool2d().linear(5)
}

/// The shape of keyword spotting: a tall kernel, uneven padding, separable blocks.
fn keywords() -> Network {
    let first = Conv2d::new(8, 1)
        .kernel(10, 4)
        .stride(2)
        .padded(kiln_core::Padding {
            top: 4,
            left: 1,
            bottom: 5,
            right: 1,
        });
    let network = normalised(Network::input(1, 25, 10), first).relu();
    let network = separable(separable(network, 8, 8, 1), 8, 8, 1);
    network.global_avg_pool2d().linear(12)
}

/// The shape of visual wake words: strides, and blocks that are added to what they read.
fn mobile() -> Network {
    let stem = Conv2d::new(8, 3).stride(2).padding(1);
    let network = normalised(Network::input(3, 24, 24), stem).relu6();
    let network = separable(network, 8, 12, 2);
    let skip = network.last();
    separable(network, 12, 12, 1)
        .add(skip)
        .global_avg_pool2d()
        .linear(2)
}

/// The network folded, as a device has it, with first parameters and a sample file without samples.
fn content(trained: &Network) -> (ModelBytes, Vec<u8>) {
    let mut draw = 7_u32;
    let mut parameters = vec![0.0; trained.parameters()];
    let source = || {
        draw = draw.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        draw ^ (draw >> 15)
    };
    he_uniform(trained, &mut parameters, source).unwrap();
    let mut statistics = vec![0.0; trained.statistics()];
    first_statistics(trained, &mut statistics).unwrap();
    let folding = Folding::of(trained);
    let network = folding.clone().network();
    let mut folded = vec![0.0; network.parameters()];
    folding
        .fold(trained, &parameters, &statistics, &mut folded)
        .unwrap();
    let channels = network.input_shape().channels as usize;
    let model = ModelBytes::encode(&ModelParts {
        task: ModelTask::Classification,
        network: &network,
        scaling: &Scaling::uniform(channels, 1.0 / 128.0, -1.0).unwrap(),
        class_names: &[],
        notes: "",
        parameters: &folded,
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

/// Samples of noise.
fn noise(network: &Network, count: usize) -> Samples {
    let shape: ImageShape = network.input_shape().into();
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        state ^ (state >> 15)
    };
    let pixels = (0..count * shape.size())
        .map(|_| (255.0 * random::uniform(&mut next)) as u8)
        .collect();
    let classes = network.classes();
    let labels = (0..count).map(|sample| (sample % classes) as u16).collect();
    Samples::of_bytes(pixels, labels, shape)
}

/// Compares the logits of `count` samples, and the parameters after as many steps where `trains`.
fn check(board: Board, network: &Network, count: usize, trains: bool) {
    let (model, file) = content(network);
    let memory = if trains { ALL } else { LAST_LAYER };
    let (bytes, samples) = (model.as_slice(), &file[..]);
    let content = Content {
        model: bytes,
        samples,
    };
    let Some(served) = serve_content(board, content, memory) else {
        return;
    };
    let opened = model.open().unwrap();
    let samples = noise(opened.network(), count);
    let indices: Vec<u32> = (0..count as u32).collect();
    let first = opened.parameters().to_vec();
    let options = EngineOptions::default();
    let mut engine = Engine::new(opened.network(), opened.scaling(), first, &options).unwrap();
    let classes = opened.network().classes();
    let mut logits = vec![0.0; count * classes];
    engine
        .evaluate(&samples, &indices, Some(&mut logits))
        .unwrap();
    let stream = from_socket(served.port.try_clone().unwrap()).unwrap();
    let mut session = LinkSession::new(stream, Duration::from_secs(60));
    let images = samples.bytes().unwrap();
    for (sample, expected) in logits.chunks_exact(classes).enumerate() {
        let (_, found) = session.infer(images.image(sample)).unwrap();
        assert_eq!(
            bits(&found),
            bits(expected),
            "{}, sample {sample}",
            board.name
        );
    }
    if !trains {
        return;
    }
    session
        .configure(Training {
            trainable: Trainable::ALL,
            start: Start::Model,
            batch: 1,
            sgd: Sgd::new(RATE),
        })
        .unwrap();
    for index in indices {
        engine.step(&samples, &[index], &Sgd::new(RATE)).unwrap();
        session
            .train(Example {
                image: images.image(index as usize),
                label: samples.labels[index as usize],
                place: 0,
                batch: 1,
                rate: RATE,
            })
            .unwrap();
    }
    let found = session.parameters(engine.parameters().len()).unwrap();
    assert!(bits(&found) == bits(engine.parameters()), "{}", board.name);
}

#[test]
fn a_residual_network_is_evaluated_and_trained_to_the_desktops_bits() {
    if thorough() {
        check(BOARDS[0], &residual(), 12, true);
    }
}

#[test]
fn networks_of_separable_convolutions_give_the_desktops_logits() {
    if thorough() {
        check(BOARDS[0], &keywords(), 4, false);
        check(BOARDS[0], &mobile(), 4, false);
    }
}

#[test]
fn resnet_8_gives_the_desktops_logits() {
    if thorough() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/resnet8.toml");
        check(BOARDS[1], &network_file::read(&path).unwrap(), 3, false);
    }
}
