//! ONNX files as exporters write them, each with the outputs that onnxruntime gives beside it.

use crate::support::{Workspace, read};
use safetensors::SafeTensors;
use std::fs;
use std::path::{Path, PathBuf};

/// How far an output may be from onnxruntime's.
const BOUND: f64 = 2e-5;

/// A file of those kept beside this one.
fn kept(name: &str) -> PathBuf {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/cases");
    cases.join(name)
}

/// The outputs beside a model, a row for each image.
fn expected(model: &str) -> Vec<Vec<f64>> {
    let text = fs::read_to_string(kept(&format!("onnx/{model}.logits.csv"))).unwrap();
    let row = |line: &str| {
        line.split(',')
            .skip(1)
            .map(|it| it.parse().unwrap())
            .collect()
    };
    text.lines().map(row).collect()
}

/// The logits that a model gives for a folder of images.
fn logits(workspace: &Workspace, images: &Path) -> Vec<Vec<f64>> {
    let images = images.display();
    workspace.text(&format!(
        "evaluate --dataset {images} --weights m.kiln --outputs o.safetensors"
    ));
    let bytes = read(workspace.path("o.safetensors"));
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = file.tensor("logits").unwrap();
    let (values, _) = tensor.data().as_chunks::<4>();
    let values: Vec<f64> = values
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes).into())
        .collect();
    values
        .chunks(tensor.shape()[1])
        .map(<[f64]>::to_vec)
        .collect()
}

/// Imports a model; gives what was said.
fn import(workspace: &Workspace, model: &str) -> String {
    let file = kept(&format!("onnx/{model}.onnx"));
    workspace.text(&format!("import {} --out m.kiln", file.display()))
}

fn assert_close(model: &str, found: &[Vec<f64>], expected: &[Vec<f64>]) {
    assert_eq!(found.len(), expected.len(), "{model}");
    for (image, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.len(), expected.len(), "{model}");
        for (found, expected) in found.iter().zip(expected) {
            let apart = (found - expected).abs();
            assert!(
                apart <= BOUND,
                "{model}, image {image}: {found} / {expected}"
            );
        }
    }
}

/// Asserts that models give the logits beside them.
fn give_their_logits(models: &[&str], images: &str) {
    let workspace = Workspace::new();
    for model in models {
        import(&workspace, model);
        assert_close(model, &logits(&workspace, &kept(images)), &expected(model));
    }
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
    logits.iter().map(|logit| logit.exp() / total).collect()
}

/// Three classes of four images.
const SMALL: &str = "byte_order_mark/images";
const DIGITS: &str = "onnx/digits";

#[test]
fn padding_that_auto_pad_says() {
    let models = [
        "auto_pad_SAME_LOWER_3",
        "auto_pad_SAME_UPPER_3",
        "auto_pad_SAME_UPPER_5",
        "auto_pad_pool_SAME_UPPER_even",
        "leg_pad_same",
    ];
    give_their_logits(&models, SMALL);
}

#[test]
fn tensors_in_a_file_beside_the_graph() {
    give_their_logits(&["default_call"], SMALL);
}

#[test]
fn images_with_their_channels_last() {
    let workspace = Workspace::new();
    for (model, words) in [
        ("keras_inputs_as_nchw", "left out"),
        ("keras_transpose", "takes N x rows x columns x channels"),
    ] {
        let text = import(&workspace, model);
        assert!(text.contains(words), "{text}");
        let found: Vec<Vec<f64>> = logits(&workspace, &kept(DIGITS))
            .iter()
            .map(|logits| softmax(logits))
            .collect();
        assert_close(model, &found, &expected(model));
    }
}

#[test]
fn batch_norms_wherever_they_are() {
    let models = [
        "bn1d_on_flat_maps",
        "bn_after_avgpool_of_conv",
        "bn_after_relu_then_conv_nopad",
        "bn_after_relu_then_linear",
    ];
    give_their_logits(&models, SMALL);
}

#[test]
fn one_output_becomes_two_classes() {
    let workspace = Workspace::new();
    // As many classes as outputs, for evaluate.
    for (class, from) in ["c0", "c1"].into_iter().enumerate() {
        for image in 0..4 {
            let bytes = read(kept(&format!("{SMALL}/{from}/{image}.png")));
            workspace.write(&format!("images/{class}/{image}.png"), bytes);
        }
    }
    for (model, is_sigmoid) in [("one_logit", false), ("sigmoid_1out", true)] {
        let text = import(&workspace, model);
        assert!(
            text.contains("two classes: the model has two outputs"),
            "{text}"
        );
        let found = logits(&workspace, &workspace.path("images"));
        assert!(found.iter().all(|logits| logits[0] == 0.0));
        let probability = |logits: &Vec<f64>| vec![softmax(logits)[1]];
        let logit = |logits: &Vec<f64>| vec![logits[1]];
        let found: Vec<Vec<f64>> = match is_sigmoid {
            true => found.iter().map(probability).collect(),
            false => found.iter().map(logit).collect(),
        };
        assert_close(model, &found, &expected(model)[..8]);
    }
    let file = kept("onnx/one_logit.onnx");
    let names = format!("import {} --classes cat,dog --out m.kiln", file.display());
    workspace.text(&names);
    // Its logit is -1.33: the first class, with probability 1 / (1 + exp(-1.33)).
    let image = kept(&format!("{SMALL}/c0/0.png"));
    let text = workspace.text(&format!("predict {} --weights m.kiln", image.display()));
    assert!(text.contains("cat   79.15%"), "{text}");
    let refused = format!("import {} --classes dog --out n.kiln", file.display());
    workspace.refuses(&refused, &["--classes dog has 1 name", "2 classes"]);
}

#[test]
fn flattens_and_means_in_other_words() {
    let models = [
        "dyn_aap_squeeze_dyn",
        "dyn_amp1",
        "dyn_flatmean_dyn",
        "leg_aap_squeeze_fixed",
        "leg_flatmean_dyn",
        "leg_mean3mean2_fixed",
        "leg_reshape_shape0_dyn",
        "slice_shape_view",
    ];
    give_their_logits(&models, SMALL);
}

#[test]
fn constants_that_the_graph_computes() {
    give_their_logits(&["fp16_weight_cast", "reshaped_weight"], SMALL);
    give_their_logits(&["mnist_zoo_like"], DIGITS);
}

#[test]
fn nodes_and_outputs_that_tell_nothing_more() {
    give_their_logits(&["dead_node", "two_outputs_logits_probs"], SMALL);
}

#[test]
fn padding_that_is_not_below_the_kernel() {
    give_their_logits(&["pad_1x1"], SMALL);
}
