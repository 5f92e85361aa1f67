//! Inner loops in assembly for Cortex-M processors with a floating-point unit.
//!
//! A compiler decides by its flags, and by its version, whether a tile's sums stay in the 32
//! registers or go to memory and back. These loops are the same whatever compiles what is around
//! them. Beside them stand the portable kernels that every other processor runs; the firmware's
//! program `kernels` holds the loops to the references, bit for bit, on the processor itself.
//!
//! A multiply-add is two roundings, as the contract wants, one way or the other: VMLA is one
//! instruction, but three cycles on Cortex-M4 and M33, where VMUL and VADD are two. The feature
//! `slow-vmla` chooses the latter.
//!
//! In tests of other processors the loops are written out in Rust, so that what chooses and places
//! tiles is tested there, too.

#[cfg(target_arch = "arm")]
#[macro_use]
mod gradient_macros;
#[cfg(target_arch = "arm")]
#[macro_use]
mod instructions;
#[cfg(target_arch = "arm")]
#[macro_use]
mod rectifying;
#[cfg(target_arch = "arm")]
#[macro_use]
mod tile_macros;
#[cfg(target_arch = "arm")]
#[macro_use]
mod tiles;
mod channel_pass;
#[cfg(target_arch = "arm")]
mod column_tiles;
mod convolution;
#[cfg(target_arch = "arm")]
mod depthwise;
#[cfg(not(target_arch = "arm"))]
mod emulated;
#[cfg(not(target_arch = "arm"))]
mod emulated_fan;
#[cfg(not(target_arch = "arm"))]
mod emulated_kept;
#[cfg(not(target_arch = "arm"))]
mod emulated_pass;
#[cfg(not(target_arch = "arm"))]
mod emulated_pools;
mod fan;
#[cfg(target_arch = "arm")]
#[macro_use]
mod fan_loops;
#[cfg(target_arch = "arm")]
mod fan_lines;
mod few;
mod filter_block;
mod kept;
mod kept_list;
mod linear;
#[cfg(target_arch = "arm")]
mod linear_gradient;
mod lone_runs;
mod pass_list;
#[cfg(target_arch = "arm")]
#[macro_use]
mod pass_loops;
#[cfg(target_arch = "arm")]
mod pass_lines;
#[cfg(target_arch = "arm")]
mod pointwise_gradient;
#[cfg(target_arch = "arm")]
mod pool_loops;
mod pooled;
mod pools;
mod rectangle;
mod region;
#[cfg(target_arch = "arm")]
mod rows_gradient;
mod scattered;
#[cfg(target_arch = "arm")]
mod single_filter;
mod sweep;
#[cfg(target_arch = "arm")]
mod turning;

#[cfg(not(target_arch = "arm"))]
pub(crate) use emulated::column_threes;
#[cfg(not(target_arch = "arm"))]
pub(crate) use emulated_fan::fans_of;
#[cfg(not(target_arch = "arm"))]
pub(crate) use emulated_kept::kept_filters;
#[cfg(not(target_arch = "arm"))]
pub(crate) use emulated_pass::channel_passes;
pub(crate) use fan::FanShape;
pub(crate) use linear::connect_by_tiles;
#[cfg(target_arch = "arm")]
pub(crate) use linear_gradient::LinearLoops;
#[cfg(target_arch = "arm")]
pub(crate) use pointwise_gradient::PointwiseLoops;
pub(crate) use pools::LoopedPool;
#[cfg(target_arch = "arm")]
pub(crate) use rows_gradient::LoopedRows;

use fan::Fan;
use rectangle::{ColumnRun, Rectangle};
use sweep::{Sweep, SweepStart, TileShape};
