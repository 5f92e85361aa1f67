//! What stands where a file is expected, and is none: it is refused, soon, in one line that names it.

use crate::support::{Workspace, refused};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::os::unix::fs::symlink;
use std::time::Duration;

const PIPE: &str = "is a named pipe, not a regular file";
const DEVICE: &str = "is a device, not a regular file";

fn pipe(workspace: &Workspace, name: &str) {
    let mode = Mode::from_raw_mode(0o600);
    mknodat(CWD, workspace.path(name), FileType::Fifo, mode, 0).unwrap();
}

fn zeros(workspace: &Workspace, name: &str) {
    symlink("/dev/zero", workspace.path(name)).unwrap();
}

fn refuses_soon(workspace: &Workspace, arguments: &str, words: &[&str]) {
    let mut command = workspace.kiln(arguments);
    refused(command.timeout(Duration::from_secs(20)), words);
}

#[test]
fn pipes_and_devices_among_images_are_broken_images() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    zeros(&workspace, "bars/class0/zeros.png");
    let train = "train bars --epochs 1 --out run";
    refuses_soon(&workspace, train, &["zeros.png", DEVICE]);
    pipe(&workspace, "bars/class1/pipe.jpg");
    refuses_soon(&workspace, train, &["pipe.jpg", PIPE, "zeros.png"]);
    // Nobody has to know of them whose name is no image's.
    pipe(&workspace, "bars/class1/notes.txt");
    let printed = workspace.text(&format!("{train} --skip-broken"));
    assert!(printed.contains("left out 2 of 22 images"), "{printed}");
    let predict = "predict bars/class1/pipe.jpg --weights run";
    refuses_soon(&workspace, predict, &["pipe.jpg", PIPE]);
    let predict = "predict bars/class0/zeros.png --weights run";
    refuses_soon(&workspace, predict, &["zeros.png", DEVICE]);
}

#[test]
fn every_command_refuses_what_is_no_file() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 4);
    for name in [
        "model.kiln",
        "net.toml",
        "a.onnx",
        "a.tflite",
        "a.safetensors",
        "firmware",
    ] {
        pipe(&workspace, name);
        zeros(&workspace, &format!("zero-{name}"));
    }
    let cases = [
        ("summary", "model.kiln"),
        ("summary", "net.toml"),
        ("bench", "net.toml"),
        ("predict bars/class0/0.png --weights", "model.kiln"),
        ("evaluate --dataset bars --weights", "model.kiln"),
        ("quantize --dataset bars --weights", "model.kiln"),
        ("export --to onnx --weights", "model.kiln"),
        ("train bars --model", "net.toml"),
        ("train bars --config", "net.toml"),
        ("train", "a.safetensors"),
        ("sweep", "net.toml"),
        ("import", "a.onnx"),
        ("import", "a.tflite"),
        ("import", "a.safetensors"),
        ("emulate", "firmware"),
    ];
    for (arguments, name) in cases {
        for (name, words) in [(name.into(), PIPE), (format!("zero-{name}"), DEVICE)] {
            refuses_soon(&workspace, &format!("{arguments} {name}"), &[&name, words]);
        }
    }
}

#[test]
fn pipes_in_folders_of_kilns_own_are_refused() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.text("train bars --epochs 1 --out run");
    for name in [
        "config.toml",
        "metrics.csv",
        "evaluation.json",
        "model.kiln",
    ] {
        let path = workspace.path(&format!("run/{name}"));
        let kept = workspace.path("kept");
        std::fs::rename(&path, &kept).unwrap();
        pipe(&workspace, &format!("run/{name}"));
        refuses_soon(&workspace, "report run", &[name, PIPE]);
        std::fs::rename(&kept, &path).unwrap();
    }
    std::fs::create_dir(workspace.path("idx")).unwrap();
    let names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
    names
        .iter()
        .for_each(|name| pipe(&workspace, &format!("idx/{name}")));
    // Not taken for the files, whose folder it thus is not.
    refuses_soon(&workspace, "train idx", &["idx"]);
    pipe(&workspace, "classes.txt");
    let import = "import none.onnx --classes classes.txt";
    refuses_soon(&workspace, import, &["none.onnx"]);
}

#[test]
fn files_larger_than_any_of_their_kind_are_not_read() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 4);
    for name in ["huge.toml", "bars/class0/huge.png"] {
        let file = std::fs::File::create(workspace.path(name)).unwrap();
        // A hole: it takes no room on the disk.
        file.set_len(1 << 40).unwrap();
    }
    refuses_soon(&workspace, "summary huge.toml", &["huge.toml", "more than"]);
    refuses_soon(&workspace, "train bars", &["huge.png", "more than"]);
}

#[test]
fn a_jpeg_whose_data_does_not_hold_its_size_is_broken() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    let whole = image::open(workspace.path("bars/class0/image 0.png")).unwrap();
    let path = workspace.path("bars/class0/lie.jpg");
    whole.save(&path).unwrap();
    let mut content = std::fs::read(&path).unwrap();
    let frame = content.windows(2).position(|pair| pair == [0xff, 0xc0]);
    let size = frame.unwrap() + 5;
    let sides = [12_000_u16.to_be_bytes(); 2].concat();
    content[size..size + 4].copy_from_slice(&sides);
    std::fs::write(&path, &content).unwrap();
    let words = ["lie.jpg", "does not hold the 12000x12000 pixels"];
    refuses_soon(&workspace, "train bars --epochs 1 --out run", &words);
    // Not by what its header says, either, are the others resized.
    let printed = workspace.text("train bars --epochs 1 --out run --skip-broken");
    assert!(printed.contains("samples of 1x12x12"), "{printed}");
    refuses_soon(
        &workspace,
        "predict bars/class0/lie.jpg --weights run",
        &words,
    );
}
