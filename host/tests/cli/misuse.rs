//! Every command with what it cannot use: one line that names it, and the exit code 2.

use crate::support::{Workspace, read};

/// What files can be instead of the right one, by the names they have in [`workspace`].
const WRONG_FILES: [&str; 6] = ["missing", "folder", "empty", "random", "cut.kiln", "letter"];

/// Arguments to which the name of a wrong file is added.
const TAKING_MODELS: [&str; 5] = [
    "evaluate --dataset bars --weights",
    "predict 1.png --weights",
    "export --dataset bars --out device --weights",
    "device evaluate --dataset bars --weights",
    "device train --dataset bars --weights",
];
const TAKING_OTHER_FILES: [&str; 11] = [
    "summary",
    "emulate",
    "train bars --out new --model",
    "train --config",
    "train --resume",
    "sweep",
    "sweep --resume",
    "device evaluate --dataset bars --weights run/model.kiln --firmware",
    "device evaluate --dataset bars --weights run/model.kiln --port",
    "device train --dataset bars --firmware",
    "predict --weights run/model.kiln",
];
const TAKING_DATASETS: [&str; 5] = [
    "train --out new",
    "evaluate --weights run/model.kiln --dataset",
    "export --weights run/model.kiln --out device --dataset",
    "device evaluate --weights run/model.kiln --dataset",
    "device train --dataset",
];

/// A run, a picture, and all that is wrong.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.text("train bars --epochs 1 --out run");
    std::fs::copy(
        workspace.path("bars/class0/image 0.png"),
        workspace.path("1.png"),
    )
    .unwrap();
    std::fs::create_dir(workspace.path("folder")).unwrap();
    workspace.write("empty", "");
    workspace.write(
        "random",
        (0..4000_u32)
            .map(|i| (i * i % 251) as u8 | 0x80)
            .collect::<Vec<_>>(),
    );
    workspace.write("cut.kiln", &read(workspace.path("run/model.kiln"))[..1000]);
    workspace.write("letter", "Dear reader,\n");
    workspace
}

#[test]
fn wrong_files_are_named_by_every_command() {
    let workspace = workspace();
    let before = workspace.names(".");
    let commands = TAKING_MODELS.iter().chain(&TAKING_OTHER_FILES);
    for command in commands.chain(&TAKING_DATASETS) {
        for file in WRONG_FILES {
            workspace.refuses(&format!("{command} {file}"), &[file]);
        }
    }
    assert_eq!(workspace.names("."), before);
}

#[test]
fn datasets_by_name_name_the_place_that_lacks_them() {
    let workspace = workspace();
    for dataset in ["mnist", "fashion-mnist", "cifar10", "cifar100"] {
        for data in ["missing", "folder", "empty"] {
            let command = format!("train {dataset} --out new --data {data}");
            workspace.refuses(&command, &[data]);
        }
    }
    let evaluate = "evaluate --weights run/model.kiln --data random --dataset";
    workspace.refuses(
        &format!("{evaluate} cifar10"),
        &["random", "no tar archive"],
    );
    workspace.refuses(
        "train cifar100 --offline",
        &["cifar100", "--offline", "--data DIR"],
    );
    workspace.refuses("train cifar-100", &["cifar-100", "did you mean cifar100?"]);
    workspace.refuses(
        "device train --dataset fashion",
        &["fashion", "fashion-mnist"],
    );
}

#[test]
fn weights_for_other_classes_are_named_by_every_command() {
    let workspace = workspace();
    workspace.images("more", 3, 5);
    // A training makes the last layer anew.
    for command in ["evaluate", "export --out device", "device evaluate"] {
        let command = format!("{command} --weights run/model.kiln --dataset more");
        workspace.refuses(&command, &["run/model.kiln", "2 classes", "more has 3"]);
    }
}

