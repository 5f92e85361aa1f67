#![no_std]
//! Kiln core.
mod crc32;
mod init;
mod lanes;
mod layer;
mod model_file;
mod network;
pub mod random;
mod schedule;
mod shape;

pub use crc32::crc32;
pub use init::{InitError, he_uniform};
pub use layer::{Conv2d, Cost, Layer, Linear, Pool2d};
pub use model_file::{
    MAX_INPUT_CHANNELS, ModelError, ModelFile, ModelParts, Scaling, ScalingError,
};
pub use network::{LayerFault, MAX_ELEMENTS, MAX_LAYERS, Network, NetworkError};
pub use schedule::Schedule;
pub use shape::Shape;
