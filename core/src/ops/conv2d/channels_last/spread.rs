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
    match g.group_filters() {
        1 => spread_each::<1>(g, steps, spread, input, to),
        2 => spread_each::<2>(g, steps, spread, input, to),
        _ => spread_each::<3>(g, steps, spread, input, to),
    }
    spread
}

/// Spreads to `F` filters of each group, so many that their number shows at compile time.
fn spread_each<const F: usize>(
    g: &ConvGeometry,
    steps: MapSteps,
    spread: MapSteps,
    input: &[f32],
    to: &mut [f32],
) {
    let apart = g.group_channels() * steps.channel;
    for channel in 0..g.group_channels() {
        for row in 0..g.input[0] {
            for column in 0..g.input[1] {
                let from = channel * steps.channel + row * steps.row + column * steps.column;
                let start = channel * spread.channel + row * spread.row + column * spread.column;
                let (own, padding) = to[start..][..spread.column].split_at_mut(g.filters);
                let groups = input[from..].iter().step_by(apart);
                for (own, value) in own.as_chunks_mut::<F>().0.iter_mut().zip(groups) {
                    *own = [*value; F];
                }
                padding.fill(0.0);
            }
        }
    }
}
