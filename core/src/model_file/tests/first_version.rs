//! Files of version 1.

extern crate std;

use super::*;
use crate::{Conv2d, Layer, Padding, Pool2d};

/// A file as version 1 has it, byte by byte: a chain without a word of tasks, dilation, sides of
/// padding or biases.
#[test]
fn files_of_version_1_open_to_the_same_network() {
    let header = [
        [2, 7, 9, 7].as_slice(),
        // conv2d: 4 filters, kernel 3x2, stride 2x1, padding 1x0, 2 groups
        &[0, 4, 3, 2, 2, 1, 1, 0, 2],
        &[1],
        // max_pool2d and avg_pool2d: windows, then strides
        &[2, 2, 2, 1, 1],
        &[3, 1, 2, 1, 2],
        // linear: 300 outputs, in two bytes
        &[5, 0xAC, 0x02, 1],
        &[4],
    ];
    let network = Network::input(2, 7, 9)
        .layer(Layer::Conv2d(Conv2d {
            kernel: [3, 2],
            stride: [2, 1],
            padding: Padding::each(1, 0),
            groups: 2,
            ..Conv2d::new(4, 1)
        }))
        .relu()
        .layer(Layer::MaxPool2d(Pool2d::new(2).stride(1)))
        .layer(Layer::AvgPool2d(Pool2d {
            window: [1, 2],
            stride: [1, 2],
            ..Pool2d::new(1)
        }))
        .linear(300)
        .relu()
        .global_avg_pool2d();
    let mut header = header.concat();
    header.extend(postcard::to_slice(&scaling(), &mut [0; 64]).unwrap().iter());
    header.extend([0, 2]);
    header.extend(b"v1");
    let parameters: Vec<f32> = (0..network.parameters())
        .map(|index| index as f32)
        .collect();
    let mut bytes = b"KILN\x01\x00\x00\x00".to_vec();
    bytes.extend((header.len() as u32).to_le_bytes());
    bytes.extend((parameters.len() as u32).to_le_bytes());
    bytes.extend(header);
    bytes.resize(bytes.len().next_multiple_of(16), 0);
    bytes.extend(parameters.iter().flat_map(|value| value.to_le_bytes()));
    bytes.extend([0; CHECKSUM_LEN]);
    seal(&mut bytes);
    let mut placed = Placed::new(&bytes, 0);
    let model = ModelFile::open(placed.bytes(bytes.len())).unwrap();
    assert_eq!(model.network(), &network);
    assert_eq!(model.task(), Task::Classification);
    assert_eq!(model.scaling(), &scaling());
    assert_eq!((model.notes(), model.class_names().count()), ("v1", 0));
    assert_eq!(model.parameters(), parameters);
    // The header of one version is none of the other's.
    bytes[4] = 2;
    seal(&mut bytes);
    assert_eq!(open_error(&bytes), ModelError::Header);
}

/// A file that was written when version 1 was the only one.
#[test]
fn a_published_file_of_version_1_opens() {
    let bytes = include_bytes!("../../../../firmware/assets/digits.kiln");
    let mut placed = Placed::new(bytes, 0);
    let model = ModelFile::open(placed.bytes(bytes.len())).unwrap();
    assert_eq!(bytes[4], 1);
    assert_eq!(model.parameters().len(), model.network().parameters());
    assert!(model.network().is_chain());
    assert_eq!(model.network(), &crate::program::tests::MNIST);
}
