//! What exporters make of options that ONNX does not have, or had not then.

use super::super::message::*;
use super::builder::*;
use super::*;

fn average(input: &str, output: &str, attributes: Vec<Attribute>) -> Node {
    node("AveragePool", &[input], output, attributes)
}

fn pad(input: &str, output: &str, sides: &[i64]) -> Node {
    node("Pad", &[input], output, vec![ints("pads", sides)])
}

/// As PyTorch's exporter writes `AdaptiveMaxPool2d(1)` behind a pool that rounds up, and onnxruntime computes it.
#[test]
fn a_max_pools_only_window_ends_with_the_input() {
    let pool = |window: &[i64], strides: &[i64]| {
        let own = vec![ints("kernel_shape", window), ints("strides", strides)];
        vec![node("MaxPool", &["x"], "y", own)]
    };
    assert_eq!(
        network(pool(&[5, 3], &[5, 3])),
        "1x4x4 > max_pool2d 4x3, stride 5x3"
    );
    let message = refusal(pool(&[7, 3], &[3, 3]));
    assert!(
        message.contains("a window of 7x3 does not fit"),
        "{message}"
    );
}

#[test]
fn padding_at_an_end_that_only_rounds_up_is_that() {
    let window = |pads: &[i64]| {
        vec![
            ints("kernel_shape", &[1, 3]),
            ints("strides", &[1, 3]),
            ints("pads", pads),
        ]
    };
    // Two windows over four columns, the second with one of them.
    assert_eq!(
        network(vec![average("x", "y", window(&[0, 0, 0, 2]))]),
        "1x4x4 > avg_pool2d 1x3, ceil_mode"
    );
    // Of five columns no window reaches what is added behind.
    let mut unreached = vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
    unreached.push(ints("pads", &[0, 0, 1, 0]));
    let nodes = vec![
        pad("x", "p", &[0, 0, 0, 1, 0, 0, 0, 0]),
        average("p", "y", unreached),
    ];
    assert_eq!(network(nodes), "1x4x4 > avg_pool2d 2x2, padding 0 1 0 0");
    let mut counted = window(&[0, 0, 0, 2]);
    counted.push(int("count_include_pad", 1));
    let message = refusal(vec![average("x", "y", counted)]);
    assert!(message.contains("more than half the window"), "{message}");
    // PyTorch's padding of 1 that counts, and then the rest of the last window that does not.
    let nodes = vec![
        pad("x", "p", &[0, 0, 1, 1, 0, 0, 1, 1]),
        average(
            "p",
            "y",
            vec![
                ints("kernel_shape", &[4, 4]),
                ints("strides", &[3, 3]),
                ints("pads", &[0, 0, 1, 1]),
            ],
        ),
    ];
    assert_eq!(
        network(nodes),
        "1x4x4 > avg_pool2d 4x4, stride 3x3, padding 1x1, ceil_mode"
    );
}

#[test]
fn a_scale_at_the_input_stays_where_several_read_what_it_gives() {
    let nodes = vec![
        node("Mul", &["x", "two"], "a", Vec::new()),
        node("Relu", &["a"], "b", Vec::new()),
        node("Add", &["a", "b"], "y", Vec::new()),
    ];
    let imported = imported(nodes).unwrap();
    assert_eq!(imported.network.to_string(), "1x4x4 > relu > add (0, 1)");
    assert_eq!(imported.input.unwrap().scale, [2.0]);
}

#[test]
fn a_limit_like_its_input_is_a_constant() {
    let mut model = small_model(vec![
        node("CastLike", &["zero", "x"], "low", Vec::new()),
        node("CastLike", &["six", "x"], "high", Vec::new()),
        node("Clip", &["x", "low", "high"], "y", Vec::new()),
    ]);
    model.graph.tensors.push(tensor("zero", &[], &[0.0]));
    model.graph.tensors.push(TensorMessage {
        kind: I64,
        name: "six".into(),
        ints: vec![6],
        ..TensorMessage::default()
    });
    let imported = read(&model.encode_to_vec()).unwrap();
    assert_eq!(imported.network.to_string(), "1x4x4 > relu6");
}

#[test]
fn other_widths_of_floats_are_widened_and_said() {
    for (kind, one, width) in [(F16, 0x3c00, "float16"), (BF16, 0x3f80, "bfloat16")] {
        let mut model = small_model(vec![
            node("Mul", &["x", "half"], "m", Vec::new()),
            node("Relu", &["m"], "y", Vec::new()),
        ]);
        model.graph.inputs[0].value_type.tensor.kind = kind;
        model.graph.tensors.push(TensorMessage {
            kind,
            name: "half".into(),
            words: vec![one],
            ..TensorMessage::default()
        });
        let imported = read(&model.encode_to_vec()).unwrap();
        assert_eq!(imported.input.unwrap().scale, [1.0], "{width}");
        assert!(imported.remarks[0].contains(&format!("computes with {width}")));
    }
}

#[test]
fn pixels_as_bytes_are_what_the_file_takes() {
    let mut model = small_model(vec![
        node("Cast", &["x"], "f", vec![int("to", 1)]),
        node("Mul", &["f", "two"], "m", Vec::new()),
        node("Relu", &["m"], "y", Vec::new()),
    ]);
    model.graph.inputs[0].value_type.tensor.kind = U8;
    let imported = read(&model.encode_to_vec()).unwrap();
    assert!(imported.ends.takes_bytes);
    assert_eq!(imported.input.unwrap().scale, [2.0]);
    model.graph.inputs[0].value_type.tensor.kind = I64;
    let error = read(&model.encode_to_vec()).unwrap_err();
    assert!(matches!(error, OnnxError::Input { .. }), "{error}");
}
