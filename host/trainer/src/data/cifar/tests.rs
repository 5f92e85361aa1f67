use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

type Entries = Vec<(String, Vec<u8>)>;

/// A record with these labels, its pixels 0, 1, … in their order.
fn record(labels: &[u8]) -> Vec<u8> {
    let pixels = (0..SHAPE.size()).map(|index| index as u8);
    labels.iter().copied().chain(pixels).collect()
}

/// A dataset's files: in each two records of the class with the file's number, and of the last.
fn files(layout: &CifarLayout) -> Entries {
    let mut files: Entries = layout
        .batches()
        .enumerate()
        .map(|(number, name)| {
            let mut labels = vec![1; layout.labels.len()];
            *labels.last_mut().unwrap() = number as u8;
            let first = record(&labels);
            *labels.last_mut().unwrap() = layout.classes() as u8 - 1;
            (name.into(), [first, record(&labels)].concat())
        })
        .collect();
    let names: String = (0..layout.classes())
        .map(|class| format!("class {class}\n"))
        .collect();
    files.push((layout.names.into(), format!("{names}\n").into_bytes()));
    files
}

fn entries(layout: &CifarLayout) -> Entries {
    let inside = |(name, content)| (format!("{}/{name}", layout.folder), content);
    // Not in the order in which they are to be read.
    files(layout).into_iter().rev().map(inside).collect()
}

fn tar(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        builder
            .append(
                &header(name, tar::EntryType::Regular, content.len()),
                &content[..],
            )
            .unwrap();
    }
    builder.into_inner().unwrap()
}

/// The name goes in as it is, safe or not.
fn header(name: &str, kind: tar::EntryType, length: usize) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(length as u64);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn from_bytes(layout: &CifarLayout, archive: &[u8]) -> Result<Sets, CifarError> {
    from_archive(layout, Path::new("archive.tar.gz"), archive)
}

/// The error for an archive, which must be of one line that names it and holds `words`.
fn assert_refused(layout: &CifarLayout, archive: &[u8], words: &[&str]) {
    let Err(error) = from_bytes(layout, archive) else {
        panic!("an archive passed that should be refused for {words:?}");
    };
    let message = error.to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    for word in words.iter().chain(&["archive.tar.gz"]) {
        assert!(message.contains(word), "no {word:?} in {message}");
    }
}

fn assert_whole(layout: &CifarLayout, sets: Sets) {
    let (train, test) = (sets.train.unwrap(), sets.test.unwrap());
    let last = layout.classes() as u16 - 1;
    let batches = layout.train.len() as u16;
    let labels: Vec<u16> = (0..batches).flat_map(|number| [number, last]).collect();
    assert_eq!(train.labels, labels);
    assert_eq!(test.labels, [batches, last]);
    assert_eq!(train.shape, SHAPE);
    assert_eq!(
        train.bytes().unwrap().pixels().len(),
        train.len() * SHAPE.size()
    );
    // A record's pixels are in memory as they are in the file: channel, row, column.
    for index in 0..train.len() {
        assert_eq!(train.bytes().unwrap().image(index)[..], record(&[])[..]);
    }
    let classes = sets.classes.unwrap();
    assert_eq!(classes.len(), layout.classes());
    assert_eq!(classes[7], "class 7");
}

#[test]
fn archives_are_read_gzipped_or_not() {
    for layout in [&TEN, &HUNDRED] {
        let archive = tar(&entries(layout));
        assert_whole(layout, from_bytes(layout, &archive).unwrap());
        assert_whole(layout, from_bytes(layout, &gzipped(&archive)).unwrap());
    }
}

