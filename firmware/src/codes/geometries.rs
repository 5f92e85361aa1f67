//! Which layers of codes are tried.

use super::CodeRandom;
use kiln_core::reference::ConvGeometry;

/// Geometries that say what kernels cost; the second says whether a pool is behind.
pub fn given() -> [(&'static str, bool, ConvGeometry); 12] {
    let plain = ConvGeometry {
        channels: 16,
        input: [14, 14],
        filters: 16,
        output: [12, 12],
        kernel: [3, 3],
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
    };
    let padded = ConvGeometry {
        padding: [1, 1],
        output: [14, 14],
        ..plain
    };
    let point = ConvGeometry {
        kernel: [1, 1],
        output: [14, 14],
        ..plain
    };
    let line = |channels, filters| ConvGeometry {
        channels,
        filters,
        input: [1, 1],
        output: [1, 1],
        ..point
    };
    let depthwise = ConvGeometry {
        groups: 16,
        ..padded
    };
    let first = ConvGeometry {
        channels: 1,
        filters: 8,
        input: [28, 28],
        output: [26, 26],
        ..plain
    };
    [
        ("first3x3", true, first),
        ("pooled3x3", true, plain),
        ("plain3x3", false, plain),
        ("padded3x3", false, padded),
        ("point", false, point),
        (
            "odd_point",
            false,
            ConvGeometry {
                channels: 15,
                filters: 15,
                ..point
            },
        ),
        ("linear", false, line(400, 128)),
        ("small_linear", false, line(128, 10)),
        ("depthwise3x3", false, depthwise),
        (
            "strided_depthwise3x3",
            false,
            ConvGeometry {
                stride: [2, 2],
                output: [7, 7],
                ..depthwise
            },
        ),
        (
            "depthwise5x5",
            false,
            ConvGeometry {
                kernel: [5, 5],
                padding: [2, 2],
                ..depthwise
            },
        ),
        (
            "grouped3x3",
            false,
            ConvGeometry {
                groups: 4,
                ..padded
            },
        ),
    ]
}

/// Any geometry: extents on either side of what tiles hold.
pub fn draw(random: &mut CodeRandom) -> ConvGeometry {
    let mut small = |bound| 1 + random.below(bound);
    let groups = if small(4) == 1 { small(4) } else { 1 };
    let is_depthwise = small(3) == 1;
    let most = if small(6) == 1 { 40 } else { 9 };
    let channels = small(most);
    let filters = if is_depthwise && small(3) > 1 {
        1
    } else {
        small(11)
    };
    let (groups, channels) = match is_depthwise {
        true => (1 + groups * channels, 1),
        false => (groups, channels),
    };
    let kernel = if small(4) == 1 {
        [1, 1]
    } else {
        [small(5), small(5)]
    };
    let stride = [small(3), small(3)];
    let dilation = [small(5), small(5)].map(|draw| draw.saturating_sub(3).max(1));
    let padding = [small(4) - 1, small(4) - 1];
    let input = [small(10), small(10)];
    let behind = [small(4) - 1, small(4) - 1];
    let output = [0, 1].map(|axis| {
        let reach = (kernel[axis] - 1) * dilation[axis] + 1;
        (input[axis] + padding[axis] + behind[axis]).saturating_sub(reach) / stride[axis] + 1
    });
    ConvGeometry {
        channels: groups * channels,
        input,
        filters: groups * filters,
        output,
        kernel,
        stride,
        padding,
        dilation,
        groups,
    }
}
