//! From a messy folder of photographs to a model for a board, by what the program itself says next.

use crate::support::{Workspace, read};
use image::{Rgb, RgbImage};
use std::fs;

const CLASSES: [(&str, u32, u32); 3] = [("Cup", 40, 6), ("fork", 16, 3), ("Teller é", 9, 2)];
const KINDS: [&str; 4] = ["jpg", "png", "bmp", "webp"];

/// A dark shape of its class somewhere on light ground, in one of several sizes.
fn photograph(class: usize, number: u32) -> RgbImage {
    let (width, height) = (40 + 8 * (number % 5), 32 + 8 * (number % 3));
    let (left, top) = (4 + number % 7, 3 + number % 5);
    let extent = [(20, 4), (4, 20), (16, 16)][class];
    let ground = 170 + (number * 13 % 80) as u8;
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x.wrapping_sub(left), y.wrapping_sub(top));
        let is_inside = x < extent.0 && y < extent.1;
        Rgb(if is_inside { [30, 40, 60] } else { [ground; 3] })
    })
}

/// What people have: two parts, several kinds and sizes, few of one class, some twice, some broken.
fn photographs() -> Workspace {
    let workspace = Workspace::new();
    for (class, (name, train, validation)) in CLASSES.into_iter().enumerate() {
        for (part, first, count) in [("train", 0, train), ("val", 100, validation)] {
            let folder = workspace.path(&format!("photos/{part}/{name}"));
            fs::create_dir_all(&folder).unwrap();
            for number in first..first + count {
                let kind = KINDS[number as usize % KINDS.len()];
                let path = folder.join(format!("IMG_{number:03}.{kind}"));
                photograph(class, number).save(path).unwrap();
            }
        }
    }
    let first = read(workspace.path("photos/train/Cup/IMG_000.jpg"));
    workspace.write("photos/train/Cup/IMG_000 copy.jpg", &first);
    workspace.write("photos/val/Cup/seen.jpg", &first);
    workspace.write("photos/train/fork/cut.jpg", &first[..first.len() / 2]);
    workspace.write("photos/train/fork/empty.png", "");
    workspace.write("photos/train/fork/phone.heic", "\0\0\0\x18ftypheic");
    workspace.write("photos/train/Cup/Thumbs.db", "x");
    workspace
}

#[test]
fn a_messy_folder_becomes_a_model_for_a_board() {
    let workspace = photographs();
    let says = |arguments: &str, all: &[&str]| {
        let text = workspace.text(arguments);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for expected in all {
            assert!(words.contains(expected), "{arguments}: {expected}: {text}");
        }
    };
    // What is broken is named at once, with what to do about it.
    workspace.refuses(
        "train photos",
        &["cut.jpg", "empty.png", "2 of 80 images", "--skip-broken"],
    );
    says(
        "train photos --skip-broken --epochs 25 --lr 0.02 --out run",
        &[
            "ignored 1 file that is no image: train/Cup/Thumbs.db",
            ".heic",
            "left out 2 of 80 images",
            "Cup 41/7, Teller é 9/2, fork 16/3 (to train/validate)",
            "always naming Cup",
            "next kiln predict",
        ],
    );
    says("predict photos/val --weights run", &["IMG_100.jpg", "fork"]);
    says(
        "summary --weights run --board stm32f405",
        &["Teller é", "stm32f405", "fits"],
    );
    says(
        "quantize --weights run --dataset photos --skip-broken",
        &["saved run/model-int8.kiln"],
    );
    says(
        "export --to c --weights run/model-int8.kiln --out device",
        &["device/main.c", "next scripts/c_library.sh"],
    );
    says(
        "export --weights run --dataset photos --skip-broken --out flash",
        &["flash/model.kiln", "expect"],
    );
}
