use crate::support::{Workspace, read};
use kiln_core::LaneWidth;

/// The committed network of digits in integers.
const DIGITS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../firmware/assets/digits-int8.kiln"
);

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
    for width in LaneWidth::available() {
        let lanes = width.lanes();
        let narrow = workspace.json(&format!("{evaluate} --lanes {lanes}"));
        assert_eq!(narrow["lanes"], lanes);
        assert_eq!(narrow["logits_sha256"], one["logits_sha256"], "{lanes}");
    }
    assert_eq!(one["accuracy"].as_f64(), Some(accuracy("after")));
    assert_eq!(one["element"], "int8");
    let bytes = read(workspace.path("out.safetensors"));
    let outputs = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let codes = outputs.tensor("codes").unwrap();
    assert_eq!(codes.shape(), [1_000, 10]);
    assert!(codes.data().iter().any(|code| *code != codes.data()[0]));
    // What goes into flash with it, and what a device has to come to.
    let exported = workspace.json(
        "export --weights run/model-int8.kiln --dataset mnist --offline --samples 20 --out device",
    );
    assert!(exported["codes_crc32"].is_string() && exported["logits_crc32"].is_null());
    assert_eq!(exported["samples"], 20);
    let [model, own] = ["device/model.kiln", "run/model-int8.kiln"];
    assert!(read(workspace.path(model)) == read(workspace.path(own)));
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
        "export --weights small.kiln --to safetensors",
        &["small.kiln", "int8 model", "--to onnx or tflite"],
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

#[test]
fn a_training_quantises_its_network_as_the_command_does() {
    let workspace = Workspace::new();
    let trained = workspace.json("train mnist --offline --epochs 1 --quantize --out run");
    let quantized =
        workspace.json("quantize --weights run --dataset mnist --offline --out own.kiln");
    for key in ["scored", "ranges", "flash_bytes", "calibration_samples"] {
        assert_eq!(trained["int8"][key], quantized[key], "{key}");
    }
    let [int8, own] = ["run/model-int8.kiln", "own.kiln"].map(|name| read(workspace.path(name)));
    assert!(int8 == own);
    let config = String::from_utf8(read(workspace.path("run/config.toml"))).unwrap();
    assert!(config.contains("quantize = true\n"), "{config}");
    // The page tells of it, and is made again from the folder alone.
    let page = || String::from_utf8(read(workspace.path("run/report.html"))).unwrap();
    let first = page();
    assert!(first.contains("Eight-bit integers, test set"));
    assert!(first.contains("conv2d + relu + max_pool2d"));
    workspace.text("report run");
    assert_eq!(page(), first);
    // Without being asked it does not, and leaves none that is of other weights.
    let model = read(workspace.path("run/model.kiln"));
    workspace.text("train --config run/config.toml --quantize=false --out run");
    assert!(!workspace.path("run/model-int8.kiln").exists());
    assert!(read(workspace.path("run/model.kiln")) == model);
}

#[test]
fn an_int8_model_is_summed_up_with_the_bytes_it_takes_of_a_device() {
    let workspace = Workspace::new();
    workspace.write("digits.kiln", read(DIGITS));
    let report = workspace.json("summary digits.kiln");
    let weights = 72 + 1_152 + 51_200 + 1_280;
    let outputs = 8 + 16 + 128 + 10;
    let bytes = &report["bytes"];
    assert_eq!(report["element"], "int8");
    assert_eq!(report["macs"], 240_544);
    assert_eq!(bytes["weights"], weights);
    assert_eq!(bytes["biases"], 4 * outputs);
    assert_eq!(bytes["requantization"], 8 * outputs);
    assert_eq!(bytes["arena"], 2_448);
    let sum = |key: &str| -> u64 {
        let layers = report["layers"].as_array().unwrap().iter();
        layers.map(|layer| layer[key].as_u64().unwrap()).sum()
    };
    assert_eq!(sum("weight_bytes"), weights);
    assert_eq!(
        sum("bias_bytes") + sum("requantization_bytes"),
        12 * outputs
    );
    let flash = bytes["flash"].as_u64().unwrap();
    assert!((weights + 12 * outputs..60_000).contains(&flash), "{bytes}");
    let text = workspace.text("summary digits.kiln --board mps2-an386");
    for words in [
        "2,448 of 262,144 bytes of RAM with the input, beside 16,384 for stack and buffers: fits",
        "of 1,048,576 bytes of flash, beside 45,056 for the program: fits",
        "53,704",
        "51,200",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // A processor without the loops reads weights as they are.
    let portable = workspace.json("summary digits.kiln --board mps2-an385");
    assert_ne!(portable["bytes"]["flash"], bytes["flash"]);
    assert_eq!(
        portable["board"]["flash"]["needed"],
        portable["bytes"]["flash"]
    );
    workspace.refuses("summary digits.kiln --classes 3", &["--classes"]);
    workspace.refuses("bench digits.kiln --layers", &["digits.kiln", "--board"]);
}

#[test]
fn a_sweep_compares_networks_of_integers_by_their_bytes() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 20);
    workspace.write(
        "sweep.toml",
        "dataset = 'bars'\nboard = 'mps2-an386'\n[training]\nepochs = 3\nbatch = 4\n\
         [grid]\nquantize = [true, false]\nwidth = [4, 2000]\n\
         [model]\ninput = { channels = 1, height = 12, width = 12 }\n\
         [[model.layers]]\ntype = 'linear'\noutputs = '$width'\n\
         [[model.layers]]\ntype = 'linear'\noutputs = 3\n",
    );
    let report = workspace.json("sweep sweep.toml --parallel 2 --out out");
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 4);
    for run in runs {
        let parameters = run["parameters"].as_u64().unwrap();
        let (quantize, width) = (&run["values"]["quantize"], &run["values"]["width"]);
        let folder = format!("out/{}", run["run"].as_str().unwrap());
        let int8 = workspace.path(&format!("{folder}/model-int8.kiln"));
        assert_eq!(run["outcome"], "trained");
        assert_eq!(int8.exists(), quantize == true);
        if quantize == true {
            // A byte a weight; a bias, a multiplier and a shift an output.
            let outputs = width.as_u64().unwrap() + 3;
            assert_eq!(run["bytes"], parameters - outputs + 12 * outputs);
            assert_eq!(run["fits"], true);
            let own = format!("evaluate --weights {} --dataset bars", int8.display());
            assert!(workspace.json(&own)["accuracy"].as_f64().unwrap() > 0.5);
        } else {
            assert_eq!(run["bytes"], 4 * parameters);
            assert_eq!(run["fits"], width == 4);
        }
    }
}
