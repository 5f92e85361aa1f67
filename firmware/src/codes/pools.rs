//! Pools of codes of any geometry, held to the naive ones.

use super::{CodeBench, CodeTrial, codes_of};
use crate::board::Board;
use kiln_core::dsp::CodeWindow;
use kiln_core::reference::{PoolGeometry, int8_pool};
use kiln_core::{
    ArrangedNetwork, Int8Rule, Layer, Network, Padding, Pool2d, Program, Purpose, Quantization,
    Requantization, Shape,
};

/// A pool by itself.
#[derive(Clone, Copy, Debug)]
pub struct PoolCase {
    /// What it reads.
    pub input: Shape,
    /// Its windows.
    pub pool: Pool2d,
    /// Whether codes are averaged, or the largest kept.
    pub is_mean: bool,
    /// How means are rounded.
    pub rule: Int8Rule,
}

/// Pools that say what kernels cost.
pub fn given_pools() -> [(&'static str, PoolCase); 9] {
    let map = Shape::new(16, 14, 14);
    let strided = Pool2d::new(3).stride(2).padding(1);
    let case = |input, pool| PoolCase {
        input,
        pool,
        is_mean: true,
        rule: Int8Rule::Once,
    };
    let largest = |input, pool| PoolCase {
        is_mean: false,
        ..case(input, pool)
    };
    let mut line = Pool2d::new(5).stride(2);
    (line.window[0], line.stride[0]) = (1, 1);
    [
        ("mean3x3", case(map, strided)),
        ("odd_mean3x3", case(Shape::new(13, 15, 30), strided)),
        (
            "clipped_mean3x3",
            case(map, strided.ceil_mode().without_padding_counted()),
        ),
        ("mean2x2", case(map, Pool2d::new(2))),
        ("line_mean5", case(Shape::new(8, 1, 64), line)),
        ("map_mean", case(Shape::new(64, 8, 8), Pool2d::new(8))),
        ("max3x3", largest(map, strided)),
        ("odd_max3x3", largest(Shape::new(13, 15, 30), strided)),
        (
            "divided_mean3x3",
            PoolCase {
                rule: Int8Rule::TensorFlowLite,
                ..case(map, strided)
            },
        ),
    ]
}

impl PoolCase {
    /// Codes that its windows have inside the input.
    pub fn taps(&self) -> usize {
        let network = self.network();
        let geometry = PoolGeometry::new(&self.pool, self.input, network.output_shape(0));
        let inside = |axis: usize, place: usize| {
            let taps = (0..geometry.window[axis]).map(|tap| place * geometry.stride[axis] + tap);
            let end = geometry.before[axis] + geometry.input[axis];
            taps.filter(|tap| (geometry.before[axis]..end).contains(tap))
                .count()
        };
        let along = |axis: usize| {
            (0..geometry.output[axis])
                .map(|place| inside(axis, place))
                .sum::<usize>()
        };
        geometry.channels * along(0) * along(1)
    }

    fn network(&self) -> Network {
        let input = Network::input(self.input.channels, self.input.height, self.input.width);
        input.layer(match self.is_mean {
            true => Layer::AvgPool2d(self.pool),
            false => Layer::MaxPool2d(self.pool),
        })
    }
}

impl CodeBench {
    /// Any pool.
    pub fn draw_pool(&mut self) -> PoolCase {
        let random = &mut self.random;
        let mut small = |bound: usize| random.below(bound) as u16;
        let window = [1 + small(5), 1 + small(5)];
        let mut pool = Pool2d::new(1);
        pool.window = window;
        pool.stride = [1 + small(4), 1 + small(4)];
        pool.padding = Padding {
            top: small(usize::from(window[0] / 2) + 1),
            left: small(usize::from(window[1] / 2) + 1),
            bottom: small(usize::from(window[0] / 2) + 1),
            right: small(usize::from(window[1] / 2) + 1),
        };
        if small(2) == 1 {
            pool = pool.ceil_mode();
        }
        if small(2) == 1 {
            pool = pool.without_padding_counted();
        }
        let most = [6, 40][usize::from(small(2))];
        PoolCase {
            input: Shape::new(
                1 + u32::from(small(most)),
                1 + u32::from(small(12)),
                1 + u32::from(small(12)),
            ),
            pool,
            is_mean: small(3) > 0,
            rule: [Int8Rule::Once, Int8Rule::TensorFlowLite][usize::from(small(2))],
        }
    }

    /// Runs a pool on random codes.
    pub fn run_pool(&mut self, board: &mut Board, case: &PoolCase) -> CodeTrial {
        let network = case.network();
        let mut program = Program::<1>::EMPTY;
        let purpose = Purpose::Int8(case.rule);
        if network.check().is_err() || program.plan(&network, purpose).is_err() {
            return CodeTrial::Unserved;
        }
        let lengths = [
            program.arena_packets(),
            case.input.elements(),
            network.output_shape(0).elements(),
        ];
        let words = lengths.map(|bytes| bytes.div_ceil(4));
        if words.iter().sum::<usize>() > self.room.len() {
            return CodeTrial::Unserved;
        }
        let mut rest = &mut self.room[..];
        let [arena, input, expected] = [0, 1, 2].map(|index| {
            let (part, others) = core::mem::take(&mut rest).split_at_mut(words[index]);
            rest = others;
            codes_of(part, lengths[index])
        });
        let random = &mut self.random;
        input.iter_mut().for_each(|code| *code = random.code());
        let mut values = [Quantization::new(1.0, random.code()); 2];
        values[1].low = random.between(-128, 0) as i8;
        values[1].high = [127, random.between(1, 127) as i8][random.below(2)];
        values[1].zero = random.between(values[1].low.into(), values[1].high.into()) as i8;
        // As if the output had from half to twice the input's scale.
        let taps = f64::from(case.pool.window[0]) * f64::from(case.pool.window[1]);
        let scale = f64::from(random.between(50, 200)) / 100.0 / taps;
        let scale = match Requantization::of(scale) {
            Some(scale) if case.is_mean && case.rule == Int8Rule::Once => Some(scale),
            _ => None,
        };
        let constants = scale.map(|own| [own.multiplier as u32, own.shift as u32]);
        let own = ArrangedNetwork {
            rule: case.rule,
            values: &values,
            words: constants.as_ref().map_or(&[], |own| own),
            kernels: program.int8_kernels(),
        };
        arena[program.input_codes()].copy_from_slice(input);
        let (found, instructions) = board.time(|| program.infer_arranged(&own, arena, |_| ()));
        let geometry = PoolGeometry::new(&case.pool, case.input, network.output_shape(0));
        if case.is_mean {
            let scale = scale.map(|scale| (scale, values[0].zero));
            int8_pool::average(&geometry, case.rule, scale, input, &values[1], expected);
        } else {
            int8_pool::max(&geometry, input, expected);
            let clamped = |code: &mut i8| *code = values[1].clamp((*code).into());
            expected.iter_mut().for_each(clamped);
        }
        match found {
            Ok(codes) if codes == expected => CodeTrial::Equal { instructions },
            _ => CodeTrial::Different,
        }
    }

    /// Whether sums and maxima of a random window are those of naive loops.
    pub(super) fn window_is_equal(&mut self) -> bool {
        let random = &mut self.random;
        let [rows, columns] = [0; 2].map(|_| 1 + random.below(6));
        let [pitch, gap] = [1 + random.below(20), random.below(9)];
        let lanes = [1 + random.below(pitch.min(16)), 4, 8, 16][random.below(4)];
        let row_pitch = columns * pitch + gap;
        let len = (rows - 1) * row_pitch + (columns - 1) * pitch + lanes;
        let (words, _) = self.room.split_at_mut(len.div_ceil(4) + 1);
        // Words begin anywhere.
        let offset = random.below(4);
        let input = &mut codes_of(words, offset + len)[offset..];
        input.iter_mut().for_each(|code| *code = random.code());
        let window = CodeWindow::new(input, [rows, columns], [row_pitch, pitch]);
        let (mut sums, mut largest) = ([0; 20], [0; 20]);
        let (sums, largest) = (&mut sums[..lanes], &mut largest[..lanes]);
        window.sum_by_loops(sums);
        window.find_largest_by_loops(largest);
        let mut found = sums.iter().zip(largest.iter()).enumerate();
        found.all(|(lane, (sum, most))| {
            let codes = (0..rows * columns)
                .map(|at| input[at / columns * row_pitch + at % columns * pitch + lane]);
            let expected = codes.clone().map(i32::from).sum::<i32>();
            *sum == expected && codes.max() == Some(*most)
        })
    }
}
