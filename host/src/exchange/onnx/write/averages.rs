//! Averages of codes.

use super::integers::{CodesWriter, Sums};
use super::options::{int, pool_options};
use super::parts::codes;
use crate::exchange::clips_windows;
use crate::exchange::integers::{IntegerNode, WriteFault};
use kiln_core::{Conv2d, Layer, Pool2d, Quantization, Requantization, Shape};

impl CodesWriter {
    /// An average of whole windows as a convolution by ones; what clips windows is averaged in
    /// floating point.
    pub fn averaged(&mut self, node: &IntegerNode<'_>) -> Result<(), WriteFault> {
        let window = match node.layer {
            Layer::AvgPool2d(pool) if clips_windows(&pool, node.input, node.output) => {
                self.averaged_as_numbers(node, &pool);
                return Ok(());
            }
            Layer::AvgPool2d(pool) => pool,
            _ => whole_maps(node.input)?,
        };
        let channels = u16::try_from(node.input.channels).map_err(|_| WriteFault::Layer)?;
        let count = usize::from(window.window[0]) * usize::from(window.window[1]);
        let conv = Conv2d {
            stride: window.stride,
            padding: window.padding,
            groups: channels,
            ..Conv2d::new(channels, 1).kernel(window.window[0], window.window[1])
        };
        let unit = Quantization {
            scale: 1.0,
            zero: 0,
            ..node.quantization
        };
        let (scale, ends) = match *node.constants {
            [multiplier, shift] => {
                let own = node.codes(Requantization { multiplier, shift }, 255 * count as i64);
                let scale = self.fit(&own, node.ends());
                (scale, [&node.inputs[0], &node.quantization])
            }
            // TensorFlow Lite's: codes themselves are averaged, halves away from zero.
            _ => (slightly_more_than_one_of(count), [&unit; 2]),
        };
        let sums = Sums {
            conv,
            weights: vec![1; count * usize::from(channels)],
            biases: None,
            scales: vec![scale],
            ends,
        };
        self.convolved(node, &sums);
        Ok(())
    }

    fn averaged_as_numbers(&mut self, node: &IntegerNode<'_>, pool: &Pool2d) {
        self.remarks.push(format!(
            "layer {} (avg_pool2d): its windows reach beyond its input, so they are averaged in \
             floating point; means next to halfway between two codes may get the other one",
            node.number
        ));
        let read = self.read(node);
        let part = |what: &str| format!("{}.{what}", node.number);
        let from = codes(&mut self.parts, &node.inputs[0]);
        let to = codes(&mut self.parts, &node.quantization);
        let inputs = [&read, &from[0], &from[1]].map(String::as_str);
        self.parts
            .node("DequantizeLinear", &part("numbers"), &inputs, Vec::new());
        let mut options = pool_options(pool, [node.input, node.output]);
        options.push(int("count_include_pad", pool.count_include_pad.into()));
        self.parts
            .node("AveragePool", &part("means"), &[&part("numbers")], options);
        self.emit(node, [i8::MIN, i8::MAX], |parts, name| {
            let means = part("means");
            let inputs = [&means, &to[0], &to[1]].map(String::as_str);
            parts.node("QuantizeLinear", name, &inputs, Vec::new());
        });
    }
}

/// The one window of a mean over whole maps.
fn whole_maps(input: Shape) -> Result<Pool2d, WriteFault> {
    let side = |extent: u32| u16::try_from(extent).map_err(|_| WriteFault::Layer);
    Ok(Pool2d {
        window: [side(input.height)?, side(input.width)?],
        ..Pool2d::new(1)
    })
}

/// A scale by which halves of an average go away from zero, and nothing else changes.
fn slightly_more_than_one_of(count: usize) -> f32 {
    let more = 1.0 + 1.0 / f64::from(1 << 20);
    (more / count as f64) as f32
}
