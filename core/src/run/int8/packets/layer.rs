//! What packets need to know of a network's layers.

use super::super::super::buffers::BufferError;
use crate::int8::{Quantization, QuantizedNetwork, four};
use crate::lanes::codes::{CodeLanes, QUAD, QuadRuns};
use crate::ops::add::packets::PacketSum;
use crate::ops::conv2d::{QuadGeometry, QuadPlaces, Stack};
use crate::ops::pool::PoolGeometry;
use crate::ops::pool::packets::mean_multiplier;
use crate::{Int8Rule, Operation, Program, Step};

/// How packets compute a step of a network: worked out once, since for a small network that takes as long as its
/// products.
#[derive(Clone, Copy, Debug)]
pub struct PacketLayer {
    /// Of a convolution or linear layer.
    pub(super) conv: Option<PacketConvLayer>,
    /// Of a mean pool, what floating-point numbers multiply its sums by, if they give the same codes.
    pub(super) multiplier: Option<f32>,
    /// How an addition, or that behind a convolution, adds codes, where packets can.
    pub(super) sum: Option<PacketSum>,
    /// Whether packets compute it; what they do not is computed sample by sample.
    pub(super) is_served: bool,
    /// Where its arranged weights begin among all, and how many words they are.
    pub(super) at: usize,
    pub(super) words: usize,
    /// Linear layers, from this one on, that are computed by one function: none where this one is not.
    pub(super) linears: usize,
}

/// How packets compute a convolution or linear layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct PacketConvLayer {
    pub quads: QuadGeometry,
    pub places: QuadPlaces,
    /// What [`QuadGeometry::copy_words`] and [`QuadGeometry::ring_words`] give.
    pub copy_words: usize,
    pub ring_words: usize,
    /// Packets of what its kernel reads, and of what it gives.
    pub image: [usize; 2],
    /// What its first filters see.
    pub runs: QuadRuns,
    pub rule: Int8Rule,
    /// Four codes of the padding, as they lie in packets.
    pub padding: u32,
    /// Of what its sums become.
    pub quantization: Quantization,
    /// Where the value that it reads begins, in packets, and how many these are; and its own.
    pub from: usize,
    pub read: usize,
    pub to: usize,
}

impl PacketConvLayer {
    /// So many packets of samples.
    #[inline(always)]
    pub fn stack(&self, count: usize) -> Stack {
        let [input, output] = self.image;
        Stack {
            count,
            input,
            output,
        }
    }
}

impl PacketLayer {
    /// Its arranged weights, of those of a network.
    #[inline(always)]
    pub(super) fn of<'w>(&self, words: &'w [u32]) -> &'w [u32] {
        &words[self.at..][..self.words]
    }

    /// As the field.
    #[cfg(test)]
    pub(in crate::run) fn is_served(&self) -> bool {
        self.is_served
    }

    /// As the field.
    #[cfg(test)]
    pub(in crate::run) fn linears(&self) -> usize {
        self.linears
    }

    /// Whether it is a convolution whose groups have quads of their own.
    #[cfg(test)]
    pub(in crate::run) fn has_own_groups(&self) -> bool {
        let has_own = |conv: PacketConvLayer| conv.quads.groups.is_some();
        self.conv.is_some_and(has_own) && !self.is_rearranged()
    }

    /// Whether it is a convolution of a copy whose quads are of neighbouring positions.
    #[cfg(test)]
    pub(in crate::run) fn is_rearranged(&self) -> bool {
        self.conv.is_some_and(|conv| conv.quads.is_rearranged())
    }

    /// Whether it is a convolution by quads of neighbouring columns.
    #[cfg(test)]
    pub(in crate::run) fn is_by_columns(&self) -> bool {
        self.conv.is_some_and(|conv| conv.quads.column_quads > 0)
    }

    /// Whether it reads windows that go on from a row to the next.
    #[cfg(test)]
    pub(in crate::run) fn is_flat(&self) -> bool {
        self.conv.is_some_and(|conv| conv.quads.is_flat)
    }

    /// Whether it is a convolution over a single row.
    #[cfg(test)]
    pub(in crate::run) fn is_of_one_row(&self) -> bool {
        self.conv.is_some_and(|conv| conv.quads.output[0] == 1)
    }

    /// Whether it is a mean pool whose codes floating-point numbers make.
    #[cfg(test)]
    pub(in crate::run) fn is_mean_by_floats(&self) -> bool {
        self.multiplier.is_some()
    }
}

