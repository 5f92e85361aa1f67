//! Samples evaluated one at a time, each with its channels side by side.
//!
//! A packet takes as long for one sample as for all its lanes. Where there are only a few, as of a
//! camera's image or behind the last whole packet, each goes by itself through kernels that fill the
//! lanes with channels. The bits are the same.

use super::evaluator::target_packets;
use super::groups::Batch;
use kiln_core::{
    Arithmetic, BufferError, LaneWidth, Lanes, Loss, Network, Program, ProgramError, Purpose,
    Scaling,
};
use std::ops::Range;

/// A network's program for single samples and its parameters, arranged for it.
pub(super) struct SingleProgram<L> {
    program: Program,
    arranged: Vec<L>,
    /// Whether these are the parameters as they are now.
    is_fresh: bool,
}

/// Most samples of a packet that are faster one by one.
const fn most_singles(lanes: usize) -> usize {
    lanes * 3 / 8
}

/// The program for single samples; none where a packet is a single sample anyway, or in the fused
/// arithmetic, which not all of the narrower packets have that it runs in.
pub(super) fn single_program(
    network: &Network,
    width: LaneWidth,
    arithmetic: Arithmetic,
) -> Result<Option<Program>, ProgramError> {
    match most_singles(width.lanes()) {
        0 => Ok(None),
        _ if arithmetic == Arithmetic::Fused => Ok(None),
        _ => Program::try_of(network, Purpose::ChannelsLast(width)).map(Some),
    }
}

impl<L: Lanes> SingleProgram<L> {
    /// Takes the memory for what is evaluated.
    pub fn new(network: &Network, zero: L) -> Result<Option<Self>, ProgramError> {
        let program = single_program(network, L::WIDTH, L::ARITHMETIC)?;
        Ok(program.map(|program| Self {
            arranged: vec![zero; program.arranged_packets()],
            program,
            is_fresh: false,
        }))
    }

    /// The parameters have changed.
    pub fn forget(&mut self) {
        self.is_fresh = false;
    }

    /// Arranges the parameters, where that is not done yet and so many samples need it.
    pub fn prepare(&mut self, parameters: &[f32], samples: usize) -> Result<(), BufferError> {
        if !self.is_fresh && Self::serves(samples % L::LANES) {
            self.program.arrange(parameters, &mut self.arranged)?;
            self.is_fresh = true;
        }
        Ok(())
    }

    /// Whether so many samples of a packet are faster one by one.
    pub fn serves(samples: usize) -> bool {
        (1..=most_singles(L::LANES)).contains(&samples)
    }

    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        size_of_val(&self.arranged[..])
    }
}

/// A thread's memory for single samples.
pub(super) struct SingleMemory<L> {
    arena: Vec<L>,
    /// What the network gives for a sample.
    pub output: Vec<f32>,
    /// The sample once more, where the output is held against it.
    pub target: Vec<f32>,
}

impl<L: Lanes> SingleMemory<L> {
    pub fn new(single: Option<&SingleProgram<L>>, loss: Loss, zero: L) -> Self {
        let [packets, output, target] = single_lens(single.map(|single| &single.program), loss);
        Self {
            arena: vec![zero; packets],
            output: vec![0.0; output],
            target: vec![0.0; target],
        }
    }

    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        let values = [&self.output, &self.target];
        size_of_val(&self.arena[..])
            + values
                .map(|own| size_of_val(&own[..]))
                .iter()
                .sum::<usize>()
    }

    /// Leaves in `output` what the network gives for one sample of a batch.
    pub fn infer(
        &mut self,
        single: &SingleProgram<L>,
        scaling: &Scaling,
        batch: &Batch<'_>,
        sample: Range<usize>,
    ) -> Result<(), BufferError> {
        let fill = |input: &mut [f32]| batch.pack(sample, scaling, input);
        let (arranged, arena) = (&single.arranged, &mut self.arena);
        let program = &single.program;
        program.infer_channels_last(arranged, arena, &mut self.output, fill)
    }
}

