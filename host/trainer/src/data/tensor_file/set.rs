//! A tensor of samples with the tensor of their labels.

use super::header::TensorFile;
use super::{CodeOrder, TensorFileError};
use crate::data::{ImageShape, Samples, Values};
use kiln_core::MAX_UNIFORM_CHANNELS;
use safetensors::Dtype;

/// Samples, and their labels where there are some.
pub(super) struct Set {
    values: Values,
    shape: ImageShape,
    count: usize,
    coded: bool,
    pub labels: Option<Vec<u16>>,
    /// Name of the labels' tensor.
    labels_name: &'static str,
}

/// The codes that samples may be made of.
#[derive(Clone, Copy)]
pub(super) struct ExpectedCodes {
    pub order: CodeOrder,
    /// The shape of what takes them, which a list of as many values has.
    pub shape: Option<ImageShape>,
}

impl Set {
    /// Reads the tensors of these names; `None` where there is neither.
    pub fn read(
        file: &mut TensorFile,
        [input, labels]: [&'static str; 2],
        codes: Option<ExpectedCodes>,
    ) -> Result<Option<Self>, TensorFileError> {
        if file.info(input).is_none() {
            return match file.info(labels) {
                None => Ok(None),
                Some(_) => Err(TensorFileError::Missing {
                    path: file.path.clone(),
                    tensor: input,
                    needed_by: Some(labels),
                    found: file.names(),
                }),
            };
        }
        let codes = codes.filter(|_| kind(file, input) == Some(Dtype::I8));
        let (count, shape) = extents(file, input)?;
        let shape = codes.map_or(shape, |codes| codes.shape_of(file, input, shape));
        Ok(Some(Self {
            labels: read_labels(file, [input, labels], count)?,
            values: match codes {
                Some(codes) => codes.read(file, input, shape)?,
                None => read_values(file, input, shape.size())?,
            },
            shape,
            count,
            coded: codes.is_some(),
            labels_name: labels,
        }))
    }

    /// The shape of each sample.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// The largest label, the first sample that has it, and the tensor it is in.
    pub fn largest(&self) -> Option<(u16, usize, &'static str)> {
        let labels = self.labels.as_ref()?;
        let largest = *labels.iter().max()?;
        let sample = labels.iter().position(|label| *label == largest)?;
        Some((largest, sample, self.labels_name))
    }

    /// The samples; those without labels are all of class 0.
    pub fn into_samples(self) -> Samples {
        Samples {
            values: self.values,
            labels: self.labels.unwrap_or_else(|| vec![0; self.count]),
            shape: self.shape,
            coded: self.coded,
        }
    }
}

impl ExpectedCodes {
    /// The shape of samples whose extents, were they none of codes, would say `shape`.
    fn shape_of(self, file: &TensorFile, input: &str, shape: ImageShape) -> ImageShape {
        let is_list = file.info(input).is_some_and(|info| info.shape.len() == 2);
        match self.shape {
            Some(own) if is_list && own.size() == shape.size() => own,
            _ if is_list || self.order == CodeOrder::ChannelsFirst => shape,
            _ => ImageShape {
                channels: shape.width,
                height: shape.channels,
                width: shape.height,
            },
        }
    }

