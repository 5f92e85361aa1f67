//! The tables of TensorFlow Lite's schema that an import reads, by the numbers of their fields.

use super::error::TfliteError;
use super::flat_table::{FlatTable, FlatTables, TfliteDamage};
use super::names;
use planus::Vector;

/// What bytes 4 to 7 of a file are.
pub const IDENTIFIER: &[u8; 4] = b"TFL3";

/// Most texts of a file that are looked at.
const MAX_METADATA: usize = 64;

/// Most extents of a tensor; its operators know no more than five.
const MAX_RANK: usize = 8;

/// The one graph of a file, with what its numbers stand for.
#[derive(Clone, Copy, Debug)]
pub struct TfliteGraph<'a> {
    codes: FlatTables<'a>,
    buffers: FlatTables<'a>,
    tensors: FlatTables<'a>,
    metadata: FlatTables<'a>,
    /// The operators, in the order in which they run.
    pub operators: FlatTables<'a>,
    /// The tensor that comes in.
    pub input: usize,
    /// The tensor that goes out.
    pub output: usize,
}

impl<'a> TfliteGraph<'a> {
    /// Finds the graph of a file.
    pub fn read(bytes: &'a [u8]) -> Result<Self, TfliteError> {
        if bytes.get(4..8) != Some(IDENTIFIER) {
            return Err(TfliteError::Identifier);
        }
        let model = FlatTable::root(bytes)?;
        let version = model.field_or(0, 0_u32)?;
        if version != 3 {
            return Err(TfliteError::Version { found: version });
        }
        let graphs: FlatTables = model.field_or(2, FlatTables::default())?;
        only("graphs", graphs.len())?;
        let graph = graphs.at(0)?;
        let one = |what, field| {
            let numbers: Option<Vector<i32>> = graph.field(field)?;
            let numbers = numbers.unwrap_or(Vector::new_empty());
            only(what, numbers.len())?;
            let number = numbers.first().and_then(|number| number.try_into().ok());
            number.ok_or(TfliteError::Damaged(TfliteDamage))
        };
        Ok(Self {
            codes: model.field_or(1, FlatTables::default())?,
            buffers: model.field_or(4, FlatTables::default())?,
            tensors: graph.field_or(0, FlatTables::default())?,
            metadata: model.field_or(6, FlatTables::default())?,
            operators: graph.field_or(3, FlatTables::default())?,
            input: one("inputs", 1)?,
            output: one("outputs", 2)?,
        })
    }

    /// A text that whoever made the file put into it; nothing where there is none of this name.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        let own = (0..self.metadata.len().min(MAX_METADATA)).find_map(|index| {
            let record = self.metadata.at(index).ok()?;
            let found: Option<&str> = record.field(0).ok()?;
            (found == Some(name)).then_some(record)
        });
        let buffer: u32 = own?.field_or(1, 0).ok()?;
        let buffer = self.buffers.at(buffer as usize).ok()?;
        let bytes: &[u8] = buffer.field(0).ok()??;
        std::str::from_utf8(bytes).ok()
    }

    /// How many tensors there are.
    #[cfg(test)]
    pub fn tensors(&self) -> usize {
        self.tensors.len()
    }

    /// A tensor by its number.
    pub fn tensor(&self, number: usize) -> Result<TfliteTensor<'a>, TfliteDamage> {
        let record = self.tensors.at(number)?;
        Ok(TfliteTensor {
            record,
            buffers: self.buffers,
        })
    }

    /// An operator by its number.
    pub fn operator(&self, number: usize) -> Result<TfliteOperator<'a>, TfliteDamage> {
        let record = self.operators.at(number)?;
        let code = self.codes.at(record.field_or(0, 0_u32)? as usize)?;
        // Codes up to 127 stand in the field of before there were more.
        let early: i8 = code.field_or(0, 0)?;
        let late: i32 = code.field_or(3, 0)?;
        let mut name = names::operator(late.max(early.into()));
        if name == "CUSTOM" {
            let custom: &str = code.field_or(1, "")?;
            name = format!("{name} {:?}", custom);
        }
        Ok(TfliteOperator { record, name })
    }
}

