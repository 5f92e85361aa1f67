//! Trained networks to and from other programs: PyTorch's safetensors files, ONNX, and TensorFlow
//! Lite's int8 files.
//!
//! Parameters lie in a model file in PyTorch's order already, so an exchange copies them: what is
//! exported and imported again has the same bits. Class names, pixel scaling and notes travel with
//! them as [`Metadata`].

pub mod c;
pub mod file;
mod integers;
mod metadata;
pub mod onnx;
mod pytorch;
pub mod safetensors;
pub mod tflite;
pub mod two_classes;

pub use integers::{ImportedInt8, WriteFault, WriteIntegersError, WrittenIntegers};
pub use metadata::{KEY, Metadata};
pub use pytorch::{
    LayerTensors, Module, ModuleCode, ModuleInput, ModuleKind, layer_tensors, module_code, modules,
};

use kiln_core::{Layer, LayerFault, ModelTask, Network, Pool2d, Scaling, ScalingError, Shape};
use pytorch::reached_sides;

/// What a file tells of a network.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The network, checked.
    pub network: Network,
    /// Its parameters, in a model file's order; all finite.
    pub parameters: Vec<f32>,
    /// What the file itself does to its input before the first layer.
    pub input: Option<Affine>,
    /// What Kiln wrote into the file when it made it.
    pub metadata: Option<Metadata>,
    /// How the file's own input and output are.
    pub ends: FileEnds,
    /// What became of the file's parts, a line each, for people to read.
    pub remarks: Vec<String>,
}

impl Imported {
    /// What the output means.
    pub fn task(&self) -> ModelTask {
        let noted = self.metadata.as_ref().map(|metadata| metadata.task);
        noted.unwrap_or(ModelTask::Classification)
    }
}

/// How a file's own input and output differ from the network's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileEnds {
    /// Whether it takes pixels from 0 to 255 as bytes.
    pub takes_bytes: bool,
    /// Whether it takes N x rows x columns x channels.
    pub is_channels_last: bool,
    /// What it does to the network's output.
    pub ending: Ending,
}

/// What a file does at its end, and the network does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// Nothing: its output is the network's.
    #[default]
    Logits,
    /// It gives probabilities.
    Softmax,
    /// It gives their logarithms.
    LogSoftmax,
    /// It gives one probability, of the second of two classes.
    Sigmoid,
}

/// `x * scale[c] + shift[c]` for each channel, not rounded to f32 yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine {
    /// What each channel is multiplied by.
    pub scale: Vec<f64>,
    /// What is then added.
    pub shift: Vec<f64>,
}

impl Affine {
    /// Leaves every number as it is, the sign of a zero included: nothing but -0 does so as a shift.
    pub fn identity(channels: usize) -> Self {
        Self {
            scale: vec![1.0; channels],
            shift: vec![-0.0; channels],
        }
    }

    /// The scaling of a model file, rounded to f32.
    ///
    /// # Errors
    ///
    /// Numbers that no model file has.
    pub fn scaling(&self) -> Result<Scaling, ScalingError> {
        let round = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<_>>();
        let (scale, shift) = (round(&self.scale), round(&self.shift));
        Scaling::for_channels(scale.len(), &scale, &shift)
    }

    /// This one, and then `next`, of as many channels.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        let product = |(one, other): (&f64, &f64)| one * other;
        let shifted = self.shift.iter().zip(&next.scale).map(product);
        Self {
            scale: self.scale.iter().zip(&next.scale).map(product).collect(),
            shift: shifted.zip(&next.shift).map(|(a, b)| a + b).collect(),
        }
    }
}

/// Whether any window is averaged over fewer values than it has.
fn clips_windows(pool: &Pool2d, input: Shape, output: Shape) -> bool {
    let [left, right, top, bottom] = reached_sides(pool, input, output);
    let counted = match pool.count_include_pad {
        true => [
            pool.padding.left,
            pool.padding.right,
            pool.padding.top,
            pool.padding.bottom,
        ],
        false => [0; 4],
    };
    let reached = [left, right, top, bottom].into_iter().zip(counted);
    reached
        .into_iter()
        .any(|(reached, counted)| reached > i64::from(counted))
}

/// Extents as people write them: `16x8x3x3`.
fn extents<T: ToString>(shape: &[T]) -> String {
    match shape {
        [] => "a single number".into(),
        shape => shape
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("x"),
    }
}

/// Shape behind one layer.
fn output_shape(layer: Layer, [first, second]: [Shape; 2]) -> Result<Shape, LayerFault> {
    if first != second {
        return Err(LayerFault::Addends {
            left: first,
            right: second,
        });
    }
    let network = Network::input(first.channels, first.height, first.width).layer(layer);
    network.check().map_err(|error| error.fault)?;
    Ok(network.output_shape(0))
}

#[cfg(test)]
mod damage {
    use proptest::prelude::*;
    use proptest::sample::Index;

    /// Files like these with a few bytes changed, and some cut short.
    pub fn to_one_of(files: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
        let changes = prop::collection::vec((any::<Index>(), any::<u8>()), 1..6);
        let file = prop::sample::select(files);
        (file, changes, any::<Option<Index>>()).prop_map(|(mut bytes, changes, cut)| {
            for (place, value) in changes {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            bytes
        })
    }
}
