//! Layers of codes of any geometry, held to naive loops.

mod geometries;
mod pools;
mod random;

pub use geometries::{draw, given};
pub use pools::{PoolCase, given_pools};
pub use random::CodeRandom;

use crate::board::Board;
use kiln_core::dsp::{CodeAddition, CodeArrangement, CodeConvolution, CodeSum, Rounding};
use kiln_core::reference::ConvGeometry;

/// Words that a layer's codes and what it works in may take together.
pub const ROOM: usize = 40_000;

/// Runs layers of random codes.
pub struct CodeBench {
    /// [`ROOM`] words.
    pub room: &'static mut [i32],
    /// Where numbers come from.
    pub random: CodeRandom,
}

/// What became of a layer.
pub enum CodeTrial {
    /// Its codes are those of naive loops.
    Equal {
        /// How many instructions it took.
        instructions: u32,
    },
    /// They are not.
    Different,
    /// No loop is made for it, or the room is too small.
    Unserved,
}

/// A convolution with its codes.
struct CodeLayer<'a> {
    geometry: ConvGeometry,
    pool: bool,
    rounding: Rounding,
    zeros: [i8; 2],
    limits: [i8; 2],
    input: &'a [i8],
    weights: &'a [i8],
    constants: &'a [i32],
}

impl CodeBench {
    /// Runs a convolution on random codes, with a pool of 2 x 2 behind it or none.
    pub fn run(
        &mut self,
        board: &mut Board,
        geometry: ConvGeometry,
        pool: bool,
        rounding: Rounding,
    ) -> CodeTrial {
        let outputs = outputs_of(&geometry, pool);
        let lengths = [
            geometry.channels * geometry.input_area(),
            geometry.filters * geometry.taps(),
            outputs[0] * outputs[1] * geometry.filters,
            CodeArrangement::scratch(&geometry, pool),
            12 * geometry.filters,
            4 * CodeArrangement::words(&geometry, pool),
        ];
        let words = lengths.map(|bytes| bytes.div_ceil(4));
        if words.iter().sum::<usize>() > self.room.len() {
            return CodeTrial::Unserved;
        }
        let mut rest = &mut self.room[..];
        let [input, weights, output, scratch, constants, arranged] = words.map(|len| {
            let (part, others) = core::mem::take(&mut rest).split_at_mut(len);
            rest = others;
            part
        });
        let random = &mut self.random;
        let least = match rounding {
            Rounding::Once => -127,
            Rounding::Twice => -128,
        };
        let is_extreme = random.below(8) == 0;
        let mut code = || match is_extreme {
            true => [least, 127][random.below(2)] as i8,
            false => random.between(least, 127) as i8,
        };
        let (input, weights) = (codes_of(input, lengths[0]), codes_of(weights, lengths[1]));
        input.iter_mut().for_each(|own| *own = code());
        weights.iter_mut().for_each(|own| *own = code());
        let zeros = [code(), code()];
        let (biases, scales) = constants.split_at_mut(geometry.filters);
        let (multipliers, shifts) = scales.split_at_mut(geometry.filters);
        for ((bias, multiplier), shift) in biases.iter_mut().zip(multipliers).zip(shifts) {
            *bias = random.between(-10_000, 10_000);
            *multiplier = random.between(1 << 30, i32::MAX);
            *shift = match rounding {
                Rounding::Once => random.between(35, 41),
                Rounding::Twice => random.between(-9, -1),
            };
        }
        let low = random.between(least, 0) as i8;
        let high = [127, random.between(1, 127) as i8][random.below(2)];
        let layer = CodeLayer {
            geometry,
            pool,
            rounding,
            zeros,
            limits: [low, high],
            input,
            weights,
            constants,
        };
        let output = codes_of(output, lengths[2]);
        let scratch = codes_of(scratch, lengths[3]);
        let Some(instructions) = layer.run(board, words_of(arranged), output, scratch) else {
            return CodeTrial::Unserved;
        };
        let mut codes = output.iter().enumerate();
        match codes.all(|(at, code)| *code == layer.expected(at, outputs[1])) {
            true => CodeTrial::Equal { instructions },
            false => CodeTrial::Different,
        }
    }

    /// Whether an addition of random codes, and sums and maxima of a random window, are those of naive
    /// loops.
    pub fn sums_are_equal(&mut self) -> bool {
        self.additions_are_equal() && self.window_is_equal()
    }

    fn additions_are_equal(&mut self) -> bool {
        let random = &mut self.random;
        let len = random.below(40);
        let [first, second] = [0, 1].map(|_| [0; 40].map(|_: i8| random.code()));
        let zeros = [random.code(), random.code(), random.code()];
        let multipliers = [0, 1].map(|_| random.below(1 << 15) as i16);
        let scale = [random.between(1 << 30, i32::MAX), random.between(-8, 0)];
        let last = [random.between(1 << 30, i32::MAX), random.between(-20, -15)];
        let exact = [1 << 30, 0];
        let ways = [
            CodeSum::Once {
                multipliers,
                constant: random.between(-1 << 24, 1 << 24),
                shift: 10 + random.below(13) as u32,
            },
            CodeSum::Twice {
                scales: [exact, scale, last],
                zeros,
            },
            CodeSum::Twice {
                scales: [scale, exact, last],
                zeros,
            },
        ];
        ways.into_iter().all(|sum| {
            let mut value = second;
            let addition = CodeAddition {
                sum,
                limits: [-128, 127],
                value: &mut value[..len],
                other: Some(&first[..len]),
                is_second: true,
            };
            let ran = addition.run();
            let mut codes = value[..len].iter().zip(first.iter().zip(&second));
            ran && codes.all(|(found, (first, second))| {
                let expected = naive_sum(sum, [*first, *second].map(i64::from));
                i64::from(*found) == expected.clamp(-128, 127)
            })
        })
    }
}

