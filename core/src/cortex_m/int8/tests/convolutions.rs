//! Convolutions of random geometries.

extern crate std;

use super::super::{CodeArrangement, CodeConvolution, Rounding, Unserved};
use super::{Random, aligned, codes};
use crate::ops::conv2d::ConvGeometry;
use std::vec;
use std::vec::Vec;

struct Case {
    geometry: ConvGeometry,
    pool: bool,
    cut: usize,
    rounding: Rounding,
    reach: u8,
    zeros: [i8; 2],
    limits: [i8; 2],
    input: Vec<i8>,
    weights: Vec<i8>,
    constants: Vec<i32>,
}

impl Case {
    fn draw(random: &mut Random) -> Self {
        let geometry = draw_geometry(random);
        let rounding = [Rounding::Once, Rounding::Twice][random.below(2)];
        let reach = if rounding == Rounding::Once {
            127 + random.below(2) as u8
        } else {
            128
        };
        let least = -i32::from(reach);
        let extreme = random.below(8) == 0;
        let mut code = |least| match extreme {
            true => [least, 127][random.below(2)] as i8,
            false => random.between(least, 127) as i8,
        };
        let input = (0..geometry.channels * geometry.input_area())
            .map(|_| code(least))
            .collect();
        let weights: Vec<i8> = (0..geometry.filters * geometry.taps())
            .map(|_| code(least))
            .collect();
        let zeros = [code(least), code(least)];
        let filters = geometry.filters;
        let mut constants = vec![0; 3 * filters];
        for f in 0..filters {
            constants[f] = random.between(-10_000, 10_000);
            constants[filters + f] = random.between(1 << 30, i32::MAX);
            let [least, most] = match rounding {
                Rounding::Once => [34, 41],
                Rounding::Twice => [-9, -1],
            };
            constants[2 * filters + f] = random.between(least, most);
            if random.below(20) == 0 {
                constants[filters + f] = 0;
            }
            if random.below(20) == 0 {
                constants[2 * filters + f] = if rounding == Rounding::Once { 56 } else { -25 };
            }
        }
        let low = random.between(least, 0) as i8;
        let limits = [
            [low, 127],
            [least as i8, 127],
            [low, random.between(1, 127) as i8],
        ][random.below(3)];
        let is_depthwise = geometry.groups > 1 && geometry.group_channels() == 1;
        let can_pool = !is_depthwise && geometry.output.iter().all(|extent| *extent >= 2);
        Self {
            geometry,
            pool: can_pool && random.below(3) == 0,
            cut: random.below(2) * random.below(10),
            rounding,
            reach,
            zeros,
            limits,
            input,
            weights,
            constants,
        }
    }