    /// The codes of samples of a shape, in the order (channel, row, column).
    fn read(
        self,
        file: &mut TensorFile,
        input: &'static str,
        shape: ImageShape,
    ) -> Result<Values, TensorFileError> {
        let codes = file.values(input, |[byte]| f32::from(byte as i8))?;
        let map = shape.height * shape.width;
        if self.order == CodeOrder::ChannelsFirst || map == 1 {
            return Ok(Values::Floats(codes));
        }
        let mut ordered = vec![0.0; codes.len()];
        let samples = codes.chunks_exact(shape.size());
        for (sample, out) in samples.zip(ordered.chunks_exact_mut(shape.size())) {
            for (place, codes) in sample.chunks_exact(shape.channels).enumerate() {
                for (channel, code) in codes.iter().enumerate() {
                    out[channel * map + place] = *code;
                }
            }
        }
        Ok(Values::Floats(ordered))
    }
}

/// How many samples a tensor has, and their shape.
fn extents(
    file: &TensorFile,
    tensor: &'static str,
) -> Result<(usize, ImageShape), TensorFileError> {
    let found = file.info(tensor).map_or(&[][..], |info| &info.shape);
    let wrong = |wanted: String| TensorFileError::Extents {
        path: file.path.clone(),
        tensor,
        found: found.to_vec(),
        wanted,
    };
    let (count, [channels, height, width]) = match *found {
        [count, channels] => (count, [channels, 1, 1]),
        [count, channels, height, width] => (count, [channels, height, width]),
        _ => {
            let wanted = "N x channels x rows x columns, or N x values";
            return Err(wrong(wanted.into()));
        }
    };
    if found.contains(&0) {
        return Err(wrong(
            "samples and values: none of its extents may be 0".into(),
        ));
    }
    if u32::try_from(count).is_err() {
        return Err(wrong(format!("of at most {} samples", u32::MAX)));
    }
    if channels > MAX_UNIFORM_CHANNELS {
        return Err(wrong(format!("of at most {MAX_UNIFORM_CHANNELS} channels")));
    }
    let shape = ImageShape {
        channels,
        height,
        width,
    };
    Ok((count, shape))
}

fn kind(file: &TensorFile, tensor: &str) -> Option<Dtype> {
    file.info(tensor).map(|info| info.dtype)
}

/// The values of samples of `size` values each.
fn read_values(
    file: &mut TensorFile,
    tensor: &'static str,
    size: usize,
) -> Result<Values, TensorFileError> {
    match kind(file, tensor) {
        Some(Dtype::U8) => Ok(Values::Bytes(file.values(tensor, |[byte]| byte)?)),
        Some(Dtype::F32) => {
            let floats = file.values(tensor, f32::from_le_bytes)?;
            match floats.iter().position(|value| !value.is_finite()) {
                None => Ok(Values::Floats(floats)),
                Some(place) => Err(TensorFileError::NotFinite {
                    path: file.path.clone(),
                    tensor,
                    sample: place / size,
                }),
            }
        }
        other => {
            let wanted = "F32 and U8, and for an int8 network its codes as I8,";
            Err(wrong_kind(file, tensor, other, wanted))
        }
    }
}

/// The labels of `count` samples; `None` where there is no tensor of labels.
fn read_labels(
    file: &mut TensorFile,
    [input, tensor]: [&'static str; 2],
    count: usize,
) -> Result<Option<Vec<u16>>, TensorFileError> {
    let Some(info) = file.info(tensor) else {
        return Ok(None);
    };
    let &[labels] = info.shape.as_slice() else {
        return Err(TensorFileError::Extents {
            path: file.path.clone(),
            tensor,
            found: info.shape.clone(),
            wanted: "a list of N labels".into(),
        });
    };
    if labels != count {
        return Err(TensorFileError::Count {
            path: file.path.clone(),
            tensor,
            labels,
            input,
            samples: count,
        });
    }
    let mut wrong = None;
    let mut sample = 0;
    let label = |label: i128| {
        sample += 1;
        u16::try_from(label).unwrap_or_else(|_| {
            wrong.get_or_insert((sample - 1, label));
            0
        })
    };
    let labels = read_integers(file, tensor, label)?;
    match wrong {
        None => Ok(Some(labels)),
        Some((sample, label)) => Err(TensorFileError::Label {
            path: file.path.clone(),
            tensor,
            sample,
            label,
            most: u16::MAX.into(),
        }),
    }
}

/// What becomes of each integer of a tensor.
fn read_integers<T>(
    file: &mut TensorFile,
    tensor: &'static str,
    mut made: impl FnMut(i128) -> T,
) -> Result<Vec<T>, TensorFileError> {
    match kind(file, tensor) {
        Some(Dtype::U8) => file.values(tensor, |bytes| made(u8::from_le_bytes(bytes).into())),
        Some(Dtype::I8) => file.values(tensor, |bytes| made(i8::from_le_bytes(bytes).into())),
        Some(Dtype::U16) => file.values(tensor, |bytes| made(u16::from_le_bytes(bytes).into())),
        Some(Dtype::I16) => file.values(tensor, |bytes| made(i16::from_le_bytes(bytes).into())),
        Some(Dtype::U32) => file.values(tensor, |bytes| made(u32::from_le_bytes(bytes).into())),
        Some(Dtype::I32) => file.values(tensor, |bytes| made(i32::from_le_bytes(bytes).into())),
        Some(Dtype::U64) => file.values(tensor, |bytes| made(u64::from_le_bytes(bytes).into())),
        Some(Dtype::I64) => file.values(tensor, |bytes| made(i64::from_le_bytes(bytes).into())),
        other => Err(wrong_kind(file, tensor, other, "integers (as I64 or U8)")),
    }
}

fn wrong_kind(
    file: &TensorFile,
    tensor: &'static str,
    found: Option<Dtype>,
    wanted: &'static str,
) -> TensorFileError {
    TensorFileError::Kind {
        path: file.path.clone(),
        tensor,
        found: found.map_or_else(|| "nothing".into(), |kind| format!("{kind:?}")),
        wanted,
    }
}
