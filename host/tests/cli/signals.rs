//! Signals that ask for an end, each by itself, also where others are ignored.

use crate::resume::{Ended, Running};
use crate::support::Workspace;

const RUN: &str = "train bars --epochs 100000 --batch 2 --lr 0.01 --out run";

/// Starts a run with some signals ignored, does what a shell says in its second epoch, and waits for it.
fn ended(ignored: &str, script: &str) -> (Workspace, Ended) {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 10);
    let ignored = format!("--ignore-signal={ignored}");
    let mut running = Running::start_by(&workspace, &[&ignored], RUN);
    running.until_word("2");
    running.signal(script);
    let ended = running.end();
    (workspace, ended)
}

#[test]
fn each_signal_saves_the_run_whatever_else_is_ignored() {
    for (ignored, signal) in [
        ("INT", "TERM"),
        ("INT", "HUP"),
        ("HUP", "INT"),
        ("TERM", "HUP"),
    ] {
        let (workspace, ended) = ended(ignored, &format!("kill -{signal} PID"));
        let errors = ended.errors;
        assert_eq!(ended.code, Some(130), "{signal}: {errors}");
        assert!(
            errors.starts_with("interrupted after "),
            "{signal}: {errors}"
        );
        assert_eq!(workspace.names("run"), ["checkpoint.kiln-run"]);
    }
}

#[test]
fn a_signal_at_any_moment_leaves_nothing_or_a_run() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 10);
    for milliseconds in (0..60).step_by(5) {
        let running = Running::start(&workspace, &RUN.replace("run", "runs/one"));
        running.signal(&format!("sleep 0.{milliseconds:03}; kill -HUP PID"));
        let ended = running.end();
        // It may come before it is watched.
        assert!(ended.code == Some(130) || ended.signal == Some(1));
        if workspace.path("runs").exists() {
            assert_eq!(workspace.names("runs/one"), ["checkpoint.kiln-run"]);
            std::fs::remove_dir_all(workspace.path("runs")).unwrap();
        }
    }
}

#[test]
fn what_is_ignored_from_the_start_stays_ignored() {
    let ignored = "kill -HUP PID; kill -INT PID; sleep 0.2; kill -HUP PID; sleep 0.1";
    // Two of those that count would end it at once, without a word.
    let (_, ended) = ended("HUP,INT", &format!("{ignored}; kill -TERM PID"));
    assert_eq!(ended.code, Some(130), "{}", ended.errors);
    assert!(
        ended.errors.starts_with("interrupted after "),
        "{}",
        ended.errors
    );
}
