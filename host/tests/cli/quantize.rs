use crate::support::Workspace;

#[test]
fn a_quantised_network_scores_nearly_as_well_and_is_a_model_like_any() {
    let workspace = Workspace::new();
    let trained = workspace.json("train mnist --offline --epochs 2 --out run");
    let quantized =
        workspace.json("quantize --weights run --dataset mnist --offline --samples 200");
    let scored = &quantized["scored"];
    let accuracy = |at: &str| scored[at]["accuracy"].as_f64().unwrap();
    assert_eq!(scored["before"]["accuracy"], trained["test_accuracy"]);
    assert!(accuracy("before") - accuracy("after") <= 0.003, "{scored}");
    assert!(quantized["flash_bytes"].as_u64().unwrap() < 57_000);
    assert!(quantized["arena_bytes"].as_u64().unwrap() <= 2_800);
    assert_eq!(quantized["layers"].as_array().unwrap().len(), 4);
    let evaluate = "evaluate --weights run/model-int8.kiln --dataset mnist --offline";
    let one = workspace.json(&format!("{evaluate} --threads 1 --outputs out.safetensors"));
    let two = workspace.json(&format!("{evaluate} --threads 2"));
    assert_eq!(one["logits_sha256"], two["logits_sha256"]);
    assert_eq!(one["accuracy"].as_f64(), Some(accuracy("after")));
    assert_eq!(one["element"], "int8");
    let bytes = crate::support::read(workspace.path("out.safetensors"));
    let outputs = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let codes = outputs.tensor("codes").unwrap();
    assert_eq!(codes.shape(), [1_000, 10]);
    assert!(codes.data().iter().any(|code| *code != codes.data()[0]));
    // Its own file is not written over unasked.
    workspace.refuses(
        "quantize --weights run --dataset mnist --offline",
        &["model-int8.kiln is there already", "--out"],
    );
}

#[test]
fn what_cannot_be_quantised_is_refused_in_words() {
    let workspace = Workspace::new();
    workspace.text("train mnist --offline --epochs 1 --out run");
    workspace.text("quantize --weights run --dataset mnist --offline --out small.kiln");
    let again = "quantize --weights small.kiln --dataset mnist --offline --out again.kiln";
    workspace.refuses(again, &["small.kiln", "int8 network"]);
    workspace.refuses(
        "export --weights small.kiln --to onnx",
        &["small.kiln", "int8 network"],
    );
    workspace.images("bars", 3, 4);
    workspace.refuses(
        "quantize --weights run --dataset bars --out bars.kiln",
        &["10 classes", "3 classes"],
    );
    workspace.refuses(
        "quantize --weights run --dataset mnist --offline --samples 0",
        &["--samples"],
    );
}
