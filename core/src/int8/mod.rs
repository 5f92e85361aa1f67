//! Networks of integers: what they hold beside their graph, and how a sum becomes a code.
//!
//! A value is a tensor of *codes*, `i8`, channels last: rows x columns x channels. What a code stands
//! for is [`Quantization`]'s; how sums of products of codes become the codes of the next value is
//! [`Requantization`]'s. All of that is integers, so that any order gives the same bytes.
//! [`QuantizedNetwork`] holds a network with all of these numbers, checked against one another.

mod byte_line;
mod channel_scale;
mod check;
mod clamp;
mod cut;
mod dequantization;
mod error;
mod fake_quantization;
mod quantization;
mod quantized;
mod requantization;
mod scaled_codes;
mod weight_codes;

pub use byte_line::{ByteLine, LineCodes, line_codes};
pub(crate) use channel_scale::{ChannelScale, four};
pub use clamp::PacketClamp;
pub use cut::{CutError, NetworkCut};
pub use dequantization::CodedSums;
pub use error::{Int8Error, Int8Fault};
#[cfg(test)]
pub(crate) use fake_quantization::reference;
pub(crate) use fake_quantization::{FakeQuantize, PassGradient};
pub use quantization::Quantization;
pub(crate) use quantized::weights_of;
pub use quantized::{QuantizedNetwork, constants_of};
pub(crate) use requantization::divide_by_power_of_two;
pub use requantization::{AddRequantization, Requantization};
pub use scaled_codes::{ScaledCodes, scaled_codes};
pub use weight_codes::{WEIGHT_CODES, weight_code, weight_scale};

use serde::{Deserialize, Serialize};

/// Whose definition of rounding a network of integers follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Int8Rule {
    /// One rounding for each code, everywhere.
    #[default]
    Once,
    /// TensorFlow Lite's reference kernels: two roundings in convolutions, additions and means over
    /// whole maps, one in linear layers and other average pools. For networks that come from there.
    TensorFlowLite,
}

#[cfg(test)]
mod tests;
