use crate::support::Workspace;
use predicates::prelude::*;

#[test]
fn help_teaches_every_command() {
    let workspace = Workspace::new();
    let help = workspace.text("--help");
    for word in [
        "train",
        "sweep",
        "evaluate",
        "predict",
        "quantize",
        "summary",
        "report",
        "export",
        "import",
        "bench",
        "Examples:",
        "kiln train mnist",
    ] {
        assert!(help.contains(word), "{word}");
    }
    let help = workspace.text("train --help");
    let flags = [
        "--config",
        "--resume",
        "--model",
        "--epochs",
        "--batch",
        "--lr",
        "--momentum",
        "--weight-decay",
        "--schedule",
        "--seed",
        "--threads",
        "--lanes",
        "--validation",
        "--data",
        "--out",
        "--offline",
        "--json",
        "[default: 10]",
        "[[layers]]",
    ];
    for word in flags {
        assert!(help.contains(word), "{word}");
    }
    assert!(workspace.text("evaluate --help").contains("--weights"));
    assert!(workspace.text("summary --help").contains("FILE.toml"));
    let help = workspace.text("sweep --help");
    for word in [
        "[grid]",
        "[random]",
        "\"$width\"",
        "--memory",
        "--resume",
        "Examples:",
    ] {
        assert!(help.contains(word), "{word}");
    }
    let help = workspace.text("bench --help");
    for word in ["NETWORK", "--layers", "--board", "--lanes", "Examples:"] {
        assert!(help.contains(word), "{word}");
    }
    let help = workspace.text("predict --help");
    for word in [
        "IMAGE",
        "standard input",
        "--weights",
        "--json",
        "Examples:",
        "five",
    ] {
        assert!(help.contains(word), "{word}");
    }
    assert!(workspace.text("--version").starts_with("kiln "));
}

#[test]
fn no_arguments_show_the_help_and_fail() {
    let commands = predicate::str::contains("Commands:");
    Workspace::new()
        .kiln("")
        .assert()
        .code(2)
        .stderr(commands)
        .stdout("");
}

#[test]
fn misuse_is_one_line() {
    let workspace = Workspace::new();
    workspace.refuses("trian mnist", &["trian"]);
    workspace.refuses("train", &["<DATASET>"]);
    workspace.refuses("train mnist --rate 1", &["--rate"]);
    workspace.refuses("train mnist --lr fast", &["'fast'", "--lr", "0.05"]);
    workspace.refuses(
        "train mnist --lr 0,05",
        &["--lr", "write 0.05 with a point"],
    );
    workspace.refuses(
        "train mnist --epochs ten",
        &["--epochs", "not a whole number"],
    );
    for option in ["--epochs", "--batch", "--threads"] {
        let words = [option, "'-3'", "it must be at least 1"];
        workspace.refuses(&format!("train mnist {option} -3"), &words);
    }
    workspace.refuses("train mnist --seed -1", &["--seed", "'-1'", "at least 0"]);
    workspace.refuses(
        "train mnist --lanes 3",
        &["'3'", "--lanes", "auto, 1, 4, 8, 16"],
    );
    workspace.refuses("train mnist --schedule sudden", &["step:EPOCHS:FACTOR"]);
    workspace.refuses("evaluate --dataset mnist", &["--weights"]);
}
