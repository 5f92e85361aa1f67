//! An activation on its own, on packets of codes.

use super::Quantization;
use crate::lanes::Kernel;
use crate::lanes::codes::CodeLanes;

/// Brings a value's codes within the limits of what follows.
pub struct PacketClamp<'a, C> {
    pub proof: C,
    pub output: Quantization,
    /// Packets of codes.
    pub values: &'a mut [u32],
}

impl<C: CodeLanes> Kernel for PacketClamp<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let [low, high] = self.output.limits(self.proof);
        for packet in self.values.chunks_exact_mut(C::LANES) {
            self.proof.load(packet).clamp_codes(low, high).store(packet);
        }
    }
}
