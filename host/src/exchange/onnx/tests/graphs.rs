//! Graphs made for one question each, on an input `x` of 1 x 4 x 4 and an output `y`.

use super::builder::*;
use super::*;
use kiln_core::MAX_NODES;
use message::{Attribute, Node};

#[test]
fn only_what_the_output_needs_is_read_whatever_its_order() {
    let nodes = vec![
        node("Relu", &["a"], "y", Vec::new()),
        node("Sqrt", &["a"], "unused", Vec::new()),
        conv("x", "a"),
    ];
    assert_eq!(network(nodes), "1x4x4 > conv2d 3x3 to 2, no bias > relu");
    let mut two = small_model(vec![
        conv("x", "a"),
        node("Flatten", &["a"], "y", Vec::new()),
        node("Softmax", &["y"], "p", Vec::new()),
    ]);
    two.graph.outputs.push(value("p", &[1, 8]));
    let one = read(&two.encode_to_vec()).unwrap();
    assert_eq!(one.network.to_string(), "1x4x4 > conv2d 3x3 to 2, no bias");
    two.graph.outputs.push(value("a", &[1, 8]));
    let error = read(&two.encode_to_vec()).unwrap_err();
    assert!(
        matches!(error, OnnxError::Several { found: 3, .. }),
        "{error}"
    );
}

#[test]
fn graphs_that_make_no_sense_are_refused_in_words() {
    let relu = |input, output| node("Relu", &[input], output, Vec::new());
    let cases = [
        (
            vec![relu("x", "y"), relu("x", "y")],
            "two values named \"y\"",
        ),
        (
            vec![relu("x", "+"), relu("+", "y")],
            "two values named \"+\"",
        ),
        (
            vec![relu("b", "a"), relu("a", "b"), relu("b", "y")],
            "node \"the_a\" (Relu): it reads what is computed from its own value",
        ),
        (
            vec![relu("z", "y")],
            "node \"the_y\" (Relu): it reads \"z\", which nothing",
        ),
        (
            vec![node("\u{1b}[2J", &["x"], "y", Vec::new())],
            "node \"the_y\" (\\u{1b}[2J): Kiln has no layer",
        ),
        (vec![relu("x", "a")], "output \"y\""),
        (
            vec![node("Identity", &["x"], "y", Vec::new())],
            "it has no layers",
        ),
        (
            vec![conv("x", "a"), node("Add", &["a", "x"], "y", Vec::new())],
            "node \"the_y\" (Add): 2x2x2 and 1x4x4 (channels x height x width) cannot be added",
        ),
        (
            vec![relu("x", "a"), node("Mul", &["a", "x"], "y", Vec::new())],
            "node \"the_y\" (Mul): its input 2 must be a constant",
        ),
        (
            vec![
                node("Sinh", &["two"], "a", Vec::new()),
                node("Add", &["x", "a"], "y", Vec::new()),
            ],
            "node \"the_a\" (Sinh): it computes a constant",
        ),
    ];
    for (nodes, expected) in cases {
        let message = refusal(nodes);
        assert!(message.contains(expected), "{message} / {expected}");
    }
}

#[test]
fn more_layers_than_a_network_has_are_refused_by_the_first_of_them() {
    let relus = |count: usize| {
        let name = |index: usize| match index {
            0 => "x".to_owned(),
            _ if index == count => "y".into(),
            _ => format!("v{index}"),
        };
        let each = 0..count;
        each.map(|index| node("Relu", &[&name(index)], &name(index + 1), Vec::new()))
            .collect()
    };
    assert_eq!(
        imported(relus(MAX_NODES)).unwrap().network.layers().len(),
        MAX_NODES
    );
    let message = refusal(relus(MAX_NODES + 1));
    assert!(message.contains("node \"the_y\" (Relu)"), "{message}");
    assert!(message.contains("more than 192 layers"), "{message}");
    // With batch normalisations that stay there are too many only in the end.
    let mut nodes: Vec<Node> = relus(MAX_NODES);
    nodes.pop();
    let last = nodes.last().unwrap().outputs[0].clone();
    let inputs = [&last, "one", "one", "one", "one"];
    nodes.push(node("BatchNormalization", &inputs, "b", Vec::new()));
    nodes.push(node("Relu", &["b"], "y", Vec::new()));
    let mut small = small_model(nodes);
    small.graph.tensors.push(tensor("one", &[1], &[1.0]));
    let error = read(&small.encode_to_vec()).unwrap_err();
    assert!(matches!(error, OnnxError::TooManyLayers), "{error}");
}

#[test]
fn batch_norms_go_back_through_pools_where_that_changes_nothing() {
    let conv_then =
        |pool: Node, weight| network(vec![conv("x", "a"), pool, norm("b", weight, "y")]);
    let max = || pool("MaxPool", "a", "b");
    assert_eq!(
        conv_then(max(), "+"),
        "1x4x4 > conv2d 3x3 to 2 > max_pool2d 2x2, stride 1x1"
    );
    assert_eq!(
        conv_then(max(), "-"),
        "1x4x4 > conv2d 3x3 to 2, no bias > max_pool2d 2x2, stride 1x1 > scale_shift"
    );
    let mean = |attributes: Vec<Attribute>| {
        let mut mean = pool("AveragePool", "a", "b");
        mean.attributes.extend(attributes);
        conv_then(mean, "-")
    };
    let pads = || ints("pads", &[1, 0, 0, 0]);
    let folded = "1x4x4 > conv2d 3x3 to 2 > avg_pool2d 2x2, stride 1x1";
    assert_eq!(mean(Vec::new()), folded);
    let padded = ", padding 1 0 0 0, padding not counted";
    assert_eq!(mean(vec![pads()]), format!("{folded}{padded}"));
    assert_eq!(
        mean(vec![pads(), int("count_include_pad", 1)]),
        "1x4x4 > conv2d 3x3 to 2, no bias > avg_pool2d 2x2, stride 1x1, padding 1 0 0 0 > \
         scale_shift"
    );
}

