//! A network in integers as bytes that are used where they lie.

use super::layout::{ALIGNMENT, CHECKSUM_LEN, INT8_VERSION, ModelLayout, PREFIX_LEN};
use super::write::Lines;
use super::{
    ModelError, ModelTask, Scaling, check_names, check_parts, decode, encoded_header, verify,
};
use crate::int8::{Int8Rule, Quantization, QuantizedNetwork};
use crate::lanes::bytes::{i8s_in_place, i32s_in_place, quantizations_in_place};
use crate::{Network, crc32::crc32};
use postcard::ser_flavors::Size;
use serde::{Deserialize, Serialize};

/// What the entries of a table in a model file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TensorElement {
    /// Scale, f32; then zero, least and greatest code, i8; then a byte of zero.
    Quantization,
    /// 32-bit integers.
    I32,
    /// 8-bit integers.
    I8,
}

impl TensorElement {
    /// Bytes of an entry.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Quantization => 8,
            Self::I32 => 4,
            Self::I8 => 1,
        }
    }
}

/// A table of a model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorEntry {
    /// What its entries are.
    pub element: TensorElement,
    /// How many they are.
    pub len: u32,
}

/// The model file of a network in integers, opened in place.
///
/// It is a model file of version 3. Where others have their parameters it has three tables, each at a
/// multiple of 16, zeros between them: what the codes of each value stand for, the constants and the
/// weights, as [`QuantizedNetwork::new`] takes them. The prefix counts the words of all three. The
/// header has, before all else, the rule of rounding and the tables' elements and lengths.
#[derive(Clone, Debug)]
pub struct Int8ModelFile<'a> {
    header: Int8Header<'a>,
    values: &'a [Quantization],
    constants: &'a [i32],
    weights: &'a [i8],
}

#[derive(Clone, Debug, Deserialize)]
struct Int8Header<'a> {
    rule: Int8Rule,
    tensors: [TensorEntry; 3],
    network: Network,
    task: ModelTask,
    scaling: Scaling,
    #[serde(borrow)]
    class_names: &'a str,
    notes: &'a str,
}

impl<'a> Int8ModelFile<'a> {
    /// Opens a model file that fills `bytes`; accepts any bytes, as
    /// [`ModelFile::open`](super::ModelFile::open) does.
    ///
    /// # Errors
    ///
    /// What is wrong with the bytes, that they are a model of floating-point numbers, or that they do
    /// not start at a multiple of 4.
    pub fn open(bytes: &'a [u8]) -> Result<Self, ModelError> {
        let (layout, head, body) = verify(bytes)?;
        if layout.version != INT8_VERSION {
            return Err(ModelError::Float);
        }
        let header: Int8Header<'a> = decode(encoded_header(&head[PREFIX_LEN..], &layout)?)?;
        check_parts(&header.network, header.task, &header.scaling)?;
        if !header.class_names.is_empty() {
            check_names(&header.network, header.class_names.split('\n'))?;
        }
        let [values, constants, weights] = split_tables(&header.tensors, body)?;
        let file = Self {
            values: quantizations_in_place(values).ok_or(ModelError::Misaligned)?,
            constants: i32s_in_place(constants).ok_or(ModelError::Misaligned)?,
            weights: i8s_in_place(weights),
            header,
        };
        file.check()?;
        Ok(file)
    }

    fn check(&self) -> Result<(), ModelError> {
        let (network, rule) = (&self.header.network, self.header.rule);
        QuantizedNetwork::new(network, rule, self.values, self.weights, self.constants)
            .map(|_| ())
            .map_err(ModelError::Integers)
    }

    /// Whether `bytes`, of which 16 are enough, start the model file of a network in integers.
    ///
    /// # Errors
    ///
    /// As [`ModelFile::length`](super::ModelFile::length).
    pub fn is_int8(bytes: &[u8]) -> Result<bool, ModelError> {
        Ok(ModelLayout::read(bytes)?.version == INT8_VERSION)
    }

    /// The network with its integers, checked.
    pub fn quantized(&self) -> QuantizedNetwork<'_> {
        let header = &self.header;
        QuantizedNetwork::of_checked(
            &header.network,
            header.rule,
            self.values,
            self.weights,
            self.constants,
        )
    }

    /// Its graph.
    pub fn network(&self) -> &Network {
        &self.header.network
    }

    /// What the network's output means.
    pub fn task(&self) -> ModelTask {
        self.header.task
    }

    /// How a sample's values become the numbers that the input's codes stand for.
    pub fn scaling(&self) -> &Scaling {
        &self.header.scaling
    }

    /// Name of each class in the order of the logits; nothing where the file names none.
    pub fn class_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.header.class_names.lines()
    }

    /// What was noted about where it comes from.
    pub fn notes(&self) -> &'a str {
        self.header.notes
    }

    /// Its tables: what codes stand for, constants, weights.
    pub fn tensors(&self) -> &[TensorEntry; 3] {
        &self.header.tensors
    }
}

/// What the model file of a network in integers is made of.
#[derive(Clone, Copy, Debug)]
pub struct Int8ModelParts<'a> {
    /// The network with its integers.
    pub quantized: &'a QuantizedNetwork<'a>,
    /// What its output means.
    pub task: ModelTask,
    /// How pixels become the numbers that the input's codes stand for.
    pub scaling: &'a Scaling,
    /// A name for each class, or none; no line breaks in them.
    pub class_names: &'a [&'a str],
    /// Anything about where it comes from.
    pub notes: &'a str,
}

#[derive(Serialize)]
struct Int8HeaderParts<'a> {
    rule: Int8Rule,
    tensors: [TensorEntry; 3],
    network: &'a Network,
    task: ModelTask,
    scaling: &'a Scaling,
    class_names: Lines<'a>,
    notes: &'a str,
}

