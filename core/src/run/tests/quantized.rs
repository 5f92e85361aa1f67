//! With its values rounded to codes' numbers, a network's gradients are those of a naive walk.

extern crate std;

use super::Memory;
use crate::lanes::Lanes;
use crate::program::tests::{GROUPS, graphs, networks, normalised, program};
use crate::testing::graphs::random_network;
use crate::testing::properties;
use crate::testing::walk::Walk;
use crate::testing::{AtWidth, assert_bits, at_every_width, first_parameters, samples};
use crate::{
    Activation, BufferError, FakeQuantization, GROUP, GroupWork, Network, Outcome, Program,
    Quantization, pack_values,
};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

struct Case {
    network: Network,
    parameters: Vec<f32>,
    images: Vec<f32>,
    labels: Vec<u16>,
    values: Vec<Quantization>,
    expected: (Outcome, Vec<f32>),
}

/// Codes of which some values are out of reach, as those of a calibration are.
fn quantizations(program: &Program, seed: u32) -> Vec<Quantization> {
    let of_value = |value: usize| Quantization {
        low: if value % 3 == 1 { 5 } else { -127 },
        ..Quantization::new(0.004 + 0.001 * ((seed as usize + value) % 5) as f32, 5)
    };
    (0..=program.steps().len()).map(of_value).collect()
}

impl Case {
    fn new(network: &Network, batch: usize, seed: u32) -> Self {
        let program = program(network, GROUPS);
        let (images, labels) = samples(network, batch, seed);
        let parameters = first_parameters(network, seed);
        let values = quantizations(&program, seed);
        let mut rounding = vec![None; network.layers().len() + 1];
        rounding[0] = Some((values[0], f32::INFINITY));
        for (step, own) in program.steps().iter().zip(&values[1..]) {
            let ceiling = match step.operation.activation() {
                Activation::Relu6 => 6.0,
                _ => f32::INFINITY,
            };
            rounding[step.node + step.nodes] = Some((*own, ceiling));
        }
        let elements = network.input_shape().elements();
        let rows = images.chunks(elements).map(<[f32]>::to_vec).collect();
        let mut walk = Walk::quantized(network, &parameters, rows, &rounding);
        let expected = (walk.differentiate(&labels), walk.gradient);
        Self {
            network: network.clone(),
            parameters,
            images,
            labels,
            values,
            expected,
        }
    }

    fn differentiate<L: Lanes>(&self, zero: L) -> (Outcome, Vec<f32>) {
        let program = program(&self.network, GROUPS);
        let mut memory = Memory::new(&program, 1, zero, f32::NAN);
        let group = &mut memory.groups()[0];
        let mut gradient = vec![0.0; program.parameters()];
        let mut outcome = Outcome::default();
        let elements = program.input_shape().elements();
        for (number, labels) in self.labels.chunks(GROUP).enumerate() {
            let work = GroupWork {
                weights: &[],
                parameters: &self.parameters,
                moments: &[],
                labels,
                keys: &vec![1; labels.len()],
                batch: self.labels.len(),
            };
            let images = &self.images[number * GROUP * elements..];
            let fill = |samples: core::ops::Range<usize>, input: &mut [L]| {
                L::values_mut(input).fill(0.0);
                let own = samples.start * elements..samples.end * elements;
                pack_values(&images[own], input);
            };
            let mut passes = vec![3; program.fake_quantization_bytes() * L::LANES];
            let quantization = FakeQuantization {
                values: &self.values,
                passes: &mut passes,
            };
            outcome += program
                .run_phase_quantized(&work, group, fill, quantization)
                .unwrap();
            let mut rest = &mut *gradient;
            for span in program.spans() {
                let (own, behind) = rest.split_at_mut(span.len);
                rest = behind;
                program
                    .add_gradient(&span, group.values, labels.len(), zero, own)
                    .unwrap();
            }
        }
        (outcome, gradient)
    }
}

impl AtWidth for Case {
    fn run<L: Lanes>(&self, zero: L) {
        let (outcome, gradient) = self.differentiate(zero);
        let network = &self.network;
        assert_eq!(outcome, self.expected.0, "{network}, {:?}", L::WIDTH);
        let what = std::format!("{network}, gradient");
        assert_bits::<L>(&what, &gradient, &self.expected.1);
    }
}

/// Whether it shows anything: a gradient gets as far as the first parameters.
fn has_gradient(case: &Case) -> bool {
    let first = &case.expected.1[..case.expected.1.len().min(8)];
    first.iter().any(|value| *value != 0.0)
}

#[test]
fn graphs_pass_gradients_straight_through_the_rounding() {
    let mut shown = 0;
    for (_, network) in graphs().into_iter().chain(networks()) {
        for batch in [3, 37] {
            let case = Case::new(&network, batch, 5);
            shown += usize::from(has_gradient(&case));
            at_every_width(&case);
        }
    }
    assert!(shown > 4, "{shown}");
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn random_networks_pass_gradients_straight_through(seed in any::<u32>(), batch in 2..41_usize) {
        at_every_width(&Case::new(&random_network(seed, false), batch, seed));
    }
}

#[test]
fn a_rounded_step_is_another_one_and_batch_norms_have_none() {
    let (_, network) = networks().into_iter().next().unwrap();
    let case = Case::new(&network, 5, 1);
    let elements = network.input_shape().elements();
    let rows = case.images.chunks(elements).map(<[f32]>::to_vec).collect();
    let mut exact = Walk::forward(&network, &case.parameters, rows);
    exact.differentiate(&case.labels);
    assert_ne!(exact.gradient, case.expected.1);
    let (_, network) = normalised().into_iter().next().unwrap();
    let program = program(&network, GROUPS);
    let mut memory = Memory::new(&program, 1, 0.0_f32, 0.0);
    let work = GroupWork {
        weights: &[],
        parameters: &first_parameters(&network, 1),
        moments: &vec![0.0; program.moment_values()],
        labels: &[0, 1],
        keys: &[],
        batch: 2,
    };
    let quantization = FakeQuantization {
        values: &quantizations(&program, 1),
        passes: &mut vec![0; program.fake_quantization_bytes()],
    };
    let group = &mut memory.groups()[0];
    let found = program.run_phase_quantized(&work, group, |_, _| {}, quantization);
    assert_eq!(found, Err(BufferError::Purpose));
}
