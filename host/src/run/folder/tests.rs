use super::*;

const FILES: [(&str, &[u8]); 3] = [(METRICS, b"a"), (CONFIG, b"b"), (MODEL, b"c")];

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_folder_stays_only_when_written_to() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("runs/deep/one");
    drop(RunFolder::prepare(&path).unwrap());
    assert!(names(root.path()).is_empty());
    let folder = RunFolder::prepare(&path).unwrap();
    folder.write(&FILES).unwrap();
    let refused = RunFolder::prepare(&path).unwrap_err().to_string();
    assert!(refused.contains("in use by process"), "{refused}");
    drop(folder);
    assert_eq!(names(&path), [CONFIG, METRICS, MODEL]);
    assert_eq!(names(path.parent().unwrap()), ["one"]);
}

#[test]
fn an_empty_folder_is_filled_and_an_earlier_run_replaced() {
    let root = tempfile::tempdir().unwrap();
    RunFolder::prepare(root.path())
        .unwrap()
        .write(&FILES)
        .unwrap();
    fs::write(root.path().join("remarks.txt"), "mine").unwrap();
    let again = RunFolder::prepare(root.path()).unwrap();
    again
        .write(&[(METRICS, b"1"), (CONFIG, b"2"), (MODEL, b"3")])
        .unwrap();
    drop(again);
    assert_eq!(names(root.path()), [CONFIG, METRICS, MODEL, "remarks.txt"]);
    assert_eq!(fs::read(root.path().join(MODEL)).unwrap(), b"3");
}

#[test]
fn other_folders_and_files_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = |path: &Path| RunFolder::prepare(path).unwrap_err().to_string();
    assert!(refused(&file).contains("this is a file"));
    assert!(refused(root.path()).contains("holds other files and no run"));
    assert!(refused(&file.join("below")).contains("cannot write there"));
    assert!(refused(Path::new("")).contains("cannot write there"));
    assert!(refused(&root.path().join("new/..")).contains("cannot write there"));
    assert_eq!(names(root.path()), ["file"]);
}

#[test]
fn a_failure_leaves_nothing_new_and_everything_old() {
    let root = tempfile::tempdir().unwrap();
    // A name no system takes fails, as a full disk would.
    let failing: [(&str, &[u8]); 2] = [(METRICS, b"new"), ("x\0", b"")];
    let new = RunFolder::prepare(&root.path().join("runs/one")).unwrap();
    let message = new.write(&failing).unwrap_err().to_string();
    assert!(
        message.contains("nothing of the run was saved"),
        "{message}"
    );
    drop(new);
    assert!(names(root.path()).is_empty());

    let path = root.path().join("old");
    RunFolder::prepare(&path).unwrap().write(&FILES).unwrap();
    let again = RunFolder::prepare(&path).unwrap();
    assert!(again.write(&failing).is_err());
    drop(again);
    assert_eq!(names(&path), [CONFIG, METRICS, MODEL]);
    assert_eq!(fs::read(path.join(METRICS)).unwrap(), b"a");
}

#[test]
fn a_checkpoint_is_what_a_folder_holds_until_the_run_is_done() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("runs/one");
    let folder = RunFolder::prepare(&path).unwrap();
    folder.write(&[(CHECKPOINT, b"state")]).unwrap();
    let kept = folder.finish(&[("x\0", b"")]).unwrap_err().to_string();
    assert!(kept.contains("is kept: make room, then"), "{kept}");
    drop(folder);
    assert_eq!(names(&path), [CHECKPOINT]);
    let refused = RunFolder::prepare(&path).unwrap_err().to_string();
    assert!(refused.contains("unfinished run"), "{refused}");
    let again = RunFolder::unfinished(&path).unwrap();
    again.finish(&FILES).unwrap();
    drop(again);
    assert_eq!(names(&path), [CONFIG, METRICS, MODEL]);
    assert!(RunFolder::unfinished(&path).is_err());
}

#[test]
fn an_abandoned_run_leaves_what_was_there_before() {
    let root = tempfile::tempdir().unwrap();
    let folder = RunFolder::prepare(&root.path().join("runs/deep/one")).unwrap();
    folder.abandon().unwrap();
    folder.write(&[(CHECKPOINT, b"state")]).unwrap();
    folder.abandon().unwrap();
    drop(folder);
    assert!(names(root.path()).is_empty());

    let empty = RunFolder::prepare(root.path()).unwrap();
    empty.write(&[(CHECKPOINT, b"state")]).unwrap();
    empty.abandon().unwrap();
    drop(empty);
    assert!(names(root.path()).is_empty());
}

#[test]
fn the_command_to_go_on_can_be_pasted() {
    let command = |path: &str| resume_command(Path::new(path));
    assert_eq!(command("runs/a-1"), "kiln train --resume runs/a-1");
    assert_eq!(command("my run's"), r"kiln train --resume 'my run'\''s'");
    assert_eq!(command("-x"), "kiln train --resume=-x");
}
