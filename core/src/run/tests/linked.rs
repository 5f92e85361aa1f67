//! A program that has its own kernels alone gives what a program gives that has all of them.

extern crate std;

use crate::program::tests::{graphs, networks, program};
use crate::testing::assert_bits;
use crate::testing::channels_last::OneSample;
use crate::testing::graphs::random_network;
use crate::testing::properties;
use crate::{LinkedProgram, Network, Observer, Purpose, Work};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

fn check(network: &Network, seed: u32) {
    let sample = OneSample { network, seed };
    let (parameters, values) = (sample.parameters(), sample.sample());
    let fill = |input: &mut [f32]| input.copy_from_slice(&values);
    let mut arena = vec![f32::NAN; program(network, Purpose::Inference).arena_packets()];
    let linked: LinkedProgram = LinkedProgram::of(network);
    let logits = linked.infer(&parameters, &mut arena, fill).unwrap();
    assert_bits::<f32>(&std::format!("{network}"), logits, &sample.walked());
}

#[test]
fn known_networks_give_what_they_are_walked_to_give() {
    for (_, network) in networks().into_iter().chain(graphs()) {
        check(&network, 3);
    }
}

#[derive(Default)]
struct Told(Vec<Work>);

impl Observer for Told {
    fn done(&mut self, work: Work) {
        self.0.push(work);
    }
}

#[test]
fn an_observer_is_told_of_each_step() {
    const NETWORK: Network = Network::input(1, 6, 6).conv2d(4, 3).relu().linear(2);
    let linked: LinkedProgram = LinkedProgram::of(&NETWORK);
    let mut arena = vec![0.0; linked.program().arena_packets()];
    let mut told = Told::default();
    let parameters = [0.5; NETWORK.parameters()];
    let fill = |input: &mut [f32]| input.fill(1.0);
    let outcome = linked.infer_observed(&parameters, &mut arena, fill, &mut told);
    assert!(outcome.is_ok());
    let steps = (0..2).map(|step| Work::Forward { step });
    let expected: Vec<_> = [Work::Input].into_iter().chain(steps).collect();
    assert_eq!(told.0, expected);
    let short = &mut arena[1..];
    assert!(linked.infer(&parameters, short, fill).is_err());
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn random_networks_give_what_they_are_walked_to_give(seed in any::<u32>()) {
        check(&random_network(seed, false), seed % 1000);
    }
}
