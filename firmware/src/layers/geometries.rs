//! Geometries that say what kernels cost.

use kiln_core::{Conv2d, Padding, Shape};

/// Convolutions with names.
pub fn given() -> [(&'static str, Shape, Conv2d); 16] {
    let map = Shape::new(16, 14, 14);
    let plain = Conv2d::new(16, 3);
    [
        ("first3x3", Shape::new(1, 28, 28), Conv2d::new(8, 3)),
        ("plain3x3", map, plain),
        ("padded3x3", map, plain.padding(1)),
        ("strided3x3", map, plain.stride(2).padding(1)),
        ("padded5x5", map, plain.kernel(5, 5).padding(2)),
        (
            "uneven7x7",
            Shape::new(3, 20, 17),
            plain.kernel(7, 7).stride(2).padded(Padding {
                top: 1,
                left: 3,
                bottom: 2,
                right: 0,
            }),
        ),
        (
            "small7x7",
            Shape::new(4, 7, 7),
            plain.kernel(7, 7).padding(3),
        ),
        ("even4x4", map, plain.kernel(4, 4).padding(1)),
        (
            "tall10x4",
            Shape::new(1, 49, 10),
            plain.kernel(10, 4).stride(2).padding(4),
        ),
        ("point", map, plain.kernel(1, 1)),
        ("strided_point", map, plain.kernel(1, 1).stride(2)),
        ("depthwise3x3", map, plain.padding(1).groups(16)),
        (
            "small_depthwise3x3",
            Shape::new(16, 7, 7),
            plain.padding(1).groups(16),
        ),
        (
            "strided_depthwise3x3",
            map,
            plain.stride(2).padding(1).groups(16),
        ),
        (
            "depthwise5x5",
            map,
            plain.kernel(5, 5).padding(2).groups(16),
        ),
        (
            "grouped3x3",
            Shape::new(18, 11, 11),
            Conv2d::new(18, 3).padding(1).groups(3),
        ),
    ]
}
