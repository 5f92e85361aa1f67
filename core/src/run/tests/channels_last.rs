//! One sample with its channels side by side: as it is walked, in the memory that the program says.

extern crate std;

use crate::lanes::Lanes;
use crate::program::tests::{MNIST, graphs, networks, program};
use crate::testing::channels_last::OneSample;
use crate::testing::graphs::random_network;
use crate::testing::properties;
use crate::testing::{AtWidth, assert_bits, at_every_width};
use crate::{BufferError, Conv2d, LaneWidth, Layer, Network, Program, Purpose};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// Networks whose input is packed, because something reads it packet by packet.
fn packed_inputs() -> Vec<Network> {
    let input = || Network::input(5, 6, 7);
    let depthwise = Layer::Conv2d(Conv2d::new(5, 3).padding(1).groups(5));
    let first = input().layer(Layer::ScaleShift).relu();
    [
        input().layer(depthwise).relu6(),
        input().max_pool2d(2).linear(3),
        input().avg_pool2d(3),
        input().relu().conv2d(9, 3).relu(),
        first.clone().add(first.last()).global_avg_pool2d(),
        input().conv2d(3, 1).linear(210).linear(4),
    ]
    .into()
}

#[test]
fn known_networks_give_what_they_are_walked_to_give() {
    let all = networks().into_iter().chain(graphs());
    for network in all.map(|(_, network)| network).chain(packed_inputs()) {
        let network = &network;
        at_every_width(&OneSample { network, seed: 3 });
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn random_networks_give_what_they_are_walked_to_give(seed in any::<u32>()) {
        let network = &random_network(seed, false);
        at_every_width(&OneSample { network, seed: seed % 1000 });
    }
}

/// A NaN with a payload of its own.
const MARK: f32 = f32::from_bits(0x7FC0_BEEF);

struct Exact<'a>(&'a str, OneSample<'a>);

impl AtWidth for Exact<'_> {
    fn run<L: Lanes>(&self, zero: L) {
        let (_, arena) = self.1.infer(zero, MARK);
        let unused = L::values(&arena).chunks_exact(L::LANES);
        let unused = unused.map(|lanes| lanes.iter().all(|v| v.to_bits() == MARK.to_bits()));
        assert_eq!(unused.filter(|unused| *unused).count(), 0, "{}", self.0);
    }
}

#[test]
fn every_packet_of_the_arena_is_used() {
    for (name, network) in networks().into_iter().chain(graphs()) {
        let network = &network;
        at_every_width(&Exact(name, OneSample { network, seed: 1 }));
    }
}

struct Poisoned<'a>(OneSample<'a>);

impl Poisoned<'_> {
    /// Writes NaN over all that no buffer holds beyond `moment`.
    fn poison<L: Lanes>(program: &Program, moment: usize, arena: &mut [L]) {
        let mut alive = vec![false; arena.len()];
        for buffer in program.buffers() {
            let [born, dies] = buffer.alive.map(usize::from);
            if born <= moment && dies > moment {
                alive[buffer.region.range()].fill(true);
            }
        }
        let packets = L::values_mut(arena).chunks_exact_mut(L::LANES).zip(alive);
        packets
            .filter(|(_, alive)| !alive)
            .for_each(|(packet, _)| packet.fill(f32::NAN));
    }
}

impl AtWidth for Poisoned<'_> {
    fn run<L: Lanes>(&self, zero: L) {
        let program = self.0.program::<L>();
        let mut arena = vec![zero; program.arena_packets()];
        let sample = self.0.sample();
        program.take_sample(&mut arena, |input| input.copy_from_slice(&sample));
        let arranged = self.0.arranged(zero);
        let mut rest = &arranged[..];
        for moment in 0..program.steps().len() {
            rest = program.step_channels_last(moment, rest, &mut arena);
            Self::poison(&program, moment, &mut arena);
        }
        let mut output = vec![f32::NAN; program.classes()];
        program.leave_output(&arena, &mut output);
        assert_bits::<L>("poisoned", &output, &self.0.walked());
    }
}

#[test]
fn what_is_dead_between_two_steps_may_be_written_over() {
    let all = networks().into_iter().chain(graphs());
    for network in all.map(|(_, network)| network).chain(packed_inputs()) {
        let network = &network;
        at_every_width(&Poisoned(OneSample { network, seed: 9 }));
    }
}

#[test]
fn other_programs_and_lengths_are_refused() {
    let sample = OneSample {
        network: &MNIST,
        seed: 1,
    };
    let program = sample.program::<f32>();
    let lens = [program.arranged_packets(), program.arena_packets(), 10];
    let infer = |program: &Program, lens: [usize; 3]| {
        let [arranged, mut arena, mut output] = lens.map(|len| vec![0.0_f32; len]);
        program.infer_channels_last(&arranged, &mut arena, &mut output, |_| {})
    };
    assert_eq!(infer(&program, lens), Ok(()));
    for (index, buffer) in ["arranged parameters", "channels-last arena", "output"]
        .into_iter()
        .enumerate()
    {
        for given in [lens[index] - 1, lens[index] + 1] {
            let mut wrong = lens;
            wrong[index] = given;
            let needed = lens[index];
            let refused = BufferError::Length {
                buffer,
                needed,
                given,
            };
            assert_eq!(infer(&program, wrong), Err(refused));
        }
    }
    let parameters = vec![0.0; MNIST.parameters()];
    let mut arranged = vec![0.0_f32; lens[0]];
    assert_eq!(program.arrange(&parameters, &mut arranged), Ok(()));
    assert!(program.arrange(&parameters[1..], &mut arranged).is_err());
    assert!(program.arrange(&parameters, &mut arranged[1..]).is_err());
    for purpose in [Purpose::Inference, Purpose::ChannelsLast(LaneWidth::X4)] {
        let other = self::program(&MNIST, purpose);
        let needed = other.channel_lanes();
        let refused = BufferError::Length {
            buffer: "a packet",
            needed,
            given: 1,
        };
        assert_eq!(infer(&other, lens), Err(refused));
        assert_eq!(other.arrange(&parameters, &mut arranged), Err(refused));
    }
}
