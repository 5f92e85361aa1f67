//! Files that are refused, by name and with what is wrong in them.

use super::*;

#[test]
fn what_is_no_dataset_is_named() {
    let bytes = |count| vec![0; count];
    refused(&[], None, &["no tensor \"input\"", "none at all"]);
    let pixels = ("pixels", Dtype::U8, &[1, 1][..], bytes(1));
    refused(
        &[pixels],
        None,
        &["no tensor \"input\"", "it has \"pixels\""],
    );
    refused(
        &[labels(Dtype::U8, [0, 1])],
        None,
        &["\"input\", which \"labels\" needs"],
    );
    for shape in [
        &[4][..],
        &[1, 2, 2],
        &[1, 1, 2, 2, 1],
        &[0, 4],
        &[1, 0, 2, 2],
    ] {
        let count = shape.iter().product::<usize>();
        refused(
            &[("input", Dtype::U8, shape, bytes(count))],
            None,
            &["\"input\"", "shape ["],
        );
    }
    let wide = ("input", Dtype::U8, &[1, 65_536][..], bytes(65_536));
    refused(&[wide], None, &["at most 65535 channels"]);
    refused(
        &[("input", Dtype::F16, &[1, 1], bytes(2))],
        None,
        &["\"input\"", "F16"],
    );
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let input = (
            "input",
            Dtype::F32,
            &[3, 2][..],
            floats(&[1.0, 2.0, 3.0, value, 5.0, 6.0]),
        );
        refused(&[input], None, &["\"input\"", "in sample 1"]);
    }
    let unlike = ("test_input", Dtype::F32, &[1, 4][..], bytes(16));
    refused(
        &[rows(), unlike],
        None,
        &["\"test_input\"", "4x1x1", "3x1x1"],
    );
}

#[test]
fn labels_that_are_none_are_named() {
    let wide = |label: i64| [0, label].map(i64::to_le_bytes).concat();
    for (label, word) in [(-1, "sample 1 with -1"), (65_536, "with 65536")] {
        refused(
            &[rows(), labels(Dtype::I64, wide(label))],
            None,
            &["\"labels\"", word],
        );
    }
    let largest = [u64::MAX; 2].map(u64::to_le_bytes).concat();
    refused(
        &[rows(), labels(Dtype::U64, largest)],
        None,
        &["sample 0 with 18446744073709551615"],
    );
    refused(
        &[rows(), labels(Dtype::F32, [0; 8])],
        None,
        &["\"labels\"", "F32"],
    );
    let three = ("labels", Dtype::U8, &[3][..], vec![0; 3]);
    refused(&[rows(), three], None, &["3 labels for the 2 samples"]);
    let column = ("labels", Dtype::U8, &[2, 1][..], vec![0; 2]);
    refused(&[rows(), column], None, &["\"labels\"", "[2, 1]"]);
    refused(
        &[rows(), labels(Dtype::U8, [1, 1])],
        None,
        &["one class only (1)"],
    );
    let most = [0_u16, u16::MAX].map(u16::to_le_bytes).concat();
    let dataset = loaded(&[rows(), labels(Dtype::U16, most)], None).unwrap();
    assert_eq!(dataset.classes.len(), 65_536);
}

#[test]
fn names_of_classes_are_checked() {
    let both = [rows(), labels(Dtype::U8, [0, 1])];
    for (classes, word) in [
        ("", "no name for class 0"),
        ("a\n \nb", "no name for class 1"),
        ("a\na", "\"a\" twice"),
        ("a\nb\u{7}", "control character"),
        ("a", "\"labels\" labels sample 1 with 1; labels are 0 to 0"),
    ] {
        refused(&both, Some(classes), &[word]);
    }
    assert!(loaded(&[rows(), labels(Dtype::U8, [1, 1])], Some("a\nb")).is_ok());
}

#[test]
fn damaged_files_are_refused_wherever_they_end() {
    let bytes = encoded(&[rows(), labels(Dtype::U8, [0, 1])], None);
    refused_bytes(&[], &["an empty file"]);
    for length in 1..bytes.len() {
        refused_bytes(&bytes[..length], &[]);
    }
    refused_bytes(
        &[&bytes[..], &[0]].concat(),
        &["bytes, but its header tells of"],
    );
    let entry = r#""input":{"dtype":"U8","shape":[1,1],"data_offsets":[0,1]}"#;
    let header = format!("{{{entry},{entry}}}");
    let mut twice = (header.len() as u64).to_le_bytes().to_vec();
    twice.extend(header.bytes());
    twice.push(0);
    refused_bytes(&twice, &["\"input\" twice"]);
    let mut endless = u64::MAX.to_le_bytes().to_vec();
    endless.extend([0; 64]);
    refused_bytes(&endless, &["length of its header"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.safetensors");
    let places = Places::from_environment();
    let missing = load_from(path.to_str().unwrap(), &Options::default(), &places);
    assert!(
        missing
            .unwrap_err()
            .to_string()
            .contains("none.safetensors: No such file")
    );
    assert!(!is_tensor_file(folder.path()) && !is_tensor_file(&folder.path().join("a.onnx")));
    fs::create_dir(&path).unwrap();
    assert!(!is_tensor_file(&path), "a folder of that name is a folder");
}
