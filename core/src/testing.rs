//! What the kernels' tests share: values, packets of them, and every lane width.

extern crate std;

pub mod channels_last;
pub mod graphs;
pub mod int8;
pub mod properties;
pub mod walk;

pub(crate) use properties::properties;

use crate::lanes::{
    Arithmetic, CodeLanes, CodeWork, Counted, Kernel, LaneWidth, Lanes, PacketWork, PortableCodes,
};
use core::any::TypeId;
use std::vec::Vec;

/// Work that is generic over the lane width.
pub trait AtWidth {
    fn run<L: Lanes>(&self, zero: L);
}

/// Does the work at every width this processor has and says which it lacks; then in packets that
/// only claim the 32 registers that larger tiles are chosen by, so that these are tested on any
/// machine.
pub fn at_every_width(work: &impl AtWidth) {
    at_widths(Arithmetic::Separate, work);
    work.run(Counted::<32, false>::default());
}

/// Does the work in packets of the fused arithmetic, and says which widths this processor lacks.
pub fn at_every_fused_width(work: &impl AtWidth) {
    at_widths(Arithmetic::Fused, work);
    work.run(Counted::<32, true>::default());
}

fn at_widths(arithmetic: Arithmetic, work: &impl AtWidth) {
    for width in LaneWidth::ALL {
        if width.run(arithmetic, Borrowed(work)).is_none() {
            std::eprintln!("skipped {width:?}, {arithmetic:?}: this processor lacks it");
        }
    }
}

/// Work that is done more than once.
struct Borrowed<'a, W>(&'a W);

impl<W: AtWidth> PacketWork for Borrowed<'_, W> {
    type Output = ();

    fn run<L: Lanes>(self, zero: L) {
        self.0.run(zero);
    }
}

/// Work that is generic over the packet of codes.
pub trait OnCodes {
    fn run<C: CodeLanes>(&self, proof: C);
}

/// Does the work in every packet of codes that this processor has, those for any processor among them.
pub fn in_every_code_packet(work: &impl OnCodes) {
    work.run(PortableCodes::zero().unwrap());
    for width in LaneWidth::ALL {
        width.run_codes(NotPortable(work));
    }
}

/// The words of a packet; behind those of its samples 0.
pub fn stored<C: CodeLanes>(packet: C) -> [u32; 16] {
    let mut words = [0; 16];
    packet.store(&mut words);
    words
}

struct NotPortable<'a, W>(&'a W);

impl<W: OnCodes> CodeWork for NotPortable<'_, W> {
    type Output = ();

    fn run<C: CodeLanes>(self, proof: C) {
        if TypeId::of::<C>() != TypeId::of::<PortableCodes>() {
            self.0.run(proof);
        }
    }
}

/// Runs a kernel as the passes do.
pub fn run<L: Lanes, K: Kernel<Output = ()>>(proof: L, kernel: K) {
    proof.vectorize(kernel);
}

/// Values with zeros of both signs, repetitions and far magnitudes among them, so that pools meet
/// ties, ReLUs meet zeros, and another order of a sum shows.
pub fn values(len: usize, seed: u32) -> Vec<f32> {
    let mut state = u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let value = (state >> 40) as f32 / (1 << 23) as f32 - 1.0;
        match state % 16 {
            0 => 0.0,
            1 => -0.0,
            2 | 3 => ((state >> 32) % 5) as f32 - 2.0,
            4 => value * 1e4,
            _ => value,
        }
    };
    (0..len).map(|_| next()).collect()
}

/// One tensor for each lane.
pub fn tensors<L: Lanes>(len: usize, seed: u32) -> Vec<Vec<f32>> {
    let seeds = (0..L::LANES as u32).map(|lane| seed.wrapping_mul(31) + lane);
    seeds.map(|seed| values(len, seed)).collect()
}

/// Tensors side by side, one in each lane.
pub fn pack<L: Lanes>(zero: L, tensors: &[Vec<f32>]) -> Vec<L> {
    let mut packets = std::vec![zero; tensors[0].len()];
    let lanes = L::values_mut(&mut packets).chunks_exact_mut(L::LANES);
    for (at, packet) in lanes.enumerate() {
        for (lane, tensor) in tensors.iter().enumerate() {
            packet[lane] = tensor[at];
        }
    }
    packets
}

/// Packets that no kernel may leave as they are.
pub fn unwritten<L: Lanes>(zero: L, len: usize) -> Vec<L> {
    let mut packets = std::vec![zero; len];
    L::values_mut(&mut packets).fill(f32::NAN);
    packets
}

/// The tensor in one lane.
pub fn lane<L: Lanes>(packets: &[L], lane: usize) -> Vec<f32> {
    let packets = L::values(packets).chunks_exact(L::LANES);
    packets.map(|packet| packet[lane]).collect()
}

/// The bytes of one lane.
pub fn lane_bytes<L: Lanes>(bytes: &[u8], lane: usize) -> Vec<u8> {
    let packets = bytes.chunks_exact(L::LANES);
    packets.map(|packet| packet[lane]).collect()
}

/// Asserts that two tensors are the same to the bit, but for the payload of a NaN.
pub fn assert_bits<L: Lanes>(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}, {:?}", L::WIDTH);
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
        assert!(
            same,
            "{what}, {:?}, {index}: {found:?}, not {expected:?}",
            L::WIDTH
        );
    }
}

/// The gradient of what a ReLU gave: nothing where that is at most 0.
pub fn mask_by_relu(outputs: &[f32], gradient: &mut [f32]) {
    for (gradient, output) in gradient.iter_mut().zip(outputs) {
        if *output <= 0.0 {
            *gradient = 0.0;
        }
    }
}

/// Values and labels to train on, small enough that a few steps stay finite, zeros of both signs
/// among them.
pub fn samples(network: &crate::Network, count: usize, seed: u32) -> (Vec<f32>, Vec<u16>) {
    let elements = network.input_shape().elements();
    let images = values(count * elements, seed).into_iter();
    let images = images.map(|value| value.clamp(-2.0, 2.0)).collect();
    let labels = (0..count).map(|sample| ((sample * 7 + 3) % network.classes()) as u16);
    (images, labels.collect())
}

/// First parameters, zeros of both signs among them: an update must keep the sign of those it
/// leaves.
pub fn first_parameters(network: &crate::Network, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut parameters = std::vec![0.0; network.parameters()];
    crate::he_uniform(network, &mut parameters, || {
        state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        state.rotate_left(13)
    })
    .unwrap();
    for (index, value) in parameters.iter_mut().enumerate() {
        match index % 11 {
            3 => *value = -0.0,
            7 => *value = 0.0,
            _ => {}
        }
    }
    parameters
}
