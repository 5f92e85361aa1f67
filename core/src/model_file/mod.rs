//! A trained network as bytes that are used where they lie.
//!
//! | bytes | content |
//! | --- | --- |
//! | 0..4 | `KILN` |
//! | 4..6 | format version, 2 |
//! | 6..8 | zero |
//! | 8..12 | length of the header |
//! | 12..16 | number of parameters |
//! | 16.. | header, postcard: network, task, input scaling, class names joined by `\n`, training notes |
//! | | zeros up to the next multiple of 16 |
//! | | parameters, f32: nodes in order, weights before bias, PyTorch's index order |
//! | last 4 | CRC-32 of everything before |
//!
//! Version 3 is that of networks in integers, see [`Int8ModelFile`]. Version 1 had chains only, a task of classification, and no word of it. Files of it are read.
//!
//! Numbers are little-endian. A file in memory at a multiple of 16 has its parameters at one too.

mod error;
mod int8;
mod layout;
mod scaling;
mod write;

pub use error::ModelError;
pub use int8::{Int8ModelFile, Int8ModelParts, TensorElement, TensorEntry};
pub use scaling::{MAX_INPUT_CHANNELS, MAX_UNIFORM_CHANNELS, Scaling, ScalingError};
pub use write::ModelParts;

use crate::network::FirstNetwork;
use crate::{Network, crc32::crc32, lanes::bytes::f32s_in_place};
use layout::{CHECKSUM_LEN, FIRST_VERSION, INT8_VERSION, ModelLayout, PREFIX_LEN};
use serde::{Deserialize, Serialize};

/// What a network's output means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelTask {
    /// Logits, one for each class.
    #[default]
    Classification,
    /// The input once more, as an autoencoder gives it; the distance between the two is the score.
    Reconstruction,
}

/// A model file, opened in place: everything large is borrowed from its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFile<'a> {
    network: Network,
    task: ModelTask,
    scaling: Scaling,
    class_names: &'a str,
    notes: &'a str,
    parameters: &'a [f32],
}

/// What postcard finds between the prefix and the padding.
#[derive(Deserialize)]
struct ModelHeader<'a> {
    network: Network,
    task: ModelTask,
    scaling: Scaling,
    #[serde(borrow)]
    class_names: &'a str,
    notes: &'a str,
}

/// The same in version 1.
#[derive(Deserialize)]
struct FirstHeader<'a> {
    network: FirstNetwork,
    scaling: Scaling,
    #[serde(borrow)]
    class_names: &'a str,
    notes: &'a str,
}

impl<'a> From<FirstHeader<'a>> for ModelHeader<'a> {
    fn from(first: FirstHeader<'a>) -> Self {
        Self {
            network: first.network.into(),
            task: ModelTask::Classification,
            scaling: first.scaling,
            class_names: first.class_names,
            notes: first.notes,
        }
    }
}

impl<'a> ModelFile<'a> {
    /// Opens a model file that fills `bytes`, from flash or from a buffer.
    ///
    /// Accepts any bytes: length and checksum are verified before anything else is believed, and
    /// the network, the scaling and the names are then checked against one another. Whether the
    /// parameters are finite is not looked at.
    ///
    /// # Errors
    ///
    /// What is wrong with the bytes, or that they do not start at a multiple of 4.
    pub fn open(bytes: &'a [u8]) -> Result<Self, ModelError> {
        let (layout, head, values) = verify(bytes)?;
        if layout.version == INT8_VERSION {
            return Err(ModelError::Int8);
        }
        let header = read_header(&head[PREFIX_LEN..], &layout)?;
        check_header(&header, layout.parameters)?;
        Ok(Self {
            network: header.network,
            task: header.task,
            scaling: header.scaling,
            class_names: header.class_names,
            notes: header.notes,
            parameters: f32s_in_place(values).ok_or(ModelError::Misaligned)?,
        })
    }

