#![no_std]
//! Kiln core.

mod backward;
mod buffers;
mod crc32;
mod forward;
mod gradient;
mod init;
mod lanes;
mod layer;
pub mod link;
mod model_file;
mod network;
mod ops;
mod pack;
mod plan;
pub mod random;
mod samples_file;
mod schedule;
mod sgd;
mod shape;
mod trainer;

/// The naive kernels, one sample at a time, that define every bit of the fast ones.
pub mod reference {
    pub use crate::ops::activation::reference as relu;
    pub use crate::ops::conv2d::{Geometry as ConvGeometry, reference as conv2d};
    pub use crate::ops::linear::reference as linear;
    pub use crate::ops::loss::reference as loss;
    pub use crate::ops::pool::{Geometry as PoolGeometry, reference as pool};
}

pub use backward::GroupMemory;
pub use buffers::BufferError;
pub use crc32::{Crc32, crc32};
pub use forward::score;
pub use init::{InitError, he_uniform};
#[cfg(target_arch = "x86_64")]
pub use lanes::{F32x4, F32x8, F32x16};
pub use lanes::{LaneWidth, Lanes, bytes::bytes_in_place, multiply_add};
pub use layer::{Conv2d, Cost, Layer, Linear, Pool2d};
pub use model_file::{
    MAX_INPUT_CHANNELS, ModelError, ModelFile, ModelParts, Scaling, ScalingError,
};
pub use network::{LayerFault, MAX_ELEMENTS, MAX_LAYERS, Network, NetworkError};
pub use ops::loss::Outcome;
pub use pack::{pack_pixels, pack_values};
pub use plan::{GROUP, Operation, Plan, Span, SpanKind, Spans, Step};
pub use samples_file::{SamplesError, SamplesFile, SamplesParts};
pub use schedule::Schedule;
pub use sgd::Sgd;
pub use shape::Shape;
pub use trainer::Trainer;
