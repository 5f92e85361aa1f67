//! Places that cannot be written to, or not enough.

use crate::support::{RUN_FILES, Workspace, read, refused};

#[test]
fn a_place_that_cannot_be_written_is_found_out_before_loading() {
    let workspace = Workspace::new();
    workspace.write("file", "");
    workspace.write("mine/letter.txt", "");
    // The dataset is missing: had the program looked at it first, it would have said so.
    let cases = [
        ("file", "this is a file"),
        ("file/run", "cannot write there"),
        ("mine", "holds other files and no run"),
    ];
    for (out, expected) in cases {
        workspace.refuses(
            &format!("train missing --out {out}"),
            &[&format!("--out {out}"), expected],
        );
    }
    assert_eq!(workspace.names("."), ["file", "mine"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_read_only_place_is_found_out_before_loading() {
    // Not even root may make folders there.
    Workspace::new().refuses(
        "train missing --out /proc/run",
        &["--out /proc/run", "cannot write"],
    );
}

/// Runs the program under a shell that lets no file grow beyond some kilobytes: writing fails in
/// the middle, as on a full disk.
#[cfg(unix)]
fn on_a_small_disk(workspace: &Workspace, arguments: &str) -> assert_cmd::Command {
    let kiln = workspace.kiln("");
    let mut command = assert_cmd::Command::new("sh");
    command
        .current_dir(workspace.path("."))
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""])
        .arg(kiln.get_program())
        .args(arguments.split_whitespace());
    command
}

#[test]
#[cfg(unix)]
fn a_full_disk_leaves_nothing_half_written() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    let mut command = on_a_small_disk(&workspace, "train bars --epochs 1 --out runs/new/run");
    refused(
        &mut command,
        &["model.kiln", "nothing of the run was saved"],
    );
    assert_eq!(workspace.names("."), ["bars"]);
}

#[test]
#[cfg(unix)]
fn a_full_disk_leaves_the_earlier_run_whole() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.text("train bars --epochs 1 --out run");
    let contents = || RUN_FILES.map(|name| read(workspace.path(&format!("run/{name}"))));
    let before = contents();
    let mut command = on_a_small_disk(&workspace, "train bars --epochs 1 --seed 2 --out run");
    refused(
        &mut command,
        &["model.kiln", "nothing of the run was saved"],
    );
    assert_eq!(contents(), before);
    assert_eq!(workspace.names("run"), RUN_FILES);
}

#[test]
#[cfg(unix)]
fn a_full_disk_leaves_no_half_set_of_files() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.text("train bars --epochs 1 --out run");
    // Smaller than the limit, and not what would be written.
    let files = ["curves.svg", "confusion.svg", "report.html"];
    for name in files {
        workspace.write(&format!("run/{name}"), "earlier");
    }
    refused(
        &mut on_a_small_disk(&workspace, "report run"),
        &["cannot write run/", "nothing was changed"],
    );
    for name in files {
        assert_eq!(read(workspace.path(&format!("run/{name}"))), b"earlier");
    }
    assert_eq!(workspace.names("run"), RUN_FILES);
    workspace.write("out/model.samples", "earlier");
    for export in [
        "--to c --out new/c",
        "--to c --layout zephyr --out out",
        "--dataset bars --out out",
    ] {
        let export = format!("export --weights run {export}");
        refused(&mut on_a_small_disk(&workspace, &export), &["cannot write"]);
    }
    assert_eq!(workspace.names("."), ["bars", "out", "run"]);
    assert_eq!(workspace.names("out"), ["model.samples"]);
    assert_eq!(read(workspace.path("out/model.samples")), b"earlier");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_standard_output_is_an_error() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.text("train bars --epochs 1 --out run");
    let kiln = workspace.kiln("");
    let mut command = assert_cmd::Command::new("sh");
    command
        .current_dir(workspace.path("."))
        .args(["-c", "exec \"$0\" summary run/model.kiln > /dev/full"])
        .arg(kiln.get_program());
    refused(&mut command, &["No space left"]);
}
