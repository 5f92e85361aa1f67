use crate::support::{RUN_FILES, Workspace, read};
use kiln_core::LaneWidth;
use serde_json::Value;

const DIGITS: &str = "train mnist --offline --epochs 1";

#[test]
fn embedded_digits_are_learnt_and_scored_on_their_test_set() {
    let workspace = Workspace::new();
    let report = workspace.json("train mnist --offline --epochs 2 --out run");
    assert_eq!(report["dataset"], "mnist");
    assert!(
        report["source"]
            .as_str()
            .unwrap()
            .contains("5,000 digits embedded")
    );
    assert_eq!(report["parameters"], 53_866);
    assert_eq!(report["macs"], 240_544);
    assert!(report["load_seconds"].as_f64().unwrap() < 5.0);
    assert!(report["samples_per_second"].as_f64().unwrap() > 0.0);
    let epochs = report["epochs"].as_array().unwrap();
    assert_eq!(epochs.len(), 2);
    for field in [
        "train_loss",
        "train_accuracy",
        "validation_loss",
        "validation_accuracy",
        "seconds",
    ] {
        assert!(epochs[1][field].as_f64().unwrap() > 0.0, "{field}");
    }
    assert!(report["test_accuracy"].as_f64().unwrap() > 0.85, "{report}");
    assert_eq!(report["weights_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(workspace.names("run"), RUN_FILES);
    assert_eq!(workspace.names("."), ["run"], "only --out is written");
}

#[test]
fn the_printed_table_is_aligned_and_complete() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 20);
    let text = workspace.text("train bars --epochs 3 --out run");
    let table: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("epoch"))
        .take(4)
        .collect();
    assert_eq!(table.len(), 4, "{text}");
    assert!(
        table.iter().all(|row| row.len() == table[0].len()),
        "{text}"
    );
    for word in [
        "data ",
        "bars",
        "60 samples of 1x12x12",
        "3 classes",
        " MACs",
        " FLOPs",
        "saved",
        "report     run/report.html",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let metrics = String::from_utf8(read(workspace.path("run/metrics.csv"))).unwrap();
    assert_eq!(metrics.lines().count(), 4);
    assert!(metrics.starts_with("epoch,train_loss,train_accuracy,validation_loss"));
}

#[test]
fn a_config_runs_again_to_the_same_bits() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 20);
    let first = workspace
        .json("train bars --epochs 2 --batch 7 --lr 0.031 --schedule step:1:0.3 --seed 9 --out a");
    let again = workspace.json("train --config a/config.toml --threads 1 --lanes 1 --out b");
    let other = workspace.json("train --config a/config.toml --seed 10 --out c");
    let augmented = workspace.json("train --config a/config.toml --augment photos --out d");
    let repeated = workspace.json("train --config d/config.toml --threads 1 --lanes 1 --out e");
    assert_eq!(first["weights_sha256"], again["weights_sha256"]);
    assert_ne!(first["weights_sha256"], other["weights_sha256"]);
    assert_ne!(first["weights_sha256"], augmented["weights_sha256"]);
    assert_eq!(repeated["weights_sha256"], augmented["weights_sha256"]);
    assert_eq!(
        read(workspace.path("a/model.kiln")),
        read(workspace.path("b/model.kiln"))
    );
}

#[test]
fn nesterov_and_a_warm_up_by_share_are_recorded_and_change_the_bits() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 20);
    let sha = |command: &str| workspace.json(command)["weights_sha256"].clone();
    let plain = sha("train bars --epochs 2 --batch 7 --schedule constant --out a");
    let nesterov = sha("train --config a/config.toml --nesterov --out b");
    let risen = sha("train --config b/config.toml --schedule cosine:40% --out c");
    assert_ne!(plain, nesterov);
    assert_ne!(nesterov, risen);
    assert_eq!(
        sha("train --config c/config.toml --threads 1 --out d"),
        risen
    );
    assert_eq!(
        sha("train --config b/config.toml --nesterov=false --out e"),
        plain
    );
    let config = |run: &str| String::from_utf8(read(workspace.path(run))).unwrap();
    assert!(config("c/config.toml").contains("nesterov = true\n"));
    assert!(config("c/config.toml").contains("schedule = \"cosine:40%\"\n"));
    for setting in ["nesterov", "loss", "label_smoothing"] {
        assert!(!config("e/config.toml").contains(setting), "{setting}");
    }
}

#[test]
fn a_repeated_run_on_other_samples_says_so() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.text("train bars --epochs 1 --out a");
    workspace.images("bars", 2, 11);
    let text = workspace.text("train --config a/config.toml --out b");
    assert!(
        text.contains("not the samples of the run in --config"),
        "{text}"
    );
}

