//! Tensors and operators as the bytes of a TFLite file.

use crate::exchange::tflite::constant::{INT8, INT32, TfliteElement};
use crate::exchange::tflite::schema::IDENTIFIER;
use flatbuffers::{
    FlatBufferBuilder, Push, TableFinishedWIPOffset, UnionWIPOffset, VOffsetT, WIPOffset,
};
use kiln_core::Quantization;

/// A tensor that is written.
#[derive(Clone, Debug)]
pub struct WrittenTensor {
    name: String,
    pub dims: Vec<usize>,
    element: TfliteElement,
    scales: Vec<f32>,
    zero: i64,
    /// The axis along which there is a scale each.
    axis: usize,
    /// A constant's bytes.
    data: Vec<u8>,
}

/// An operator that is written.
#[derive(Clone, Debug)]
pub struct WrittenOperator {
    /// Its code and the version of it that takes int8.
    pub code: i32,
    pub version: i32,
    pub inputs: Vec<usize>,
    pub output: usize,
    /// The kind of its options.
    pub options: u8,
    /// Fields of one byte, then fields of four.
    pub choices: Vec<(u16, i8)>,
    pub ints: Vec<(u16, i32)>,
}

/// A file of one graph.
#[derive(Debug, Default)]
pub struct WrittenGraph {
    pub tensors: Vec<WrittenTensor>,
    pub operators: Vec<WrittenOperator>,
    pub input: usize,
    pub output: usize,
    /// Texts by name.
    pub metadata: Vec<(&'static str, String)>,
}

impl WrittenTensor {
    /// Codes that are computed.
    pub fn codes(name: String, dims: Vec<usize>, own: &Quantization) -> Self {
        Self {
            name,
            dims,
            element: INT8,
            scales: vec![own.scale],
            zero: own.zero.into(),
            axis: 0,
            data: Vec::new(),
        }
    }

    /// Weights with a scale for each place along an axis, or one for all.
    pub fn weights(
        name: String,
        dims: Vec<usize>,
        (scales, axis): (Vec<f32>, usize),
        weights: &[i8],
    ) -> Self {
        Self {
            name,
            dims,
            element: INT8,
            scales,
            zero: 0,
            axis,
            data: weights.iter().map(|weight| *weight as u8).collect(),
        }
    }

    /// 32-bit integers; biases have scales.
    pub fn ints(name: String, dims: Vec<usize>, values: &[i32], scales: Vec<f32>) -> Self {
        Self {
            name,
            dims,
            element: INT32,
            scales,
            zero: 0,
            axis: 0,
            data: values.iter().flat_map(|own| own.to_le_bytes()).collect(),
        }
    }
}

/// A table that has been written.
pub type Table = WIPOffset<TableFinishedWIPOffset>;
/// What tables are written by.
pub type Builder = FlatBufferBuilder<'static>;

/// What the schema asks of where constants lie.
const ALIGNMENT: usize = 16;
/// Bytes of a vector's length.
const LENGTH: usize = 4;

impl WrittenGraph {
    /// The bytes of the file.
    ///
    /// A flatbuffer grows from its end. Constants lie at multiples of 16 from there, and are so from the
    /// start where what is before them is a multiple of 16, too, to which eight bytes may lack.
    pub fn bytes(&self) -> Vec<u8> {
        let bytes = self.built(false);
        match bytes.len().is_multiple_of(ALIGNMENT) {
            true => bytes,
            false => self.built(true),
        }
    }

    fn built(&self, is_lengthened: bool) -> Vec<u8> {
        let mut builder = Builder::new();
        let constants = self.tensors.iter().map(|tensor| tensor.data.as_slice());
        let texts = self.metadata.iter().map(|(_, text)| text.as_bytes());
        // The first buffer is that of all tensors which are no constants.
        let buffers: Vec<Table> = std::iter::once(&[][..])
            .chain(constants.chain(texts))
            .map(|data| buffer(&mut builder, data))
            .collect();
        if is_lengthened {
            builder.create_vector(&[0_u8; LENGTH]);
        }
        let metadata = (1 + self.tensors.len()..).zip(&self.metadata);
        let metadata: Vec<Table> = metadata
            .map(|(buffer, (name, _))| {
                let name = builder.create_string(name);
                table(&mut builder, |b| {
                    b.push_slot_always(slot(0), name);
                    b.push_slot_always(slot(1), buffer as u32);
                })
            })
            .collect();
        let graph = self.graph(&mut builder);
        let graphs = builder.create_vector(&[graph]);
        let codes = self.operators.iter().map(|own| {
            table(&mut builder, |b| {
                // All are of before there were more than 127.
                b.push_slot_always(slot(0), own.code as i8);
                b.push_slot_always(slot(2), own.version);
                b.push_slot_always(slot(3), own.code);
            })
        });
        let codes: Vec<Table> = codes.collect();
        let codes = builder.create_vector(&codes);
        let buffers = builder.create_vector(&buffers);
        let metadata = builder.create_vector(&metadata);
        let description = builder.create_string("made by Kiln");
        let model = table(&mut builder, |b| {
            b.push_slot_always(slot(0), 3_u32);
            b.push_slot_always(slot(1), codes);
            b.push_slot_always(slot(2), graphs);
            b.push_slot_always(slot(3), description);
            b.push_slot_always(slot(4), buffers);
            b.push_slot_always(slot(6), metadata);
        });
        let identifier = std::str::from_utf8(IDENTIFIER).ok();
        builder.finish(model, identifier);
        builder.finished_data().to_vec()
    }

