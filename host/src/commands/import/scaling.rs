//! How pixels become the input of an imported network.

use crate::exchange::{Affine, Imported, ImportedInt8, Metadata};
use anyhow::{Result, bail, ensure};
use kiln_core::Scaling;

/// Flags for the scaling of pixels.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct ScalingArguments {
    /// What a pixel, 0 to 255, is multiplied by, a number for each channel or one for all; 1/255
    /// is a number, too [default: 1/255]
    #[arg(long, value_name = "NUMBER,…", allow_hyphen_values = true, conflicts_with_all = ["mean", "std"])]
    scale: Option<String>,
    /// What is then added [default: 0]
    #[arg(long, value_name = "NUMBER,…", allow_hyphen_values = true, conflicts_with_all = ["mean", "std"])]
    shift: Option<String>,
    /// As torchvision's Normalize, of pixels from 0 to 1: what is subtracted
    #[arg(
        long,
        value_name = "NUMBER,…",
        allow_hyphen_values = true,
        requires = "std"
    )]
    mean: Option<String>,
    /// As torchvision's Normalize: what it is then divided by
    #[arg(
        long,
        value_name = "NUMBER,…",
        allow_hyphen_values = true,
        requires = "mean"
    )]
    std: Option<String>,
}

/// What the file itself does to its input: nothing, where it says nothing.
pub fn own(input: Option<&Affine>, channels: usize) -> Result<Scaling> {
    let none = || Affine::identity(channels);
    Ok(input.cloned().unwrap_or_else(none).scaling()?)
}

impl ScalingArguments {
    /// The scaling of the model file, and in words where it is from.
    ///
    /// What the file does to its input comes after what the flags say, or else Kiln's own note in
    /// the file.
    ///
    /// # Errors
    ///
    /// If the flags are no numbers or not as many as channels, or nothing tells what the file
    /// takes that scales its input itself.
    pub fn resolve(&self, imported: &Imported, channels: usize) -> Result<(Scaling, String)> {
        let (metadata, input) = (imported.metadata.as_ref(), imported.input.as_ref());
        let given = self.given(channels)?;
        if given.is_none() && metadata.is_none() && imported.ends.takes_bytes {
            let identity = Affine::identity(channels);
            let scaling = input.unwrap_or(&identity).scaling()?;
            let text = words(&scaling, "the file takes pixels from 0 to 255");
            return Ok((scaling, text));
        }
        resolved(given, metadata, input, channels)
    }

    /// The scaling of an int8 network's model file, and in words where it is from.
    ///
    /// As of other networks, but that a file which takes codes says nothing of pixels: each of a
    /// pixel's 256 values then has a code of its own, the pixel less 128. A row of values, which is no
    /// image, is taken as it is.
    ///
    /// # Errors
    ///
    /// If the flags are no numbers or not as many as channels, or nothing tells what the file
    /// takes that scales its input itself.
    pub fn resolve_codes(&self, imported: &ImportedInt8) -> Result<(Scaling, String)> {
        let shape = imported.tables.network.input_shape();
        let channels = shape.channels as usize;
        let given = self.given(channels)?;
        let is_told = given.is_some() || imported.metadata.is_some() || imported.input.is_some();
        let (affine, from) = match given {
            _ if is_told => {
                let (metadata, input) = (imported.metadata.as_ref(), imported.input.as_ref());
                return resolved(given, metadata, input, channels);
            }
            _ if shape.map_elements() == 1 => {
                (uniform(channels, 1.0), "the default for a row of values")
            }
            _ if imported.takes_numbers => (uniform(channels, 1.0 / 255.0), DEFAULT),
            _ => {
                let codes = &imported.tables.values[0];
                let scale = f64::from(codes.scale);
                let least = f64::from(i16::from(i8::MIN) - i16::from(codes.zero));
                let affine = Affine {
                    scale: vec![scale; channels],
                    shift: vec![least * scale; channels],
                };
                (affine, "so that a pixel's code is the pixel less 128")
            }
        };
        let scaling = affine.scaling()?;
        let text = words(&scaling, from);
        Ok((scaling, text))
    }

