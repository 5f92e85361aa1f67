//! What a model says of folders, of what it never saw, and before its run is done.

use crate::resume::Running;
use crate::support::{Workspace, read};
use std::fs;

#[test]
fn all_images_of_a_folder_are_predicted() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 12);
    workspace.text("train bars --epochs 2 --out run");
    workspace.images("new", 2, 2);
    workspace.write("new/notes.txt", "no image");
    let predicted = workspace.json("predict new --weights run");
    let names: Vec<&str> = predicted["predictions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|prediction| prediction["image"].as_str().unwrap())
        .collect();
    let expected = [
        "new/class0/image 0.png",
        "new/class0/image 1.png",
        "new/class1/image 0.png",
        "new/class1/image 1.png",
    ];
    assert_eq!(names, expected);
    fs::create_dir(workspace.path("empty")).unwrap();
    workspace.refuses(
        "predict empty --weights run",
        &["empty is a folder without images"],
    );
}

#[test]
fn what_is_unlike_the_classes_is_marked() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 23);
    let train = "train bars --epochs 25 --batch 8 --validation 0.4 --threads 1 --out run";
    let trained = workspace.json(train);
    let text = String::from_utf8(read(workspace.path("run/evaluation.json"))).unwrap();
    let evaluation: serde_json::Value = serde_json::from_str(&text).unwrap();
    let sure_from = evaluation["sure_from"].as_f64().unwrap();
    assert!(sure_from > 0.34 && sure_from < 1.0, "{sure_from} {trained}");
    // Grey all over is no bar.
    image::GrayImage::from_pixel(12, 12, image::Luma([60]))
        .save(workspace.path("grey.png"))
        .unwrap();
    let predict = "predict grey.png bars/class1 --weights run";
    let predicted = workspace.json(predict);
    let predictions = predicted["predictions"].as_array().unwrap();
    assert_eq!(predictions[0]["unsure"], true, "{predicted}");
    let unsure = predictions[1..]
        .iter()
        .filter(|prediction| prediction["unsure"] == true);
    assert!(unsure.count() <= 3, "{predicted}");
    let text = workspace.text(predict);
    assert!(
        text.contains("% ?") && text.contains("it may be none of the classes"),
        "{text}"
    );
    // A model alone knows no such thing.
    fs::copy(
        workspace.path("run/model.kiln"),
        workspace.path("alone.kiln"),
    )
    .unwrap();
    let alone = workspace.json("predict grey.png --weights alone.kiln");
    assert_eq!(alone.get("sure_from"), None);
    assert_eq!(alone["predictions"][0].get("unsure"), None);
}

#[test]
fn an_unfinished_run_predicts_and_reports() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 20);
    workspace.write(
        "network.toml",
        "input = { channels = 1, height = 12, width = 12 }\n\
         [[layers]]\ntype = \"conv2d\"\nfilters = 4\nkernel = 3\n\
         [[layers]]\ntype = \"batch_norm\"\n[[layers]]\ntype = \"relu\"\n\
         [[layers]]\ntype = \"linear\"\noutputs = \"classes\"\n",
    );
    let train = "train bars --model network.toml --epochs 400 --batch 4 --threads 1 --out run";
    let mut running = Running::start(&workspace, train);
    running.until_word("6");
    running.signal("kill -INT PID");
    assert_eq!(running.end().code, Some(130));
    for weights in ["run", "run/checkpoint.kiln-run"] {
        let text = workspace.text(&format!("predict bars/class1 --weights {weights}"));
        assert!(
            text.contains("the run is unfinished, after ")
                && text.contains("of 400 epochs; `kiln train --resume run` goes on with it"),
            "{text}"
        );
        assert!(text.contains("class1"), "{text}");
    }
    let text = workspace.text("report run");
    assert!(
        text.contains("run: the run is unfinished, after "),
        "{text}"
    );
    let page = String::from_utf8(read(workspace.path("run/report.html"))).unwrap();
    assert!(page.contains("Not known yet: the run is unfinished"));
    // It goes on all the same, to what it would have been.
    assert!(workspace.path("run/checkpoint.kiln-run").exists());
}
