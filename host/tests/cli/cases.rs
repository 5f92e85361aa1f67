//! Datasets and names as people have them.

use crate::support::Workspace;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of inputs that are kept beside this file.
fn case(name: &str) -> PathBuf {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/cases");
    cases.join(name)
}

/// Twelve classes called 1 to 12, whose model was trained in the order of text.
fn text_order(classes: &str) -> Workspace {
    let workspace = Workspace::new();
    let model = case("class_order/model.onnx");
    workspace.text(&format!(
        "import {} {classes} --out m.kiln",
        model.display()
    ));
    workspace
}

fn evaluate(case_name: &str) -> String {
    let images = case(case_name).join("images");
    format!("evaluate --dataset {} --weights m.kiln", images.display())
}

#[test]
fn an_order_that_is_only_assumed_is_said() {
    let workspace = text_order("");
    let text = workspace.text(&evaluate("class_order"));
    assert!(text.contains("scored     8.33% of 36 samples"), "{text}");
    let note = "outputs are taken for 1, 2, 3, 4, …, by number; where they are in the order of text (1, 10, 11, 12, …)";
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains(note) && words.contains("--classes"),
        "{text}"
    );
}

#[test]
fn classes_are_matched_by_their_names() {
    let workspace = text_order("--classes 1,10,11,12,2,3,4,5,6,7,8,9");
    let text = workspace.text(&evaluate("class_order"));
    assert!(text.contains("scored     100.00% of 36 samples"), "{text}");
    assert!(!text.contains("taken for"), "{text}");
    // Every command that reads a dataset beside a model.
    let images = case("class_order/images");
    let export = format!(
        "export --weights m.kiln --dataset {} --out device",
        images.display()
    );
    workspace.text(&export);
    let other = text_order("--classes 1,10,11,a,2,3,4,5,6,7,8,9");
    other.refuses(&evaluate("class_order"), &["do not know 12; use weights"]);
}

#[test]
fn a_test_folder_may_lack_classes() {
    let workspace = Workspace::new();
    workspace.images("bars", 4, 12);
    workspace.text("train bars --epochs 20 --lr 0.05 --out run");
    workspace.images("some", 3, 5);
    fs::create_dir(workspace.path("some/class3")).unwrap();
    let text = workspace.text("evaluate --dataset some --weights run");
    assert!(text.contains("scored     100.00% of 15 samples"), "{text}");
    assert!(text.contains("no samples of class3"), "{text}");
    // Of one class alone, too.
    workspace.images("one", 1, 5);
    let text = workspace.text("evaluate --dataset one --weights run");
    assert!(
        text.contains("no samples of class1, class2, class3"),
        "{text}"
    );
    workspace.images("more", 5, 2);
    workspace.refuses(
        "evaluate --dataset more --weights run",
        &["do not know class4"],
    );
}

