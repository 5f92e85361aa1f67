//! One sample, its channels side by side, held against the naive walk.

extern crate std;

use super::walk::Walk;
use super::{AtWidth, assert_bits, values};
use crate::lanes::Lanes;
use crate::{Network, Program, Purpose};
use std::vec;
use std::vec::Vec;

/// A network and what a seed gives it to read and to multiply by.
pub struct OneSample<'a> {
    pub network: &'a Network,
    pub seed: u32,
}

impl OneSample<'_> {
    pub fn parameters(&self) -> Vec<f32> {
        values(self.network.parameters(), self.seed + 1)
    }

    pub fn sample(&self) -> Vec<f32> {
        values(self.network.input_shape().elements(), self.seed + 2)
    }

    pub fn program<L: Lanes>(&self) -> Program {
        Program::of(self.network, Purpose::ChannelsLast(L::WIDTH))
    }

    /// The arranged parameters, in memory that held something else.
    pub fn arranged<L: Lanes>(&self, zero: L) -> Vec<L> {
        let program = self.program::<L>();
        let mut arranged = vec![zero; program.arranged_packets()];
        L::values_mut(&mut arranged).fill(f32::NAN);
        program.arrange(&self.parameters(), &mut arranged).unwrap();
        arranged
    }

    /// What a program gives, in memory that held `mark`.
    pub fn infer<L: Lanes>(&self, zero: L, mark: f32) -> (Vec<f32>, Vec<L>) {
        let program = self.program::<L>();
        let mut arena = vec![zero; program.arena_packets()];
        L::values_mut(&mut arena).fill(mark);
        let mut output = vec![f32::NAN; program.classes()];
        let sample = self.sample();
        let arranged = self.arranged(zero);
        let fill = |input: &mut [f32]| input.copy_from_slice(&sample);
        let inferred = program.infer_channels_last(&arranged, &mut arena, &mut output, fill);
        inferred.unwrap();
        (output, arena)
    }

    /// What the naive walk gives.
    pub fn walked(&self) -> Vec<f32> {
        let parameters = self.parameters();
        let walk = Walk::forward(self.network, &parameters, vec![self.sample()]);
        walk.outputs()[0].clone()
    }
}

impl AtWidth for OneSample<'_> {
    fn run<L: Lanes>(&self, zero: L) {
        let what = std::format!("{}", self.network);
        let (found, _) = self.infer(zero, f32::NAN);
        assert_bits::<L>(&what, &found, &self.walked());
    }
}
