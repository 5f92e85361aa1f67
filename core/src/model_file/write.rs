//! Writing a model file.

use super::layout::{CHECKSUM_LEN, ModelLayout, PREFIX_LEN};
use super::{ModelError, ModelTask, Scaling, check_names, check_parameters, check_parts};
use crate::{Network, crc32::crc32};
use core::fmt;
use postcard::ser_flavors::Size;
use serde::{Serialize, Serializer};

/// What a model file is made of.
///
/// ```
/// use kiln_core::{ModelFile, ModelParts, Network, Scaling, ModelTask};
///
/// const NETWORK: Network = Network::input(1, 2, 2).linear(2);
/// let parts = ModelParts {
///     network: &NETWORK,
///     task: ModelTask::Classification,
///     scaling: &Scaling::uniform(1, 1.0 / 255.0, 0.0)?,
///     class_names: &["no", "yes"],
///     notes: "by hand",
///     parameters: &[0.5; NETWORK.parameters()],
/// };
/// #[repr(align(16))]
/// struct Aligned([u8; 256]);
/// let mut buffer = Aligned([0; 256]);
/// let len = parts.write(&mut buffer.0)?;
///
/// let model = ModelFile::open(&buffer.0[..len])?;
/// assert_eq!(model.network(), &NETWORK);
/// assert_eq!(model.class_names().collect::<Vec<_>>(), ["no", "yes"]);
/// assert_eq!(model.parameters(), [0.5; 10]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ModelParts<'a> {
    /// The network; must be sound.
    pub network: &'a Network,
    /// What its output means.
    pub task: ModelTask,
    /// How pixels become its input; as many channels as its input.
    pub scaling: &'a Scaling,
    /// A name for each class in the order of the logits, or none; no line breaks in them.
    pub class_names: &'a [&'a str],
    /// Anything about the training that is worth keeping.
    pub notes: &'a str,
    /// All parameters: nodes in order, weights before bias.
    pub parameters: &'a [f32],
}

impl ModelParts<'_> {
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
    /// As [`ModelParts::encoded_len`], and if `out` is shorter than that; `out` is then unchanged.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, ModelError> {
        let layout = self.layout()?;
        let needed = self.encoded_len()?;
        let found = out.len();
        let file = out
            .get_mut(..needed)
            .ok_or(ModelError::BufferTooShort { needed, found })?;
        let (content, checksum) = file.split_at_mut(needed - CHECKSUM_LEN);
        let (head, values) = content.split_at_mut(layout.parameters_at);
        let (prefix, area) = head.split_at_mut(PREFIX_LEN);
        prefix.copy_from_slice(&layout.prefix());
        area.fill(0);
        postcard::to_slice(&self.header(), area).map_err(|_| ModelError::Header)?;
        for (bytes, value) in values.chunks_exact_mut(4).zip(self.parameters) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        checksum.copy_from_slice(&crc32(content).to_le_bytes());
        Ok(needed)
    }

    /// Checks the parts and places them.
    fn layout(&self) -> Result<ModelLayout, ModelError> {
        check_parts(self.network, self.task, self.scaling)?;
        check_parameters(self.network, self.parameters.len())?;
        if !self.class_names.is_empty() {
            check_names(self.network, self.class_names.iter().copied())?;
        }
        let header_len = postcard::serialize_with_flavor(&self.header(), Size::default())
            .map_err(|_| ModelError::Header)?;
        ModelLayout::new(header_len, self.parameters.len()).ok_or(ModelError::TooLarge)
    }

    fn header(&self) -> ModelHeaderParts<'_> {
        ModelHeaderParts {
            network: self.network,
            task: self.task,
            scaling: self.scaling,
            class_names: Lines(self.class_names),
            notes: self.notes,
        }
    }
}

/// The reader's `ModelHeaderParts`, from borrowed parts.
#[derive(Serialize)]
struct ModelHeaderParts<'a> {
    network: &'a Network,
    task: ModelTask,
    scaling: &'a Scaling,
    class_names: Lines<'a>,
    notes: &'a str,
}

/// Names as one string, a name a line.
pub(super) struct Lines<'a>(pub &'a [&'a str]);

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{name}")?;
        }
        Ok(())
    }
}
