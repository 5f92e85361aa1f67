//! Additions of codes.

use super::integers::CodesWriter;
use super::parts::codes;
use crate::exchange::integers::IntegerNode;
use crate::output::grouped;
use kiln_core::{Int8Rule, Quantization};

impl CodesWriter {
    /// Both distances from zero by scales in units of the sum's codes, half of the least bit, by which
    /// nothing is halfway between two codes, and the sum.
    pub fn added(&mut self, node: &IntegerNode<'_>) {
        let sum = FloatSum::of(node);
        let pairs = sum.differing(node);
        if pairs > 0 {
            self.remarks.push(format!(
                "layer {} (add): {} of 65,536 pairs of codes get a neighbouring sum in onnxruntime",
                node.number,
                grouped(pairs)
            ));
        }
        let part = |what: &str| format!("{}.{what}", node.number);
        let parts = &mut self.parts;
        for (place, what) in ["first", "second"].into_iter().enumerate() {
            let own = Quantization {
                scale: sum.scales[place],
                ..node.inputs[place]
            };
            let ends = codes(parts, &own);
            let read = &self.values[node.reads[place]].0;
            parts.node(
                "DequantizeLinear",
                &part(what),
                &[read, &ends[0], &ends[1]],
                Vec::new(),
            );
        }
        parts.tensor(&part("half"), &[], &[sum.half]);
        parts.node(
            "Add",
            &part("raised"),
            &[&part("first"), &part("half")],
            Vec::new(),
        );
        parts.node(
            "Add",
            &part("sum"),
            &[&part("raised"), &part("second")],
            Vec::new(),
        );
        let unit = Quantization {
            scale: 1.0,
            ..node.quantization
        };
        let ends = codes(parts, &unit);
        self.emit(node, [i8::MIN, i8::MAX], |parts, name| {
            let sum = part("sum");
            let inputs = [&sum, &ends[0], &ends[1]].map(String::as_str);
            parts.node("QuantizeLinear", name, &inputs, Vec::new());
        });
    }
}

/// The sum of two codes in floating point.
struct FloatSum {
    scales: [f32; 2],
    half: f32,
}

impl FloatSum {
    fn of(node: &IntegerNode<'_>) -> Self {
        let c = node.constants;
        match node.rule {
            Int8Rule::Once => {
                let unit = |multiplier: f64| libm::ldexp(multiplier, -c[3]);
                let zeros = node.inputs.map(|input| i64::from(input.zero));
                // What the constant holds beyond the values' zeros; a half is what rounding adds.
                let own = i64::from(c[2]) - (i64::from(node.quantization.zero) << c[3])
                    + zeros[0] * i64::from(c[0])
                    + zeros[1] * i64::from(c[1]);
                let half = own as f64 - libm::ldexp(0.5, c[3]) + 0.5;
                Self {
                    scales: [c[0], c[1]].map(|multiplier| least(unit(multiplier.into()))),
                    half: unit(half) as f32,
                }
            }
            Int8Rule::TensorFlowLite => {
                let ratio = |input: Quantization| {
                    f64::from(input.scale) / f64::from(node.quantization.scale)
                };
                Self {
                    scales: node.inputs.map(|input| least(ratio(input))),
                    half: 0.0,
                }
            }
        }
    }

    /// Pairs of codes whose sums differ from the network's.
    fn differing(&self, node: &IntegerNode<'_>) -> u64 {
        let own = &node.quantization;
        let code = |pair: [i8; 2]| {
            let scaled = [0, 1].map(|at: usize| {
                let distance = i16::from(pair[at]) - i16::from(node.inputs[at].zero);
                f32::from(distance) * self.scales[at]
            });
            let sum = (scaled[0] + self.half + scaled[1]).round_ties_even();
            own.clamp(sum as i32 + i32::from(own.zero))
        };
        let all =
            (i8::MIN..=i8::MAX).flat_map(|one| (i8::MIN..=i8::MAX).map(move |two| [one, two]));
        let reference = |pair: [i8; 2]| {
            let inputs = [0, 1].map(|at: usize| (pair[at], node.inputs[at]));
            kiln_core::reference::int8_add::sum(node.rule, node.constants, inputs, own)
        };
        all.filter(|pair| code(*pair) != reference(*pair)).count() as u64
    }
}

/// A scale above 0, as files want it.
fn least(scale: f64) -> f32 {
    (scale as f32).max(f32::MIN_POSITIVE)
}
