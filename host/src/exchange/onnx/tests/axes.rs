//! The same values by other axes: channels last, flattened, squeezed, reduced.

use super::super::message::*;
use super::builder::*;
use super::*;

/// A model on N x 2 x 3 x 2 whose input has these extents, with matrices and constants.
fn model(dims: &[i64], nodes: Vec<Node>) -> Model {
    let mut model = small_model(nodes);
    model.graph.inputs = vec![value("x", dims)];
    let ramp = |count: u8| (0..count).map(f32::from).collect::<Vec<f32>>();
    let whole = |name: &str, values: &[i64]| TensorMessage {
        dims: vec![values.len() as i64],
        kind: I64,
        name: name.into(),
        ints: values.to_vec(),
        ..TensorMessage::default()
    };
    model.graph.tensors.extend([
        tensor("fc", &[12, 1], &ramp(12)),
        tensor("pixel", &[2, 3], &ramp(6)),
        tensor("one", &[2, 2, 1, 1], &ramp(4)),
        whole("row", &[-1, 12]),
        whole("maps", &[0, 2, 6]),
        whole("halves", &[0, 1, 2, 6]),
        whole("parted", &[0, 4, 3]),
    ]);
    model
}

fn result(dims: &[i64], nodes: Vec<Node>) -> Result<Imported, OnnxError> {
    read(&model(dims, nodes).encode_to_vec())
}

fn parameters(dims: &[i64], nodes: Vec<Node>) -> (String, Vec<f32>) {
    let imported = result(dims, nodes).unwrap();
    (imported.network.to_string(), imported.parameters)
}

fn plain(operator: &str, input: &str, output: &str) -> Node {
    node(operator, &[input], output, Vec::new())
}

fn transpose(input: &str, output: &str, order: &[i64]) -> Node {
    node("Transpose", &[input], output, vec![ints("perm", order)])
}

fn refused(dims: &[i64], nodes: Vec<Node>, expected: &str) {
    let message = result(dims, nodes).unwrap_err().to_string();
    assert!(message.contains(expected), "{message} / {expected}");
}

const FIRST: [i64; 4] = [1, 2, 3, 2];
const LAST: [i64; 4] = [1, 3, 2, 2];

#[test]
fn a_matrix_behind_channels_last_has_its_columns_in_another_order() {
    let product = |input: &str| node("MatMul", &[input, "fc"], "y", Vec::new());
    let nodes = || {
        vec![
            plain("Relu", "x", "r"),
            transpose("r", "t", &[0, 2, 3, 1]),
            node("Reshape", &["t", "row"], "f", Vec::new()),
            product("f"),
        ]
    };
    // A row of the matrix for each of rows, columns and then channels.
    let order: Vec<f32> = [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]
        .map(|it| it as f32)
        .into();
    let expected = ("2x3x2 > relu > linear 1, no bias".to_owned(), order.clone());
    assert_eq!(parameters(&FIRST, nodes()), expected);
    let nodes = vec![
        node("Conv", &["c", "one"], "d", Vec::new()),
        transpose("x", "c", &[0, 3, 1, 2]),
        transpose("d", "e", &[0, 2, 3, 1]),
        plain("Flatten", "e", "f"),
        product("f"),
    ];
    let imported = result(&LAST, nodes).unwrap();
    assert_eq!(
        imported.network.to_string(),
        "2x3x2 > conv2d 1x1 to 2, no bias > linear 1, no bias"
    );
    assert_eq!(imported.parameters[4..], order);
    assert!(imported.ends.is_channels_last);
    assert!(imported.remarks[0].contains("rows x columns x channels"));
}

#[test]
fn a_matrix_for_each_pixel_is_a_convolution() {
    let nodes = vec![
        transpose("x", "t", &[0, 2, 3, 1]),
        node("MatMul", &["t", "pixel"], "m", Vec::new()),
        transpose("m", "y", &[0, 3, 1, 2]),
    ];
    let expected = vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0];
    assert_eq!(
        parameters(&FIRST, nodes),
        ("2x3x2 > conv2d 1x1 to 3, no bias".into(), expected)
    );
}

#[test]
fn means_and_maxima_over_maps_are_pools_however_they_are_told() {
    let reduce = |operator, input, output, axes: &[i64], keeps| {
        let attributes = vec![ints("axes", axes), int("keepdims", keeps)];
        node(operator, &[input], output, attributes)
    };
    let reshape = || node("Reshape", &["x", "maps"], "a", Vec::new());
    for (nodes, expected) in [
        (
            vec![
                reduce("ReduceMean", "x", "a", &[3], 0),
                reduce("ReduceMean", "a", "y", &[2], 0),
            ],
            "global_avg_pool2d",
        ),
        (
            vec![
                reduce("ReduceMean", "x", "a", &[-2], 1),
                reduce("ReduceMean", "a", "y", &[3], 1),
            ],
            "global_avg_pool2d",
        ),
        (
            vec![reshape(), reduce("ReduceMean", "a", "y", &[-1], 0)],
            "global_avg_pool2d",
        ),
        (
            vec![reduce("ReduceMax", "x", "y", &[2, 3], 0)],
            "max_pool2d 3x2",
        ),
        (vec![plain("GlobalMaxPool", "x", "y")], "max_pool2d 3x2"),
        (
            vec![reduce("ReduceMean", "x", "y", &[3], 0)],
            "avg_pool2d 1x2",
        ),
    ] {
        assert_eq!(parameters(&FIRST, nodes).0, format!("2x3x2 > {expected}"));
    }
    let channels = vec![reduce("ReduceMean", "x", "y", &[1], 1)];
    refused(&FIRST, channels, "its axes is 1, but only rows and columns");
}