#[test]
fn a_norm_of_flattened_maps_goes_into_the_linear_layer_alone() {
    let scales: Vec<f32> = (1_u8..=8).map(f32::from).collect();
    let weights: Vec<f32> = (0_u8..16).map(f32::from).collect();
    let with = |nodes: Vec<Node>| {
        let mut small = small_model(nodes);
        small.graph.tensors.push(tensor("s", &[8], &scales));
        small.graph.tensors.push(tensor("fc", &[8, 2], &weights));
        read(&small.encode_to_vec())
    };
    let flat = || vec![conv("x", "a"), node("Flatten", &["a"], "b", Vec::new())];
    let mut nodes = flat();
    nodes.push(node("Add", &["b", "s"], "c", Vec::new()));
    nodes.push(node("Mul", &["s", "c"], "d", Vec::new()));
    nodes.push(node("MatMul", &["d", "fc"], "y", Vec::new()));
    let imported = with(nodes).unwrap();
    assert_eq!(
        imported.network.to_string(),
        "1x4x4 > conv2d 3x3 to 2, no bias > linear 2"
    );
    let rows: Vec<f32> = (0..16)
        .map(|place| scales[place % 8] * weights[place % 8 * 2 + place / 8])
        .collect();
    assert_eq!(imported.parameters[18..34], rows);
    let bias = |row: usize| -> f32 { (0..8).map(|it| rows[row * 8 + it] * scales[it]).sum() };
    assert_eq!(imported.parameters[34..], [bias(0), bias(1)]);
    let mut nodes = flat();
    nodes.push(node("Mul", &["b", "s"], "c", Vec::new()));
    nodes.push(node("Relu", &["c"], "y", Vec::new()));
    let message = with(nodes).unwrap_err().to_string();
    let expected = "node \"the_c\" (Mul): it scales each value of flattened maps";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn zeros_become_the_padding_of_what_reads_them() {
    let pad = |input, sides: &[i64]| node("Pad", &[input], "p", vec![ints("pads", sides)]);
    let above = [0, 0, 2, 0, 0, 0, 0, 1];
    let mut padded = conv("p", "y");
    padded.attributes.push(ints("pads", &[1, 1, 1, 1]));
    assert_eq!(
        network(vec![pad("x", &above), padded]),
        "1x4x4 > conv2d 3x3 to 2, padding 3 1 1 2, no bias"
    );
    let mut same = conv("p", "y");
    same.attributes = vec![text("auto_pad", "SAME_LOWER"), ints("strides", &[2, 2])];
    // Of 6x5 with the zeros: one more row above, and a column before and behind.
    assert_eq!(
        network(vec![pad("x", &above), same]),
        "1x4x4 > conv2d 3x3 to 2, stride 2x2, padding 3 1 0 2, no bias"
    );
    let corner = [0, 0, 1, 1, 0, 0, 0, 0];
    assert_eq!(
        network(vec![pad("x", &corner), pool("AveragePool", "p", "y")]),
        "1x4x4 > avg_pool2d 2x2, stride 1x1, padding 1 1 0 0"
    );
    let relu = node("Relu", &["x"], "r", Vec::new());
    assert_eq!(
        network(vec![relu, pad("r", &corner), pool("MaxPool", "p", "y")]),
        "1x4x4 > relu > max_pool2d 2x2, stride 1x1, padding 1 1 0 0"
    );
    for reader in [
        pool("MaxPool", "p", "y"),
        node("Relu", &["p"], "y", Vec::new()),
    ] {
        let message = refusal(vec![pad("x", &corner), reader]);
        assert!(
            message.contains("\"the_y\"") && message.contains("a Pad adds zeros"),
            "{message}"
        );
    }
    for (sides, expected) in [
        ([0, 1, 0, 0, 0, 0, 0, 0], "its pads is"),
        ([0, 0, -1, 0, 0, 0, 0, 0], "its pads is"),
        ([0, 0, 65_535, 0, 0, 0, 1, 0], "65535 rows"),
    ] {
        let message = refusal(vec![pad("x", &sides), conv("p", "y")]);
        assert!(message.contains("node \"the_p\" (Pad)"), "{message}");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_clip_is_one_of_the_two_relus_or_refused() {
    let clip = |bounds: &[&str]| {
        vec![node(
            "Clip",
            &[&["x"][..], bounds].concat(),
            "y",
            Vec::new(),
        )]
    };
    let with = |bounds: &[&str]| {
        let mut small = small_model(clip(bounds));
        small.graph.tensors.push(tensor("zero", &[], &[0.0]));
        small.graph.tensors.push(tensor("six", &[1], &[6.0]));
        read(&small.encode_to_vec()).map(|imported| imported.network.to_string())
    };
    assert_eq!(with(&["zero", "six"]).unwrap(), "1x4x4 > relu6");
    assert_eq!(with(&["zero"]).unwrap(), "1x4x4 > relu");
    for bounds in [["zero", "two"], ["two", "six"], ["", "six"]] {
        let message = with(&bounds).unwrap_err().to_string();
        assert!(message.contains("0 to 6, or 0 and no limit"), "{message}");
    }
}
