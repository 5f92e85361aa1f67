//! Where commands that build firmware find its sources, and what is shown of the compiler meanwhile.

use crate::support::{Workspace, refused};
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

const NETWORK: &str = "input = { channels = 1, height = 8, width = 8 }\n\
    [[layers]]\ntype = 'linear'\noutputs = 2\n";

/// Commands that build firmware.
fn commands() -> [String; 3] {
    let evaluate = evaluate();
    [
        "bench network.toml --board mps2-an386".into(),
        evaluate.replace("evaluate", "train"),
        evaluate,
    ]
}

fn evaluate() -> String {
    let model = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../firmware/assets/digits.kiln"
    );
    format!("device evaluate --dataset mnist --offline --limit 1 --weights {model}")
}

/// With a folder of sources, `kiln/firmware`, whose script is this one.
fn workspace(script: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("network.toml", NETWORK);
    for part in [
        "firmware/Cargo.toml",
        "scripts/cross_cargo.sh",
        "core/Cargo.toml",
    ] {
        workspace.write(&format!("kiln/{part}"), "");
    }
    let path = workspace.write("kiln/firmware/build.sh", format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    workspace
}

#[test]
fn sources_that_are_not_there_are_named_with_what_to_do() {
    let workspace = workspace("exit 1");
    fs::create_dir(workspace.path("empty")).unwrap();
    for command in commands() {
        let mut named = workspace.kiln(&format!("{command} --firmware empty"));
        let words = ["empty: no", "(--firmware)", "build.sh", "KILN_FIRMWARE=DIR"];
        refused(&mut named, &words);
        let mut environment = workspace.kiln(&command);
        environment.env("KILN_FIRMWARE", "elsewhere");
        let words = ["elsewhere: no", "(KILN_FIRMWARE)", "--firmware DIR"];
        refused(&mut environment, &words);
    }
    fs::remove_file(workspace.path("kiln/core/Cargo.toml")).unwrap();
    let command = format!("{} --firmware kiln/firmware", evaluate());
    workspace.refuses(
        &command,
        &["kiln/firmware", "../core/Cargo.toml is missing"],
    );
}

#[test]
fn a_folder_that_is_named_comes_before_the_environments_and_nothing_is_shown_beside_json() {
    let workspace = workspace("echo ' Compiling' >&2; echo \"error: called for $*\" >&2; exit 101");
    for (given, environment) in [
        (" --firmware kiln/firmware", "elsewhere"),
        ("", "kiln/firmware"),
    ] {
        let mut command = workspace.kiln(&format!("{} --json{given}", evaluate()));
        let output = command.env("KILN_FIRMWARE", environment).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(!errors.contains("Compiling"), "{errors}");
        let call = "called for build mps2-an386 --bin serve --quiet";
        let last = format!("error: the firmware does not build: {call}");
        assert_eq!(errors.lines().last(), Some(&*last), "{errors}");
    }
}

/// The script goes on only where its first line was seen before it ended.
#[test]
fn what_the_compiler_says_is_shown_as_it_comes_and_its_reason_is_the_error() {
    let script = "echo '   Compiling core v0.1.0' >&2
        for second in 0 1 2 3 4 5 6 7 8 9; do [ -e seen ] || sleep 1; done
        [ -e seen ] || echo 'error: nobody saw it' >&2
        echo 'error: no linker' >&2
        echo 'warning: build failed' >&2
        exit 101";
    let workspace = workspace(script);
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("kiln"));
    let mut child = command
        .current_dir(workspace.path("."))
        .env("KILN_CACHE", "no-cache")
        .args(evaluate().split(' '))
        .args(["--firmware", "kiln/firmware"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    assert_eq!(line, "   Compiling core v0.1.0\n");
    workspace.write("seen", "");
    let mut rest = String::new();
    errors.read_to_string(&mut rest).unwrap();
    assert_eq!(
        rest,
        "error: no linker\nwarning: build failed\nerror: the firmware does not build: no linker\n"
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stdout).unwrap();
    let folder = fs::canonicalize(workspace.path("kiln/firmware")).unwrap();
    let folder = folder.display();
    let building = format!("building it for mps2-an386 from {folder} (--firmware)");
    assert!(text.contains(&building), "{text}");
    assert!(text.contains("a first build takes some"), "{text}");
}