/// Four columns might be colours: the axes in a node of their own tell that they are none.
#[test]
fn a_constant_node_tells_where_the_channels_are() {
    let nodes = |axes: &[i64]| {
        vec![
            node("Constant", &[], "axes", vec![ints("value_ints", axes)]),
            node("ReduceMean", &["x", "axes"], "y", vec![int("keepdims", 0)]),
        ]
    };
    let dims = [1, 2, 12, 4];
    let expected = "2x12x4 > global_avg_pool2d";
    assert_eq!(parameters(&dims, nodes(&[2, 3])).0, expected);
    let expected = "4x2x12 > global_avg_pool2d";
    assert_eq!(parameters(&dims, nodes(&[1, 2])).0, expected);
}

#[test]
fn axes_that_no_layer_reads_are_refused_in_words() {
    let convolution = |input: &str| node("Conv", &[input, "one"], "y", Vec::new());
    let nodes = vec![
        plain("Relu", "x", "r"),
        transpose("r", "t", &[0, 1, 3, 2]),
        convolution("t"),
    ];
    refused(
        &FIRST,
        nodes,
        "its input lies as N x channels x columns x rows; a layer reads",
    );
    let nodes = vec![node("Reshape", &["x", "parted"], "y", Vec::new())];
    refused(
        &FIRST,
        nodes,
        "it reshapes N x channels x rows x columns to [N, 4, 3]; only axes",
    );
    let nodes = vec![plain("Relu", "x", "r"), transpose("r", "y", &[0, 2, 3, 1])];
    refused(&FIRST, nodes, "output \"y\"");
    let nodes = vec![node("ConvTranspose", &["x", "one"], "y", Vec::new())];
    refused(
        &FIRST,
        nodes,
        "node \"the_y\" (ConvTranspose): Kiln has no layer for it",
    );
    let nodes = vec![plain("Sigmoid", "x", "y")];
    refused(&FIRST, nodes, "it gives 12 outputs a probability each");
    let nodes = vec![
        node("Reshape", &["x", "halves"], "a", Vec::new()),
        plain("Relu", "a", "y"),
    ];
    assert_eq!(parameters(&FIRST, nodes).0, "2x3x2 > relu");
}

#[test]
fn outputs_that_tell_the_same_are_one() {
    let outputs = |names: &[&str]| {
        let mut model = model(
            &FIRST,
            vec![
                plain("Relu", "x", "r"),
                node("Reshape", &["r", "row"], "f", Vec::new()),
                node("MatMul", &["f", "fc"], "z", Vec::new()),
                plain("Sigmoid", "z", "p"),
                node("ArgMax", &["p"], "class", Vec::new()),
            ],
        );
        model.graph.outputs = names.iter().map(|name| value(name, &[1, 1])).collect();
        read(&model.encode_to_vec()).map(|it| it.ends.ending)
    };
    use crate::exchange::Ending;
    assert_eq!(outputs(&["z", "p", "class"]).unwrap(), Ending::Logits);
    assert_eq!(outputs(&["class", "p"]).unwrap(), Ending::Sigmoid);
    assert_eq!(outputs(&["class"]).unwrap(), Ending::Sigmoid);
    let message = outputs(&["f", "p"]).unwrap_err().to_string();
    assert!(message.contains("2 outputs (\"f\", \"p\")"), "{message}");
}

#[test]
fn constants_are_computed_before_any_image() {
    let scaled = |mut nodes: Vec<Node>| {
        nodes.push(node("Mul", &["x", "c"], "m", Vec::new()));
        nodes.push(plain("Relu", "m", "y"));
        result(&FIRST, nodes).map(|it| it.input.unwrap().scale)
    };
    let nodes = vec![
        node("Sqrt", &["+"], "s", Vec::new()),
        node("Reciprocal", &["s"], "q", Vec::new()),
        node("Mul", &["q", "two"], "t", Vec::new()),
        node("Unsqueeze", &["t"], "c", vec![ints("axes", &[1, 2])]),
    ];
    let expected = [2.0 / 0.5_f32.sqrt(), 2.0 / 2.0_f32.sqrt()].map(f64::from);
    let found = scaled(nodes).unwrap();
    assert!(
        found
            .iter()
            .zip(expected)
            .all(|(one, other)| (one - other).abs() < 1e-6),
        "{found:?}"
    );
    let nodes = vec![node("Concat", &["+", "-"], "c", vec![int("axis", 0)])];
    let message = scaled(nodes).unwrap_err().to_string();
    assert!(
        message.contains("is 4, but one number for each of 2 channels"),
        "{message}"
    );
    let nodes = vec![node("Concat", &["+", "row"], "c", vec![int("axis", 0)])];
    let message = scaled(nodes).unwrap_err().to_string();
    assert!(
        message.contains("computes a constant that import cannot"),
        "{message}"
    );
}

/// Nothing but the writer tells that three columns are no colours.
#[test]
fn a_writers_habit_tells_where_the_channels_are_if_no_node_does() {
    let product = node("MatMul", &["flat", "fc"], "y", Vec::new());
    let mut own = model(&[1, 2, 2, 3], vec![plain("Flatten", "x", "flat"), product]);
    for (producer, expected) in [("tf2onnx", "3x2x2"), ("pytorch", "2x2x3")] {
        own.producer = producer.into();
        let network = read(&own.encode_to_vec()).unwrap().network.to_string();
        assert!(network.starts_with(expected), "{producer}: {network}");
    }
}