    fn graph(&self, builder: &mut Builder) -> Table {
        let tensors = self.tensors.iter().enumerate();
        let tensors: Vec<Table> = tensors
            .map(|(index, tensor)| {
                let buffer = if tensor.data.is_empty() { 0 } else { index + 1 };
                tensor.write(buffer as u32, builder)
            })
            .collect();
        let operators = self.operators.iter().enumerate();
        let operators: Vec<Table> = operators
            .map(|(index, operator)| operator.write(index as u32, builder))
            .collect();
        let tensors = builder.create_vector(&tensors);
        let operators = builder.create_vector(&operators);
        let inputs = builder.create_vector(&[self.input as i32]);
        let outputs = builder.create_vector(&[self.output as i32]);
        let name = builder.create_string("network");
        table(builder, |b| {
            b.push_slot_always(slot(0), tensors);
            b.push_slot_always(slot(1), inputs);
            b.push_slot_always(slot(2), outputs);
            b.push_slot_always(slot(3), operators);
            b.push_slot_always(slot(4), name);
        })
    }
}

/// A buffer whose bytes are a multiple of 16 from the end.
fn buffer(builder: &mut Builder, data: &[u8]) -> Table {
    if data.is_empty() {
        return table(builder, |_| {});
    }
    let place = |builder: &Builder| {
        let end = builder.unfinished_data().len() + data.len();
        end.next_multiple_of(LENGTH) % ALIGNMENT
    };
    // A vector of nothing is its length alone.
    while place(builder) != 0 {
        builder.create_vector::<u8>(&[]);
    }
    let data = builder.create_vector(data);
    table(builder, |b| b.push_slot_always(slot(0), data))
}

impl WrittenTensor {
    fn write(&self, buffer: u32, builder: &mut Builder) -> Table {
        let quantization = (!self.scales.is_empty()).then(|| {
            let scales = builder.create_vector(&self.scales);
            let zeros = builder.create_vector(&vec![self.zero; self.scales.len()]);
            let axis = self.axis as i32;
            table(builder, |b| {
                b.push_slot_always(slot(2), scales);
                b.push_slot_always(slot(3), zeros);
                b.push_slot_always(slot(6), axis);
            })
        });
        let dims: Vec<i32> = self.dims.iter().map(|extent| *extent as i32).collect();
        let dims = builder.create_vector(&dims);
        let name = builder.create_string(&self.name);
        table(builder, |b| {
            b.push_slot_always(slot(0), dims);
            b.push_slot_always(slot(1), self.element.number());
            b.push_slot_always(slot(2), buffer);
            b.push_slot_always(slot(3), name);
            if let Some(quantization) = quantization {
                b.push_slot_always(slot(4), quantization);
            }
        })
    }
}

impl WrittenOperator {
    fn write(&self, code: u32, builder: &mut Builder) -> Table {
        let options = table(builder, |b| {
            push(b, &self.choices);
            push(b, &self.ints);
        });
        let options: WIPOffset<UnionWIPOffset> = options.as_union_value();
        let inputs: Vec<i32> = self.inputs.iter().map(|number| *number as i32).collect();
        let inputs = builder.create_vector(&inputs);
        let outputs = builder.create_vector(&[self.output as i32]);
        table(builder, |b| {
            b.push_slot_always(slot(0), code);
            b.push_slot_always(slot(1), inputs);
            b.push_slot_always(slot(2), outputs);
            if self.options != 0 {
                b.push_slot_always(slot(3), self.options);
                b.push_slot_always(slot(4), options);
            }
        })
    }
}

/// Adds fields, by their numbers.
pub fn push<T: Push + Copy>(builder: &mut Builder, fields: &[(u16, T)]) {
    for (field, value) in fields {
        builder.push_slot_always(slot(*field), *value);
    }
}

/// Writes a table of what `fields` adds.
pub fn table(builder: &mut Builder, fields: impl FnOnce(&mut Builder)) -> Table {
    let start = builder.start_table();
    fields(builder);
    WIPOffset::new(builder.end_table(start).value())
}

/// Where a field's place stands in a table of places.
pub fn slot(field: u16) -> VOffsetT {
    4 + 2 * field
}
