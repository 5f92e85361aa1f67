use super::*;

const RED: [u8; 2] = [0xf8, 0x00];
const GREEN: [u8; 2] = [0x07, 0xe0];
const BLUE: [u8; 2] = [0x00, 0x1f];

fn written(frame: CameraFrame<'_>, shape: Shape) -> [u8; 12] {
    let mut planes = [0; 12];
    frame.write(shape, &mut planes[..shape.elements()]).unwrap();
    planes
}

#[test]
fn sixteen_bits_become_three_planes_in_either_order() {
    let pixels = [RED, GREEN, BLUE, [0x84, 0x10]];
    let swapped = pixels.map(|[first, second]| [second, first]);
    let expected = [255, 0, 0, 132, 0, 255, 0, 130, 0, 0, 255, 132];
    let frame = CameraFrame::new(pixels.as_flattened(), 2, 2, PixelFormat::Rgb565).unwrap();
    assert_eq!(written(frame, Shape::new(3, 2, 2)), expected);
    let frame = CameraFrame::new(swapped.as_flattened(), 2, 2, PixelFormat::Rgb565Swapped).unwrap();
    assert_eq!(written(frame, Shape::new(3, 2, 2)), expected);
}

#[test]
fn grey_serves_all_channels_and_colour_becomes_grey() {
    let frame = CameraFrame::new(&[7, 9], 2, 1, PixelFormat::Grey).unwrap();
    assert_eq!(written(frame, Shape::new(3, 1, 2))[..6], [7, 9, 7, 9, 7, 9]);
    let frame = CameraFrame::new(&[255, 0, 0, 0, 255, 0], 2, 1, PixelFormat::Rgb888).unwrap();
    assert_eq!(written(frame, Shape::new(1, 1, 2))[..2], [76, 150]);
}

#[test]
fn a_rectangle_is_written_as_a_picture_of_its_own() {
    let bytes: [u8; 20] = core::array::from_fn(|index| index as u8);
    let frame = CameraFrame::new(&bytes, 5, 4, PixelFormat::Grey).unwrap();
    let cropped = frame
        .cropped(1, 2, 3, 2)
        .unwrap()
        .cropped(0, 1, 2, 2)
        .unwrap();
    assert_eq!(written(cropped, Shape::new(1, 2, 2))[..4], [8, 9, 13, 14]);
    let last = frame.cropped(3, 4, 1, 1).unwrap();
    assert_eq!(written(last, Shape::new(1, 2, 2))[..4], [19; 4]);
}

#[test]
fn shrinking_weighs_by_a_triangle() {
    let frame = CameraFrame::new(&[0, 0, 80, 80], 4, 1, PixelFormat::Grey).unwrap();
    // Weights 3/4, 3/4, 1/4 at the border, divided by their sum.
    let expected = [80.0_f32 / 7.0, 80.0 * 6.0 / 7.0].map(|value| (value + 0.5) as u8);
    assert_eq!(written(frame, Shape::new(1, 1, 2))[..2], expected);
}

#[test]
fn pictures_higher_than_the_weights_kept_are_whole() {
    let bytes: [u8; 300] = core::array::from_fn(|row| if row < 150 { 10 } else { 30 });
    let frame = CameraFrame::new(&bytes, 1, 300, PixelFormat::Grey).unwrap();
    assert_eq!(written(frame, Shape::new(1, 1, 1))[..1], [20]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let new = |bytes, width, height| CameraFrame::new(bytes, width, height, PixelFormat::Rgb565);
    assert_eq!(
        new(&[], 0, 4).unwrap_err(),
        FrameError::Empty {
            width: 0,
            height: 4
        }
    );
    for (bytes, width, height) in [
        (&[0; 7][..], 2, 2),
        (&[0; 9], 2, 2),
        (&[0; 2], usize::MAX, 2),
    ] {
        let length = FrameError::Length {
            width,
            height,
            pixel: 2,
            given: bytes.len(),
        };
        assert_eq!(new(bytes, width, height).unwrap_err(), length);
    }
    let frame = new(&[0; 8], 2, 2).unwrap();
    for (row, column, width, height) in [
        (0, 0, 0, 1),
        (0, 0, 1, 0),
        (1, 0, 1, 2),
        (0, 2, 1, 1),
        (usize::MAX, 0, 1, 1),
    ] {
        let refused = frame.cropped(row, column, width, height).unwrap_err();
        assert!(
            matches!(refused, FrameError::Rectangle { of_width: 2, .. }),
            "{refused}"
        );
    }
    let refused = frame.write(Shape::new(2, 1, 1), &mut [0; 2]);
    assert_eq!(refused, Err(FrameError::Channels { channels: 2 }));
    let refused = frame.write(Shape::new(1, 2, 2), &mut [0; 3]);
    assert_eq!(
        refused,
        Err(FrameError::Input {
            needed: 4,
            given: 3
        })
    );
}
