use super::super::download::tests::{CONTENT, Fault, IMPATIENT, SHA256, Server, closed};
use super::*;

const NAMES: [&str; 4] = ["a.gz", "b.gz", "c.gz", "d.gz"];
const FILES: [RemoteFile; 4] = [
    file(NAMES[0]),
    file(NAMES[1]),
    file(NAMES[2]),
    file(NAMES[3]),
];

const fn file(name: &'static str) -> RemoteFile {
    RemoteFile {
        name,
        length: CONTENT.len() as u64,
        sha256: SHA256,
    }
}

/// The URL of a server with all files, with faults for its first requests.
fn mirror(faults: impl IntoIterator<Item = Fault>) -> String {
    Server::new(NAMES.map(|name| (name, CONTENT.into())).into(), faults).url
}

type Found = Result<(Vec<Vec<u8>>, String), Absence>;

/// What comes of a folder and a mirror, with the notices.
fn contents(folder: &Path, mirror: String, offline: bool) -> (Found, Vec<String>) {
    let archive = Archive {
        files: &FILES,
        folder: Some(folder.into()),
        mirrors: vec![mirror],
        patience: IMPATIENT,
    };
    let options = Options {
        offline,
        ..Options::default()
    };
    let mut notices = Vec::new();
    (archive.contents(&options, &mut notices), notices)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn downloads_are_kept_and_found_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("kiln/mnist");
    let (first, notices) = contents(&folder, mirror([]), false);
    assert!(first.unwrap().1.starts_with("downloaded to "));
    assert!(notices.is_empty());
    assert_eq!(names(&folder), NAMES);
    let (second, _) = contents(&folder, closed(), true);
    let (found, place) = second.unwrap();
    assert!(found.iter().all(|content| content == CONTENT));
    assert!(place.starts_with("from the cache "));
}

#[test]
fn a_broken_file_is_fetched_again() {
    for broken in [&b"broken"[..], b"short"] {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.gz", "c.gz", "d.gz"] {
            fs::write(folder.path().join(name), CONTENT).unwrap();
        }
        fs::write(folder.path().join("b.gz"), broken).unwrap();
        let (found, notices) = contents(folder.path(), mirror([]), false);
        assert!(found.unwrap().0.iter().all(|content| content == CONTENT));
        assert!(
            notices[0].contains("b.gz has a wrong SHA-256"),
            "{notices:?}"
        );
        assert_eq!(fs::read(folder.path().join("b.gz")).unwrap(), CONTENT);
    }
}

#[test]
fn a_failed_download_leaves_no_file_that_looks_whole() {
    let missing = Fault::Status("404 Not Found");
    let bad = [
        (vec![Fault::Cut(1); 3], &["a.gz", "b.gz.partial"][..]),
        (vec![Fault::Stall(2); 1], &["a.gz", "b.gz.partial"]),
        (vec![Fault::Other(b"digitz")], &["a.gz"]),
        (vec![missing.clone()], &["a.gz"]),
    ];
    for (mut faults, left) in bad {
        let folder = tempfile::tempdir().unwrap();
        faults.insert(0, Fault::None);
        faults.push(missing.clone());
        let (found, _) = contents(folder.path(), mirror(faults), false);
        assert!(matches!(found, Err(Absence::Download(_))));
        assert_eq!(names(folder.path()), left);
        let (offline, notices) = contents(folder.path(), closed(), true);
        assert!(matches!(offline, Err(Absence::Offline)), "{notices:?}");
        let (found, _) = contents(folder.path(), mirror([]), false);
        assert!(found.unwrap().0.iter().all(|content| content == CONTENT));
        assert_eq!(names(folder.path()), NAMES);
    }
}

#[test]
fn without_a_download_no_folder_is_made() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("kiln");
    let (offline, _) = contents(&folder, mirror([]), true);
    assert!(matches!(offline, Err(Absence::Offline)));
    let (unreachable, _) = contents(&folder, closed(), false);
    assert!(matches!(unreachable, Err(Absence::Download(_))));
    assert!(!folder.exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_no_obstacle() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (found, notices) = contents(&file.path().join("kiln"), mirror([]), false);
    assert!(found.is_ok());
    assert!(notices[0].contains("cannot keep "), "{notices:?}");
}
