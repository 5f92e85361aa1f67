//! Two at one folder, and what a killed one leaves there.

use crate::resume::Running;
use crate::support::{RUN_FILES, Workspace, read};
use std::fs;

const LONG: &str = "train bars --epochs 100000 --batch 2 --lr 0.01 --out run";
const SWEEP: &str = "dataset = 'bars'\n[training]\nlr = 0.01\nbatch = 2\n[grid]\n";

fn bars() -> Workspace {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 10);
    workspace
}

#[test]
fn a_second_run_in_a_folder_is_refused_and_names_the_first() {
    let workspace = bars();
    let mut first = Running::start(&workspace, LONG);
    first.until_word("2");
    let process = format!("in use by process {}, since 2", first.id());
    let holder = [process.as_str(), &format!("kiln {LONG}")];
    workspace.refuses(
        "train bars --out run",
        &[&["--out run"], &holder[..]].concat(),
    );
    workspace.refuses(
        "train --resume run",
        &[&["--resume run"], &holder[..]].concat(),
    );
    workspace.refuses("report run", &[&["--out"], &holder[..]].concat());
    // What only reads is free to.
    workspace.text("report run --out page.html");
    let image = workspace.path("bars/class0/image 0.png");
    fs::copy(image, workspace.path("0.png")).unwrap();
    workspace.text("predict 0.png --weights run");
    first.signal("kill -KILL PID");
    assert_eq!(first.end().signal, Some(9));
    // The kill may have come while the next checkpoint was written beside the last one.
    let mut left = workspace.names("run");
    left.retain(|name| !name.starts_with(".kiln-"));
    assert_eq!(left, ["checkpoint.kiln-run", "kiln.lock"]);
    // The lock is gone with its process.
    let mut second = Running::start(&workspace, "train --resume run");
    second.until_word("epoch");
    second.signal("kill -TERM PID");
    let ended = second.end();
    assert_eq!(ended.code, Some(130), "{}", ended.errors);
    assert_eq!(workspace.names("run"), ["checkpoint.kiln-run"]);
}

#[test]
fn a_second_sweep_in_a_folder_is_refused_and_names_the_first() {
    let workspace = bars();
    workspace.write("sweep.toml", format!("{SWEEP}epochs = [1, 100000]\n"));
    let first = Running::start(&workspace, "sweep sweep.toml --out run");
    let begun = workspace.path("run/002-epochs=100000/checkpoint.kiln-run");
    let mut tries = 0..30_000;
    while !begun.is_file() {
        assert!(tries.next().is_some(), "no run came under way");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let holder = format!("in use by process {}, since 2", first.id());
    let holder = [holder.as_str(), "kiln sweep sweep.toml --out run"];
    workspace.refuses("sweep sweep.toml --out run", &holder);
    workspace.refuses("sweep --resume run", &holder);
    workspace.refuses("train --resume run/002-epochs=100000", &holder);
    first.signal("kill -HUP PID");
    let ended = first.end();
    assert_eq!(ended.code, Some(130), "{}", ended.errors);
    assert!(!workspace.path("run/kiln.lock").exists());
}

#[test]
fn what_was_killed_before_it_wrote_anything_starts_again() {
    let workspace = bars();
    workspace.write("sweep.toml", format!("{SWEEP}epochs = [1]\n"));
    let kill = || {
        workspace.write("run/kiln.lock", "process 1, since then: kiln");
        workspace.write("run/.kiln-file", "half");
    };
    kill();
    workspace.refuses(
        "sweep --resume run",
        &["--resume run", "ended before it began"],
    );
    workspace.text("sweep sweep.toml --out run");
    assert_eq!(workspace.names("run")[1], "plan.toml");
    fs::remove_dir_all(workspace.path("run")).unwrap();
    kill();
    workspace.text("train bars --epochs 1 --out run");
    assert_eq!(workspace.names("run"), RUN_FILES);
    // Nor does one that comes to nothing leave more than there was.
    fs::remove_dir_all(workspace.path("run")).unwrap();
    kill();
    workspace.refuses("train none --out run", &["none"]);
    assert_eq!(workspace.names("."), ["bars", "sweep.toml"]);
    kill();
    fs::write(workspace.path("run/kiln.lock"), "").unwrap();
    workspace.write("run/letter.txt", "mine");
    workspace.refuses("train bars --out run", &["holds other files"]);
    assert_eq!(read(workspace.path("run/letter.txt")), b"mine");
}
