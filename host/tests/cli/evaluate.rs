use crate::support::Workspace;
use kiln::LaneWidth;

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
}
