//! What a stored model gives is what its program gives, and nothing that is damaged runs.

extern crate std;

mod learning;

use super::header::{CHECKED, HEADER_WORDS};
use super::step::STEP_WORDS;
use super::write::{StoredFloat, StoredInt8, seal};
use super::{StoredError, StoredModel};
use crate::program::tests::{graphs, networks, program};
use crate::run::int8::SingleInt8Kernel;
use crate::run::linked::SingleKernel;
use crate::run::tests::int8::without_scales;
use crate::testing::assert_bits;
use crate::testing::channels_last::OneSample;
use crate::testing::graphs::random_network;
use crate::testing::int8::Integers;
use crate::{
    ArrangedNetwork, Int8Kernels, Int8Rule, Int8Target, Network, Program, Purpose, Scaling,
    codes_in_words, pack_pixels,
};
use std::vec;
use std::vec::Vec;

fn scaling(network: &Network, seed: u32) -> Scaling {
    let channels = network.input_shape().channels as usize;
    let scale = |channel: usize| (1.0 + (seed as usize + channel) as f32 % 5.0) / 300.0;
    if channels > crate::MAX_INPUT_CHANNELS || seed.is_multiple_of(3) {
        return Scaling::uniform(channels, scale(0), -0.5).unwrap();
    }
    let scales: Vec<f32> = (0..channels).map(scale).collect();
    Scaling::new(&scales, &vec![-0.25; channels]).unwrap()
}

fn image(network: &Network, seed: u32) -> Vec<u8> {
    let len = network.input_shape().elements();
    (0..len as u32)
        .map(|index| (index.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 13) as u8)
        .collect()
}

fn stored(network: &Network, seed: u32) -> (Vec<u32>, Vec<SingleKernel>) {
    let own = program(network, Purpose::Inference);
    let parameters = OneSample { network, seed }.parameters();
    let model = StoredFloat {
        program: &own,
        scaling: &scaling(network, seed),
        parameters: &parameters,
    };
    let mut words = vec![7; model.words().unwrap()];
    model.write(&mut words).unwrap();
    let kernels = own.kernel_names().map(SingleKernel::named).collect();
    (words, kernels)
}

fn check(network: &Network, seed: u32) {
    let (words, kernels) = stored(network, seed);
    let model = StoredModel::open(&words).unwrap();
    model.check().unwrap();
    let own = program(network, Purpose::Inference);
    let image = image(network, seed);
    let mut arena = vec![f32::NAN; model.arena_len()];
    let found = model
        .infer(|step| kernels.get(step).copied(), &mut arena, &image)
        .unwrap();
    let mut own_arena = vec![f32::NAN; own.arena_packets()];
    let fill = |input: &mut [f32]| pack_pixels(&scaling(network, seed), &[&image], input);
    let parameters = OneSample { network, seed }.parameters();
    let expected = own.infer(&parameters, &mut own_arena, fill).unwrap();
    assert_bits::<f32>(&std::format!("{network}"), found, expected);
    assert_eq!(
        (model.input_len(), model.output_len()),
        (image.len(), found.len())
    );
    assert!(model.infer_int8(|_| None, &mut [0; 4], &image).is_err());
}

#[test]
fn a_stored_model_gives_what_its_program_gives() {
    for (_, network) in networks().into_iter().chain(graphs()) {
        check(&network, 3);
    }
    (0..200).for_each(|seed| check(&random_network(seed, false), seed));
}

fn stored_int8(
    network: &Network,
    seed: u32,
    target: Int8Target,
) -> (Vec<u32>, Vec<SingleInt8Kernel>, Vec<i8>) {
    let rule = [Int8Rule::Once, Int8Rule::TensorFlowLite][seed as usize % 2];
    let integers = Integers::random(network, rule, seed);
    let quantized = integers.of(network);
    let own = Program::<192>::of(network, Purpose::Int8(rule));
    let mut words = vec![0; own.arranged_int8_words(&quantized, target).unwrap()];
    own.arrange_int8(&quantized, target, &mut words).unwrap();
    let scaling = scaling(network, seed);
    let network_words = ArrangedNetwork {
        rule,
        values: quantized.values(),
        words: &words,
        kernels: Int8Kernels::NONE,
    };
    let model = StoredInt8 {
        program: &own,
        scaling: &scaling,
        network: network_words,
        target,
    };
    let mut stored = vec![7; model.words().unwrap()];
    model.write(&mut stored).unwrap();
    let (shape, input) = (network.input_shape(), image(network, seed));
    let mut arena = vec![0; own.arena_packets()];
    let fill = |codes: &mut [i8]| {
        for (at, code) in codes.iter_mut().enumerate() {
            let (place, channel) = (at / shape.channels as usize, at % shape.channels as usize);
            let pixel = input[channel * shape.map_elements() + place];
            let number = scaling.apply(channel, pixel).unwrap();
            *code = quantized.values()[0].code(number);
        }
    };
    let expected = own.infer_int8(&quantized, &mut arena, fill).unwrap();
    let kernels = own.int8_kernel_names(&quantized, target).unwrap();
    let kernels = kernels.map(SingleInt8Kernel::named).collect();
    (stored, kernels, expected.to_vec())
}

