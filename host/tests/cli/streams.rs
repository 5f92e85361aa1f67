//! Standard streams that are full, closed or of no use.

use crate::support::{RUN_FILES, Workspace, refused};

/// A run, its dataset and a picture.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.text("train bars --epochs 1 --out run");
    let picture = workspace.path("bars/class0/image 0.png");
    std::fs::copy(picture, workspace.path("1.png")).unwrap();
    workspace
}

/// A command of a shell with `KILN` in place of the program.
fn in_shell(workspace: &Workspace, command: &str) -> assert_cmd::Command {
    let program = workspace.kiln("");
    let mut shell = assert_cmd::Command::new("sh");
    shell
        .current_dir(workspace.path("."))
        .args(["-c", &command.replace("KILN", "\"$0\"")])
        .arg(program.get_program());
    shell
}

#[test]
fn a_full_standard_output_is_named_by_every_command() {
    let workspace = workspace();
    let summary = "KILN summary run/model.kiln --json 2> notes > /dev/full; code=$?; tail -n 1 notes >&2; exit $code";
    let words = ["cannot write to standard output", "No space left"];
    refused(&mut in_shell(&workspace, summary), &words);
    for command in [
        "train bars --epochs 1 --out new",
        "evaluate --dataset bars --weights run/model.kiln",
        "predict 1.png --weights run/model.kiln",
        "summary run/model.kiln",
        "export --dataset bars --weights run/model.kiln --out device",
        "device evaluate --dataset bars --weights run/model.kiln",
        "--help",
    ] {
        refused(
            &mut in_shell(&workspace, &format!("KILN {command} > /dev/full")),
            &words,
        );
    }
    // A run is worth more than what is told of it.
    assert_eq!(workspace.names("new"), RUN_FILES);
}

#[test]
fn what_takes_long_goes_on_when_nobody_reads() {
    let workspace = workspace();
    let sweep = "dataset = 'bars'\n[training]\nepochs = 3\n[grid]\nlr = [0.1, 0.2]\n";
    workspace.write("sweep.toml", sweep);
    let quantize = "quantize --weights run --dataset bars --out int8.kiln";
    for (nobody, code) in [
        ("2> errors | true", None),
        ("--json 2>&1 > told | true", None),
        (">&- 2> errors", Some(0)),
        ("> told 2>&-", Some(0)),
    ] {
        for command in [
            "train bars --epochs 3 --out new",
            "sweep sweep.toml --out many",
            quantize,
        ] {
            let command = format!("KILN {command} {nobody}; code=$?; cat errors 2>&1; exit $code");
            let output = in_shell(&workspace, &command).output().unwrap();
            let told = String::from_utf8(output.stdout).unwrap();
            assert!(!told.contains("panicked"), "{command}: {told}");
            assert!(
                code.is_none() || output.status.code() == code,
                "{command}: {told}"
            );
        }
        assert_eq!(workspace.names("new"), RUN_FILES, "{nobody}");
        assert!(workspace.path("many/sweep.html").exists(), "{nobody}");
        assert!(workspace.path("int8.kiln").exists(), "{nobody}");
        std::fs::remove_dir_all(workspace.path("new")).unwrap();
        std::fs::remove_dir_all(workspace.path("many")).unwrap();
        std::fs::remove_file(workspace.path("int8.kiln")).unwrap();
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_news_and_no_input_is() {
    let workspace = workspace();
    for command in [
        "summary run/model.kiln",
        "evaluate --dataset bars --weights run/model.kiln",
        "--help",
    ] {
        let command = format!("KILN {command} 2> errors | true; cat errors");
        let output = in_shell(&workspace, &command).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "{command}");
    }
    let predict = "KILN predict - --weights run/model.kiln";
    let words = ["standard input"];
    refused(&mut in_shell(&workspace, &format!("{predict} <&-")), &words);
    refused(
        &mut in_shell(&workspace, &format!("{predict} < bars")),
        &words,
    );
    refused(
        &mut in_shell(&workspace, &format!("{predict} < run/model.kiln")),
        &words,
    );
}
