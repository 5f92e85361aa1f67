use crate::support::{Workspace, read, refused};
use host::data::{Options, Patience, Places, Samples, load_from};
use image::{GrayImage, Luma, Rgba, RgbaImage};
use serde_json::Value;

/// The digits in the program that are for testing, a hundred of each, in the order of the classes.
fn digits() -> Samples {
    let options = Options {
        offline: true,
        ..Options::default()
    };
    let places = Places {
        data: None,
        cache: None,
        mirrors: Some(Vec::new()),
        patience: Patience::default(),
    };
    load_from("mnist", &options, &places).unwrap().test.unwrap()
}

fn picture(digits: &Samples, index: usize) -> GrayImage {
    GrayImage::from_raw(28, 28, digits.bytes().unwrap().image(index).to_vec()).unwrap()
}

/// A model of the digits in `run`, and the first test digit of each class in `0.png` to `9.png`.
fn trained() -> (Workspace, Samples) {
    let workspace = Workspace::new();
    workspace.text("train mnist --offline --epochs 2 --out run");
    let digits = digits();
    for class in 0..10 {
        let path = workspace.path(&format!("{class}.png"));
        picture(&digits, 100 * class).save(path).unwrap();
    }
    (workspace, digits)
}

/// The program predicting these images with the model in `run`.
fn predict(images: &str) -> String {
    format!("predict {images} --weights run/model.kiln")
}

fn top(prediction: &Value) -> &Vec<Value> {
    prediction["top"].as_array().unwrap()
}

#[test]
fn as_many_are_right_as_evaluate_says() {
    let (workspace, digits) = trained();
    let scored = workspace.json("evaluate --dataset mnist --offline --weights run/model.kiln");
    let names: Vec<String> = (0..digits.len())
        .map(|index| format!("{index}.png"))
        .collect();
    for (index, name) in names.iter().enumerate() {
        let path = workspace.path(name);
        picture(&digits, index).save(path).unwrap();
    }
    let result = workspace.json(&predict(&names.join(" ")));
    assert_eq!(result["weights_sha256"], scored["weights_sha256"]);
    assert_eq!(result["notices"], Value::Array(Vec::new()));
    let predictions = result["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), 1_000);
    let mut correct = 0;
    for ((prediction, name), label) in predictions.iter().zip(&names).zip(&digits.labels) {
        assert_eq!(prediction["image"], name.as_str());
        let probabilities: Vec<f64> = top(prediction)
            .iter()
            .map(|candidate| candidate["probability"].as_f64().unwrap())
            .collect();
        assert_eq!(probabilities.len(), 5);
        assert!(probabilities.is_sorted_by(|one, other| one >= other));
        // The five of ten are at least half and, but for rounding, at most all.
        let sum: f64 = probabilities.iter().sum();
        assert!((0.5..1.000_001).contains(&sum), "{sum}");
        let best = &top(prediction)[0];
        assert_eq!(best["class"], best["label"].to_string());
        correct += usize::from(best["label"] == *label);
    }
    assert_eq!(scored["correct"], correct);
    let first = workspace.json(&format!("{} --threads 1 --lanes 1", predict("0.png 1.png")));
    assert_eq!(
        first["predictions"].as_array().unwrap()[..],
        predictions[..2]
    );
}

#[test]
fn what_is_printed_is_aligned_and_without_a_word_more() {
    let (workspace, _) = trained();
    std::fs::rename(workspace.path("3.png"), workspace.path("a long name.png")).unwrap();
    let mut command = workspace.kiln(&predict("7.png"));
    let output = command.arg("a long name.png").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    for (line, start) in lines[2..].iter().zip([" 7.png", " a long name.png"]) {
        assert!(line.starts_with(start), "{text}");
        assert_eq!(line.matches('%').count(), 5, "{text}");
    }
    let columns = |line: &str| -> Vec<usize> { line.match_indices('%').map(|hit| hit.0).collect() };
    assert_eq!(columns(lines[2]), columns(lines[3]), "{text}");
    assert!(output.stderr.is_empty());
}

#[test]
fn the_same_picture_in_another_file_is_the_same() {
    let (workspace, digits) = trained();
    let grey = picture(&digits, 700);
    grey.save(workspace.path("digit.bmp")).unwrap();
    // White ink, the thinner the more transparent, is laid on black.
    RgbaImage::from_fn(28, 28, |x, y| {
        Rgba([255, 255, 255, grey.get_pixel(x, y)[0]])
    })
    .save(workspace.path("ink.png"))
    .unwrap();
    // The content counts, not the name.
    std::fs::copy(workspace.path("7.png"), workspace.path("odd.jpg")).unwrap();
    let result = workspace.json(&predict("7.png digit.bmp ink.png odd.jpg"));
    let predictions = result["predictions"].as_array().unwrap();
    assert_eq!(top(&predictions[0])[0]["class"], "7");
    for prediction in predictions {
        assert_eq!(prediction["top"], predictions[0]["top"], "{prediction}");
    }
    let mut piped = workspace.kiln(&predict("- 1.png --json"));
    let output = piped.write_stdin(read(workspace.path("7.png"))).output();
    let piped: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    assert_eq!(piped["predictions"][0]["image"], "-");
    assert_eq!(piped["predictions"][0]["top"], predictions[0]["top"]);
    assert_eq!(piped["predictions"][1]["image"], "1.png");
}

#[test]
fn another_size_and_colour_are_brought_to_the_networks_aloud() {
    let (workspace, digits) = trained();
    let grey = picture(&digits, 700);
    let large = GrayImage::from_fn(56, 56, |x, y| *grey.get_pixel(x / 2, y / 2));
    large.save(workspace.path("large.jpg")).unwrap();
    image::RgbImage::from_fn(28, 28, |x, y| {
        let Luma([value]) = *grey.get_pixel(x, y);
        image::Rgb([value, value, value / 2])
    })
    .save(workspace.path("yellow.png"))
    .unwrap();
    let text = workspace.text(&predict("7.png large.jpg yellow.png"));
    let notes = "note       resized 1 of 3 images from 56x56 to 28x28\n\
                 note       turned 1 of 3 images from colour to grey\n";
    assert!(text.starts_with(notes), "{text}");
    let result = workspace.json(&predict("7.png large.jpg yellow.png"));
    assert_eq!(result["notices"].as_array().unwrap().len(), 2);
    for prediction in result["predictions"].as_array().unwrap() {
        assert_eq!(top(prediction)[0]["class"], "7", "{prediction}");
    }
}

#[test]
fn of_fewer_classes_all_are_shown_by_name() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 20);
    workspace.text("train bars --epochs 20 --out run");
    for class in 0..3 {
        let image = format!("bars/class{class}/image 3.png");
        let mut command = workspace.kiln("predict --json --weights run/model.kiln");
        let output = command.arg(&image).output().unwrap();
        let result: Value = serde_json::from_slice(&output.stdout).unwrap();
        let prediction = &result["predictions"][0];
        assert_eq!(prediction["image"], image);
        assert_eq!(top(prediction)[0]["class"], format!("class{class}"));
        let probabilities = top(prediction).iter();
        let sum: f64 = probabilities
            .map(|candidate| candidate["probability"].as_f64().unwrap())
            .sum();
        assert_eq!(top(prediction).len(), 3);
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    }
}

