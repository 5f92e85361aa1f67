use super::*;
use kiln_core::{BatchNorm, Conv2d, Dropout, Layer, Pool2d};

const INPUT: &str = "input = { channels = 1, height = 28, width = 28 }\n";

fn error(layers: &str) -> String {
    parse(&format!("{INPUT}{layers}")).unwrap_err().to_string()
}

#[test]
fn sweeps_and_configurations_are_known_for_what_they_are() {
    let sweep = "board = 'nrf52840'\ndataset = 'mnist'\n[grid]\nlr = [0.1]\n";
    assert!(matches!(parse(sweep), Err(NetworkFileError::Sweep)));
    let config = "dataset = 'mnist'\n[training]\nepochs = 1\n";
    assert!(matches!(parse(config), Err(NetworkFileError::RunConfig)));
    let neither = parse("width = 3\n");
    assert!(matches!(neither, Err(NetworkFileError::Syntax(_))));
}

#[test]
fn every_layer_round_trips() {
    let network = Network::input(4, 30, 40)
        .layer(Layer::Conv2d(
            Conv2d::new(8, 3)
                .kernel(10, 4)
                .stride(2)
                .padding(1)
                .groups(2),
        ))
        .relu6()
        .layer(Layer::BatchNorm(BatchNorm {
            momentum: 0.25,
            epsilon: 1e-3,
        }))
        .layer(Layer::ScaleShift)
        .relu()
        .layer(Layer::Dropout(Dropout { probability: 0.25 }))
        .layer(Layer::MaxPool2d(Pool2d::new(3).stride(2)))
        .avg_pool2d(2)
        .global_avg_pool2d()
        .linear(5);
    network.check().unwrap();
    let text = toml::to_string(&NetworkTables::from(&network)).unwrap();
    assert_eq!(parse(&text).unwrap(), network, "{text}");
}

#[test]
fn options_have_their_usual_defaults() {
    let text = "
        [[layers]]
        type = 'conv2d'
        filters = 8
        kernel = [10, 4]
        [[layers]]
        type = 'avg_pool2d'
        window = [2, 1]
        [[layers]]
        type = 'linear'
        outputs = 10";
    let expected = Network::input(1, 28, 28)
        .layer(Layer::Conv2d(Conv2d::new(8, 1).kernel(10, 4)))
        .layer(Layer::AvgPool2d(Pool2d {
            window: [2, 1],
            stride: [2, 1],
            ..Pool2d::new(1)
        }))
        .linear(10);
    assert_eq!(parse(&format!("{INPUT}{text}")).unwrap(), expected);
}

#[test]
fn unknown_keys_and_wrong_values_have_a_line_and_a_name() {
    let cases = [
        (
            "[[layers]]\ntype = 'relu'\nsize = 3",
            "line 4: unknown field `size`",
        ),
        (
            "[[layers]]\ntype = 'conv2d'\nkernel = [1]",
            "line 4: expected a whole number from 0",
        ),
        ("[[layers]]\ntype = 'linear'\noutputs = -1", "line 4: "),
        ("[[layers]]\nfilters = 1", "line 2: missing field `type`"),
        ("name = 'x'", "line 2: unknown field `name`"),
        ("[[layers]\n", "line 2: "),
    ];
    for (layers, expected) in cases {
        let message = error(layers);
        assert!(message.starts_with(expected), "{message} / {expected}");
        assert!(!message.contains('\n'), "{message}");
    }
    let message = parse("[[layers]]\ntype = 'relu'").unwrap_err().to_string();
    assert!(message.contains("missing field `input`"), "{message}");
}

#[test]
fn impossible_layers_have_a_number_and_a_name() {
    let cases = [
        (
            "[[layers]]\ntype = 'gelu'",
            "layer 1: no layer type \"gelu\"; there are conv2d, relu",
        ),
        (
            "[[layers]]\ntype = 'linear'",
            "layer 1 (linear): the option `outputs` is missing",
        ),
        (
            "[[layers]]\ntype = 'relu'\nstride = 1",
            "layer 1 (relu): it has no option `stride`",
        ),
        (
            "[[layers]]\ntype = 'relu'\n[[layers]]\ntype = 'avg_pool2d'\nwindow = 29",
            "layer 2 (avg_pool2d): a window of 29x29",
        ),
        ("", "the network has no layers"),
    ];
    for (layers, expected) in cases {
        let message = error(layers);
        assert!(message.contains(expected), "{message} / {expected}");
    }
}

/// An addition around a convolution, with the classes of the data.
const RESIDUAL: &str = "
    layers = [
        { type = 'relu', name = 'stem' },
        { type = 'conv2d', filters = 1, kernel = 3, padding = [0, 1, 2, 1], bias = false },
        { type = 'batch_norm', name = 'main', momentum = 0.2 },
        { type = 'add', inputs = ['main', 'stem'] },
        { type = 'dropout', name = 'out', probability = 0.5 },
        { type = 'add', inputs = ['input', 'out'] },
        { type = 'linear', outputs = 'classes' },
    ]";

#[test]
fn what_branches_round_trips_with_its_names() {
    let tables: NetworkTables = toml::from_str(&format!("{INPUT}{RESIDUAL}")).unwrap();
    assert!(tables.takes_classes());
    let network = tables.network(Some(7)).unwrap();
    assert_eq!(network.classes(), 7);
    let inputs: Vec<[usize; 2]> = network
        .inputs()
        .iter()
        .map(|inputs| inputs.map(kiln_core::Value::number))
        .collect();
    assert_eq!(inputs[3..6], [[3, 1], [4, 4], [0, 5]]);
    let text = toml::to_string(&NetworkTables::from(&network)).unwrap();
    assert_eq!(parse(&text).unwrap(), network, "{text}");
    let resolved = tables.resolved(&network);
    assert_eq!(resolved.names(), tables.names());
    assert!(!resolved.takes_classes());
    assert_eq!(resolved.network(None).unwrap(), network);
}

#[test]
fn the_number_of_classes_is_that_of_the_data_or_else_of_the_file() {
    let text = format!("{INPUT}layers = [{{ type = 'linear', outputs = 'classes' }}]");
    assert!(error("layers = [{ type = 'linear', outputs = 'classes' }]").contains("classes"));
    let tables: NetworkTables = toml::from_str(&format!("classes = 5\n{text}")).unwrap();
    assert_eq!(tables.network(None).unwrap().classes(), 5);
    assert_eq!(tables.network(Some(3)).unwrap().classes(), 3);
}

#[test]
fn the_example_is_as_small_as_it_says() {
    let text = include_str!("../../examples/colour100.toml");
    let network = parse(text).unwrap();
    assert_eq!((network.parameters(), network.classes()), (56_420, 100));
    assert!(text.contains("56,420 parameters, 225,680 bytes"), "{text}");
}
