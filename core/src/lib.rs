#![no_std]
//! Kiln core.
mod layer;
mod network;
mod shape;

pub use layer::{Conv2d, Cost, Layer, Linear, Pool2d};
pub use network::{LayerFault, MAX_ELEMENTS, MAX_LAYERS, Network, NetworkError};
pub use shape::Shape;