#[test]
fn names_that_look_alike_are_one_class() {
    let workspace = Workspace::new();
    workspace.images("composed", 2, 6);
    // As Linux and Windows write an accent, and as macOS does.
    let names = [
        ("train/caf\u{e9}", 0),
        ("train/tea", 1),
        ("test/cafe\u{301}", 0),
        ("test/tea", 1),
    ];
    for (name, class) in names {
        let folder = workspace.path(&format!("data/{name}"));
        fs::create_dir_all(&folder).unwrap();
        for number in 0..6 {
            let image = workspace.path(&format!("composed/class{class}/image {number}.png"));
            fs::copy(image, folder.join(format!("{number}.png"))).unwrap();
        }
    }
    let trained = workspace.json("train data --epochs 1 --out run");
    assert_eq!(trained["classes"], 2);
    let text = workspace.text("evaluate --dataset data/test --weights run");
    assert!(
        text.contains("of 12 samples") && !text.contains("no samples of"),
        "{text}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn folders_whose_names_are_no_text_stay_apart() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let workspace = Workspace::new();
    workspace.images("bars", 2, 6);
    fs::create_dir(workspace.path("data")).unwrap();
    for (class, name) in [b"\xe9", b"\xe8"].iter().enumerate() {
        let from = workspace.path(&format!("bars/class{class}"));
        fs::rename(from, workspace.path("data").join(OsStr::from_bytes(*name))).unwrap();
    }
    assert_eq!(
        workspace.json("train data --epochs 1 --out run")["classes"],
        2
    );
}

#[test]
fn a_file_of_class_names_may_be_an_editors() {
    let model = case("byte_order_mark/model.onnx");
    for classes in ["classes.txt", "classes-blank.txt"] {
        let workspace = Workspace::new();
        let names = case("byte_order_mark").join(classes);
        let import = format!("import {} --classes {}", model.display(), names.display());
        workspace.text(&format!("{import} --out m.kiln"));
        let text = workspace.text(&evaluate("byte_order_mark"));
        assert!(text.contains("of 12 samples"), "{text}");
        assert!(text.contains("c0") && !text.contains('\u{feff}'), "{text}");
    }
}

#[test]
fn images_of_every_kind_that_is_read_are_taken_and_others_counted() {
    let workspace = Workspace::new();
    workspace.images("data", 2, 6);
    let read = |name: &str| image::open(workspace.path(name)).unwrap().into_rgb8();
    for class in 0..2 {
        let picture = read(&format!("data/class{class}/image 0.png"));
        let path = |name: &str| workspace.path(&format!("data/class{class}/{name}"));
        picture
            .save_with_format(path("a.jfif"), image::ImageFormat::Jpeg)
            .unwrap();
        picture
            .save_with_format(path("a.webp"), image::ImageFormat::WebP)
            .unwrap();
        fs::write(path("a.HEIC"), "an image of another kind").unwrap();
        fs::write(path("a.gif"), "GIF89a").unwrap();
    }
    fs::write(workspace.path("data/notes.txt"), "no image").unwrap();
    let text = workspace.text("train data --epochs 1 --out run");
    assert!(text.contains("16 samples"), "{text}");
    assert!(
        text.contains("ignored 4 images of kinds that are not read (.gif, .heic)"),
        "{text}"
    );
    assert!(text.contains("ignored 1 file that is no image"), "{text}");
}

#[test]
fn all_broken_images_are_named_at_once_or_left_out() {
    let workspace = Workspace::new();
    workspace.images("data", 3, 20);
    let broken = [
        "data/class0/image 3.png",
        "data/class1/image 7.png",
        "data/class2/image 9.png",
    ];
    for name in broken {
        fs::write(workspace.path(name), "").unwrap();
    }
    let words = [
        "3 of 60 images",
        broken[0],
        broken[1],
        broken[2],
        "--skip-broken",
    ];
    workspace.refuses("train data --epochs 1 --out run", &words);
    let text = workspace.text("train data --epochs 1 --out run --skip-broken");
    assert!(
        text.contains("left out 3 of 60 images") && text.contains("57 samples"),
        "{text}"
    );
    let text = workspace.text("evaluate --dataset data --weights run --skip-broken");
    assert!(text.contains("of 57 samples"), "{text}");
    workspace.images("all", 2, 1);
    for class in 0..2 {
        fs::write(
            workspace.path(&format!("all/class{class}/image 0.png")),
            "text",
        )
        .unwrap();
    }
    workspace.refuses(
        "train all --skip-broken --out none",
        &["none of its 2 images"],
    );
}

#[test]
fn what_is_learned_is_judged_by_validation() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 40);
    let text = workspace.text("train bars --epochs 1 --lr 0.000001 --out slow");
    assert!(
        text.contains("the validation loss is still that of guessing"),
        "{text}"
    );
    let text = workspace.text("train bars --epochs 1 --validation 0 --lr 0.000001 --out one");
    assert!(!text.contains("next to nothing"), "{text}");
}

/// A folder `data` with these parts, each with the classes of [`Workspace::images`].
fn divided(parts: &[(&str, u32)]) -> Workspace {
    let workspace = Workspace::new();
    for (part, each) in parts {
        workspace.images(&format!("data/{part}"), 2, *each);
    }
    workspace
}

