extern crate std;
use super::*;
use std::vec;

fn encoded(scaling: &Scaling) -> std::vec::Vec<u8> {
    let mut buffer = [0; 256];
    postcard::to_slice(scaling, &mut buffer).unwrap().to_vec()
}

#[test]
fn few_channels_are_written_as_two_lists_and_many_as_one_pair() {
    let two = Scaling::new(&[0.5, 2.0], &[1.0, -1.0]).unwrap();
    let mut lists = vec![2];
    lists.extend([0.5_f32, 2.0].iter().flat_map(|value| value.to_le_bytes()));
    lists.push(2);
    lists.extend([1.0_f32, -1.0].iter().flat_map(|value| value.to_le_bytes()));
    assert_eq!(encoded(&two), lists);
    let many = Scaling::uniform(640, 0.5, 1.0).unwrap();
    assert_eq!(encoded(&many).len(), 1 + 2 + 8);
    for scaling in [two, many, Scaling::uniform(16, 0.5, 1.0).unwrap()] {
        assert_eq!(postcard::from_bytes(&encoded(&scaling)), Ok(scaling));
    }
}

#[test]
fn a_pair_for_few_channels_is_read_and_found_unsound() {
    for channels in [0_u32, 16, 65_536] {
        let mut bytes = vec![0];
        let mut number = [0; 5];
        bytes.extend_from_slice(postcard::to_slice(&channels, &mut number).unwrap());
        bytes.extend([0; 8]);
        let scaling: Scaling = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(scaling.check(), Err(ScalingError::Channels), "{channels}");
    }
    assert!(postcard::from_bytes::<Scaling>(&[0, 17, 0, 0]).is_err());
}

#[test]
fn lists_are_spread_over_channels() {
    let few = Scaling::for_channels(2, &[0.5], &[1.0, 2.0]).unwrap();
    assert_eq!(few, Scaling::new(&[0.5, 0.5], &[1.0, 2.0]).unwrap());
    let many = Scaling::for_channels(17, &[0.5; 17], &[1.0]).unwrap();
    assert_eq!(many, Scaling::uniform(17, 0.5, 1.0).unwrap());
    assert_eq!(
        (many.channels(), many.scale(), many.shift()),
        (17, &[0.5][..], &[1.0][..])
    );
    assert_eq!((many.apply(16, 4), many.apply(17, 4)), (Some(3.0), None));
    let mut unlike = [0.5; 17];
    unlike[16] = 1.0;
    for (channels, scale) in [(17, &unlike[..]), (17, &[0.5; 2]), (2, &[]), (0, &[0.5])] {
        let refused = Scaling::for_channels(channels, scale, &[1.0]);
        assert_eq!(refused, Err(ScalingError::Channels), "{channels}");
    }
    assert!(Scaling::uniform(MAX_UNIFORM_CHANNELS, 0.5, 1.0).is_ok());
    assert!(Scaling::uniform(MAX_UNIFORM_CHANNELS + 1, 0.5, 1.0).is_err());
    let infinite = Scaling::uniform(640, f32::INFINITY, 1.0);
    assert_eq!(infinite, Err(ScalingError::NotFinite));
}
