//! Links, pipes and devices, as Unix has them, in the places of files.

use crate::folder_lock::{FolderLock, LOCK};
use crate::plain_file::{open, read_text};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

#[test]
fn only_regular_files_are_opened_through_links_too() {
    let folder = tempfile::tempdir().unwrap();
    let link = |name: &str, target: &Path| {
        let path = folder.path().join(name);
        symlink(target, &path).unwrap();
        path
    };
    let file = folder.path().join("file");
    fs::write(&file, b"text").unwrap();
    assert_eq!(read_text(&link("to file", &file)).unwrap(), "text");
    let refused = open(&link("to zero", Path::new("/dev/zero"))).unwrap_err();
    assert_eq!(refused.to_string(), "it is a device, not a regular file");
    let pipe = folder.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    for path in [&pipe, &link("to pipe", &pipe)] {
        let refused = open(path).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "it is a named pipe, not a regular file"
        );
    }
    // It says that it has no bytes.
    let status = Path::new("/proc/self/status");
    assert!(!status.exists() || read_text(status).unwrap().contains("VmSize"));
}

#[test]
fn links_by_the_name_of_the_lock_are_not_followed() {
    let root = tempfile::tempdir().unwrap();
    let mine = root.path().join("mine");
    fs::write(&mine, "text").unwrap();
    let folder = root.path().join("run");
    fs::create_dir(&folder).unwrap();
    symlink(&mine, folder.join(LOCK)).unwrap();
    let refused = FolderLock::take(&folder).unwrap_err().to_string();
    assert!(refused.contains("no regular file"), "{refused}");
    assert_eq!(fs::read(mine).unwrap(), b"text");
}