#[test]
fn a_part_to_validate_on_validates_and_one_to_test_on_tests() {
    for names in [["train", "valid", "test"], ["Training", "VAL", "Testing"]] {
        let workspace = divided(&[(names[0], 20), (names[1], 10), (names[2], 5)]);
        let text = workspace.text("train data --epochs 1 --out run");
        assert!(
            text.contains("40 to train, 20 to validate, 10 to test"),
            "{text}"
        );
        let counts = "class0 20/10/5, class1 20/10/5 (to train/validate/test)";
        assert!(text.contains(counts) && !text.contains("ignored"), "{text}");
        let text = workspace.text("evaluate --dataset data --weights run");
        assert!(text.contains("of 10 samples"), "{text}");
    }
    let workspace = divided(&[("train", 20), ("validation", 10)]);
    let trained = workspace.json("train data --epochs 3 --out run");
    assert_eq!(trained["validation_samples"], 20);
    assert_eq!(trained["test_samples"], 0);
    let scored = workspace.json("evaluate --dataset data --weights run");
    assert_eq!(scored["samples"], 20);
    assert_eq!(
        scored["accuracy"],
        trained["epochs"][2]["validation_accuracy"]
    );
    let text = workspace.text("train data --epochs 1 --validation 0.3 --out two");
    assert!(text.contains("--validation 0.3 is not used"), "{text}");
}

#[test]
fn parts_that_are_no_classes_are_refused_with_a_hint() {
    let workspace = Workspace::new();
    for part in ["training", "testing"] {
        let picture = image::GrayImage::new(12, 12);
        let folder = workspace.path(&format!("loose/{part}"));
        fs::create_dir_all(&folder).unwrap();
        picture.save(folder.join("cat.1.png")).unwrap();
    }
    workspace.refuses(
        "train loose --out run",
        &["loose/testing", "one folder per class"],
    );
    let workspace = divided(&[("seen", 3), ("unseen", 3)]);
    let words = [
        "seen, unseen",
        "class0, class1",
        "call those to train on train",
    ];
    workspace.refuses("train data --out run", &words);
}

#[test]
fn what_is_odd_about_classes_is_said() {
    let workspace = Workspace::new();
    workspace.images("data/train", 2, 4);
    workspace.images("data/test", 3, 4);
    workspace.images("data/train", 1, 40);
    let text = workspace.text("train data --epochs 1 --out run");
    assert!(text.contains("no samples to train on of class2"), "{text}");
    assert!(
        text.contains("always naming class0 would be right in 33.3% of those to test on"),
        "{text}"
    );
    // A split leaves each class an image to train on.
    let workspace = Workspace::new();
    workspace.images("single", 5, 1);
    let text = workspace.text("train single --epochs 1 --validation 0.5 --out run");
    assert!(!text.contains("no samples to train on"), "{text}");
}

#[test]
fn samples_that_are_there_twice_are_counted() {
    let workspace = Workspace::new();
    workspace.images("data/train", 2, 8);
    workspace.images("other", 3, 8);
    let copy = |from: &str, to: &str| {
        fs::create_dir_all(workspace.path(to).parent().unwrap()).unwrap();
        fs::copy(workspace.path(from), workspace.path(to)).unwrap();
    };
    copy("other/class2/image 1.png", "data/train/class0/again.png");
    copy("other/class2/image 1.png", "data/train/class1/again.png");
    copy(
        "data/train/class0/image 1.png",
        "data/train/class0/image 1 (copy).png",
    );
    copy("data/train/class0/image 1.png", "data/test/class0/a.png");
    copy("other/class2/image 3.png", "data/test/class1/b.png");
    let text = workspace.text("train data --epochs 1 --out run");
    for words in [
        "2 samples to train on are there once more",
        "1 sample to test on is among those to train on",
        "1 sample has two labels (train/class0/again.png: class0 and class1)",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}
