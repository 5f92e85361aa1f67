//! Single pools of any geometry, held to the naive ones.

use super::{LayerBench, WINNERS, are_equal};
use crate::board::Board;
use kiln_core::reference::{PoolGeometry, pool};
use kiln_core::{Layer, LinkedProgram, Network, Padding, Pool2d, Purpose, Shape};

/// A pool by itself.
#[derive(Clone, Copy, Debug)]
pub struct PoolLayer {
    /// What it reads.
    pub input: Shape,
    /// Its windows.
    pub pool: Pool2d,
    /// Whether values are averaged, or the largest kept.
    pub is_mean: bool,
}

/// Pools that say what kernels cost.
pub fn given_pools() -> [(&'static str, PoolLayer); 8] {
    let map = Shape::new(16, 14, 14);
    let strided = Pool2d::new(3).stride(2).padding(1);
    let mean = |input, pool| PoolLayer {
        input,
        pool,
        is_mean: true,
    };
    let largest = |input, pool| PoolLayer {
        is_mean: false,
        ..mean(input, pool)
    };
    let mut line = Pool2d::new(5).stride(2);
    (line.window[0], line.stride[0]) = (1, 1);
    [
        ("mean3x3", mean(map, strided)),
        ("odd_mean3x3", mean(Shape::new(13, 15, 30), strided)),
        (
            "clipped_mean3x3",
            mean(map, strided.ceil_mode().without_padding_counted()),
        ),
        ("mean2x2", mean(map, Pool2d::new(2))),
        ("line_mean5", mean(Shape::new(8, 1, 64), line)),
        ("map_mean", mean(Shape::new(64, 8, 8), Pool2d::new(8))),
        ("max3x3", largest(map, strided)),
        ("max2x2", largest(map, Pool2d::new(2))),
    ]
}

impl PoolLayer {
    fn network(&self) -> Network {
        let input = Network::input(self.input.channels, self.input.height, self.input.width);
        input.layer(match self.is_mean {
            true => Layer::AvgPool2d(self.pool),
            false => Layer::MaxPool2d(self.pool),
        })
    }

    /// Values of all windows, padding counted.
    fn values(&self, output: Shape) -> u32 {
        let window = self.pool.window.map(u32::from);
        output.elements() as u32 * window[0] * window[1]
    }
}

impl LayerBench {
    /// Any pool: outputs on either side of what lanes hold.
    pub fn draw_pool(&mut self) -> PoolLayer {
        let mut small = |bound: u16| self.below(bound.into()) as u16;
        let mut pool = Pool2d::new(1);
        pool.window = [1 + small(5), 1 + small(6)];
        pool.stride = [1 + small(4), 1 + small(4)];
        let [rows, columns] = pool.window.map(|extent| extent / 2 + 1);
        pool.padding = Padding {
            top: small(rows),
            left: small(columns),
            bottom: small(rows),
            right: small(columns),
        };
        if small(2) == 1 {
            pool = pool.ceil_mode();
        }
        if small(2) == 1 {
            pool = pool.without_padding_counted();
        }
        PoolLayer {
            input: Shape::new(1 + self.below(6), 1 + self.below(14), 1 + self.below(40)),
            pool,
            is_mean: self.below(2) == 0,
        }
    }

    /// Instructions and values of windows of a pool; `None` where its bits are not the reference's. One
    /// that does not fit, in itself or in here, costs nothing.
    pub fn run_pool(&mut self, board: &mut Board, case: &PoolLayer) -> Option<(u32, u32)> {
        let network = case.network();
        if network.check().is_err() || self.program.plan(&network, Purpose::Inference).is_err() {
            return Some((0, 0));
        }
        let linked = LinkedProgram::<2>::of(&network);
        let output = network.output_shape(0);
        let lengths = [
            self.program.arena_packets(),
            case.input.elements(),
            output.elements(),
        ];
        if lengths.iter().sum::<usize>() > self.values.len() || output.elements() > WINNERS {
            return Some((0, 0));
        }
        let mut rest = &mut self.values[..];
        let [arena, input, expected] = lengths.map(|len| {
            let (part, others) = core::mem::take(&mut rest).split_at_mut(len);
            rest = others;
            part
        });
        for value in input.iter_mut() {
            self.random = super::next(self.random);
            *value = match self.random % 32 {
                0 => -0.0,
                1 => 0.0,
                _ => self.random as i32 as f32 * (1.0 / (1 << 30) as f32),
            };
        }
        let fill = |values: &mut [f32]| values.copy_from_slice(input);
        let ((), copied) = board.time(|| fill(&mut arena[..input.len()]));
        let (found, instructions) = board.time(|| linked.infer(&[], arena, fill));
        let geometry = PoolGeometry::new(&case.pool, case.input, output);
        if case.is_mean {
            pool::average_forward(&geometry, input, expected);
        } else {
            let winners = &mut [0; WINNERS][..output.elements()];
            pool::max_forward(&geometry, input, expected, winners);
        }
        let is_equal = are_equal(found.ok()?, expected);
        let instructions = instructions.saturating_sub(copied);
        is_equal.then_some((instructions, case.values(output)))
    }
}
