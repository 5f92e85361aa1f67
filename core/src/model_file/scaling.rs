//! From a pixel's byte to what the network sees.

use core::fmt;
use serde::{Deserialize, Serialize};

/// Most channels a network's input may have in a model file.
pub const MAX_INPUT_CHANNELS: usize = 16;

/// How a pixel of each channel becomes a number: `pixel as f32 * scale + shift`.
///
/// The product is rounded, then the sum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
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
        let lists = (
            heapless::Vec::from_slice(scale),
            heapless::Vec::from_slice(shift),
        );
        let (Ok(scale), Ok(shift)) = lists else {
            return Err(ScalingError::Channels);
        };
        let scaling = Self { scale, shift };
        scaling.check()?;
        Ok(scaling)
    }

    /// The same scale and shift for all `channels`.
    ///
    /// # Errors
    ///
    /// As [`Scaling::new`].
    pub fn uniform(channels: usize, scale: f32, shift: f32) -> Result<Self, ScalingError> {
        let scales = [scale; MAX_INPUT_CHANNELS];
        let shifts = [shift; MAX_INPUT_CHANNELS];
        match (scales.get(..channels), shifts.get(..channels)) {
            (Some(scales), Some(shifts)) => Self::new(scales, shifts),
            _ => Err(ScalingError::Channels),
        }
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.scale.len()
    }

    /// What a pixel is multiplied by, channel by channel.
    pub fn scale(&self) -> &[f32] {
        &self.scale
    }

    /// What is then added, channel by channel.
    pub fn shift(&self) -> &[f32] {
        &self.shift
    }

    /// The number the network sees for a `pixel` of `channel`; `None` without such a channel.
    pub fn apply(&self, channel: usize, pixel: u8) -> Option<f32> {
        let product = f32::from(pixel) * self.scale.get(channel)?;
        Some(product + self.shift.get(channel)?)
    }

    pub(super) fn check(&self) -> Result<(), ScalingError> {
        if self.scale.is_empty() || self.scale.len() != self.shift.len() {
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

/// What is wrong with an input scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScalingError {
    /// No channel, more than [`MAX_INPUT_CHANNELS`], or more scales than shifts or the reverse.
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
                 {MAX_INPUT_CHANNELS} channels"
            ),
            Self::NotFinite => f.write_str("the input scaling has a number that is not finite"),
        }
    }
}

impl core::error::Error for ScalingError {}
