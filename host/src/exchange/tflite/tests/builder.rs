//! Small TFLite files, written by the library of FlatBuffers' makers, table by table.

use crate::exchange::tflite::write::flatbuffer::{Builder, Table, push, slot, table};
use flatbuffers::{UnionWIPOffset, WIPOffset};

/// A file's version and graph.
#[derive(Clone)]
pub struct ModelText {
    pub identifier: &'static str,
    pub version: u32,
    pub tensors: Vec<TensorText>,
    pub operators: Vec<OperatorText>,
    pub inputs: Vec<i32>,
    pub outputs: Vec<i32>,
}

#[derive(Clone)]
pub struct TensorText {
    pub name: &'static str,
    pub dims: Vec<i32>,
    pub element: i8,
    pub scales: Vec<f32>,
    pub zeros: Vec<i64>,
    pub axis: i32,
    pub is_sparse: bool,
    pub data: Vec<u8>,
}

#[derive(Clone)]
pub struct OperatorText {
    pub code: i32,
    pub inputs: Vec<i32>,
    pub outputs: Vec<i32>,
    /// The kind of options, then fields of one byte and of four.
    pub options: u8,
    pub choices: Vec<(u16, i8)>,
    pub ints: Vec<(u16, i32)>,
}

pub const CONV_2D: i32 = 3;
pub const INT8: i8 = 9;
pub const INT32: i8 = 2;

/// A value of int8 codes.
pub fn value(name: &'static str, dims: &[i32], scale: f32, zero: i64) -> TensorText {
    TensorText {
        name,
        dims: dims.to_vec(),
        element: INT8,
        scales: vec![scale],
        zeros: vec![zero],
        axis: 0,
        is_sparse: false,
        data: vec![],
    }
}

/// An operator without options.
pub fn operator(code: i32, inputs: &[i32], output: i32) -> OperatorText {
    OperatorText {
        code,
        inputs: inputs.to_vec(),
        outputs: vec![output],
        options: 0,
        choices: vec![],
        ints: vec![],
    }
}

/// 32-bit integers.
pub fn ints(name: &'static str, dims: &[i32], values: &[i32]) -> TensorText {
    TensorText {
        element: INT32,
        data: values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect(),
        ..value(name, dims, 1.0, 0)
    }
}

/// `x` of 1x3x3x2, a convolution 2x2 to 3 of it, `y`, with a scale for each filter.
pub fn small() -> ModelText {
    let weights: Vec<u8> = (0..24).map(|tap| (tap * 5 - 60) as i8 as u8).collect();
    ModelText {
        identifier: "TFL3",
        version: 3,
        tensors: vec![
            value("x", &[1, 3, 3, 2], 0.5, -128),
            TensorText {
                scales: vec![0.25, 0.01, 0.5],
                zeros: vec![0; 3],
                data: weights,
                ..value("w", &[3, 2, 2, 2], 0.0, 0)
            },
            ints("b", &[3], &[10, -20, 30]),
            value("y", &[1, 2, 2, 3], 2.0, 7),
        ],
        operators: vec![OperatorText {
            options: 1,
            choices: vec![(0, 1), (3, 1)],
            ints: vec![(1, 1), (2, 1)],
            ..operator(CONV_2D, &[0, 1, 2], 3)
        }],
        inputs: vec![0],
        outputs: vec![3],
    }
}

impl ModelText {
    /// The bytes of the file.
    pub fn write(&self) -> Vec<u8> {
        let mut builder = Builder::new();
        let codes = self.operators.iter().map(|own| {
            let early = own.code.min(127) as i8;
            table(&mut builder, |b| {
                b.push_slot_always(slot(0), early);
                b.push_slot_always(slot(3), own.code);
            })
        });
        let codes: Vec<Table> = codes.collect();
        let buffers = self.tensors.iter().map(|own| {
            let data = builder.create_vector(&own.data);
            table(&mut builder, |b| b.push_slot_always(slot(0), data))
        });
        let buffers: Vec<Table> = buffers.collect();
        let tensors: Vec<Table> = (0..self.tensors.len())
            .map(|index| self.tensors[index].write(index as u32, &mut builder))
            .collect();
        let operators: Vec<Table> = (0..self.operators.len())
            .map(|index| self.operators[index].write(index as u32, &mut builder))
            .collect();
        let tensors = builder.create_vector(&tensors);
        let operators = builder.create_vector(&operators);
        let inputs = builder.create_vector(&self.inputs);
        let outputs = builder.create_vector(&self.outputs);
        let graph = table(&mut builder, |b| {
            b.push_slot_always(slot(0), tensors);
            b.push_slot_always(slot(1), inputs);
            b.push_slot_always(slot(2), outputs);
            b.push_slot_always(slot(3), operators);
        });
        let graphs = builder.create_vector(&[graph]);
        let codes = builder.create_vector(&codes);
        let buffers = builder.create_vector(&buffers);
        let model = table(&mut builder, |b| {
            b.push_slot_always(slot(0), self.version);
            b.push_slot_always(slot(1), codes);
            b.push_slot_always(slot(2), graphs);
            b.push_slot_always(slot(4), buffers);
        });
        builder.finish(model, Some(self.identifier));
        builder.finished_data().to_vec()
    }
}

impl TensorText {
    fn write(&self, buffer: u32, builder: &mut Builder) -> Table {
        let scales = builder.create_vector(&self.scales);
        let zeros = builder.create_vector(&self.zeros);
        let quantization = table(builder, |b| {
            b.push_slot_always(slot(2), scales);
            b.push_slot_always(slot(3), zeros);
            b.push_slot_always(slot(6), self.axis);
        });
        let dims = builder.create_vector(&self.dims);
        let name = builder.create_string(self.name);
        let sparsity = self.is_sparse.then(|| table(builder, |_| {}));
        table(builder, |b| {
            b.push_slot_always(slot(0), dims);
            b.push_slot_always(slot(1), self.element);
            b.push_slot_always(slot(2), buffer);
            b.push_slot_always(slot(3), name);
            b.push_slot_always(slot(4), quantization);
            if let Some(sparsity) = sparsity {
                b.push_slot_always(slot(6), sparsity);
            }
        })
    }
}

impl OperatorText {
    fn write(&self, code: u32, builder: &mut Builder) -> Table {
        let options = table(builder, |b| {
            push(b, &self.choices);
            push(b, &self.ints);
        });
        let options: WIPOffset<UnionWIPOffset> = options.as_union_value();
        let inputs = builder.create_vector(&self.inputs);
        let outputs = builder.create_vector(&self.outputs);
        table(builder, |b| {
            b.push_slot_always(slot(0), code);
            b.push_slot_always(slot(1), inputs);
            b.push_slot_always(slot(2), outputs);
            b.push_slot_always(slot(3), self.options);
            b.push_slot_always(slot(4), options);
        })
    }
}
