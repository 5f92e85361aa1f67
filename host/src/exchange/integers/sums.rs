//! How far the codes of sums by a scale in floating point are those by a scale in integers.

use kiln_core::{Int8Rule, Quantization, Requantization};

/// How the sums of a channel become codes.
#[derive(Clone, Copy, Debug)]
pub struct SumCodes {
    /// The scale in integers.
    pub scale: Requantization,
    /// How often it rounds.
    pub rule: Int8Rule,
    /// The codes.
    pub output: Quantization,
    /// The largest magnitude of a sum.
    pub most: i64,
}

/// The scale of a channel's weights that gives the nearest codes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleFit {
    /// What a weight's code is multiplied by.
    pub scale: f32,
    /// Sums that get another code than by the scale in integers.
    pub differing: u64,
    /// Sums whose codes are within the limits.
    pub sums: u64,
}

/// Floating-point neighbours that are tried on either side.
const NEIGHBOURS: i32 = 6;
/// A scale that makes 0 of every sum of 32 bits.
const NOTHING: f64 = 1.0 / (1_u64 << 40) as f64;
/// Sums next to a boundary that are looked at one by one.
const FAR: i64 = 1 << 12;

impl SumCodes {
    /// The scale, as a number.
    pub fn number(&self) -> f64 {
        let exponent = match self.rule {
            Int8Rule::Once => -self.scale.shift,
            Int8Rule::TensorFlowLite => self.scale.shift - 31,
        };
        libm::ldexp(f64::from(self.scale.multiplier), exponent)
    }

    /// The scale of weights nearest to this one between an input and an output of these scales.
    pub fn nearest(&self, [input, output]: [f32; 2]) -> f32 {
        let scale = self.number().max(NOTHING);
        (scale * f64::from(output) / f64::from(input)) as f32
    }

    /// The same among its neighbours by which the fewest sums get another code, where
    /// `input * scale / output` is rounded to f32 twice, the sum's product with it once, and halves go
    /// to even codes, as onnxruntime does it.
    pub fn fit(&self, [input, output]: [f32; 2]) -> ScaleFit {
        let first = self.nearest([input, output]);
        let bounds = self.bounds();
        let sums = match bounds.as_slice() {
            [(least, _), .., (greatest, _)] => least.abs_diff(*greatest),
            _ => 0,
        };
        let mut best = ScaleFit {
            scale: first,
            differing: u64::MAX,
            sums,
        };
        for distance in 0..=NEIGHBOURS {
            for step in [distance, -distance] {
                let scale = f32::from_bits(first.to_bits().wrapping_add_signed(step));
                if !(scale.is_finite() && scale > 0.0) {
                    continue;
                }
                let product = input * scale / output;
                let found = bounds.iter().map(|bound| self.differing(product, *bound));
                let differing = found.sum();
                if differing < best.differing {
                    best = ScaleFit {
                        scale,
                        differing,
                        sums,
                    };
                }
            }
            if best.differing == 0 {
                break;
            }
        }
        best
    }

    /// The code of a sum, before its limits.
    fn code(&self, sum: i64) -> i64 {
        // What is beyond 32 bits is beyond all limits, too.
        let sum = sum.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
        let rounded = match self.rule {
            Int8Rule::Once => self.scale.once(sum),
            Int8Rule::TensorFlowLite => self.scale.round_twice(sum),
        };
        i64::from(rounded) + i64::from(self.output.zero)
    }

    fn code_by(&self, product: f32, sum: i64) -> i64 {
        (sum as f32 * product).round_ties_even() as i64 + i64::from(self.output.zero)
    }

    /// For each code that is reached from below, the least sum that has it or a greater one.
    fn bounds(&self) -> Vec<(i64, i64)> {
        let codes = i64::from(self.output.low) + 1..=self.output.high.into();
        let bound = |code| {
            let (mut below, mut reached) = (-self.most - 1, self.most + 1);
            while reached - below > 1 {
                let middle = below + (reached - below) / 2;
                match self.code(middle) >= code {
                    true => reached = middle,
                    false => below = middle,
                }
            }
            (-self.most < reached && reached <= self.most).then_some((reached, code))
        };
        codes.filter_map(bound).collect()
    }

    /// The sums next to a bound that get another code by a product.
    fn differing(&self, product: f32, (sum, code): (i64, i64)) -> u64 {
        let above = (0..FAR).take_while(|step| self.code_by(product, sum + step) < code);
        let below = (1..FAR).take_while(|step| self.code_by(product, sum - step) >= code);
        (above.count() + below.count()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: Quantization = Quantization::new(0.05, -7);

    fn codes(scale: f64) -> SumCodes {
        SumCodes {
            scale: Requantization::of(scale).unwrap(),
            rule: Int8Rule::Once,
            output: OUTPUT,
            most: 1 << 20,
        }
    }

    /// Every sum by itself.
    fn counted(codes: &SumCodes, fit: &ScaleFit, ends: [f32; 2]) -> u64 {
        let product = ends[0] * fit.scale / ends[1];
        let clamp = |code: i64| OUTPUT.clamp(code as i32);
        let sums = -codes.most..=codes.most;
        let differs = |sum: &i64| clamp(codes.code(*sum)) != clamp(codes.code_by(product, *sum));
        sums.filter(differs).count() as u64
    }

    #[test]
    fn the_sums_that_differ_are_counted() {
        for (index, scale) in [0.0003, 0.001_234_567, 0.5, 0.000_021, 1.0 / 64.0]
            .into_iter()
            .enumerate()
        {
            let codes = codes(scale);
            let ends = [0.013 + index as f32 * 0.007, OUTPUT.scale];
            let fit = codes.fit(ends);
            assert_eq!(fit.differing, counted(&codes, &fit, ends), "{scale}");
            assert!(fit.sums > 200, "{scale}: {fit:?}");
            // Only halves, which no neighbouring scale moves in both directions, are left where every
            // second sum or so is one.
            assert!(
                fit.differing * 500 < fit.sums || scale > 0.01,
                "{scale}: {fit:?}"
            );
        }
    }

    #[test]
    fn a_neighbour_is_chosen_where_it_is_better() {
        let scales = (1..200).map(|step| 0.000_1 + f64::from(step) * 0.000_001_3);
        let mut better = 0;
        for scale in scales {
            let codes = codes(scale);
            let ends = [0.017, OUTPUT.scale];
            let nearest = codes.nearest(ends);
            let bounds = codes.bounds();
            let product = ends[0] * nearest / ends[1];
            let by_nearest: u64 = bounds.iter().map(|it| codes.differing(product, *it)).sum();
            let fit = codes.fit(ends);
            assert!(fit.differing <= by_nearest);
            better += u32::from(fit.differing < by_nearest);
        }
        assert!(better > 20, "{better}");
    }

    #[test]
    fn a_scale_of_nothing_stays_one() {
        let codes = SumCodes {
            scale: Requantization::ZERO,
            ..codes(0.1)
        };
        let fit = codes.fit([0.1, 0.2]);
        assert!(fit.scale > 0.0);
        assert_eq!(
            codes.code_by(0.1 * fit.scale / 0.2, i32::MIN.into()),
            i64::from(OUTPUT.zero)
        );
        assert_eq!((fit.differing, fit.sums), (0, 0));
    }
}