#[test]
fn archive_and_folder_are_found_in_every_usual_place() {
    for layout in [&TEN, &HUNDRED] {
        let root = tempfile::tempdir().unwrap();
        let path = root.path();
        assert!(Place::find(layout, path).is_none());
        fs::write(path.join(layout.archive), gzipped(&tar(&entries(layout)))).unwrap();
        for place in [path.to_path_buf(), path.join(layout.archive)] {
            let found = Place::find(layout, &place).unwrap();
            assert_eq!(found.path(), path.join(layout.archive));
            assert_whole(layout, found.load(layout).unwrap());
        }
        let folder = path.join(layout.folder);
        fs::create_dir(&folder).unwrap();
        for (name, content) in files(layout) {
            fs::write(folder.join(name), content).unwrap();
        }
        for place in [path, &folder] {
            let found = Place::find(layout, place).unwrap();
            assert_eq!(found.path(), folder);
            assert_whole(layout, found.load(layout).unwrap());
        }
        fs::remove_file(folder.join(layout.test)).unwrap();
        let error = Place::find(layout, path)
            .unwrap()
            .load(layout)
            .err()
            .unwrap();
        let message = error.to_string();
        assert!(
            message.contains(layout.folder) && message.contains(layout.test),
            "{message}"
        );
    }
}

#[test]
fn files_that_are_no_archive_are_refused() {
    let whole = gzipped(&tar(&entries(&HUNDRED)));
    for length in [1, 20, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        assert_refused(&HUNDRED, &whole[..length], &["cannot read"]);
    }
    let mut damaged = whole.clone();
    let last = damaged.len() - 6;
    damaged[last] ^= 1;
    assert_refused(&HUNDRED, &damaged, &["cannot read"]);
    assert_refused(&HUNDRED, &[0xa5; 2000], &["cannot read", "no tar archive"]);
    assert_refused(&HUNDRED, &[], &["has no train.bin"]);
    assert_refused(&TEN, &whole, &["has no data_batch_1.bin"]);
}

#[test]
fn damaged_entries_are_named() {
    let change = |name: &str, change: fn(&mut Vec<u8>)| {
        let mut entries = entries(&HUNDRED);
        let found = entries.iter_mut().find(|(entry, _)| entry.ends_with(name));
        change(&mut found.unwrap().1);
        tar(&entries)
    };
    let short = change("train.bin", |content| content.truncate(5000));
    let words = [
        "cifar-100-binary/train.bin",
        "5000 bytes",
        "records of 3074",
    ];
    assert_refused(&HUNDRED, &short, &words);
    let empty = change("test.bin", Vec::clear);
    assert_refused(&HUNDRED, &empty, &["cifar-100-binary/test.bin", "0 bytes"]);
    let fine = change("train.bin", |content| content[3075] = 100);
    assert_refused(&HUNDRED, &fine, &["record 2", "label 100", "are 100"]);
    let coarse = change("train.bin", |content| content[0] = 20);
    assert_refused(&HUNDRED, &coarse, &["record 1", "label 20", "are 20"]);
    let few = change("names.txt", |content| content.truncate(20));
    assert_refused(
        &HUNDRED,
        &few,
        &["fine_label_names.txt", "names 3", "100 were"],
    );
    let binary = change("names.txt", |content| content[0] = 0xff);
    assert_refused(&HUNDRED, &binary, &["fine_label_names.txt", "cannot read"]);
}

#[test]
fn entries_that_are_unsafe_are_refused() {
    let with = |name: &str, kind, length| {
        let mut archive = tar(&entries(&HUNDRED));
        // Before the two blocks of zeros at the end.
        archive.truncate(archive.len() - 1024);
        archive.extend(header(name, kind, length).as_bytes());
        archive.extend([0; 1024]);
        archive
    };
    let train = "cifar-100-binary/train.bin";
    let file = tar::EntryType::Regular;
    assert_refused(
        &HUNDRED,
        &with("../../etc/passwd", file, 0),
        &["../../etc/passwd", "leads out"],
    );
    assert_refused(&HUNDRED, &with("/etc/passwd", file, 0), &["/etc/passwd"]);
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Char,
    ] {
        assert_refused(&HUNDRED, &with(train, kind, 0), &[train, "no regular file"]);
    }
    let absurd = with(train, file, 3074 << 20);
    assert_refused(&HUNDRED, &absurd, &[train, "3223322624 bytes, more than"]);
    let twice = tar(&[entries(&HUNDRED), entries(&HUNDRED)].concat());
    assert_refused(&HUNDRED, &twice, &["is there twice"]);
}