fn only(what: &'static str, found: usize) -> Result<(), TfliteError> {
    match found {
        1 => Ok(()),
        _ => Err(TfliteError::Several { what, found }),
    }
}

/// A tensor: a constant, or a value that is computed.
#[derive(Clone, Copy, Debug)]
pub struct TfliteTensor<'a> {
    record: FlatTable<'a>,
    buffers: FlatTables<'a>,
}

impl<'a> TfliteTensor<'a> {
    /// Its extents.
    pub fn dims(&self) -> Result<Vec<usize>, TfliteDamage> {
        let dims: Option<Vector<i32>> = self.record.field(0)?;
        let dims = dims.unwrap_or(Vector::new_empty());
        if dims.len() > MAX_RANK {
            return Err(TfliteDamage);
        }
        let dims = dims
            .iter()
            .map(|extent| extent.try_into().map_err(|_| TfliteDamage));
        dims.collect()
    }

    /// The number of its elements' type.
    pub fn element(&self) -> Result<i8, TfliteDamage> {
        self.record.field_or(1, 0)
    }

    /// Its name, as far as it can be shown.
    pub fn name(&self) -> String {
        let name: Option<&str> = self.record.field(3).unwrap_or_default();
        name.unwrap_or_default().escape_debug().to_string()
    }

    /// Whether its values are packed in a way of their own.
    pub fn is_sparse(&self) -> Result<bool, TfliteDamage> {
        Ok(self.record.field::<FlatTable>(6)?.is_some())
    }

    /// Scales, zeros, and the axis along which they are given.
    pub fn quantization(&self) -> Result<(Vector<'a, f32>, Vector<'a, i64>, usize), TfliteDamage> {
        let Some(record) = self.record.field::<FlatTable>(4)? else {
            return Ok((Vector::new_empty(), Vector::new_empty(), 0));
        };
        let axis: i32 = record.field_or(6, 0)?;
        Ok((
            record.field_or(2, Vector::new_empty())?,
            record.field_or(3, Vector::new_empty())?,
            axis.try_into().map_err(|_| TfliteDamage)?,
        ))
    }

    /// Its bytes; none where it is no constant, or they lie behind the flatbuffer.
    pub fn data(&self) -> Result<&'a [u8], TfliteDamage> {
        let buffer = self.buffers.at(self.record.field_or(2, 0_u32)? as usize)?;
        buffer.field_or(0, &[])
    }
}

/// An operator.
#[derive(Clone, Debug)]
pub struct TfliteOperator<'a> {
    record: FlatTable<'a>,
    /// Its name in the schema.
    pub name: String,
}

impl<'a> TfliteOperator<'a> {
    /// Numbers of the tensors that it reads, -1 for one left out.
    pub fn inputs(&self) -> Result<Vector<'a, i32>, TfliteDamage> {
        self.record.field_or(1, Vector::new_empty())
    }

    /// Numbers of the tensors that it gives.
    pub fn outputs(&self) -> Result<Vector<'a, i32>, TfliteDamage> {
        self.record.field_or(2, Vector::new_empty())
    }

    /// Its options, if they are of the kind with this number.
    pub fn options(&self, kind: u8) -> Result<TfliteOptions<'a>, TfliteDamage> {
        let found: u8 = self.record.field_or(3, 0)?;
        let options: Option<FlatTable> = self.record.field(4)?;
        Ok(TfliteOptions(options.filter(|_| found == kind)))
    }
}

/// An operator's options; those left out have their defaults.
#[derive(Clone, Copy, Debug)]
pub struct TfliteOptions<'a>(Option<FlatTable<'a>>);

impl TfliteOptions<'_> {
    /// One of a few, by its number.
    pub fn choice(&self, number: usize) -> Result<i8, TfliteDamage> {
        self.field(number, 0)
    }

    /// A whole number.
    pub fn int(&self, number: usize, default: i32) -> Result<i32, TfliteDamage> {
        self.field(number, default)
    }

    fn field<T: for<'b> planus::TableRead<'b>>(
        &self,
        number: usize,
        default: T,
    ) -> Result<T, TfliteDamage> {
        match &self.0 {
            Some(record) => record.field_or(number, default),
            None => Ok(default),
        }
    }
}
