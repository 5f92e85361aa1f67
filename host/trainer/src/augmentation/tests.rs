use super::*;

const SHAPE: ImageShape = ImageShape {
    channels: 2,
    height: 3,
    width: 4,
};

/// Pixels 1 to 12, then 101 to 112.
fn image() -> Vec<u8> {
    (1..=12).chain(101..=112).collect()
}

fn moved(flip: bool, down: i32, right: i32) -> Vec<u8> {
    let mut to = vec![0; SHAPE.size()];
    place::Placement { flip, down, right }.moved(&image(), SHAPE, &mut to);
    to
}

fn turned(flip: bool, down: i32, right: i32, degrees: f64) -> Vec<u8> {
    let mut to = vec![0; SHAPE.size()];
    place::Placement { flip, down, right }.turned(degrees, &image(), SHAPE, &mut to);
    to
}

fn augmenter(augmentation: Augmentation, seed: u64) -> Augmenter {
    augmentation.with_seed(seed).unwrap()
}

fn applied(augmentation: Augmentation, seed: u64, epoch: u32, index: u32) -> Vec<u8> {
    let mut to = vec![0; SHAPE.size()];
    let augmenter = augmenter(augmentation, seed).epoch(epoch);
    augmenter.apply(index, &image(), SHAPE, &mut to);
    to
}

#[test]
fn images_are_mirrored_then_moved_and_the_edge_is_repeated() {
    assert_eq!(moved(false, 0, 0), image());
    assert_eq!(moved(true, 0, 0)[..4], [4, 3, 2, 1]);
    assert_eq!(moved(false, 1, 0)[..8], [1, 2, 3, 4, 1, 2, 3, 4]);
    assert_eq!(moved(false, -2, 0)[..4], [9, 10, 11, 12]);
    assert_eq!(moved(false, 0, 1)[12..16], [101, 101, 102, 103]);
    assert_eq!(moved(true, 0, 1)[..4], [4, 4, 3, 2]);
    assert_eq!(moved(true, 0, -9)[..4], [1; 4]);
    assert_eq!(moved(false, 9, 9)[..12], [1; 12]);
}

#[test]
fn turned_by_nothing_is_moved_and_by_a_half_circle_is_upside_down() {
    for flip in [false, true] {
        for (down, right) in [(0, 0), (1, -1), (-2, 3), (9, 9)] {
            assert_eq!(
                turned(flip, down, right, 0.0),
                moved(flip, down, right),
                "{flip} {down} {right}"
            );
        }
    }
    let half: Vec<u8> = (1..=12).rev().chain((101..=112).rev()).collect();
    assert_eq!(turned(false, 0, 0, 180.0), half);
}

#[test]
fn turning_is_counter_clockwise_and_mixes_neighbours() {
    let square = ImageShape {
        channels: 1,
        height: 3,
        width: 3,
    };
    let place = place::Placement {
        flip: false,
        down: 0,
        right: 0,
    };
    let mut to = [0; 9];
    place.turned(90.0, &[1, 2, 3, 4, 5, 6, 7, 8, 9], square, &mut to);
    assert_eq!(to, [3, 6, 9, 2, 5, 8, 1, 4, 7]);
    place.turned(45.0, &[0, 0, 0, 0, 200, 0, 0, 0, 0], square, &mut to);
    // The pixel above the centre is 0.71 rows and columns off it there: 0.29 * 0.29 of its value.
    assert_eq!([to[4], to[0], to[1]], [200, 0, 17]);
}

#[test]
fn every_draw_keeps_to_its_bounds_and_reaches_them() {
    let shifts = Augmentation {
        shift: 1,
        ..Augmentation::default()
    };
    let all: Vec<Vec<u8>> = (-1..=1)
        .flat_map(|down| (-1..=1).map(move |right| moved(false, down, right)))
        .collect();
    let mut seen = vec![0; all.len()];
    for index in 0..900 {
        let drawn = applied(shifts, 1, 0, index);
        seen[all.iter().position(|image| *image == drawn).unwrap()] += 1;
    }
    assert!(
        seen.iter().all(|count| (60..150).contains(count)),
        "{seen:?}"
    );
    let flips = Augmentation {
        flip: true,
        ..Augmentation::default()
    };
    let mirrored = (0..900).filter(|index| applied(flips, 1, 0, *index) == moved(true, 0, 0));
    assert!((400..500).contains(&mirrored.count()));
}

#[test]
fn as_much_is_erased_as_the_method_says_in_all_channels_alike() {
    let shape = ImageShape {
        channels: 3,
        height: 32,
        width: 32,
    };
    let augmentation = Augmentation {
        erase: 0.5,
        ..Augmentation::default()
    };
    let epoch = augmenter(augmentation, 1).epoch(0);
    let image = vec![7; shape.size()];
    let mut to = image.clone();
    let mut erased = 0;
    for index in 0..400 {
        epoch.apply(index, &image, shape, &mut to);
        let changed = |map: &[u8]| map.iter().filter(|pixel| **pixel != 7).count();
        let counts: Vec<usize> = to.chunks_exact(1024).map(changed).collect();
        if counts[0] == 0 {
            continue;
        }
        erased += 1;
        for count in counts {
            // One pixel in 256 is noise of the same value.
            assert!((15..345).contains(&count), "{count}");
        }
    }
    assert!((160..240).contains(&erased), "{erased}");
}

#[test]
fn seed_epoch_and_sample_decide_and_nothing_else() {
    let all = Augmentation {
        flip: true,
        shift: 2,
        rotate: 20.0,
        erase: 0.5,
    };
    let first = applied(all, 1, 0, 0);
    assert_eq!(first, applied(all, 1, 0, 0));
    let others = [(2, 0, 0), (1, 1, 0), (1, 0, 1)];
    for (seed, epoch, index) in others {
        assert_ne!(first, applied(all, seed, epoch, index));
    }
    assert!(Augmentation::default().with_seed(1).is_none());
}

#[test]
fn floats_are_left_as_they_are_and_nothing_else_is_promised() {
    let floats = Samples {
        values: Values::Floats(vec![0.5; 24]),
        coded: false,
        labels: vec![0],
        shape: SHAPE,
    };
    let bytes = Samples::of_bytes(image(), vec![0], SHAPE);
    let flips = Augmentation {
        flip: true,
        ..Augmentation::default()
    };
    assert_eq!(flips.check(&floats), Err(AugmentationError::Floats));
    assert_eq!(flips.check(&bytes), Ok(()));
    assert_eq!(Augmentation::default().check(&floats), Ok(()));
    let shift = |shift| Augmentation { shift, ..flips };
    assert_eq!(shift(2).check(&bytes), Ok(()));
    let refused = AugmentationError::Shift { shift: 3, side: 3 };
    assert_eq!(shift(3).check(&bytes), Err(refused));
}
