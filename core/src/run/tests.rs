//! What a program says is needed is refused one element short, and used to the last; and what it
//! gives is what a naive walk gives, to the bit.

extern crate std;

mod channels_last;
mod exact;
mod fused;
pub(super) mod int8;
mod linked;
mod linked_int8;
mod observed;
mod packet_channels;
mod packet_groups;
mod packet_linears;
mod packet_means;
mod packet_padding;
mod packet_paths;
mod packet_rows;
mod packets;
mod quantized;
mod refused;
mod walked;

use crate::lanes::Lanes;
use crate::{GroupMemory, Program};
use std::vec;
use std::vec::Vec;

/// Memory of a number of groups, with any values in it.
pub(super) struct Memory<L> {
    packets: Vec<Vec<L>>,
    winners: Vec<Vec<u8>>,
    values: Vec<Vec<f32>>,
}

impl<L: Lanes> Memory<L> {
    pub fn new(program: &Program, groups: usize, zero: L, mark: f32) -> Self {
        let in_flight = program.packets_in_flight::<L>();
        let mut packets = vec![zero; in_flight * program.arena_packets()];
        L::values_mut(&mut packets).fill(mark);
        let winners = vec![0xEE; in_flight * program.winner_bytes() * L::LANES];
        Self {
            packets: vec![packets; groups],
            winners: vec![winners; groups],
            values: vec![vec![mark; program.group_values()]; groups],
        }
    }

    pub fn groups(&mut self) -> Vec<GroupMemory<'_, L>> {
        let winners = self.winners.iter_mut().zip(&mut self.values);
        let all = self.packets.iter_mut().zip(winners);
        all.map(|(packets, (winners, values))| GroupMemory {
            packets,
            winners,
            values,
        })
        .collect()
    }
}