/// Packets of a thread's memory, values of its output and of its target.
pub(super) fn single_lens(program: Option<&Program>, loss: Loss) -> [usize; 3] {
    program.map_or([0; 3], |program| {
        let target = target_packets(program, loss);
        [program.arena_packets(), program.classes(), target]
    })
}

#[cfg(test)]
mod tests {
    use super::super::EngineOptions;
    use super::super::{evaluation::Evaluation, evaluator::Evaluator};
    use super::*;
    use crate::data::{ImageShape, Samples};
    use kiln_core::{GROUP, Outcome, PacketWork};

    const SHAPE: ImageShape = ImageShape {
        channels: 2,
        height: 7,
        width: 6,
    };

    fn samples(count: usize) -> Samples {
        let pixels = (0..count * SHAPE.size()).map(|index| (index * 37 % 251) as u8);
        let labels = (0..count as u16).map(|index| index % 3);
        Samples::of_bytes(pixels.collect(), labels.collect(), SHAPE)
    }

    /// The scores of so many samples, in one group; where `other` is set, by a program for single
    /// samples that holds other parameters than those of packets.
    fn scores<L: Lanes>(zero: L, network: &Network, count: usize, other: bool) -> Vec<u32> {
        let program = Program::try_of(network, Purpose::Inference).unwrap();
        let parameter = |index: usize| (index * 29 % 61) as f32 * 0.03 - 0.9;
        let parameters: Vec<f32> = (0..network.parameters()).map(parameter).collect();
        let mut single = SingleProgram::new(network, zero).unwrap();
        if let Some(single) = &mut single {
            let own: Vec<f32> = match other {
                true => parameters.iter().map(|value| value + 1.0).collect(),
                false => parameters.clone(),
            };
            single.prepare(&own, count).unwrap();
        }
        let loss = EngineOptions::default().loss;
        let mut evaluators = [Evaluator::new(&program, single.as_ref(), loss, zero)];
        let samples = samples(count);
        let pass = Evaluation {
            program: &program,
            single: single.as_ref(),
            scaling: &Scaling::uniform(2, 0.01, -0.5).unwrap(),
            parameters: &parameters,
            samples: &samples,
        };
        let indices: Vec<u32> = (0..count as u32).collect();
        let mut scores = vec![0.0; count * 3];
        let mut pieces = vec![Ok(Outcome::default()); count.div_ceil(GROUP)];
        pass.run(&mut evaluators, &mut pieces, &indices, &mut scores);
        pieces.iter().for_each(|piece| assert!(piece.is_ok()));
        scores.into_iter().map(f32::to_bits).collect()
    }

    struct Check;

    impl PacketWork for Check {
        type Output = ();

        fn run<L: Lanes>(self, zero: L) {
            check(zero);
        }
    }

    fn check<L: Lanes>(zero: L) {
        let network = Network::input(2, 7, 6).conv2d(5, 3).relu().max_pool2d(2);
        let network = network.linear(3);
        let most = most_singles(L::LANES);
        for count in 1..=2 * GROUP {
            let expected = scores::<f32>(0.0, &network, count, false);
            assert_eq!(scores(zero, &network, count, false), expected, "{count}");
            // Only what goes by itself notices that the arranged parameters are others.
            let (short, found) = (count % L::LANES, scores(zero, &network, count, true));
            let singles = if short <= most { short } else { 0 };
            let whole = 3 * (count - singles);
            assert_eq!(found[..whole], expected[..whole], "{count}");
            let others = found[whole..].iter().zip(&expected[whole..]);
            assert!(
                others.into_iter().all(|(one, other)| one != other),
                "{count}"
            );
        }
        assert!((1..L::LANES).contains(&most));
    }

    #[test]
    fn the_few_samples_of_a_packet_go_one_by_one() {
        for width in [LaneWidth::X4, LaneWidth::X8, LaneWidth::X16] {
            if width.run(Arithmetic::Separate, Check).is_none() {
                eprintln!("skipped {width:?}: this processor lacks it");
            }
        }
    }
}
