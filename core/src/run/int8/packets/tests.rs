//! Packets lie as registers do, wherever the memory for them begins.

use super::*;
use crate::testing::{OnCodes, in_every_code_packet};

struct Aligned;

impl OnCodes for Aligned {
    fn run<C: CodeLanes>(&self, _: C) {
        let mut memory = [0; 64];
        for begin in 0..=16 {
            let words = whole_packets::<C>(&mut memory[begin..]);
            assert_eq!(words.as_ptr() as usize % (4 * C::LANES), 0, "{begin}");
            assert!(words.len() >= 64 - begin - before_packets::<C>());
        }
    }
}

#[test]
fn packets_lie_as_registers_do() {
    in_every_code_packet(&Aligned);
}
