//! A step of an inference as words.

use super::header::StoredHeader;
use super::options::StepOptions;
use crate::dsp::{SIZE_WORDS, size_words};
use crate::int8::{Int8Rule, constants_of, weights_of};
use crate::network::output_shape;
use crate::program::{Buffer, Region};
use crate::run::forward::{PlacedSteps, forward_places};
use crate::run::int8::StepExtent;
use crate::{Layer, Operation, Padding, Program, Shape, Step};

/// Words of a step.
pub(super) const STEP_WORDS: usize = 40;

/// What the loops of one sample's inference read of a step.
pub(super) struct StoredStep {
    pub step: Step,
    /// Where the values lie that it reads.
    pub read: [Region; 2],
    /// Numbers of the nodes that gave them, 0 for the input.
    pub nodes: [usize; 2],
    /// Of a step in integers: how it is arranged.
    pub extent: [u32; 2],
    /// Of a convolution in integers: what loops take of it.
    pub sizes: [u32; SIZE_WORDS],
}

/// It alone, whatever its number is.
impl PlacedSteps for StoredStep {
    fn placed_step(&self, _: usize) -> &Step {
        &self.step
    }

    fn read_place(&self, _: &Step, read: usize) -> Region {
        self.read[read]
    }
}

impl StoredStep {
    /// That of a program.
    pub fn of<const STEPS: usize>(program: &Program<STEPS>, step: &Step) -> Self {
        let values = step.reads.map(|read| read.value);
        Self {
            step: *step,
            read: values.map(|value| program.value(value)),
            nodes: values.map(|value| program.node_of_value(value)),
            extent: [0; 2],
            sizes: [0; SIZE_WORDS],
        }
    }

    /// Writes it.
    pub fn write(&self, words: &mut [u32; STEP_WORDS]) {
        let step = &self.step;
        let options = StepOptions::of(&step.operation);
        let flag = |index: Option<u8>| index.map_or(0, |index| 1 + u32::from(index));
        let pair = |[first, second]: [u16; 2]| u32::from(first) | u32::from(second) << 16;
        let [input, output, inner] = [step.input, step.output, step.inner];
        let padding = options.padding;
        let head = [
            options.kind | options.flags << 8 | flag(step.adds) << 16 | flag(step.in_place) << 24,
            pair(options.kernel),
            pair(options.stride),
            pair([padding.top, padding.left]),
            pair([padding.bottom, padding.right]),
            pair(options.dilation),
            pair([options.groups, options.outputs]),
            step.node as u32 | (step.nodes as u32) << 16,
            self.nodes[0] as u32 | (self.nodes[1] as u32) << 16,
        ];
        let shapes =
            [input, output, inner].map(|shape| [shape.channels, shape.height, shape.width]);
        let regions = [
            self.read[0],
            self.read[1],
            step.value.region,
            step.scratch.region,
            step.parameters,
            step.constants,
        ];
        // What is empty has no place.
        let regions = regions.map(|region| match region.len {
            0 => [0, 0],
            len => [region.at as u32, len as u32],
        });
        let all = head
            .iter()
            .chain(shapes.as_flattened())
            .chain(regions.as_flattened())
            .chain(&self.extent)
            .chain(&self.sizes);
        words
            .iter_mut()
            .zip(all)
            .for_each(|(word, value)| *word = *value);
    }

    /// Reads one; nothing where it is none.
    pub fn read(words: &[u32; STEP_WORDS]) -> Option<Self> {
        let halves = |index: usize| [words[index] as u16, (words[index] >> 16) as u16];
        let shape = |index: usize| Shape::new(words[index], words[index + 1], words[index + 2]);
        let region = |index: usize| Region {
            at: words[index] as usize,
            len: words[index + 1] as usize,
        };
        let buffer = |index: usize| Buffer::at(region(index));
        let index = |byte: u32| (byte as u8).checked_sub(1);
        let [top, left] = halves(3);
        let [bottom, right] = halves(4);
        let [groups, outputs] = halves(6);
        let options = StepOptions {
            kind: words[0] & 0xff,
            flags: (words[0] >> 8) & 0xff,
            kernel: halves(1),
            stride: halves(2),
            padding: Padding {
                top,
                left,
                bottom,
                right,
            },
            dilation: halves(5),
            groups,
            outputs,
        };
        let [node, nodes] = halves(7).map(usize::from);
        let step = Step {
            operation: options.operation()?,
            node,
            nodes,
            input: shape(9),
            output: shape(12),
            inner: shape(15),
            adds: index(words[0] >> 16),
            in_place: index(words[0] >> 24),
            value: buffer(22),
            scratch: buffer(24),
            parameters: region(26),
            constants: region(28),
            ..Step::NOTHING
        };
        Some(Self {
            step,
            read: [region(18), region(20)],
            nodes: halves(8).map(usize::from),
            extent: [words[30], words[31]],
            sizes: [0, 1, 2, 3, 4, 5].map(|index| words[32 + index]),
        })
    }