impl Int8ModelParts<'_> {
    /// Length in bytes of the file these parts make.
    ///
    /// # Errors
    ///
    /// If the parts do not fit one another or the file would be too large.
    pub fn encoded_len(&self) -> Result<usize, ModelError> {
        let total = self.layout()?.total();
        usize::try_from(total).map_err(|_| ModelError::TooLarge)
    }

    /// Writes the file to the start of `out` and returns its length.
    ///
    /// # Errors
    ///
    /// As [`Int8ModelParts::encoded_len`], and if `out` is shorter than that; `out` is then unchanged.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, ModelError> {
        let (layout, needed) = (self.layout()?, self.encoded_len()?);
        let found = out.len();
        let file = out
            .get_mut(..needed)
            .ok_or(ModelError::BufferTooShort { needed, found })?;
        let (content, checksum) = file.split_at_mut(needed - CHECKSUM_LEN);
        content.fill(0);
        let (head, body) = content.split_at_mut(layout.parameters_at);
        let (prefix, area) = head.split_at_mut(PREFIX_LEN);
        prefix.copy_from_slice(&layout.prefix());
        postcard::to_slice(&self.header()?, area).map_err(|_| ModelError::Header)?;
        self.write_tables(body)?;
        checksum.copy_from_slice(&crc32(content).to_le_bytes());
        Ok(needed)
    }

    fn write_tables(&self, body: &mut [u8]) -> Result<(), ModelError> {
        let [values, constants, weights] = table_starts(&self.entries()?)?;
        let entries = body[values..].chunks_exact_mut(TensorElement::Quantization.bytes());
        for (bytes, value) in entries.zip(self.quantized.values()) {
            bytes[..4].copy_from_slice(&value.scale.to_le_bytes());
            let codes = [value.zero, value.low, value.high];
            for (byte, code) in bytes[4..].iter_mut().zip(codes) {
                *byte = code as u8;
            }
        }
        let entries = body[constants..].chunks_exact_mut(TensorElement::I32.bytes());
        for (bytes, value) in entries.zip(self.quantized.constants()) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        for (byte, weight) in body[weights..].iter_mut().zip(self.quantized.weights()) {
            *byte = *weight as u8;
        }
        Ok(())
    }

    fn layout(&self) -> Result<ModelLayout, ModelError> {
        let network = self.quantized.network();
        check_parts(network, self.task, self.scaling)?;
        if !self.class_names.is_empty() {
            check_names(network, self.class_names.iter().copied())?;
        }
        let header_len = postcard::serialize_with_flavor(&self.header()?, Size::default())
            .map_err(|_| ModelError::Header)?;
        let words = table_len(&self.entries()?)? / 4;
        let layout = ModelLayout::new(header_len, words).ok_or(ModelError::TooLarge)?;
        Ok(ModelLayout {
            version: INT8_VERSION,
            ..layout
        })
    }

    fn entries(&self) -> Result<[TensorEntry; 3], ModelError> {
        let entry = |element, len| match u32::try_from(len) {
            Ok(len) => Ok(TensorEntry { element, len }),
            Err(_) => Err(ModelError::TooLarge),
        };
        Ok([
            entry(TensorElement::Quantization, self.quantized.values().len())?,
            entry(TensorElement::I32, self.quantized.constants().len())?,
            entry(TensorElement::I8, self.quantized.weights().len())?,
        ])
    }

    fn header(&self) -> Result<Int8HeaderParts<'_>, ModelError> {
        Ok(Int8HeaderParts {
            rule: self.quantized.rule(),
            tensors: self.entries()?,
            network: self.quantized.network(),
            task: self.task,
            scaling: self.scaling,
            class_names: Lines(self.class_names),
            notes: self.notes,
        })
    }
}

/// Where each table starts in the body.
fn table_starts(tensors: &[TensorEntry; 3]) -> Result<[usize; 3], ModelError> {
    let mut starts = [0; 3];
    let mut end = 0_usize;
    for (start, entry) in starts.iter_mut().zip(tensors) {
        *start = end;
        end = (entry.len as usize)
            .checked_mul(entry.element.bytes())
            .and_then(|len| len.checked_add(end))
            .and_then(|end| end.checked_next_multiple_of(ALIGNMENT))
            .ok_or(ModelError::TooLarge)?;
    }
    Ok(starts)
}

/// Bytes of the body.
fn table_len(tensors: &[TensorEntry; 3]) -> Result<usize, ModelError> {
    let [.., last] = table_starts(tensors)?;
    let [.., entry] = tensors;
    let len = (entry.len as usize).checked_mul(entry.element.bytes());
    len.and_then(|len| len.checked_add(last))
        .and_then(|end| end.checked_next_multiple_of(ALIGNMENT))
        .ok_or(ModelError::TooLarge)
}

/// The tables of a body that is exactly as long as they are, of the elements they have to have.
fn split_tables<'a>(
    tensors: &[TensorEntry; 3],
    body: &'a [u8],
) -> Result<[&'a [u8]; 3], ModelError> {
    use TensorElement::{I8, I32, Quantization};
    let elements = tensors.map(|entry| entry.element);
    if elements != [Quantization, I32, I8] || table_len(tensors)? != body.len() {
        return Err(ModelError::Tables);
    }
    let starts = table_starts(tensors)?;
    let table = |index: usize| {
        let entry: TensorEntry = tensors[index];
        &body[starts[index]..][..entry.len as usize * entry.element.bytes()]
    };
    Ok([table(0), table(1), table(2)])
}

#[cfg(test)]
mod tests;
