//! Each filter's channels in its own lane.

use super::ConvGeometry;
use crate::program::MapSteps;

/// Whether a convolution whose lanes hold filters of several groups reads its input spread: a
/// depthwise one finds it as it needs it.
pub(crate) const fn needs_spreading(groups: usize, channels: usize, filters: usize) -> bool {
    super::is_per_lane(groups, filters) && (channels != groups || filters != groups)
}

/// Spreads an input: for each channel of a group, a map of rows x columns x padded filters, in which
/// a filter's lane has its own group's channel.
pub(crate) fn spread(
    g: &ConvGeometry,
    steps: MapSteps,
    input: &[f32],
    padded: usize,
    to: &mut [f32],
) -> MapSteps {
    let spread = MapSteps {
        channel: g.input_area() * padded,
        row: g.input[1] * padded,
        column: padded,
    };
    for channel in 0..g.group_channels() {
        for row in 0..g.input[0] {
            for column in 0..g.input[1] {
                let from = channel * steps.channel + row * steps.row + column * steps.column;
                let start = channel * spread.channel + row * spread.row + column * padded;
                let (own, padding) = to[start..][..padded].split_at_mut(g.filters);
                for (group, own) in own.chunks_exact_mut(g.group_filters()).enumerate() {
                    own.fill(input[from + group * g.group_channels() * steps.channel]);
                }
                padding.fill(0.0);
            }
        }
    }
    spread
}
