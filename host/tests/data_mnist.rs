//! Where MNIST is found, and folders of IDX files.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use host::data::{DataError, Dataset, IdxError, ImageShape, Options, Patience, Places, load_from};

fn nowhere() -> Places {
    Places {
        data: None,
        cache: None,
        mirrors: Some(Vec::new()),
        patience: Patience::default(),
    }
}

fn offline() -> Options {
    Options {
        offline: true,
        ..Options::default()
    }
}

fn load_folder(folder: &Path) -> Result<Dataset, DataError> {
    load_from(folder.to_str().unwrap(), &Options::default(), &nowhere())
}

fn images(count: u8) -> Vec<u8> {
    let header = [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 2];
    header
        .into_iter()
        .chain((0..count).flat_map(|index| [index; 4]))
        .collect()
}

fn labels(labels: &[u8]) -> Vec<u8> {
    [&[0, 0, 8, 1, 0, 0, 0, labels.len() as u8], labels].concat()
}

fn write_split(folder: &Path, split: &str, of: &[u8]) {
    fs::create_dir_all(folder).unwrap();
    let count = of.len() as u8;
    fs::write(
        folder.join(format!("{split}-images-idx3-ubyte")),
        images(count),
    )
    .unwrap();
    fs::write(
        folder.join(format!("{split}-labels-idx1-ubyte")),
        labels(of),
    )
    .unwrap();
}

#[test]
fn both_sets_of_an_idx_folder_are_read() {
    let folder = tempfile::tempdir().unwrap();
    write_split(folder.path(), "train", &[3, 0, 1]);
    write_split(folder.path(), "t10k", &[4]);
    let dataset = load_folder(folder.path()).unwrap();
    assert_eq!(dataset.classes, ["0", "1", "2", "3", "4"]);
    assert_eq!(dataset.train.bytes().unwrap().image(2), [2; 4]);
    assert_eq!(dataset.test.unwrap().labels, [4]);
}

#[test]
fn dots_and_gzip_in_the_names_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("train-images.idx3-ubyte.gz", images(2)),
        ("train-labels.idx1-ubyte.gz", labels(&[0, 1])),
    ] {
        let file = fs::File::create(folder.path().join(name)).unwrap();
        let mut encoder = GzEncoder::new(file, Compression::fast());
        encoder.write_all(&content).unwrap();
        encoder.finish().unwrap();
    }
    let dataset = load_folder(folder.path()).unwrap();
    assert_eq!((dataset.train.len(), dataset.test), (2, None));
}

#[test]
fn a_folder_with_a_test_set_only_has_nothing_to_train_on() {
    let folder = tempfile::tempdir().unwrap();
    write_split(folder.path(), "t10k", &[0, 1]);
    let dataset = load_folder(folder.path()).unwrap();
    assert!(dataset.train.is_empty());
    assert_eq!(dataset.train.shape.to_string(), "1x2x2");
    assert_eq!(dataset.test.unwrap().len(), 2);
}

#[test]
fn half_a_set_is_an_error_that_names_the_other_half() {
    let folder = tempfile::tempdir().unwrap();
    write_split(folder.path(), "train", &[0, 1]);
    write_split(folder.path(), "t10k", &[0, 1]);
    fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte")).unwrap();
    let message = load_folder(folder.path()).unwrap_err().to_string();
    assert!(
        message.contains("t10k-labels-idx1-ubyte is not: add it"),
        "{message}"
    );
}

#[test]
fn one_class_or_no_samples_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    write_split(folder.path(), "train", &[5, 5]);
    let one = load_folder(folder.path()).unwrap_err();
    assert!(
        matches!(&one, DataError::OneClass { class, .. } if class == "5"),
        "{one}"
    );
    write_split(folder.path(), "train", &[]);
    let none = load_folder(folder.path()).unwrap_err();
    assert!(matches!(none, DataError::NoSamples { .. }), "{none}");
}

#[test]
fn training_and_test_images_of_different_sizes_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    write_split(folder.path(), "train", &[0, 1]);
    write_split(folder.path(), "t10k", &[0]);
    let narrow = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 9, 9];
    fs::write(folder.path().join("t10k-images-idx3-ubyte"), narrow).unwrap();
    let error = load_folder(folder.path()).unwrap_err();
    assert!(
        matches!(error, DataError::Idx(IdxError::Shapes { .. })),
        "{error}"
    );
}

#[test]
fn the_nearest_place_serves_mnist() {
    let root = tempfile::tempdir().unwrap();
    let (shared, given) = (root.path().join("shared"), root.path().join("given"));
    write_split(&shared.join("mnist"), "train", &[0, 1]);
    write_split(&given, "train", &[0, 1, 2]);
    let (mut places, mut options) = (nowhere(), offline());
    let embedded = load_from("mnist", &options, &places).unwrap().source;
    assert!(embedded.starts_with("5,000 digits embedded"), "{embedded}");
    assert!(embedded.contains("(offline; "), "{embedded}");
    places.data = Some(shared);
    let shared = load_from("mnist", &options, &places).unwrap();
    assert!(shared.source.ends_with("(KILN_DATA)"), "{}", shared.source);
    assert_eq!(shared.train.len(), 2);
    options.data = Some(given);
    let given = load_from("mnist", &options, &places).unwrap();
    assert!(given.source.ends_with("(--data)"), "{}", given.source);
    assert_eq!(given.train.len(), 3);
}

#[test]
fn a_folder_given_but_unusable_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = offline();
    options.data = Some(folder.path().into());
    let error = load_from("mnist", &options, &nowhere()).unwrap_err();
    assert!(matches!(error, DataError::NoNamedFiles { .. }), "{error}");
    let message = error.to_string();
    assert!(
        message.contains("(--data) has none of MNIST's files"),
        "{message}"
    );
    options.data = Some(folder.path().join("none"));
    let error = load_from("mnist", &options, &nowhere()).unwrap_err();
    assert!(matches!(error, DataError::Unreadable { .. }), "{error}");
}

#[test]
fn without_a_network_the_embedded_digits_serve() {
    let cache = tempfile::tempdir().unwrap();
    let places = Places {
        cache: Some(cache.path().join("kiln")),
        mirrors: Some(vec!["http://127.0.0.1:1/".into()]),
        ..nowhere()
    };
    let dataset = load_from("mnist", &Options::default(), &places).unwrap();
    assert!(
        dataset.source.contains("(no network; "),
        "{}",
        dataset.source
    );
    assert_eq!(dataset.classes.len(), 10);
    assert_eq!(
        (dataset.train.len(), dataset.test.unwrap().len()),
        (4000, 1000)
    );
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
}

#[test]
fn digits_are_brought_to_the_shape_asked_for() {
    let shape = ImageShape {
        channels: 3,
        height: 32,
        width: 32,
    };
    let options = Options {
        shape: Some(shape),
        ..offline()
    };
    let dataset = load_from("mnist", &options, &nowhere()).unwrap();
    assert_eq!(
        (dataset.train.shape, dataset.test.unwrap().shape),
        (shape, shape)
    );
    assert_eq!(
        dataset.train.bytes().unwrap().pixels().len(),
        4000 * shape.size()
    );
    assert_eq!(
        dataset.notices,
        ["resized 5000 of 5000 images from 28x28 to 32x32"]
    );
}