    /// The parameters of a model file that fills `bytes`, in place, without reading its header.
    ///
    /// For firmware whose build has opened the file already and needs to know only that it is
    /// still whole: length and checksum are verified, and a header takes no stack.
    ///
    /// # Errors
    ///
    /// If length or checksum is wrong, or `bytes` do not start at a multiple of 4.
    pub fn verified_parameters(bytes: &'a [u8]) -> Result<&'a [f32], ModelError> {
        let (layout, _, values) = verify(bytes)?;
        if layout.version == INT8_VERSION {
            return Err(ModelError::Int8);
        }
        f32s_in_place(values).ok_or(ModelError::Misaligned)
    }

    /// Length in bytes of the model file that starts with `bytes`, of which 16 are enough.
    ///
    /// For a file at the start of a larger flash region or stream.
    ///
    /// # Errors
    ///
    /// If `bytes` are fewer than 16 or do not start a model file of this version.
    pub fn length(bytes: &[u8]) -> Result<usize, ModelError> {
        let length = ModelLayout::read(bytes)?.total();
        usize::try_from(length).map_err(|_| ModelError::TooLarge)
    }

    /// The network, checked.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// What the network's output means.
    pub fn task(&self) -> ModelTask {
        self.task
    }

    /// How a sample's values become the network's input; as many channels as the network's input.
    pub fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    /// Name of each class in the order of the logits; nothing where the file names none.
    pub fn class_names(&self) -> core::str::Lines<'a> {
        self.class_names.lines()
    }

    /// What the trainer noted about the run.
    pub fn notes(&self) -> &'a str {
        self.notes
    }

    /// All parameters in place: nodes in order, weights before bias.
    pub fn parameters(&self) -> &'a [f32] {
        self.parameters
    }
}

/// Checks length and checksum, and splits the file into what is before the parameters, and these.
fn verify(bytes: &[u8]) -> Result<(ModelLayout, &[u8], &[u8]), ModelError> {
    let layout = ModelLayout::read(bytes)?;
    layout.check_len(bytes.len())?;
    let (content, stored) = bytes.split_at(bytes.len() - CHECKSUM_LEN);
    if stored != crc32(content).to_le_bytes() {
        return Err(ModelError::Checksum);
    }
    let (head, values) = content.split_at(layout.parameters_at);
    Ok((layout, head, values))
}

/// Decodes the header from `area`, which ends with its padding.
fn read_header<'a>(area: &'a [u8], layout: &ModelLayout) -> Result<ModelHeader<'a>, ModelError> {
    let encoded = encoded_header(area, layout)?;
    match layout.version {
        FIRST_VERSION => decode::<FirstHeader<'_>>(encoded).map(ModelHeader::from),
        _ => decode(encoded),
    }
}

/// The header's bytes, of an area that they and zeros fill.
fn encoded_header<'a>(area: &'a [u8], layout: &ModelLayout) -> Result<&'a [u8], ModelError> {
    let (encoded, padding) = area.split_at(layout.header_len);
    match padding.iter().any(|byte| *byte != 0) {
        true => Err(ModelError::Header),
        false => Ok(encoded),
    }
}

/// Decodes all of `encoded`.
fn decode<'a, T: Deserialize<'a>>(encoded: &'a [u8]) -> Result<T, ModelError> {
    match postcard::take_from_bytes(encoded) {
        Ok((value, [])) => Ok(value),
        _ => Err(ModelError::Header),
    }
}

/// Whether the parts of a model fit one another.
fn check_header(header: &ModelHeader<'_>, parameters: usize) -> Result<(), ModelError> {
    check_parts(&header.network, header.task, &header.scaling)?;
    check_parameters(&header.network, parameters)?;
    let names = header.class_names.split('\n');
    if header.class_names.is_empty() {
        return Ok(());
    }
    check_names(&header.network, names)
}

/// Whether parameters and scaling fit a network that is itself sound.
fn check_parts(network: &Network, task: ModelTask, scaling: &Scaling) -> Result<(), ModelError> {
    network.check().map_err(ModelError::Network)?;
    let (inputs, outputs) = (network.input_shape().elements(), network.classes());
    if task == ModelTask::Reconstruction && inputs != outputs {
        return Err(ModelError::Reconstruction { inputs, outputs });
    }
    scaling.check().map_err(ModelError::Scaling)?;
    let expected = network.input_shape().channels as usize;
    let found = scaling.channels();
    if found != expected {
        return Err(ModelError::Channels { expected, found });
    }
    Ok(())
}

/// Whether there are as many parameters as a sound network has.
fn check_parameters(network: &Network, found: usize) -> Result<(), ModelError> {
    let expected = network.parameters();
    if found != expected {
        return Err(ModelError::Parameters { expected, found });
    }
    Ok(())
}

/// Whether there is one sound name for each class.
fn check_names<'n>(
    network: &Network,
    names: impl Iterator<Item = &'n str> + Clone,
) -> Result<(), ModelError> {
    let expected = network.classes();
    let found = names.clone().count();
    if found != expected {
        return Err(ModelError::Classes { expected, found });
    }
    for (index, name) in names.enumerate() {
        if name.is_empty() || name.contains(['\n', '\r']) {
            return Err(ModelError::ClassName { class: index });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