impl CodeLayer<'_> {
    /// Says how many instructions the loops take; `None` where there are none.
    fn run(
        &self,
        board: &mut Board,
        arranged: &mut [u32],
        output: &mut [i8],
        scratch: &mut [i8],
    ) -> Option<u32> {
        let arrangement = CodeArrangement {
            geometry: self.geometry,
            pool: self.pool,
            rounding: self.rounding,
            reach: match self.rounding {
                Rounding::Once => 127,
                Rounding::Twice => 128,
            },
            output_zero: self.zeros[1],
            weights: self.weights,
            constants: self.constants,
        };
        arrangement.write(arranged).ok()?;
        let convolution = CodeConvolution {
            geometry: self.geometry,
            pool: self.pool,
            rows: 0..outputs_of(&self.geometry, self.pool)[0],
            input: self.input,
            input_zero: self.zeros[0],
            arranged,
            output,
            limits: self.limits,
            scratch,
        };
        let (ran, instructions) = board.time(|| convolution.run());
        ran.then_some(instructions)
    }

    /// What naive loops make of an output, of so many in a row.
    fn expected(&self, at: usize, width: usize) -> i8 {
        let (place, f) = (at / self.geometry.filters, at % self.geometry.filters);
        let (y, x) = (place / width, place % width);
        if !self.pool {
            return self.code(y, x, f);
        }
        let window = [[0, 0], [0, 1], [1, 0], [1, 1]];
        let codes = window.map(|[down, right]| self.code(2 * y + down, 2 * x + right, f));
        codes.into_iter().fold(i8::MIN, i8::max)
    }

    fn code(&self, y: usize, x: usize, f: usize) -> i8 {
        let g = &self.geometry;
        let mut sum = i64::from(self.constants[f]);
        let group = f / g.group_filters();
        for tap in 0..g.taps() {
            let (spot, channel) = (tap / g.group_channels(), tap % g.group_channels());
            let [row, column] = [(0, y, spot / g.kernel[1]), (1, x, spot % g.kernel[1])].map(
                |(axis, output, tap)| {
                    let at = output * g.stride[axis] + tap * g.dilation[axis];
                    at.wrapping_sub(g.padding[axis])
                },
            );
            let code = if row < g.input[0] && column < g.input[1] {
                let place = (row * g.input[1] + column) * g.channels;
                self.input[place + group * g.group_channels() + channel]
            } else {
                self.zeros[0]
            };
            sum += i64::from(code) * i64::from(self.weights[f * g.taps() + tap]);
        }
        let multiplier = i64::from(self.constants[g.filters + f]);
        let shift = self.constants[2 * g.filters + f];
        let rounded = match self.rounding {
            Rounding::Once => (sum * multiplier + (1 << (shift - 1))) >> shift,
            Rounding::Twice => twice(sum, [multiplier as i32, shift]),
        };
        let [low, high] = self.limits.map(i64::from);
        (rounded + i64::from(self.zeros[1])).clamp(low, high) as i8
    }
}

/// As TensorFlow Lite scales a number: no shift goes to the left.
fn twice(number: i64, [multiplier, left]: [i32; 2]) -> i64 {
    let high = (number * i64::from(multiplier) + (1 << 30)) >> 31;
    let half = (1 << -left) >> 1;
    high.signum() * ((high.abs() + half) >> -left)
}

fn naive_sum(sum: CodeSum, codes: [i64; 2]) -> i64 {
    match sum {
        CodeSum::Once {
            multipliers,
            constant,
            shift,
        } => {
            let products = [0, 1].map(|index| codes[index] * i64::from(multipliers[index]));
            (products[0] + products[1] + i64::from(constant)) >> shift
        }
        CodeSum::Twice { scales, zeros } => {
            let scaled = [0, 1].map(|index| {
                let distance = codes[index] - i64::from(zeros[index]);
                twice(distance << 20, scales[index])
            });
            twice(scaled[0] + scaled[1], scales[2]) + i64::from(zeros[2])
        }
    }
}

/// Rows and columns of outputs, behind the pool where there is one.
fn outputs_of(geometry: &ConvGeometry, pool: bool) -> [usize; 2] {
    match pool {
        true => geometry.output.map(|extent| extent / 2),
        false => geometry.output,
    }
}

/// The codes of words.
fn codes_of(words: &mut [i32], len: usize) -> &mut [i8] {
    // SAFETY: a word is four codes.
    let (_, codes, _) = unsafe { words.align_to_mut() };
    &mut codes[..len]
}

fn words_of(words: &mut [i32]) -> &mut [u32] {
    // SAFETY: any bits are either.
    let (_, words, _) = unsafe { words.align_to_mut() };
    words
}