impl Program {
    /// How packets `C` compute its steps, in their order.
    ///
    /// # Errors
    ///
    /// As [`Program::int8_packets`].
    pub fn packet_layers<C: CodeLanes>(
        &self,
        quantized: &QuantizedNetwork<'_>,
    ) -> Result<impl Iterator<Item = PacketLayer>, BufferError> {
        self.check_int8(quantized)?;
        let mut next = 0;
        Ok((0..self.steps().len()).map(move |index| {
            let conv = self.packet_conv_layer::<C>(quantized, index);
            let words = conv.map_or(0, |conv| conv.quads.words::<C>());
            let at = next;
            next += words;
            let step = &self.steps()[index];
            let adds = step.adds.is_some() || matches!(step.operation, Operation::Add { .. });
            let sum = adds.then(|| self.packet_sum(quantized, step)).flatten();
            PacketLayer {
                conv,
                multiplier: self.mean_multiplier::<C>(quantized, index),
                is_served: !adds || sum.is_some(),
                sum,
                at,
                words,
                linears: self.linears::<C>(index),
            }
        }))
    }

    /// Steps from this one on that are linear layers, or convolutions like these: of one position, and nothing else.
    fn linears<C: CodeLanes>(&self, index: usize) -> usize {
        let is_linear = |index: &usize| {
            let is_plain = self.steps()[*index].adds.is_none();
            is_plain
                && self
                    .quads::<C>(*index)
                    .is_some_and(|quads| quads.is_linear())
        };
        (index..self.steps().len()).take_while(is_linear).count()
    }

    fn mean_multiplier<C: CodeLanes>(
        &self,
        quantized: &QuantizedNetwork<'_>,
        index: usize,
    ) -> Option<f32> {
        let step = &self.steps()[index];
        let Operation::AvgPool2d(pool) = step.operation else {
            return None;
        };
        let single = self.plain_step(step, quantized);
        let geometry = PoolGeometry::new(&pool, step.input, step.output);
        let find = || mean_multiplier(single.pool_kind(), &geometry, &single.output(0));
        C::HAS_FUSED_SCALES.then(find).flatten()
    }

    fn packet_sum(&self, quantized: &QuantizedNetwork<'_>, step: &Step) -> Option<PacketSum> {
        let single = self.plain_step(step, quantized);
        let (inputs, first, is_held_second) = match step.adds {
            Some(read) => {
                let mut inputs = [single.nodes[0]; 2];
                inputs[usize::from(read)] = single.inputs[1];
                (inputs, 1, read == 1)
            }
            None => (single.inputs, 0, step.in_place == Some(1)),
        };
        let output = single.output(first);
        PacketSum::new(single.rule, single.behind(), inputs, output, is_held_second)
    }

    fn packet_conv_layer<C: CodeLanes>(
        &self,
        quantized: &QuantizedNetwork<'_>,
        index: usize,
    ) -> Option<PacketConvLayer> {
        let quads = self.quads::<C>(index)?;
        let step = &self.steps()[index];
        let single = self.plain_step(step, quantized);
        let [height, width] = quads.conv().input;
        // Of the value, whose quads groups may not have.
        let read = height * width * quads.conv().channels.div_ceil(QUAD);
        let places = quads.places::<C>(is_pooled(step));
        let copy_words = quads.copy_words();
        let [rows, columns] = places.extents;
        Some(PacketConvLayer {
            from: self.value(step.reads[0].value).at,
            read,
            to: step.value.region.at,
            image: [
                if quads.is_copied { copy_words } else { read },
                rows * columns * places.blocks,
            ],
            quads,
            places,
            copy_words,
            ring_words: quads.ring_words(),
            runs: quads.runs(0),
            rule: convolution_rule(step, quantized.rule()),
            padding: four(single.inputs[0].zero) as u32,
            quantization: match step.adds {
                // What is added to it has the limits.
                Some(_) => single.nodes[0],
                None => single.output(0),
            },
        })
    }

    /// How packets see the convolution or linear layer of a step.
    pub(super) fn quads<C: CodeLanes>(&self, index: usize) -> Option<QuadGeometry> {
        let step = &self.steps()[index];
        let conv = step.packet_geometry()?;
        let reads = self.steps().iter().flat_map(|step| step.reads());
        let is_only = step.reads[0].value == 0 && reads.filter(|read| read.value == 0).count() == 1;
        let can = is_only && step.adds.is_none();
        Some(QuadGeometry::new::<C>(&conv, can, is_pooled(step)))
    }
}

/// Whether only the largest of each 2 x 2 outputs of a step is wanted.
pub(super) fn is_pooled(step: &Step) -> bool {
    matches!(step.operation, Operation::Conv2d { pool: true, .. })
}

/// How the convolution or linear layer of a step rounds: TensorFlow Lite's linear layers once, too.
fn convolution_rule(step: &Step, rule: Int8Rule) -> Int8Rule {
    match step.operation {
        Operation::Linear { .. } => Int8Rule::Once,
        _ => rule,
    }
}