    /// Whether kernels may run it within an arena of so many values: extents follow from one another,
    /// and all that it reads and writes is there and apart.
    pub fn is_sound<const INT8: bool>(&self, header: &StoredHeader) -> bool {
        let step = &self.step;
        let rule = if INT8 { header.rule() } else { None };
        // Integers are found by the words that follow one another.
        let parameters = if INT8 { usize::MAX } else { header.weights };
        let Some(layer) = layer(&step.operation) else {
            return false;
        };
        let shapes = [step.input, step.inner, step.output];
        let are_sound = shapes.iter().all(|shape| {
            shape
                .checked_elements()
                .is_some_and(|elements| elements > 0)
        });
        // Before anything is counted: no group is empty then, no stride 0.
        if !are_sound || output_shape(&layer, step.input) != Ok(step.inner) {
            return false;
        }
        let pooled = match step.operation {
            Operation::Conv2d { pool: true, .. } => Shape::new(
                step.inner.channels,
                step.inner.height / 2,
                step.inner.width / 2,
            ),
            _ => step.inner,
        };
        let fits = |region: Region, elements: usize| region.len == room(elements, rule);
        let second = step.read_count() == 1 || fits(self.read[1], step.output.elements());
        let (own_weights, constants) = match rule {
            None => {
                let (weights, biases) = layer.parameters(step.input);
                ((weights + biases) as usize, 0)
            }
            Some(rule) => (weights_of(&layer, step.input), constants_of(&layer, rule)),
        };
        let added = match (step.adds, rule) {
            (Some(read), Some(rule)) if read < 2 => constants_of(&Layer::Add, rule),
            (None, _) => 0,
            _ => return false,
        };
        pooled == step.output
            && fits(self.read[0], step.input.elements())
            && second
            && fits(step.value.region, step.output.elements())
            && step.parameters.len == own_weights
            && is_within(step.parameters, parameters)
            && has_constants(step, constants + added)
            && (!INT8 || step.scratch.region.len >= step.int8_scratch())
            && self.is_apart(header.arena, header.training > 0)
    }

    /// Whether what its codes stand for is told of, among so many values.
    pub fn is_covered(&self, values: usize) -> bool {
        let step = &self.step;
        let is_named = self.nodes.iter().all(|node| *node < values);
        is_named && step.nodes > 0 && step.node + step.nodes < values
    }

    /// Whether its integers are where they were found, and loops take of it what they do.
    pub fn is_arranged(&self, found: StepExtent) -> bool {
        let sizes = match (found.loops, self.step.int8_geometry()) {
            (1.., Some(geometry)) => size_words(&geometry, self.step.pools()),
            _ => [0; SIZE_WORDS],
        };
        self.extent == found.to_words() && self.sizes == sizes
    }

    /// Tells where its integers are found.
    pub fn arranged(mut self, found: StepExtent) -> Self {
        self.extent = found.to_words();
        if let (1.., Some(geometry)) = (found.loops, self.step.int8_geometry()) {
            self.sizes = size_words(&geometry, self.step.pools());
        }
        self
    }

    /// Whether everything lies in the arena, and apart from what it is not meant to lie over.
    fn is_apart(&self, arena: usize, learns: bool) -> bool {
        let step = &self.step;
        let (places, _) = forward_places(step, self.read);
        // What is used on the way back may lie over what is used forward.
        let scratch = if learns {
            Region::EMPTY
        } else {
            step.scratch.region
        };
        let all = [places[0], places[1], places[2], scratch];
        let over = match step.in_place {
            Some(index @ 0..=1) => {
                self.read[usize::from(index)].at == step.value.region.at
                    && (step.operation.works_in_place() || step.adds.is_some())
            }
            Some(_) => false,
            None => true,
        };
        over && all.iter().all(|region| is_within(*region, arena)) && are_apart(&all)
    }
}

/// A pool over a whole map may have been one that has constants, by either rule.
fn has_constants(step: &Step, constants: usize) -> bool {
    let is_mean = matches!(step.operation, Operation::AvgPool2d(_));
    step.constants.len == constants || is_mean && matches!(step.constants.len, 0 | 2)
}

/// Values of the place of so many: of codes it is whole words.
pub(super) fn room(elements: usize, rule: Option<Int8Rule>) -> usize {
    match rule {
        None => elements,
        Some(_) => elements.next_multiple_of(4),
    }
}

/// Whether it lies within so many values. An empty one lies at their beginning: elsewhere it might be taken
/// for a part of another.
pub(super) fn is_within(region: Region, len: usize) -> bool {
    let end = region.at.checked_add(region.len);
    end.is_some_and(|end| end <= len) && (region.len > 0 || region.at == 0)
}

/// Whether no two of them meet.
pub(super) fn are_apart(all: &[Region]) -> bool {
    let apart = |index: usize| {
        let behind = &all[index + 1..];
        behind.iter().all(|other| is_disjoint(all[index], *other))
    };
    (0..all.len()).all(apart)
}

fn is_disjoint(one: Region, other: Region) -> bool {
    let empty = one.len == 0 || other.len == 0;
    empty || one.at + one.len <= other.at || other.at + other.len <= one.at
}

/// The layer whose numbers a step has.
fn layer(operation: &Operation) -> Option<Layer> {
    Some(match *operation {
        Operation::Conv2d { conv, .. } => Layer::Conv2d(conv),
        Operation::Activation(_) => Layer::Relu,
        Operation::MaxPool2d(pool) => Layer::MaxPool2d(pool),
        Operation::AvgPool2d(pool) => Layer::AvgPool2d(pool),
        Operation::Linear { linear, .. } => Layer::Linear(linear),
        Operation::Add { .. } => Layer::Add,
        Operation::ScaleShift { .. } => Layer::ScaleShift,
        Operation::BatchNorm { .. } | Operation::Dropout(_) => return None,
    })
}
