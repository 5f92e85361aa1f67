//! Folders of images as users have them.

use std::fs;
use std::path::{Path, PathBuf};

use host::data::{
    DataError, Dataset, ImageFolderError, ImageShape, Options, Patience, Places, load_from,
};
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn path(folder: &TempDir, name: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    path
}

fn save(folder: &TempDir, name: &str, image: impl Into<DynamicImage>) {
    image.into().save(path(folder, name)).unwrap();
}

fn write(folder: &TempDir, name: &str) {
    fs::write(path(folder, name), "no image").unwrap();
}

fn grey(value: u8) -> GrayImage {
    GrayImage::from_pixel(4, 3, Luma([value]))
}

fn rgba(value: u8) -> RgbaImage {
    RgbaImage::from_pixel(4, 3, Rgba([value, value, value, 255]))
}

fn colour(value: u8) -> RgbImage {
    RgbImage::from_pixel(4, 3, Rgb([value, 0, 255]))
}

fn shape(channels: usize, side: usize) -> Options {
    Options {
        shape: Some(ImageShape {
            channels,
            height: side,
            width: side,
        }),
        ..Options::default()
    }
}

fn load_path(path: &Path, options: &Options) -> Result<Dataset, DataError> {
    let places = Places {
        data: None,
        cache: None,
        mirrors: Some(Vec::new()),
        patience: Patience::default(),
    };
    load_from(path.to_str().unwrap(), options, &places)
}

fn load(folder: &TempDir) -> Result<Dataset, DataError> {
    load_path(folder.path(), &Options::default())
}

fn failure(folder: &TempDir) -> (DataError, String) {
    let error = load(folder).unwrap_err();
    let message = error.to_string();
    assert!(!message.contains('\n'), "{message}");
    assert!(
        message.contains(folder.path().to_str().unwrap()),
        "{message}"
    );
    (error, message)
}

#[test]
fn classes_and_files_come_in_natural_order() {
    let folder = folder();
    for class in ["class 10", "class 2"] {
        for index in [10, 2, 1] {
            save(&folder, &format!("{class}/Image {index}.png"), rgba(index));
        }
    }
    let dataset = load(&folder).unwrap();
    assert_eq!(dataset.classes, ["class 2", "class 10"]);
    assert_eq!(dataset.train.labels, [0, 0, 0, 1, 1, 1]);
    assert_eq!(dataset.train.shape.to_string(), "1x3x4");
    let firsts: Vec<_> = (0..6)
        .map(|index| dataset.train.bytes().unwrap().image(index)[0])
        .collect();
    assert_eq!(firsts, [1, 2, 10, 1, 2, 10]);
    assert!(dataset.test.is_none() && dataset.notices.is_empty());
}

#[test]
fn junk_is_ignored_and_counted() {
    let folder = folder();
    save(&folder, "a/deep/deeper/1.JPG", grey(5));
    save(&folder, "b/1.bmp", grey(9));
    let junk = [
        "a/Thumbs.db",
        "a/._1.png",
        ".DS_Store",
        "__MACOSX/a/1.png",
        ".git/x.png",
        "c/notes.txt",
    ];
    for name in junk {
        write(&folder, name);
    }
    let dataset = load(&folder).unwrap();
    assert_eq!(dataset.classes, ["a", "b"]);
    assert_eq!(dataset.ignored_files, 6);
    assert_eq!(
        dataset.ignored_names.len(),
        2,
        "{:?}",
        dataset.ignored_names
    );
    assert_eq!(dataset.train.len(), 2);
}

#[test]
fn images_outside_class_folders_are_ignored_aloud() {
    let folder = folder();
    for name in ["a/1.png", "b/1.png", "stray.png"] {
        save(&folder, name, grey(1));
    }
    let dataset = load(&folder).unwrap();
    assert_eq!((dataset.train.len(), dataset.ignored_files), (2, 1));
    assert!(dataset.ignored_names.len() <= 1);
    let notice = &dataset.notices[0];
    assert!(notice.contains("ignored 1 image outside"), "{notice}");
}

#[test]
fn a_wrapped_folder_is_unwrapped() {
    let folder = folder();
    save(&folder, "digits/digits/0/1.png", grey(0));
    save(&folder, "digits/digits/1/1.png", grey(1));
    write(&folder, "digits/readme.txt");
    let dataset = load(&folder).unwrap();
    assert_eq!(dataset.classes, ["0", "1"]);
    assert_eq!(dataset.ignored_files, 1);
}

#[test]
fn train_and_test_folders_are_no_classes() {
    let folder = folder();
    for (name, value) in [
        ("Train/cat/1.png", 1),
        ("Train/dog/1.png", 2),
        ("test/dog/1.png", 3),
    ] {
        save(&folder, name, grey(value));
    }
    let dataset = load(&folder).unwrap();
    assert_eq!(dataset.classes, ["cat", "dog"]);
    assert_eq!(dataset.train.labels, [0, 1]);
    let test = dataset.test.unwrap();
    assert_eq!(
        (test.labels.as_slice(), test.bytes().unwrap().image(0)[0]),
        ([1].as_slice(), 3)
    );
}

#[test]
fn one_coloured_image_makes_three_channels() {
    let folder = folder();
    save(&folder, "a/1.png", grey(7));
    save(&folder, "b/1.png", colour(200));
    let train = load(&folder).unwrap().train;
    assert_eq!(train.shape.to_string(), "3x3x4");
    assert_eq!(train.bytes().unwrap().image(0), [7; 36]);
    assert_eq!(train.bytes().unwrap().image(1)[..12], [200; 12]);
    assert_eq!(train.bytes().unwrap().image(1)[24..], [255; 12]);
}

