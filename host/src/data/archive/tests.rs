use super::super::download::tests::{CONTENT, SHA256, closed, good, mirror, response};
use super::*;

const FILES: [RemoteFile; 4] = [file("a.gz"), file("b.gz"), file("c.gz"), file("d.gz")];

const fn file(name: &'static str) -> RemoteFile {
    RemoteFile {
        name,
        length: CONTENT.len() as u64,
        sha256: SHA256,
    }
}

type Found = Result<([Vec<u8>; 4], String), Absence>;

/// What comes of a folder and a mirror, with the notices.
fn contents(folder: &Path, mirror: String, offline: bool) -> (Found, Vec<String>) {
    let mirrors = [mirror];
    let archive = Archive {
        files: &FILES,
        folder: Some(folder.into()),
        mirrors: &mirrors,
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
    let (first, notices) = contents(&folder, mirror(vec![good(); 4]), false);
    assert!(first.unwrap().1.starts_with("downloaded to "));
    assert!(notices.is_empty());
    assert_eq!(names(&folder), ["a.gz", "b.gz", "c.gz", "d.gz"]);
    let (second, _) = contents(&folder, closed(), true);
    let (found, place) = second.unwrap();
    assert!(found.iter().all(|content| content == CONTENT));
    assert!(place.starts_with("from the cache "));
}

#[test]
fn a_broken_file_is_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.gz", "c.gz", "d.gz"] {
        fs::write(folder.path().join(name), CONTENT).unwrap();
    }
    fs::write(folder.path().join("b.gz"), b"broken").unwrap();
    let (found, notices) = contents(folder.path(), mirror(vec![good()]), false);
    assert!(found.unwrap().0.iter().all(|content| content == CONTENT));
    assert!(
        notices[0].contains("b.gz has a wrong SHA-256"),
        "{notices:?}"
    );
    assert_eq!(fs::read(folder.path().join("b.gz")).unwrap(), CONTENT);
}

#[test]
fn a_failed_download_leaves_no_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    let bad = [
        response("200 OK", 6, b"dig"),
        response("200 OK", 6, b"digitz"),
        response("404 Not Found", 0, b""),
    ];
    for response in bad {
        let (found, _) = contents(folder.path(), mirror(vec![good(), response]), false);
        assert!(matches!(found, Err(Absence::Download(_))));
        assert_eq!(names(folder.path()), ["a.gz"], "only the whole file");
        fs::remove_file(folder.path().join("a.gz")).unwrap();
    }
}

#[test]
fn without_a_download_no_folder_is_made() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("kiln");
    let (offline, _) = contents(&folder, mirror(vec![good(); 4]), true);
    assert!(matches!(offline, Err(Absence::Offline)));
    let (unreachable, _) = contents(&folder, closed(), false);
    assert!(matches!(unreachable, Err(Absence::Download(_))));
    assert!(!folder.exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_no_obstacle() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (found, notices) = contents(&file.path().join("kiln"), mirror(vec![good(); 4]), false);
    assert!(found.is_ok());
    assert!(notices[0].contains("cannot keep "), "{notices:?}");
}