#[test]
fn what_is_no_image_or_model_is_named_and_nothing_is_printed() {
    let (workspace, _) = trained();
    let cut = read(workspace.path("1.png"));
    workspace.write("cut.png", &cut[..cut.len() / 2]);
    workspace.write("text.png", "no picture");
    workspace.write("empty.png", "");
    let cases: [(&str, &[&str]); 8] = [
        ("0.png none.png", &["cannot read none.png"]),
        ("0.png cut.png", &["cannot decode cut.png"]),
        ("0.png text.png", &["cannot decode text.png"]),
        ("empty.png 0.png", &["empty.png is empty"]),
        ("0.png run", &["run is a folder"]),
        ("0.png -", &["standard input is empty"]),
        ("- 0.png -", &["- is given 2 times"]),
        ("0.png --threads 0", &["threads is 0"]),
    ];
    for (images, words) in cases {
        for format in ["", " --json"] {
            refuses_silently(&workspace, &format!("{}{format}", predict(images)), words);
        }
    }
    let models: [(&str, &[&str]); 3] = [
        ("0.png", &["0.png: this is a picture"]),
        ("none.kiln", &["none.kiln: cannot read"]),
        ("empty.png", &["empty.png: this is an empty file"]),
    ];
    for (model, words) in models {
        refuses_silently(
            &workspace,
            &format!("predict 0.png --weights {model}"),
            words,
        );
    }
    workspace.refuses("predict --weights run/model.kiln", &["<IMAGE>"]);
    workspace.refuses("predict 0.png", &["--weights"]);
}

fn refuses_silently(workspace: &Workspace, arguments: &str, words: &[&str]) {
    refused(&mut workspace.kiln(arguments), words);
    let output = workspace.kiln(arguments).output().unwrap();
    assert!(output.stdout.is_empty(), "{arguments}");
}

#[test]
fn a_network_that_takes_no_pictures_is_refused() {
    let workspace = Workspace::new();
    let network = kiln_core::Network::input(2, 4, 4).linear(2);
    let bytes = host::weights::ModelBytes::encode(&kiln_core::ModelParts {
        task: kiln_core::ModelTask::Classification,
        network: &network,
        scaling: &kiln_core::Scaling::uniform(2, 1.0, 0.0).unwrap(),
        class_names: &[],
        notes: "",
        parameters: &vec![0.0; network.parameters()],
    });
    workspace.write("two.kiln", bytes.unwrap().as_slice());
    GrayImage::new(4, 4).save(workspace.path("0.png")).unwrap();
    workspace.refuses("predict 0.png --weights two.kiln", &["2x4x4", "1 channel"]);
}