#[test]
fn other_sizes_are_resized_aloud() {
    let folder = folder();
    save(&folder, "a/1.png", grey(7));
    save(&folder, "a/2.png", grey(7));
    save(&folder, "b/1.png", GrayImage::from_pixel(8, 6, Luma([9])));
    let dataset = load(&folder).unwrap();
    assert_eq!(dataset.notices, ["resized 1 of 3 images from 8x6 to 4x3"]);
    assert_eq!(dataset.train.bytes().unwrap().image(2), [9; 12]);
}

#[test]
fn the_shape_asked_for_is_made() {
    let folder = folder();
    save(&folder, "a/1.png", colour(100));
    save(&folder, "b/1.png", grey(3));
    let options = shape(1, 2);
    let dataset = load_path(folder.path(), &options).unwrap();
    assert_eq!(Some(dataset.train.shape), options.shape);
    assert_eq!(dataset.train.bytes().unwrap().image(1), [3; 4]);
    assert_eq!(
        dataset.notices,
        [
            "resized 2 of 2 images from 4x3 to 2x2",
            "turned 1 of 2 images from colour to grey"
        ]
    );
}

#[test]
fn a_shape_of_two_channels_is_refused() {
    let error = load_path(folder().path(), &shape(2, 2)).unwrap_err();
    assert!(matches!(error, DataError::Shape { .. }), "{error}");
}

#[test]
fn one_class_only_is_an_error() {
    let folder = folder();
    save(&folder, "cats/1.png", grey(1));
    let (error, message) = failure(&folder);
    assert!(matches!(error, DataError::OneClass { .. }));
    assert!(message.contains("has one class only (cats)"), "{message}");
}

#[test]
fn a_folder_without_classes_is_an_error_that_says_why() {
    let empty = folder();
    let (error, _) = failure(&empty);
    assert!(matches!(
        error,
        DataError::ImageFolder(ImageFolderError::Empty { .. })
    ));
    let texts = folder();
    write(&texts, "a/notes.txt");
    let (error, _) = failure(&texts);
    assert!(matches!(
        error,
        DataError::ImageFolder(ImageFolderError::NoImages { files: 1, .. })
    ));
    let flat = folder();
    save(&flat, "1.png", grey(1));
    let (error, _) = failure(&flat);
    assert!(matches!(
        error,
        DataError::ImageFolder(ImageFolderError::NoClasses { images: 1, .. })
    ));
}

#[test]
fn an_undecodable_image_is_named() {
    let folder = folder();
    save(&folder, "a/1.png", grey(1));
    write(&folder, "b/broken.png");
    let (_, message) = failure(&folder);
    assert!(message.contains("broken.png: "), "{message}");
    let whole = fs::read(path(&folder, "a/1.png")).unwrap();
    fs::write(path(&folder, "b/broken.png"), &whole[..whole.len() - 20]).unwrap();
    let (_, message) = failure(&folder);
    assert!(message.contains("broken.png: "), "{message}");
}

#[test]
fn an_image_that_is_cut_short_or_empty_is_named() {
    let folder = folder();
    save(&folder, "a/1.png", grey(1));
    save(&folder, "b/1.jpg", grey(2));
    assert_eq!(load(&folder).unwrap().train.len(), 2);
    let jpeg = path(&folder, "b/1.jpg");
    let whole = fs::read(&jpeg).unwrap();
    // By its content, whatever it is called.
    fs::remove_file(&jpeg).unwrap();
    fs::write(path(&folder, "b/1.png"), &whole[..whole.len() - 2]).unwrap();
    let (_, message) = failure(&folder);
    assert!(message.contains("1.png: it is cut short;"), "{message}");
    fs::write(path(&folder, "b/1.png"), "").unwrap();
    let (_, message) = failure(&folder);
    assert!(message.contains("1.png: it is empty;"), "{message}");
}

#[test]
fn what_is_no_folder_is_an_error() {
    let folder = folder();
    let missing = load_path(&folder.path().join("none"), &Options::default()).unwrap_err();
    assert!(matches!(missing, DataError::UnknownDataset { .. }));
    let text = folder.path().join("notes.txt");
    fs::write(&text, "no samples").unwrap();
    let file = load_path(&text, &Options::default()).unwrap_err();
    assert!(matches!(file, DataError::NotAFolder { .. }));
    // What is known is called by its name.
    save(&folder, "1.png", grey(1));
    let picture = load_path(&folder.path().join("1.png"), &Options::default()).unwrap_err();
    assert!(matches!(picture, DataError::WrongFile { .. }));
}

#[test]
fn an_anomaly_may_be_in_the_test_set_only() {
    let folder = folder();
    for (place, value) in [("train/normal", 1), ("test/normal", 2), ("test/Anomaly", 3)] {
        save(&folder, &format!("{place}/0.png"), grey(value));
    }
    let dataset = load(&folder).unwrap();
    let anomaly = dataset.anomaly().unwrap();
    assert_eq!(dataset.classes[usize::from(anomaly)], "Anomaly");
    assert!(dataset.train.labels.iter().all(|label| *label != anomaly));
    let test = dataset.test.unwrap();
    let scores = (0..2).map(|index| f64::from(test.bytes().unwrap().image(index)[0]));
    let scored = scores.zip(test.labels.iter().map(|label| *label == anomaly));
    assert_eq!(host::roc::area_under_roc(scored), Some(1.0));
}
