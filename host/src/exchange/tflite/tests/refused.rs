//! Files that cannot be imported are refused in words.

use super::builder::{
    CONV_2D, INT32, ModelText, OperatorText, TensorText, ints, operator, small, value,
};
use super::*;

/// What is said of the small file, changed.
fn said(change: impl FnOnce(&mut ModelText)) -> String {
    let mut model = small();
    change(&mut model);
    match read(&model.write()) {
        Ok(imported) => imported.tables.network.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Adds an operator on `y`, which gives a tensor of these extents.
fn then(model: &mut ModelText, own: OperatorText, dims: &[i32]) {
    let given = model.tensors.len() as i32;
    model.tensors.push(value("z", dims, 2.0, 7));
    model.operators.push(OperatorText {
        outputs: vec![given],
        ..own
    });
    model.outputs = vec![given];
}

#[test]
fn files_that_are_no_network_are_refused() {
    assert_eq!(
        said(|model| model.identifier = "TFL2"),
        "not a TFLite file: it does not have TFL3 at its start"
    );
    assert_eq!(
        said(|model| model.version = 2),
        "it is of version 2 of TFLite's files; import reads version 3"
    );
    assert_eq!(
        said(|model| model.outputs.push(0)),
        "it has 2 outputs; only a network with one can be imported"
    );
    assert_eq!(said(|model| model.operators.clear()), "it has no layers");
    assert_eq!(
        said(|model| model.inputs[0] = 99),
        "not a sound TFLite file: it is cut short or damaged"
    );
    assert_eq!(
        said(|model| model.tensors[0].dims = vec![1, 65_536, 9, 9]),
        "its input \"x\": a tensor or the parameters have more than 268435456 values, or more than \
         65535 rows or columns"
    );
}

#[test]
fn an_operator_without_a_layer_is_named_with_its_number() {
    assert_eq!(
        said(|model| then(model, operator(14, &[3], 0), &[1, 2, 2, 3])),
        "operator 1 (LOGISTIC): Kiln has no layer for it; take it out, or train the network without \
         it"
    );
    assert_eq!(
        said(|model| then(model, operator(209, &[3], 0), &[1, 2, 2, 3])),
        "operator 1 (STABLEHLO_CASE): Kiln has no layer for it; take it out, or train the network \
         without it"
    );
    assert_eq!(
        said(|model| model.operators[0].choices[1].1 = 4),
        "operator 0 (CONV_2D): its fused_activation_function is 4, but only NONE (0), RELU (1) or \
         RELU6 (3) can be imported"
    );
}

#[test]
fn other_elements_are_named() {
    let numbers = said(|model| {
        for tensor in &mut model.tensors {
            tensor.element = 0;
        }
    });
    assert_eq!(
        numbers,
        "operator 0 (CONV_2D): tensor \"x\" holds FLOAT32, but INT8 is needed; convert the network \
         with full integer quantisation to int8"
    );
    let found = said(|model| model.tensors[0].element = 7);
    assert!(
        found.starts_with("its input \"x\": tensor \"x\" holds INT16"),
        "{found}"
    );
    let found = said(|model| model.tensors[1].element = 17);
    assert!(found.contains("tensor \"w\" holds INT4"), "{found}");
    let found = said(|model| model.tensors[2].element = 4);
    assert!(found.contains("tensor \"b\" holds INT64"), "{found}");
}

#[test]
fn constants_that_do_not_fit_are_refused() {
    type Change = fn(&mut TensorText);
    let cases: [(Change, &str); 6] = [
        (
            |w| w.zeros[1] = 3,
            "has a zero that is not 0, but weights around 0",
        ),
        (
            |w| w.axis = 3,
            "has 3 scales along axis 3, but one scale, or 3 along axis 0",
        ),
        (|w| w.scales[2] = f32::INFINITY, "the scale of channel 2"),
        (
            |w| w.data.truncate(23),
            "with 24 bytes in the file, but has 23",
        ),
        (|w| w.is_sparse = true, "tensor \"w\" is sparse"),
        (
            |w| w.dims = vec![2, 2, 2, 3],
            "is 2x2x2x3, but a kernel for 2 channels",
        ),
    ];
    for (change, expected) in cases {
        let found = said(|model| change(&mut model.tensors[1]));
        assert!(found.starts_with("operator 0 (CONV_2D): "), "{found}");
        assert!(found.contains(expected), "{found}");
    }
    let found = said(|model| model.tensors[2] = ints("b", &[3], &[10, -20, i32::MAX]));
    assert!(
        found.contains("the bias of channel 2 exceeds 32 bits"),
        "{found}"
    );
    let found = said(|model| model.tensors[2] = ints("b", &[2], &[10, 30]));
    assert!(
        found.contains("tensor \"b\" is 2, but 3 is needed"),
        "{found}"
    );
    let found = said(|model| model.tensors[3].dims = vec![1, 2, 3, 3]);
    assert!(
        found.contains("tensor \"y\" is 1x2x3x3, but 1x2x2x3 is needed"),
        "{found}"
    );
    let found = said(|model| model.tensors[3].scales = vec![0.0]);
    assert!(found.contains("tensor \"y\" has the scale 0"), "{found}");
}

#[test]
fn graphs_that_no_network_has_are_refused() {
    let found = said(|model| then(model, operator(19, &[1], 0), &[3, 2, 2, 2]));
    assert!(
        found.contains("(RELU): it reads tensor \"w\", which no operator"),
        "{found}"
    );
    let found = said(|model| {
        let again = model.operators[0].clone();
        model.operators.push(again);
    });
    assert!(
        found.contains("it gives tensor \"y\", which is given already"),
        "{found}"
    );
    let found = said(|model| then(model, operator(22, &[3], 0), &[1, 3, 2, 2]));
    assert!(
        found.contains("(RESHAPE): it makes 1x3x2x2 of 1x2x2x3"),
        "{found}"
    );
    let found = said(|model| {
        then(model, operator(19, &[3], 0), &[1, 2, 2, 3]);
        model.tensors[4].scales[0] = 1.0;
    });
    assert!(
        found.contains("(RELU): it turns codes into those of another scale"),
        "{found}"
    );
    let found = said(|model| {
        then(model, operator(25, &[3], 0), &[1, 2, 2, 3]);
        then(model, operator(19, &[4], 0), &[1, 2, 2, 3]);
    });
    assert!(
        found.contains("(RELU): it comes behind a SOFTMAX, which must be"),
        "{found}"
    );
    let found = said(|model| {
        let sides = ints("sides", &[4, 2], &[0, 0, 1, 1, 1, 1, 0, 0]);
        model.tensors.push(TensorText {
            element: INT32,
            ..sides
        });
        then(model, operator(34, &[3, 4], 0), &[1, 4, 4, 3]);
    });
    assert!(
        found.contains("its output \"z\" is not what a layer computes"),
        "{found}"
    );
    let found = said(|model| {
        model
            .operators
            .insert(0, operator(CONV_2D, &[0, 1, 2, 2], 3))
    });
    assert!(
        found.contains("it has 4 inputs, but up to three fit it"),
        "{found}"
    );
}

#[test]
fn more_layers_than_a_network_has_are_refused() {
    let found = said(|model| {
        for last in 3..200 {
            then(model, operator(19, &[last], 0), &[1, 2, 2, 3]);
        }
    });
    assert!(
        found.contains("(RELU): the network has more than 192 layers"),
        "{found}"
    );
}

#[test]
fn numbers_at_their_ends_are_no_reason_to_panic() {
    let found = said(|model| {
        model.tensors[3].scales = vec![f32::MIN_POSITIVE / 64.0];
        model.operators[0].choices[1].1 = 3;
    });
    assert!(found.contains("the scale of channel 0"), "{found}");
    let found = said(|model| {
        model.tensors[0].scales = vec![f32::MIN_POSITIVE / 64.0];
        let relu6 = operator(21, &[0], 0);
        then(model, relu6, &[1, 3, 3, 2]);
        model.tensors[4] = TensorText {
            name: "z",
            ..model.tensors[0].clone()
        };
        model.operators.remove(0);
    });
    assert_eq!(found, "2x3x3 > relu6");
    let found = said(|model| {
        model.operators[0].choices[0].1 = 0;
        model.operators[0].ints = vec![(1, 1), (2, 1), (4, 65_535), (5, 65_535)];
    });
    assert!(found.contains("(CONV_2D): "), "{found}");
    let found = said(|model| model.operators[0].ints[0].1 = -1);
    assert!(found.contains("(CONV_2D): extent is 0"), "{found}");
}
