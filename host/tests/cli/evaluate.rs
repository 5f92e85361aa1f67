use crate::support::Workspace;
use kiln_core::LaneWidth;
use serde_json::Value;

#[test]
fn a_trained_model_scores_what_training_said() {
    let workspace = Workspace::new();
    let trained = workspace.json("train mnist --offline --epochs 1 --out run");
    let scored = workspace.json("evaluate --dataset mnist --offline --weights run/model.kiln");
    assert_eq!(scored["samples"], 1_000);
    assert_eq!(scored["accuracy"], trained["test_accuracy"]);
    assert_eq!(scored["loss"], trained["test_loss"]);
    assert_eq!(scored["weights_sha256"], trained["weights_sha256"]);
    let correct = scored["correct"].as_f64().unwrap();
    assert_eq!(scored["accuracy"].as_f64().unwrap(), correct / 1_000.0);
    assert!(scored["load_seconds"].as_f64().unwrap() >= 0.0);
    for width in LaneWidth::available() {
        let again = workspace.json(&format!(
            "evaluate --dataset mnist --offline --weights run/model.kiln --threads 2 --lanes {}",
            width.lanes()
        ));
        assert_eq!(again["logits_sha256"], scored["logits_sha256"], "{width:?}");
    }
}

#[test]
fn a_folder_of_images_is_scored_whole_and_resized_aloud() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 20);
    let trained = workspace.json("train bars --epochs 20 --out run");
    assert_eq!(trained["train_samples"], 54);
    let text = workspace.text("evaluate --dataset bars --weights run/model.kiln");
    assert!(
        text.contains("scored     100.00% of 60 samples (60 correct)"),
        "{text}"
    );
    let table = [
        "confusion  a row for each true class, a column for each predicted one",
        "",
        "         class0  class1  class2",
        "────────────────────────────────",
        " class0      20       ·       ·",
        " class1       ·      20       ·",
        " class2       ·       ·      20",
        "",
        "confused   no class with another",
        "",
    ];
    assert!(text.ends_with(&table.join("\n")), "{text}");
}

const SCORE: &str = "evaluate --dataset mnist --offline --weights run/model.kiln";

#[test]
fn confused_classes_are_counted_and_told() {
    let workspace = Workspace::new();
    workspace.text("train mnist --offline --epochs 1 --out run");
    let scored = workspace.json(SCORE);
    let matrix: Vec<Vec<u64>> = serde_json::from_value(scored["confusion"].clone()).unwrap();
    assert_eq!(matrix.len(), 10);
    let right: u64 = (0..10).map(|class| matrix[class][class]).sum();
    assert_eq!(scored["correct"], right);
    let classes = scored["per_class"].as_array().unwrap();
    assert_eq!(classes.len(), 10);
    for (class, report) in classes.iter().enumerate() {
        // The test set has a hundred of each.
        assert_eq!(matrix[class].iter().sum::<u64>(), 100);
        assert_eq!(report["name"], class.to_string());
        assert_eq!(report["samples"], 100);
        let hits = matrix[class][class] as f64;
        let predicted: u64 = matrix.iter().map(|row| row[class]).sum();
        assert_eq!(report["recall"], hits / 100.0);
        assert_eq!(report["precision"], hits / predicted as f64);
    }

    let text = workspace.text(SCORE);
    let rows = text.lines().skip_while(|line| !line.starts_with('─'));
    for ((class, counts), row) in matrix.iter().enumerate().zip(rows.skip(1)) {
        let shown = counts.iter().map(|count| match count {
            0 => "·".to_string(),
            count => count.to_string(),
        });
        let expected: Vec<String> = [class.to_string()].into_iter().chain(shown).collect();
        let found: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(found, expected, "{text}");
    }
    let told: Vec<&str> = text.lines().filter(|line| line.contains("taken")).collect();
    assert_eq!(told.len(), 5, "{text}");
    assert!(told[0].starts_with("confused   "), "{text}");
    let errors = (0..10).flat_map(|truth| {
        let row = matrix[truth].iter().enumerate();
        row.filter(move |(predicted, _)| *predicted != truth)
            .map(|(_, count)| *count)
    });
    // Of a hundred, a count is a percentage.
    let most = errors.max().unwrap();
    let end = format!(": {most} times, {most}.0% of the ");
    assert!(told[0].contains(&end), "{text}");
}

#[test]
fn of_many_classes_only_the_pairs_are_told() {
    let workspace = Workspace::new();
    workspace.images("bars", 13, 4);
    workspace.text("train bars --epochs 1 --out run");
    let arguments = "evaluate --dataset bars --weights run/model.kiln";
    let text = workspace.text(arguments);
    assert!(!text.contains('─') && text.contains("taken for"), "{text}");
    assert!(text.contains("% of class class"), "{text}");
    let scored = workspace.json(arguments);
    assert_eq!(scored["confusion"].as_array().unwrap().len(), 13);
    // A class that nothing was predicted to be of has no precision.
    let classes = scored["per_class"].as_array().unwrap();
    assert!(
        classes
            .iter()
            .any(|class| class["precision"] == Value::Null)
    );
}

#[cfg(target_os = "linux")]
#[test]
fn colours_are_for_terminals_that_want_them() {
    let workspace = Workspace::new();
    workspace.text("train mnist --offline --epochs 1 --out run");
    let coloured = workspace.on_terminal(SCORE, &[]);
    assert!(coloured.contains("\u{1b}[1m"), "{coloured}");
    assert!(coloured.contains("\u{1b}[31m"), "{coloured}");
    let piped = workspace.text(SCORE);
    for plain in [
        workspace.on_terminal(SCORE, &[("NO_COLOR", "1")]),
        workspace.on_terminal(SCORE, &[("TERM", "dumb")]),
        console::strip_ansi_codes(&coloured).into(),
        piped.clone(),
    ] {
        assert!(!plain.contains('\u{1b}'), "{plain}");
        let confused = |text: &str| -> Vec<String> {
            let lines = text.lines().map(|line| line.trim_end().to_string());
            lines
                .skip_while(|line| !line.starts_with("confusion"))
                .collect()
        };
        assert_eq!(confused(&plain), confused(&piped));
    }
}