#[test]
fn a_stored_model_of_integers_gives_the_codes_of_its_program() {
    for seed in 0..300 {
        let network = without_scales(seed);
        for target in [Int8Target::Portable, Int8Target::CortexMDsp] {
            let (words, kernels, expected) = stored_int8(&network, seed, target);
            let model = StoredModel::open(&words).unwrap();
            model.check().unwrap();
            let mut memory = vec![seed; model.arena_len() / 4];
            let image = image(&network, seed);
            let found = model
                .infer_int8(
                    |step| kernels.get(step),
                    codes_in_words(&mut memory),
                    &image,
                )
                .unwrap();
            assert_eq!(found, expected, "seed {seed}: {network}");
            assert!(model.output_quantization().is_some());
        }
    }
}

#[test]
fn what_has_changed_since_it_was_written_is_refused() {
    let network = Network::input(1, 6, 6).conv2d(4, 3).relu().linear(3);
    let (words, _) = stored(&network, 1);
    assert!(StoredModel::open(&words).is_ok());
    for at in 0..words.len() {
        for bit in [0, 9, 31] {
            let mut other = words.clone();
            other[at] ^= 1 << bit;
            let found = StoredModel::open(&other).unwrap_err();
            if at >= CHECKED {
                assert!(matches!(found, StoredError::Checksum), "{at}: {found}");
            }
        }
        assert!(StoredModel::open(&words[..at]).is_err());
    }
    let mut newer = words.clone();
    newer[1] = 2;
    let found = StoredModel::open(&newer).unwrap_err();
    assert_eq!(found, StoredError::Version { found: 2, known: 1 });
    assert_eq!(
        std::format!("{found}"),
        "the model is of version 2; this program knows 1"
    );
}

/// Whatever a checksum was made for ends in a refusal, or runs within its arena.
#[test]
fn no_words_with_a_right_checksum_run_out_of_bounds() {
    let values = [
        0,
        1,
        2,
        3,
        5,
        255,
        1 << 8,
        1 << 16,
        1 << 24,
        1 << 31,
        u32::MAX,
    ];
    let (mut run, mut refused) = (0, 0);
    for seed in 0..12 {
        let network = without_scales(seed);
        let (float, kernels) = stored(&network, seed);
        let (int8, _, _) = stored_int8(&network, seed, Int8Target::Portable);
        for words in [float, int8] {
            let steps = StoredModel::open(&words).unwrap().step_count();
            for at in CHECKED..HEADER_WORDS + steps * STEP_WORDS {
                for value in values {
                    let mut other = words.clone();
                    other[at] = if at % 2 == 0 {
                        value
                    } else {
                        other[at] ^ value
                    };
                    seal(&mut other);
                    let model = StoredModel::open(&other);
                    match model.and_then(|model| model.check().map(|()| model)) {
                        Ok(model) => {
                            try_to_run(&model, &kernels);
                            run += 1;
                        }
                        Err(_) => refused += 1,
                    }
                }
            }
        }
    }
    assert!(run > 1000 && refused > 10 * 1000, "{run} {refused}");
}

fn try_to_run(model: &StoredModel<'_>, kernels: &[SingleKernel]) {
    // Memory as a caller may have it, no more.
    let most = 1 << 20;
    if model.arena_len() > most || model.input_len() > most {
        return;
    }
    if model.is_int8() {
        // Its numbers may be anything now, and sums of these overflow, which tests do not let pass.
        return;
    }
    let image = vec![3; model.input_len()];
    let mut arena = vec![0.0; model.arena_len()];
    // Of another kind of step the kernel does nothing.
    let kernel = |step: usize| kernels.get(step.min(kernels.len() - 1)).copied();
    assert!(model.infer(kernel, &mut arena, &image).is_ok());
}
