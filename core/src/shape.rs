//! The extent of a tensor of one sample.

use serde::{Deserialize, Serialize};

/// Channels, height and width of one sample's tensor, stored channel by channel, row by row.
///
/// A vector of `n` values, such as the output of a linear layer, is `n` channels of 1 x 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Number of feature maps.
    pub channels: u32,
    /// Rows of each map.
    pub height: u32,
    /// Columns of each map.
    pub width: u32,
}

impl Shape {
    /// A shape of `channels` maps of `height` x `width`.
    pub const fn new(channels: u32, height: u32, width: u32) -> Self {
        Self {
            channels,
            height,
            width,
        }
    }

    /// Number of values of one sample.
    ///
    /// Exact for every shape a checked [`Network`](crate::Network) contains.
    #[inline]
    pub const fn elements(self) -> usize {
        self.channels as usize * self.map_elements()
    }

    /// Number of values of one channel.
    #[inline]
    pub const fn map_elements(self) -> usize {
        self.height as usize * self.width as usize
    }

    /// Number of values, or `None` where it exceeds [`MAX_ELEMENTS`](crate::MAX_ELEMENTS).
    pub(crate) const fn checked_elements(self) -> Option<u32> {
        let map = self.height as u64 * self.width as u64;
        if map > crate::MAX_ELEMENTS as u64 {
            return None;
        }
        let all = map * self.channels as u64;
        if all > crate::MAX_ELEMENTS as u64 {
            return None;
        }
        Some(all as u32)
    }
}

impl core::fmt::Display for Shape {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}x{}x{}", self.channels, self.height, self.width)
    }
}