    fn given(&self, channels: usize) -> Result<Option<Affine>> {
        let list = |flag, text: &Option<String>, default: f64| match text {
            Some(text) => numbers(flag, text, channels),
            None => Ok(vec![default; channels]),
        };
        if self.mean.is_some() {
            let mean = list("--mean", &self.mean, 0.0)?;
            let std = list("--std", &self.std, 1.0)?;
            ensure!(
                !std.contains(&0.0),
                "--std has a 0; pixels cannot be divided by it"
            );
            return Ok(Some(Affine {
                scale: std.iter().map(|std| 1.0 / (255.0 * std)).collect(),
                shift: mean
                    .iter()
                    .zip(&std)
                    .map(|(mean, std)| -mean / std)
                    .collect(),
            }));
        }
        if self.scale.is_none() && self.shift.is_none() {
            return Ok(None);
        }
        Ok(Some(Affine {
            scale: list("--scale", &self.scale, 1.0 / 255.0)?,
            shift: list("--shift", &self.shift, 0.0)?,
        }))
    }
}

/// What is said of the scaling where nothing tells it.
const DEFAULT: &str = "the default; --scale, or --mean and --std, say otherwise";

/// The scaling by what the flags say, Kiln's note, and what the file does to its input.
fn resolved(
    given: Option<Affine>,
    metadata: Option<&Metadata>,
    input: Option<&Affine>,
    channels: usize,
) -> Result<(Scaling, String)> {
    let (before, from) = match (given, metadata, input) {
        (Some(given), _, _) => (given, "as the flags say"),
        // Kiln's ONNX files take pixels as they are.
        (None, Some(_), Some(_)) => (Affine::identity(channels), "as in the file"),
        (None, Some(metadata), None) => {
            let noted = metadata.scaling();
            let noted = noted
                .and_then(|(scale, shift)| Scaling::for_channels(channels, &scale, &shift).ok());
            match noted {
                Some(scaling) => {
                    let text = words(&scaling, "as in the file");
                    return Ok((scaling, text));
                }
                _ => bail!("its note of the pixels' scaling is damaged; give --scale and --shift"),
            }
        }
        (None, None, Some(_)) => bail!(
            "the network scales its input itself; say what it takes: pixels from 0 to 255 \
                 (--scale 1) or from 0 to 1 (--scale 1/255)"
        ),
        (None, None, None) => {
            let affine = uniform(channels, 1.0 / 255.0);
            (affine, DEFAULT)
        }
    };
    let all = match input {
        Some(own) => before.then(own),
        None => before,
    };
    let scaling = all.scaling()?;
    let text = words(&scaling, from);
    Ok((scaling, text))
}

fn uniform(channels: usize, scale: f64) -> Affine {
    Affine {
        scale: vec![scale; channels],
        shift: vec![0.0; channels],
    }
}

fn words(scaling: &Scaling, from: &str) -> String {
    let list = |values: &[f32]| {
        let mut values: Vec<String> = values.iter().map(f32::to_string).collect();
        values.dedup();
        values.join(", ")
    };
    let (scale, shift) = (list(scaling.scale()), list(scaling.shift()));
    format!("times {scale} plus {shift} ({from})")
}

/// A number for each channel, or one for all.
fn numbers(flag: &str, text: &str, channels: usize) -> Result<Vec<f64>> {
    let values: Option<Vec<f64>> = text.split(',').map(number).collect();
    let Some(values) = values else {
        bail!("{flag} {text}: these are no numbers; give one for each channel, as 0.5,0.5,0.5");
    };
    match values.as_slice() {
        [value] => Ok(vec![*value; channels]),
        values if values.len() == channels => Ok(values.to_vec()),
        values => bail!(
            "{flag} {text}: {} numbers, but the network's input has {channels} channels",
            values.len()
        ),
    }
}

/// A finite number, or a fraction of two.
fn number(text: &str) -> Option<f64> {
    let parse = |text: &str| text.trim().parse::<f64>().ok();
    let value = match text.split_once('/') {
        Some((above, below)) => parse(above)? / parse(below)?,
        None => parse(text)?,
    };
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_each_channel_or_for_all() {
        assert_eq!(numbers("--scale", "1/255", 2).unwrap(), [1.0 / 255.0; 2]);
        assert_eq!(numbers("--scale", "1, -2.5", 2).unwrap(), [1.0, -2.5]);
        for text in ["", "1,2,3", "a", "1/0", "inf", "nan", "1,", "1/2/3"] {
            assert!(numbers("--scale", text, 2).is_err(), "{text}");
        }
    }
}
