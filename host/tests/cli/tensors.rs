//! Datasets in safetensors files, through all commands that take one.

use crate::support::{Workspace, read};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;

type Tensor<'a> = (&'a str, Dtype, Vec<usize>, Vec<u8>);

fn save(workspace: &Workspace, name: &str, tensors: &[Tensor<'_>], classes: Option<&str>) {
    let views = tensors.iter().map(|(name, kind, shape, bytes)| {
        (*name, TensorView::new(*kind, shape.clone(), bytes).unwrap())
    });
    let metadata = classes.map(|classes| HashMap::from([("classes".into(), classes.into())]));
    workspace.write(name, safetensors::serialize(views, metadata).unwrap());
}

fn floats(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

/// Rows of 640 floats, by turns of class 0 and of class 1, which differ in their first half.
fn rows(count: usize) -> [Tensor<'static>; 2] {
    let value = |place: usize| {
        let (row, column) = (place / 640, place % 640);
        let noise = ((place * 7919) % 1013) as f32 / 1013.0 - 0.5;
        noise
            + if row % 2 == 1 && column < 320 {
                1.0
            } else {
                0.0
            }
    };
    let labels = (0..count).flat_map(|row| (row as i64 % 2).to_le_bytes());
    [
        (
            "input",
            Dtype::F32,
            vec![count, 640],
            floats((0..count * 640).map(value)),
        ),
        ("labels", Dtype::I64, vec![count], labels.collect()),
    ]
}

const ROWS_NETWORK: &str = "
input = { channels = 640, height = 1, width = 1 }
[[layers]]
type = \"linear\"
outputs = 8
[[layers]]
type = \"relu\"
[[layers]]
type = \"linear\"
outputs = 2
";

#[test]
fn bytes_train_to_the_bits_of_the_same_images() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 10);
    let evaluate = |run: &str, data: &str, more: &str| {
        workspace.json(&format!("evaluate --dataset {data} --weights {run} {more}"))
    };
    let images = workspace.json("train bars --epochs 2 --augment flip --out images");
    evaluate("images", "bars", "--outputs out.safetensors");
    let outputs = read(workspace.path("out.safetensors"));
    let outputs = SafeTensors::deserialize(&outputs).unwrap();
    let tensor = |from: &str, to: &'static str| {
        let tensor = outputs.tensor(from).unwrap();
        (
            to,
            tensor.dtype(),
            tensor.shape().to_vec(),
            tensor.data().to_vec(),
        )
    };
    let tensors = [tensor("pixels", "input"), tensor("labels", "labels")];
    save(
        &workspace,
        "bars.safetensors",
        &tensors,
        Some("class0\nclass1\nclass2"),
    );
    let bytes = workspace.json("train bars.safetensors --epochs 2 --augment flip --out bytes");
    assert_eq!(bytes["weights_sha256"], images["weights_sha256"]);
    let scored = evaluate("bytes", "bars.safetensors", "");
    let again = evaluate("images", "bars", "");
    for field in ["logits_sha256", "accuracy", "samples", "confusion"] {
        assert_eq!(scored[field], again[field], "{field}");
    }
    let image = read(workspace.path("bars/class1/image 3.png"));
    workspace.write("one.png", image);
    let found = workspace.json("predict one.png bars.safetensors one.png --weights bytes");
    let found = found["predictions"].as_array().unwrap();
    assert_eq!((found.len(), &found[31]["image"]), (32, &"one.png".into()));
    // The fourth image of the second class, among the samples and by itself.
    assert_eq!(found[14]["image"], "bars.safetensors[13]");
    assert_eq!(found[14]["top"], found[0]["top"]);
}

