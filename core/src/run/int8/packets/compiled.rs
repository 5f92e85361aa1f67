//! The kernels on packets of codes, compiled here, once for each packet type, as those on numbers are.

use super::codes::WriteCodes;
use super::linears::PacketLinears;
use crate::int8::{LineCodes, PacketClamp, ScaledCodes};
use crate::lanes::CodeLanes;
use crate::lanes::vectors::each_code_packet;
use crate::ops::add::packets::PacketAdd;
use crate::ops::conv2d::PacketConv;
use crate::ops::pool::packets::PacketPool;

/// The pieces of work that a pass of packets of codes consists of.
///
/// `pub` in a private module.
pub trait CompiledCodes: Copy {
    /// A convolution or a linear layer.
    fn convolve(work: PacketConv<'_, Self>);
    /// Linear layers one behind another.
    fn run_linears(work: PacketLinears<'_, Self>);
    /// Whole windows' codes.
    fn pool_windows(work: PacketPool<'_, Self>);
    /// An addition.
    fn add_values(work: PacketAdd<'_, Self>);
    /// An activation on its own.
    fn clamp_values(work: PacketClamp<'_, Self>);
    /// Brings samples into packets.
    fn write_codes(work: WriteCodes<'_, Self>);
    /// Makes codes of numbers.
    fn scale_numbers(self, work: ScaledCodes<'_>);
    /// Makes codes of bytes.
    fn scale_bytes(self, work: LineCodes<'_>);
}

macro_rules! compile {
    ($($packet:ty),+) => {$(
        impl CompiledCodes for $packet {
            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn convolve(work: PacketConv<'_, Self>) {
                work.proof.vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn run_linears(work: PacketLinears<'_, Self>) {
                work.proof.vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn pool_windows(work: PacketPool<'_, Self>) {
                work.proof.vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn add_values(work: PacketAdd<'_, Self>) {
                work.proof.vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn clamp_values(work: PacketClamp<'_, Self>) {
                work.proof.vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn write_codes(work: WriteCodes<'_, Self>) {
                work.proof.vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn scale_numbers(self, work: ScaledCodes<'_>) {
                self.vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn scale_bytes(self, work: LineCodes<'_>) {
                self.vectorize(work);
            }
        }
    )+};
}

compile!(crate::PortableCodes);
each_code_packet!(compile);