    fn arrangement(&self) -> CodeArrangement<'_> {
        CodeArrangement {
            geometry: self.geometry,
            pool: self.pool,
            rounding: self.rounding,
            reach: self.reach,
            output_zero: self.zeros[1],
            weights: &self.weights,
            constants: &self.constants,
        }
    }

    fn extents(&self) -> [usize; 2] {
        self.geometry
            .output
            .map(|extent| if self.pool { extent / 2 } else { extent })
    }

    /// What the loops make of it.
    fn run(&self) -> Result<Vec<i8>, Unserved> {
        let g = self.geometry;
        let mut arranged = vec![0; CodeArrangement::words(&g, self.pool)];
        self.arrangement().write(&mut arranged)?;
        let [height, width] = self.extents();
        let len = g.filters * height * width;
        let scratch = CodeArrangement::scratch(&g, self.pool);
        let (mut output, mut work) = (aligned(len + 8), aligned(scratch + 8));
        // In two parts, as what is added row by row is computed.
        let cut = self.cut.min(height);
        for rows in [0..cut, cut..height] {
            let places = rows.start * width * g.filters..rows.end * width * g.filters;
            let ran = CodeConvolution {
                geometry: g,
                pool: self.pool,
                rows,
                input: &self.input,
                input_zero: self.zeros[0],
                arranged: &arranged,
                output: &mut codes(&mut output, len)[places],
                limits: self.limits,
                scratch: codes(&mut work, scratch),
            }
            .run();
            assert!(ran);
        }
        let (all, room) = (codes(&mut output, len + 4), len..len + 4);
        assert!(
            all[room].iter().all(|code| *code == 0x5a),
            "wrote behind the output"
        );
        let all = codes(&mut work, scratch + 4);
        assert!(
            all[scratch..].iter().all(|code| *code == 0x5a),
            "wrote behind the scratch"
        );
        Ok(output_of(output, len))
    }

    fn expected(&self) -> Vec<i8> {
        let [height, width] = self.extents();
        let mut all = Vec::new();
        for place in 0..height * width {
            let (y, x) = (place / width, place % width);
            for f in 0..self.geometry.filters {
                let window = [[0, 0], [0, 1], [1, 0], [1, 1]];
                let code = match self.pool {
                    true => window
                        .map(|[b, a]| self.code(2 * y + b, 2 * x + a, f))
                        .into_iter()
                        .max(),
                    false => Some(self.code(y, x, f)),
                };
                all.extend(code);
            }
        }
        all
    }

    fn code(&self, y: usize, x: usize, f: usize) -> i8 {
        let g = &self.geometry;
        let mut sum = i64::from(self.constants[f]);
        let first = f / g.group_filters() * g.group_channels();
        for tap in 0..g.taps() {
            let (spot, channel) = (tap / g.group_channels(), tap % g.group_channels());
            let at = |axis: usize, out: usize, tap: usize| {
                (out * g.stride[axis] + tap * g.dilation[axis]).wrapping_sub(g.padding[axis])
            };
            let (row, column) = (at(0, y, spot / g.kernel[1]), at(1, x, spot % g.kernel[1]));
            let code = if row < g.input[0] && column < g.input[1] {
                self.input[(row * g.input[1] + column) * g.channels + first + channel]
            } else {
                self.zeros[0]
            };
            sum += i64::from(code) * i64::from(self.weights[f * g.taps() + tap]);
        }
        let multiplier = i64::from(self.constants[g.filters + f]);
        let shift = self.constants[2 * g.filters + f];
        let rounded = match self.rounding {
            Rounding::Once => {
                let product = i128::from(sum) * i128::from(multiplier);
                (2 * product + (1 << shift)).div_euclid(2 << shift) as i64
            }
            Rounding::Twice => {
                let high = (sum * multiplier + (1 << 30)).div_euclid(1 << 31);
                let half = 1_i64 << -(shift + 1);
                high.signum() * ((high.abs() + half) >> -shift)
            }
        };
        let [low, high] = self.limits.map(i64::from);
        (rounded + i64::from(self.zeros[1])).clamp(low, high) as i8
    }
}

fn output_of(mut words: Vec<u32>, len: usize) -> Vec<i8> {
    codes(&mut words, len).to_vec()
}

fn draw_geometry(random: &mut Random) -> ConvGeometry {
    let mut small = |bound| 1 + random.below(bound);
    let groups = if small(4) == 1 { small(4) } else { 1 };
    let many = if small(6) == 1 { 40 } else { 9 };
    let (channels, filters) = (small(many), small(11));
    let kernel = if small(4) == 1 {
        [1, 1]
    } else {
        [small(5), small(5)]
    };
    let stride = [small(3), small(3)];
    let dilation = [
        small(5).saturating_sub(3).max(1),
        small(5).saturating_sub(3).max(1),
    ];
    let is_depthwise = small(3) == 1;
    let (groups, channels) = if is_depthwise {
        (1 + groups * channels, 1)
    } else {
        (groups, channels)
    };
    let before = [small(4) - 1, small(4) - 1];
    let input = [small(10), small(10)];
    let reach = |axis: usize| (kernel[axis] - 1) * dilation[axis] + 1;
    let mut output = [0, 0];
    for axis in 0..2 {
        let room = input[axis] + before[axis] + small(4) - 1;
        output[axis] = room.saturating_sub(reach(axis)) / stride[axis] + 1;
    }
    let filters = if is_depthwise && small(3) > 1 {
        1
    } else {
        filters
    };
    ConvGeometry {
        channels: groups * channels,
        input,
        filters: groups * filters,
        output,
        kernel,
        stride,
        padding: before,
        dilation,
        groups,
    }
}

#[test]
fn convolutions_have_the_codes_of_naive_loops() {
    let mut random = Random(7);
    let (mut served, mut unserved) = (0, 0);
    for _ in 0..3000 {
        let case = Case::draw(&mut random);
        match case.run() {
            Ok(found) => {
                assert!(
                    found == case.expected(),
                    "{:?}, pool {}, {:?}",
                    case.geometry,
                    case.pool,
                    case.rounding
                );
                served += 1;
            }
            Err(_) => unserved += 1,
        }
    }
    assert!(served > 20 * unserved, "{served} served, {unserved} not");
}
