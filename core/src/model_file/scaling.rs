//! From a sample's values to what the network sees.

use core::fmt;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most channels of a network's input that a model file scales each by its own numbers.
pub const MAX_INPUT_CHANNELS: usize = 16;

/// Most channels of a network's input that a model file scales all alike.
pub const MAX_UNIFORM_CHANNELS: usize = 65_535;

/// How a value of each channel becomes what the network sees: `value * scale + shift`, where a
/// value is an `f32` or a pixel, a byte taken as an `f32`.
///
/// The product is rounded, then the sum. Beyond [`MAX_INPUT_CHANNELS`] channels, all have the same
/// scale and shift.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    channels: u32,
    /// One number for each channel; one only where there are more than [`MAX_INPUT_CHANNELS`].
    scale: heapless::Vec<f32, MAX_INPUT_CHANNELS>,
    shift: heapless::Vec<f32, MAX_INPUT_CHANNELS>,
}

impl Scaling {
    /// One scale and one shift for each channel.
    ///
    /// # Errors
    ///
    /// If the lists differ in length, are empty, are longer than [`MAX_INPUT_CHANNELS`] or hold a
    /// number that is not finite.
    ///
    /// ```
    /// use kiln_core::Scaling;
    /// let scaling = Scaling::new(&[2.0 / 255.0], &[-1.0])?;
    /// assert_eq!(scaling.apply(0, 0), Some(-1.0));
    /// assert_eq!(scaling.apply(0, 255), Some(1.0));
    /// assert_eq!(scaling.apply(1, 255), None);
    /// # Ok::<(), kiln_core::ScalingError>(())
    /// ```
    pub fn new(scale: &[f32], shift: &[f32]) -> Result<Self, ScalingError> {
        Self::of_lists(scale.len(), scale, shift)
    }

    /// The same scale and shift for all `channels`.
    ///
    /// # Errors
    ///
    /// If there is no channel, if there are more than [`MAX_UNIFORM_CHANNELS`], or if a number is
    /// not finite.
    ///
    /// ```
    /// use kiln_core::Scaling;
    /// let scaling = Scaling::uniform(640, 0.5, 1.0)?;
    /// assert_eq!(scaling.apply_value(639, 3.0), Some(2.5));
    /// # Ok::<(), kiln_core::ScalingError>(())
    /// ```
    pub fn uniform(channels: usize, scale: f32, shift: f32) -> Result<Self, ScalingError> {
        Self::for_channels(channels, &[scale], &[shift])
    }

    /// For `channels`, from lists with a number for each channel or with one for all.
    ///
    /// # Errors
    ///
    /// If a list has another length, if there are more than [`MAX_INPUT_CHANNELS`] channels that
    /// are not all alike or more than [`MAX_UNIFORM_CHANNELS`], or if a number is not finite.
    pub fn for_channels(
        channels: usize,
        scale: &[f32],
        shift: &[f32],
    ) -> Result<Self, ScalingError> {
        let lists = [scale, shift];
        if lists
            .iter()
            .any(|list| list.len() != 1 && list.len() != channels)
        {
            return Err(ScalingError::Channels);
        }
        let [Some(scales), Some(shifts)] = lists.map(|list| spread(list, channels)) else {
            return Err(ScalingError::Channels);
        };
        Self::of_lists(channels, &scales, &shifts)
    }

    fn of_lists(channels: usize, scale: &[f32], shift: &[f32]) -> Result<Self, ScalingError> {
        let lists = (
            heapless::Vec::from_slice(scale),
            heapless::Vec::from_slice(shift),
            u32::try_from(channels),
        );
        let (Ok(scale), Ok(shift), Ok(channels)) = lists else {
            return Err(ScalingError::Channels);
        };
        let scaling = Self {
            channels,
            scale,
            shift,
        };
        scaling.check()?;
        Ok(scaling)
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.channels as usize
    }

    /// What a value is multiplied by: a number for each channel, or one for all where there are
    /// more than [`MAX_INPUT_CHANNELS`].
    pub fn scale(&self) -> &[f32] {
        &self.scale
    }

    /// What is then added, as many numbers as [`Scaling::scale`] has.
    pub fn shift(&self) -> &[f32] {
        &self.shift
    }

    /// The number the network sees for a `pixel` of `channel`; `None` without such a channel.
    pub fn apply(&self, channel: usize, pixel: u8) -> Option<f32> {
        self.apply_value(channel, f32::from(pixel))
    }

