#![no_std]
//! Kiln core.

mod backward;
mod buffers;
mod forward;
mod gradient;
mod lanes;
mod layer;
mod network;
mod ops;
mod plan;
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
pub use forward::score;
#[cfg(target_arch = "x86_64")]
pub use lanes::{F32x4, F32x8, F32x16};
pub use lanes::{LaneWidth, Lanes};
pub use layer::{Conv2d, Cost, Layer, Linear, Pool2d};
pub use network::{LayerFault, MAX_ELEMENTS, MAX_LAYERS, Network, NetworkError};
pub use ops::loss::Outcome;
pub use plan::{GROUP, Operation, Plan, Span, SpanKind, Spans, Step};
pub use sgd::Sgd;
pub use shape::Shape;
pub use trainer::Trainer;