#[test]
fn threads_and_lanes_do_not_show_in_the_bits() {
    let workspace = Workspace::new();
    let hash = |arguments: String| {
        let report = workspace.json(&format!("{DIGITS} --batch 50 --out run {arguments}"));
        report["weights_sha256"].clone()
    };
    let reference = hash("--threads 1 --lanes auto".into());
    assert_eq!(hash("--threads 2".into()), reference);
    for width in LaneWidth::available() {
        assert_eq!(
            hash(format!("--threads 2 --lanes {}", width.lanes())),
            reference,
            "{width:?}"
        );
    }
    assert_ne!(hash("--seed 2".into()), reference);
}

#[test]
fn a_network_can_be_written_by_hand() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.write(
        "network.toml",
        "input = { channels = 3, height = 8, width = 8 }\n\
         [[layers]]\ntype = 'conv2d'\nfilters = 6\nkernel = [3, 2]\npadding = 1\ngroups = 3\n\
         [[layers]]\ntype = 'relu'\n\
         [[layers]]\ntype = 'global_avg_pool2d'\n\
         [[layers]]\ntype = 'linear'\noutputs = 2\n",
    );
    let text = workspace.text("train bars --model network.toml --epochs 1 --out run");
    assert!(
        text.contains("resized 20 of 20 images from 12x12 to 8x8"),
        "{text}"
    );
    assert!(text.contains("56 parameters"), "{text}");
}

#[test]
fn a_run_says_how_it_went_and_its_folder_stands_for_its_model() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 20);
    let text = workspace.text("train bars --epochs 20 --lr 0.1 --batch 4 --out run");
    let lines = [
        "\nvalidated  ",
        "\nnext       kiln predict IMAGE… --weights run\n",
    ];
    for line in lines {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("guessing"), "{text}");
    let images = workspace.path("bars/class0/image 0.png");
    std::fs::copy(images, workspace.path("image.png")).unwrap();
    for command in [
        "predict image.png --weights run",
        "summary run",
        "evaluate --dataset bars --weights run",
    ] {
        assert!(!workspace.text(command).is_empty(), "{command}");
    }
    let scored = workspace.text("evaluate --dataset bars --weights run");
    assert!(scored.contains("no test set of its own"), "{scored}");
    let idle = workspace.text("train bars --epochs 1 --lr 1e-9 --out idle");
    assert!(idle.contains("guessing among 2 classes"), "{idle}");
    assert!(idle.contains("a lower --lr than 0.000000001"), "{idle}");
    workspace.write("open/checkpoint.kiln-run", "");
    workspace.refuses(
        "evaluate --dataset bars --weights open",
        &["open", "unfinished", "kiln train --resume open"],
    );
    workspace.refuses(
        "predict image.png --weights open",
        &["open/checkpoint.kiln-run", "no checkpoint of Kiln"],
    );
}

#[test]
fn photographs_are_reduced_unless_another_size_is_wanted() {
    let workspace = Workspace::new();
    for class in ["cats", "dogs"] {
        for number in 0..5 {
            let path = workspace.path(&format!("pictures/{class}/{number}.png"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            image::GrayImage::new(80, 65).save(path).unwrap();
        }
    }
    let text = workspace.text("train pictures --epochs 1 --out run");
    for line in [
        "10 samples of 1x32x32",
        "resized 10 of 10 images from 80x65 to 32x32",
        "--size SIZE takes another size than 32x32",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    for (size, shape) in [("own", "1x65x80"), ("24x20", "1x20x24"), ("64", "1x64x64")] {
        let text = workspace.text(&format!(
            "train pictures --epochs 1 --size {size} --out run"
        ));
        assert!(text.contains(&format!("10 samples of {shape}")), "{text}");
        assert!(!text.contains("--size"), "{text}");
    }
    let again = workspace.text("train --config run/config.toml --out again");
    assert!(again.contains("10 samples of 1x64x64"), "{again}");
    workspace.refuses(
        "train --config run/config.toml --size 32",
        &["--size", "run/config.toml", "input of its own"],
    );
    workspace.refuses("train pictures --size 0", &["--size", "not a size"]);
    workspace.refuses(
        "train pictures --augment shift:20 --size 40x20",
        &["--augment shift:20", "below 20", "smaller side"],
    );
}

#[test]
fn without_validation_there_are_no_validation_numbers() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    let report = workspace.json("train bars --epochs 1 --validation 0 --out run");
    assert_eq!(report["epochs"][0]["validation_accuracy"], Value::Null);
    assert_eq!(report["train_samples"], 20);
    assert!(report.get("test_accuracy").is_none());
}

#[test]
fn a_run_goes_to_a_folder_of_its_own_unless_told_otherwise() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.text("train bars --epochs 1");
    workspace.text("train bars --epochs 1");
    let runs = workspace.names("runs");
    assert_eq!(runs.len(), 2);
    assert!(
        runs.iter().all(|name| name.starts_with("bars-2")),
        "{runs:?}"
    );
}

#[test]
fn an_earlier_run_is_replaced() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.text("train bars --epochs 1 --out run");
    let first = read(workspace.path("run/model.kiln"));
    workspace.text("train bars --epochs 1 --seed 2 --out run");
    assert_ne!(read(workspace.path("run/model.kiln")), first);
    assert_eq!(workspace.names("run"), RUN_FILES);
}