    /// The number the network sees for a `value` of `channel`; `None` without such a channel.
    pub fn apply_value(&self, channel: usize, value: f32) -> Option<f32> {
        let place = match self.channels() {
            channels if channel >= channels => return None,
            channels if channels > MAX_INPUT_CHANNELS => 0,
            _ => channel,
        };
        let product = value * self.scale.get(place)?;
        Some(product + self.shift.get(place)?)
    }

    pub(super) fn check(&self) -> Result<(), ScalingError> {
        let listed = match self.channels() {
            channels @ 1..=MAX_INPUT_CHANNELS => channels,
            channels if (1..=MAX_UNIFORM_CHANNELS).contains(&channels) => 1,
            _ => return Err(ScalingError::Channels),
        };
        if self.scale.len() != listed || self.shift.len() != listed {
            return Err(ScalingError::Channels);
        }
        if !self
            .scale
            .iter()
            .chain(&self.shift)
            .all(|value| value.is_finite())
        {
            return Err(ScalingError::NotFinite);
        }
        Ok(())
    }
}

/// The numbers that are kept of a list for `channels`; `None` where they would be too many.
fn spread(list: &[f32], channels: usize) -> Option<heapless::Vec<f32, MAX_INPUT_CHANNELS>> {
    let (first, others) = list.split_first()?;
    let alike = others
        .iter()
        .all(|value| value.to_bits() == first.to_bits());
    if channels <= MAX_INPUT_CHANNELS {
        let values = (0..channels).map(|channel| list.get(channel).unwrap_or(first));
        Some(values.copied().collect())
    } else {
        alike.then(|| core::iter::once(*first).collect())
    }
}

/// Two lists, scales and shifts, as ever; of more than [`MAX_INPUT_CHANNELS`] channels an empty
/// list, the number of channels, scale and shift, which no list of scales was before.
impl Serialize for Scaling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.channels() <= MAX_INPUT_CHANNELS {
            let mut tuple = serializer.serialize_tuple(2)?;
            tuple.serialize_element(&self.scale)?;
            tuple.serialize_element(&self.shift)?;
            return tuple.end();
        }
        let mut tuple = serializer.serialize_tuple(4)?;
        tuple.serialize_element::<[f32]>(&[])?;
        tuple.serialize_element(&self.channels)?;
        for list in [&self.scale, &self.shift] {
            tuple.serialize_element(list.first().unwrap_or(&0.0))?;
        }
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for Scaling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(4, ScalingVisitor)
    }
}

/// Reads either form; whether the numbers are sound, [`Scaling::check`] tells.
struct ScalingVisitor;

impl<'de> Visitor<'de> for ScalingVisitor {
    type Value = Scaling;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an input scaling")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Scaling, A::Error> {
        let mut scale: heapless::Vec<f32, MAX_INPUT_CHANNELS> = next(&mut elements)?;
        if !scale.is_empty() {
            return Ok(Scaling {
                channels: scale.len() as u32,
                scale,
                shift: next(&mut elements)?,
            });
        }
        let channels = next(&mut elements)?;
        scale.extend([next(&mut elements)?]);
        Ok(Scaling {
            channels,
            scale,
            shift: core::iter::once(next::<f32, A>(&mut elements)?).collect(),
        })
    }
}

fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(elements: &mut A) -> Result<T, A::Error> {
    elements
        .next_element()?
        .ok_or_else(|| A::Error::custom("the input scaling ends early"))
}

/// What is wrong with an input scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScalingError {
    /// No channel, more than [`MAX_INPUT_CHANNELS`] that are not all alike, more than
    /// [`MAX_UNIFORM_CHANNELS`], or more scales than shifts or the reverse.
    Channels,
    /// A scale or shift that is infinite or not a number.
    NotFinite,
}

impl fmt::Display for ScalingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channels => write!(
                f,
                "an input scaling needs one scale and one shift for each of 1 to \
                 {MAX_INPUT_CHANNELS} channels, or the same for all of at most \
                 {MAX_UNIFORM_CHANNELS}"
            ),
            Self::NotFinite => f.write_str("the input scaling has a number that is not finite"),
        }
    }
}

impl core::error::Error for ScalingError {}

#[cfg(test)]
mod tests;
