use super::super::download::tests::{IMPATIENT, Server, closed};
use super::*;
use sha2::{Digest, Sha256};

fn places(cache: &Path, mirror: String) -> Places {
    Places {
        data: None,
        cache: Some(cache.into()),
        mirrors: Some(vec![mirror]),
        patience: IMPATIENT,
    }
}

fn published(name: &'static str, content: &[u8]) -> RemoteFile {
    RemoteFile {
        name,
        length: content.len() as u64,
        sha256: hex::encode(Sha256::digest(content)).leak(),
    }
}

/// A dataset of these files, with the format of the one of this name.
fn with_files(name: &str, files: &[(&'static str, Vec<u8>)]) -> NamedDataset {
    let files: Vec<_> = files
        .iter()
        .map(|(name, content)| published(name, content))
        .collect();
    let real = find(name).unwrap();
    let format = match &real.format {
        Format::Idx { classes } => Format::Idx { classes: *classes },
        Format::Cifar(layout) => Format::Cifar(layout),
    };
    NamedDataset {
        files: files.leak(),
        format,
        ..*real
    }
}

fn images(count: u8) -> Vec<u8> {
    let header = [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 1, 0, 0, 0, 1];
    header.into_iter().chain(0..count).collect()
}

fn labels(labels: &[u8]) -> Vec<u8> {
    [&[0, 0, 8, 1, 0, 0, 0, labels.len() as u8], labels].concat()
}

fn idx_files(train: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("train-images-idx3-ubyte.gz", images(train.len() as u8)),
        ("train-labels-idx1-ubyte.gz", labels(train)),
        ("t10k-images-idx3-ubyte.gz", images(1)),
        ("t10k-labels-idx1-ubyte.gz", labels(&[9])),
    ]
}

#[test]
fn the_table_gives_each_format_its_files() {
    for dataset in &table::ALL {
        let files = match dataset.format {
            Format::Idx { .. } => 4,
            Format::Cifar(_) => 1,
        };
        assert_eq!(dataset.files.len(), files, "{}", dataset.name);
        for file in dataset.files {
            assert!(file.sha256.len() == 64 && file.length > 0, "{}", file.name);
        }
        assert!(dataset.mirrors.iter().all(|mirror| mirror.ends_with('/')));
    }
    assert_eq!(
        names().collect::<Vec<_>>(),
        ["mnist", "fashion-mnist", "cifar10", "cifar100"]
    );
}

#[test]
fn near_misses_have_a_suggestion() {
    let cases = [
        ("cifar-10", Some("cifar10")),
        ("CIFAR100", Some("cifar100")),
        ("fashion_mnist", Some("fashion-mnist")),
        ("fasion-mnist", Some("fashion-mnist")),
        ("minst", Some("mnist")),
        ("pictures", None),
    ];
    for (wrong, meant) in cases {
        assert_eq!(meant_by(wrong), meant, "{wrong}");
    }
}

#[test]
fn what_was_downloaded_is_read_and_found_again() {
    let cache = tempfile::tempdir().unwrap();
    let files = idx_files(&[0, 3]);
    let dataset = with_files("fashion-mnist", &files);
    let server = Server::new(files, []);
    let options = Options::default();
    let places = |mirror| places(cache.path(), mirror);
    let first = dataset.load(&options, &places(server.url)).unwrap();
    assert_eq!(first.classes.len(), 10);
    assert_eq!(first.classes[9], "Ankle boot");
    assert_eq!(first.train.labels, [0, 3]);
    assert!(
        first
            .source
            .starts_with("all of Fashion-MNIST, downloaded to ")
    );
    let again = dataset.load(&options, &places(closed())).unwrap();
    assert!(again.source.contains("from the cache "), "{}", again.source);
    assert_eq!(again.train, first.train);
}

#[test]
fn a_label_without_a_class_is_named() {
    let cache = tempfile::tempdir().unwrap();
    let files = idx_files(&[0, 1, 10]);
    let dataset = with_files("fashion-mnist", &files);
    let server = Server::new(files, []);
    let error = dataset
        .load(&Options::default(), &places(cache.path(), server.url))
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("train-labels-idx1-ubyte: label number 3 is 10, but there are 10"),
        "{message}"
    );
}

#[test]
fn without_files_an_error_says_how_to_get_them() {
    let cache = tempfile::tempdir().unwrap();
    let places = places(cache.path(), closed());
    for name in ["fashion-mnist", "cifar10", "cifar100"] {
        let dataset = find(name).unwrap();
        let unreachable = dataset.load(&Options::default(), &places).unwrap_err();
        let options = Options {
            offline: true,
            ..Options::default()
        };
        let offline = dataset.load(&options, &places).unwrap_err();
        for message in [unreachable.to_string(), offline.to_string()] {
            let words = [name, dataset.files[0].name, "http", "--data DIR"];
            for word in words {
                assert!(message.contains(word), "no {word:?} in {message}");
            }
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
}
