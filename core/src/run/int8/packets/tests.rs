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

/// How many packets go through a layer at once.
struct Stacked;

impl OnCodes for Stacked {
    fn run<C: CodeLanes>(&self, _: C) {
        let room = STACK_BYTES / (4 * C::LANES);
        assert_eq!(stack::<C>(0, 0), 4);
        assert_eq!(stack::<C>(room / 4, 0), 4);
        assert_eq!(stack::<C>(room / 4, 1), 2);
        assert_eq!(stack::<C>(room / 2, 0), 2);
        assert_eq!(stack::<C>(room / 2 + 1, 0), 1);
        assert_eq!(stack::<C>(1, room), 1);
        assert_eq!(stack::<C>(usize::MAX, usize::MAX), 1);
    }
}

#[test]
fn as_many_packets_go_through_a_layer_as_there_is_room_for() {
    in_every_code_packet(&Stacked);
}

#[test]
fn packets_lie_as_registers_do() {
    in_every_code_packet(&Aligned);
}