#[test]
fn floats_are_learnt_scored_and_told_apart() {
    let workspace = Workspace::new();
    let mut tensors = rows(60).to_vec();
    let [input, labels] = rows(20);
    tensors.push(("test_input", input.1, input.2, input.3));
    tensors.push(("test_labels", labels.1, labels.2, labels.3));
    save(&workspace, "rows.safetensors", &tensors, Some("calm\nloud"));
    workspace.write("net.toml", ROWS_NETWORK);
    let train = |more: &str| {
        workspace.json(&format!(
            "train rows.safetensors --model net.toml --epochs 4 {more}"
        ))
    };
    let wide = train("--out wide --threads 2");
    let narrow = train("--out narrow --threads 1 --lanes 1");
    assert_eq!(wide["weights_sha256"], narrow["weights_sha256"]);
    assert_eq!(wide["test_accuracy"], 1.0, "{wide}");
    let scored = workspace
        .json("evaluate --dataset rows.safetensors --weights wide --outputs out.safetensors");
    assert_eq!(
        (&scored["samples"], &scored["accuracy"]),
        (&20.into(), &1.0.into())
    );
    let outputs = read(workspace.path("out.safetensors"));
    let outputs = SafeTensors::deserialize(&outputs).unwrap();
    let pixels = outputs.tensor("pixels").unwrap();
    assert_eq!(
        (pixels.dtype(), pixels.data()),
        (Dtype::F32, &rows(20)[0].3[..])
    );
    let found = workspace.json("predict rows.safetensors --weights wide");
    let predictions = found["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), 60, "its training samples");
    assert_eq!(predictions[7]["image"], "rows.safetensors[7]");
    assert_eq!(predictions[7]["top"][0]["class"], "loud");
    let report = String::from_utf8(read(workspace.path("wide/report.html"))).unwrap();
    assert!(
        report.contains("The samples are no images"),
        "filters are left out"
    );
}

#[test]
fn a_uniform_scaling_survives_other_formats() {
    let workspace = Workspace::new();
    save(&workspace, "rows.safetensors", &rows(40), None);
    workspace.write("net.toml", ROWS_NETWORK);
    workspace.text("train rows.safetensors --model net.toml --epochs 1 --out run");
    let logits = |weights: &str| {
        let arguments = format!("evaluate --dataset rows.safetensors --weights {weights}");
        workspace.json(&arguments)["logits_sha256"].clone()
    };
    let own = logits("run");
    for format in ["safetensors", "onnx"] {
        workspace.text(&format!(
            "export --to {format} --weights run --out model.{format}"
        ));
        workspace.text(&format!("import model.{format} --out {format}.kiln"));
        assert_eq!(logits(&format!("{format}.kiln")), own, "{format}");
    }
}

#[test]
fn what_floats_cannot_do_is_refused_in_words() {
    let workspace = Workspace::new();
    save(&workspace, "rows.safetensors", &rows(40), None);
    save(&workspace, "unlabelled.safetensors", &rows(40)[..1], None);
    workspace.write("net.toml", ROWS_NETWORK);
    let refuses = |arguments: &str, words: &[&str]| workspace.refuses(arguments, words);
    let train = "train rows.safetensors --out run --epochs 1";
    refuses(
        &format!("{train} --model net.toml --augment flip"),
        &["--augment", "f32"],
    );
    refuses(
        &format!("{train} --size 8"),
        &["rows.safetensors", "640x1x1", "640x8x8"],
    );
    refuses(train, &["default network", "640x1x1", "--model"]);
    refuses(
        "train unlabelled.safetensors --model net.toml --out run",
        &["unlabelled.safetensors", "no labels"],
    );
    workspace.images("bars", 2, 10);
    workspace.text(&format!("{train} --model net.toml"));
    workspace.text("train bars --epochs 1 --out images");
    refuses(
        "evaluate --dataset rows.safetensors --weights images",
        &["rows.safetensors", "640x1x1", "1x12x12"],
    );
    refuses(
        "export --to firmware --dataset rows.safetensors --weights run --out out",
        &["f32", "device"],
    );
    refuses(
        "device evaluate --dataset rows.safetensors --weights run",
        &["f32", "device"],
    );
    workspace.write("cut.safetensors", [9; 5]);
    for command in [
        "evaluate --dataset cut.safetensors",
        "predict cut.safetensors",
    ] {
        refuses(
            &format!("{command} --weights run"),
            &["cut.safetensors", "no sound"],
        );
    }
}
