//! Augmentation as people write it.

use crate::augmentation::Augmentation;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An augmentation as a list, such as `flip,shift:4,rotate:10,erase:0.25`; `none` for nothing, and
/// `photos` for what suits small photographs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AugmentSetting(pub Augmentation);

/// A text that is no augmentation.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "not an augmentation: write none, photos, or a list of flip, shift:PIXELS, rotate:DEGREES and \
     erase:PROBABILITY, such as flip,shift:4"
)]
pub struct AugmentError;

/// What `photos` stands for, measured on photographs of 32x32.
pub const PHOTOS: Augmentation = Augmentation {
    flip: true,
    shift: 2,
    rotate: 0.0,
    erase: 0.0,
};

/// More would leave nothing of an image that fits into memory.
const MAX_SHIFT: u16 = 1024;

impl FromStr for AugmentSetting {
    type Err = AugmentError;

    fn from_str(text: &str) -> Result<Self, AugmentError> {
        match text {
            "none" => return Ok(Self::default()),
            "photos" => return Ok(Self(PHOTOS)),
            _ => {}
        }
        let mut all = Augmentation::default();
        for part in text.split(',') {
            let before = all;
            match part.split_once(':') {
                None if part == "flip" => all.flip = true,
                Some(("shift", pixels)) => all.shift = within(pixels, 1, MAX_SHIFT)?,
                Some(("rotate", degrees)) => {
                    all.rotate = within(degrees, f64::MIN_POSITIVE, 180.0)?
                }
                Some(("erase", share)) => all.erase = within(share, f64::MIN_POSITIVE, 1.0)?,
                _ => return Err(AugmentError),
            }
            // Twice the same, of which one would be passed over.
            if all == before {
                return Err(AugmentError);
            }
        }
        Ok(Self(all))
    }
}

fn within<N: FromStr + PartialOrd>(text: &str, least: N, most: N) -> Result<N, AugmentError> {
    let number = text.parse::<N>().map_err(|_| AugmentError)?;
    let sound = least <= number && number <= most;
    sound.then_some(number).ok_or(AugmentError)
}

impl fmt::Display for AugmentSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Augmentation {
            flip,
            shift,
            rotate,
            erase,
        } = self.0;
        let parts = [
            flip.then(|| "flip".to_owned()),
            (shift > 0).then(|| format!("shift:{shift}")),
            (rotate > 0.0).then(|| format!("rotate:{rotate}")),
            (erase > 0.0).then(|| format!("erase:{erase}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        match parts.is_empty() {
            true => f.write_str("none"),
            false => f.write_str(&parts.join(",")),
        }
    }
}

impl Serialize for AugmentSetting {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AugmentSetting {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