#[test]
fn numbers_out_of_bounds_are_named_by_every_command() {
    let workspace = workspace();
    let model = "--dataset bars --weights run/model.kiln";
    let cases = [
        (
            format!("evaluate {model} --threads"),
            "threads",
            &["0", "-1", "1e9", "nan"][..],
        ),
        (
            "predict 1.png --weights run/model.kiln --threads".into(),
            "threads",
            &["0", "2000"],
        ),
        (
            format!("export {model} --out device --samples"),
            "samples",
            &["0", "-1", "many"],
        ),
        (
            "train bars --out new --size".into(),
            "size",
            &["0", "-1", "65536", "nan", "3x"],
        ),
        (
            "train bars --out new --augment".into(),
            "augment",
            &["upwards", "shift:-1", "turn:nan"],
        ),
        (
            "train bars --out new --label-smoothing".into(),
            "label-smoothing",
            &["1", "-0.1", "nan"],
        ),
        (
            "bench --seconds".into(),
            "seconds",
            &["0", "-1", "nan", "4000"],
        ),
        (
            format!("device evaluate {model} --limit"),
            "limit",
            &["0", "-1", "nan"],
        ),
        (
            format!("device evaluate {model} --patience"),
            "patience",
            &["0", "-1", "nan", "inf"],
        ),
        (
            format!("device evaluate {model} --port letter --baud"),
            "baud",
            &["0", "-1"],
        ),
        (
            "device train --dataset bars --epochs".into(),
            "epochs",
            &["0", "-1", "nan"],
        ),
        (
            "device train --dataset bars --lr".into(),
            "lr",
            &["0", "-1", "nan", "inf", "fast"],
        ),
        (
            "device train --dataset bars --batch".into(),
            "batch",
            &["0", "17", "65536"],
        ),
        (
            "device train --dataset bars --momentum".into(),
            "momentum",
            &["1", "-1", "nan"],
        ),
        (
            "device train --dataset bars --weight-decay".into(),
            "weight-decay",
            &["-1", "nan"],
        ),
        (
            "device train --dataset bars --train-from".into(),
            "train-from",
            &["0", "99"],
        ),
        (
            "export --to c --out c --weights run/model.kiln --train".into(),
            "train",
            &["0", "-1", "99", "some"],
        ),
        (
            "export --to c --out c --weights run/model.kiln --train-from".into(),
            "train-from",
            &["0", "99"],
        ),
        (
            "device train --dataset bars --schedule".into(),
            "schedule",
            &["sudden"],
        ),
        (
            "device train --dataset bars --limit".into(),
            "limit",
            &["0", "-1"],
        ),
        (
            "device train --dataset bars --test".into(),
            "test",
            &["-1", "nan"],
        ),
    ];
    for (command, name, values) in cases {
        for value in values {
            // With `=`, since `-1` could be an option of its own.
            workspace.refuses(&format!("{command}={value}"), &[name]);
        }
    }
}

#[test]
fn wrong_and_conflicting_arguments_are_named_with_what_was_meant() {
    let workspace = Workspace::new();
    let cases = [
        ("trian mnist", &["'trian'", "'train'"][..]),
        ("train mnist --ephocs 3", &["'--ephocs'", "'--epochs'"]),
        ("evaluate --weigths m", &["'--weigths'", "'--weights'"]),
        ("summary", &["FILE.kiln"]),
        ("summary a b", &["'b'"]),
        ("summary a --board nrf", &["nrf", "nrf52840"]),
        ("predict --weights m", &["<IMAGE>"]),
        ("predict - - --weights m", &["m"]),
        ("bench none.toml", &["none.toml: cannot read it"]),
        ("export", &["--dataset", "--weights", "--out"]),
        ("emulate", &["<ELF>"]),
        ("emulate a --board b", &["--board", "mps2-an386"]),
        ("device", &["subcommand"]),
        ("device trian", &["'trian'", "'train'"]),
        ("device evaluate --dataset mnist", &["--weights"]),
        (
            "device train --dataset a --port b --board mps2-an386",
            &["--port", "--board"],
        ),
        (
            "device train --dataset a --port b --firmware c",
            &["--port", "--firmware"],
        ),
        ("device train --dataset a --stored", &["--port"]),
        ("train mnist --resume a", &["--resume"]),
        ("train --config a --resume b", &["--config", "--resume"]),
        ("train mnist --out", &["--out"]),
        ("train mnist --json --json", &["--json"]),
        ("train mnist --loss mae", &["mae", "cross-entropy", "mse"]),
        ("train mnist --loss mse", &["--loss mse", "--model"]),
        (
            "train mnist --label-smoothing 1",
            &["label-smoothing is 1", "below 1"],
        ),
        (
            "train mnist --nesterov --momentum 0",
            &["nesterov", "momentum"],
        ),
        ("train mnist --schedule cosine:101%", &["cosine:15%"]),
        (
            "export --to onnx --weights m --train 1",
            &["--train", "--to c"],
        ),
        (
            "export --to c --weights m --train 1 --train-from 2",
            &["--train", "--train-from"],
        ),
    ];
    for (command, words) in cases {
        workspace.refuses(command, words);
    }
}

#[test]
fn places_that_cannot_be_written_to_are_named_by_every_command() {
    let workspace = workspace();
    let export = "export --dataset bars --weights run/model.kiln --out";
    let train = "device train --dataset bars --out";
    for out in ["letter", "letter/device"] {
        workspace.refuses(&format!("{export} {out}"), &[&format!("--out {out}")]);
    }
    for out in ["folder", "none/learned.kiln", "letter/learned.kiln"] {
        workspace.refuses(&format!("{train} {out}"), &[&format!("--out {out}")]);
    }
    if cfg!(target_os = "linux") {
        // Not even root may make files there.
        for command in [export, train] {
            workspace.refuses(&format!("{command} /proc/x"), &["--out /proc/x"]);
        }
    }
}
