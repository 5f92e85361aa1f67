mod refused;

use super::*;
use crate::data::{DataError, ImageShape, Options, Places, Samples, Values, load_from};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

type Tensor<'a> = (&'a str, Dtype, &'a [usize], Vec<u8>);

fn floats(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn encoded(tensors: &[Tensor<'_>], classes: Option<&str>) -> Vec<u8> {
    let views = tensors.iter().map(|(name, kind, shape, bytes)| {
        (
            *name,
            TensorView::new(*kind, shape.to_vec(), bytes).unwrap(),
        )
    });
    let metadata = classes.map(|classes| HashMap::from([("classes".into(), classes.into())]));
    safetensors::serialize(views, metadata).unwrap()
}

/// A file with these bytes, in a folder that lives as long as it is looked at.
fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.SafeTensors");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn load_bytes(bytes: &[u8], options: &Options) -> Result<Dataset, DataError> {
    let (_folder, path) = file(bytes);
    load_from(path.to_str().unwrap(), options, &Places::from_environment())
}

fn loaded(tensors: &[Tensor<'_>], classes: Option<&str>) -> Result<Dataset, DataError> {
    load_bytes(&encoded(tensors, classes), &Options::default())
}

/// Asserts that the tensors are refused in a line with the file's name and `words`.
fn refused(tensors: &[Tensor<'_>], classes: Option<&str>, words: &[&str]) {
    refused_bytes(&encoded(tensors, classes), words);
}

fn refused_bytes(bytes: &[u8], words: &[&str]) {
    let message = load_bytes(bytes, &Options::default())
        .unwrap_err()
        .to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    for word in words.iter().chain(&["data.SafeTensors"]) {
        assert!(message.contains(word), "no {word:?} in {message}");
    }
}

fn rows() -> Tensor<'static> {
    (
        "input",
        Dtype::F32,
        &[2, 3],
        floats(&[0.5, -1.0, 2.0, 1e-9, -0.0, 7.0]),
    )
}

fn labels(kind: Dtype, bytes: impl Into<Vec<u8>>) -> Tensor<'static> {
    ("labels", kind, &[2], bytes.into())
}

fn shape(channels: usize, height: usize, width: usize) -> ImageShape {
    ImageShape {
        channels,
        height,
        width,
    }
}

#[test]
fn rows_of_floats_are_samples_of_channels() {
    let dataset = loaded(
        &[
            rows(),
            labels(Dtype::I64, [2_i64, 0].map(i64::to_le_bytes).concat()),
        ],
        None,
    )
    .unwrap();
    let expected = Samples {
        values: Values::Floats(vec![0.5, -1.0, 2.0, 1e-9, -0.0, 7.0]),
        labels: vec![2, 0],
        shape: shape(3, 1, 1),
        coded: false,
    };
    assert_eq!(dataset.train, expected);
    assert_eq!(dataset.classes, ["0", "1", "2"]);
    assert!(dataset.labelled && dataset.test.is_none());
    assert_eq!(dataset.name, "data.SafeTensors");
}

#[test]
fn every_kind_of_integer_is_a_label() {
    let kinds = [
        (Dtype::U8, 1),
        (Dtype::I8, 1),
        (Dtype::U16, 2),
        (Dtype::I16, 2),
        (Dtype::U32, 4),
        (Dtype::I32, 4),
        (Dtype::U64, 8),
        (Dtype::I64, 8),
    ];
    for (kind, size) in kinds {
        let bytes = [3_u64, 127]
            .map(|label| label.to_le_bytes()[..size].to_vec())
            .concat();
        let dataset = loaded(&[rows(), labels(kind, bytes)], None).unwrap();
        assert_eq!(dataset.train.labels, [3, 127], "{kind:?}");
    }
}

#[test]
fn a_test_set_and_names_of_classes_are_read_and_the_rest_is_told() {
    let tensors = [
        rows(),
        labels(Dtype::U8, [0, 0]),
        (
            "test_input",
            Dtype::F32,
            &[1, 3, 1, 1][..],
            floats(&[1.0, 2.0, 3.0]),
        ),
        ("test_labels", Dtype::U8, &[1], vec![1]),
        ("logits", Dtype::F32, &[1], floats(&[1.0])),
    ];
    let dataset = loaded(&tensors, Some("normal\nAnomaly\n")).unwrap();
    assert_eq!(dataset.classes, ["normal", "Anomaly"]);
    assert_eq!(dataset.anomaly(), Some(1));
    let test = dataset.test.unwrap();
    assert_eq!(
        (test.values, test.labels),
        (Values::Floats(vec![1.0, 2.0, 3.0]), vec![1])
    );
    assert_eq!(dataset.notices, ["ignored the tensor \"logits\""]);
}

#[test]
fn the_anomaly_is_found_by_name_or_is_the_second_of_two() {
    let two = [rows(), labels(Dtype::U8, [0, 1])];
    let anomaly = |classes| loaded(&two, classes).unwrap().anomaly();
    assert_eq!(anomaly(Some("anomaly\nnormal")), Some(0));
    // As Windows ends lines.
    assert_eq!(anomaly(Some("normal\r\nanomaly\r\n")), Some(1));
    assert_eq!(anomaly(Some("a\nb\nANOMALY")), Some(2));
    assert_eq!(anomaly(None), Some(1));
    assert_eq!(anomaly(Some("a\nb\nc")), None);
    assert_eq!(loaded(&[rows()], None).unwrap().anomaly(), None);
}

#[test]
fn samples_without_labels_are_all_of_one_class() {
    let dataset = loaded(&[rows()], None).unwrap();
    assert_eq!(dataset.classes, ["all"]);
    assert_eq!(dataset.train.labels, [0, 0]);
    assert!(!dataset.labelled);
    let tested = [
        rows(),
        ("test_input", Dtype::F32, &[2, 3][..], floats(&[1.0; 6])),
        ("test_labels", Dtype::I8, &[2], vec![0, 1]),
    ];
    let dataset = loaded(&tested, None).unwrap();
    assert_eq!(dataset.classes, ["0", "1"]);
    assert!(!dataset.labelled, "the training samples have none");
}

#[test]
fn images_of_bytes_are_brought_to_a_shape_and_nothing_else_is() {
    let options = Options {
        shape: Some(shape(3, 2, 2)),
        ..Options::default()
    };
    let grey = encoded(&[("input", Dtype::U8, &[1, 1, 1, 1], vec![9])], None);
    let colour = load_bytes(&grey, &options).unwrap().train;
    assert_eq!(
        colour,
        Samples::of_bytes(vec![9; 12], vec![0], shape(3, 2, 2))
    );
    let unlike = [
        encoded(&[("input", Dtype::U8, &[1, 2, 1, 1], vec![9, 9])], None),
        encoded(
            &[("input", Dtype::F32, &[1, 1, 1, 1], floats(&[9.0]))],
            None,
        ),
    ];
    for bytes in unlike {
        let refused = load_bytes(&bytes, &options).unwrap_err().to_string();
        assert!(refused.contains("not of 3x2x2"), "{refused}");
    }
    // Written in the size it is meant to have: photographs would be shrunk.
    let large = encoded(
        &[("input", Dtype::F32, &[1, 1, 100, 1], floats(&[9.0; 100]))],
        None,
    );
    let options = Options {
        size: TargetSize::Reduced,
        ..Options::default()
    };
    assert_eq!(
        load_bytes(&large, &options).unwrap().train.shape,
        shape(1, 100, 1)
    );
}

#[test]
fn hashes_tell_floats_from_bytes() {
    let zeros = |kind, bytes: usize| {
        let input = ("input", kind, &[1, 2][..], vec![0; bytes]);
        loaded(&[input], None).unwrap().sha256().to_owned()
    };
    assert_ne!(zeros(Dtype::U8, 2), zeros(Dtype::F32, 8));
}

/// What codes of a tensor of these extents become, for a network that takes 2 x 1 x 2 values.
fn coded(order: CodeOrder, extents: &[usize]) -> Samples {
    let codes = [-128_i8, 1, 127, -3].map(|code| code as u8).to_vec();
    let tensors = [("input", Dtype::I8, extents, codes)];
    let options = Options {
        codes: Some(order),
        shape: Some(shape(2, 1, 2)),
        ..Options::default()
    };
    load_bytes(&encoded(&tensors, None), &options)
        .unwrap()
        .train
}

#[test]
fn codes_lie_as_their_network_has_them() {
    let samples = |values: [f32; 4]| Samples {
        values: Values::Floats(values.to_vec()),
        labels: vec![0],
        shape: shape(2, 1, 2),
        coded: true,
    };
    let (first, last) = (CodeOrder::ChannelsFirst, CodeOrder::ChannelsLast);
    let kept = samples([-128.0, 1.0, 127.0, -3.0]);
    let moved = samples([-128.0, 127.0, 1.0, -3.0]);
    assert_eq!(coded(first, &[1, 2, 1, 2]), kept);
    assert_eq!(coded(last, &[1, 1, 2, 2]), moved);
    // A list is read in the same order.
    assert_eq!(coded(first, &[1, 4]), kept);
    assert_eq!(coded(last, &[1, 4]), moved);
    // Other networks take no codes.
    let codes = ("input", Dtype::I8, &[1, 4][..], vec![0; 4]);
    refused(&[codes], None, &["I8", "F32 and U8"]);
}
