//! Random networks.

use kiln_core::{BatchNorm, Conv2d, Dropout, Layer, Linear, Network, Padding, Pool2d, Value};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// What is put behind a network.
#[derive(Clone, Debug)]
enum Piece {
    Layer(Layer),
    /// The last value plus an earlier one of its shape, or itself, by a number that chooses.
    Add(usize),
    /// A layer that reads an earlier value, plus the last value, of whose shape it is.
    Branch(usize, Layer),
}

fn padding() -> impl Strategy<Value = Padding> {
    let sides = (0..4_u16, 0..4_u16, 0..4_u16, 0..4_u16);
    sides.prop_map(|(top, left, bottom, right)| Padding {
        top,
        left,
        bottom,
        right,
    })
}

fn conv() -> impl Strategy<Value = Layer> {
    let extents = (1..4_u16, 1..4_u16, 1..3_u16, 1..3_u16, 0..3_u16);
    let rest = (1..9_u16, 0..3_u16, 0..3_usize, any::<bool>(), padding());
    (extents, rest).prop_map(
        |((rows, columns, stride, across, even), (filters, dilation, groups, bias, uneven))| {
            let groups = [1, 1, 2][groups];
            let padding = match even {
                2 => uneven,
                even => Padding::each(even, even),
            };
            Layer::Conv2d(Conv2d {
                stride: [stride, across],
                dilation: [dilation.max(1), 1],
                bias,
                ..Conv2d::new(filters * groups, 1)
                    .kernel(rows, columns)
                    .padded(padding)
                    .groups(groups)
            })
        },
    )
}

/// Padding of at most half the window, as pools can have.
fn pool() -> impl Strategy<Value = Pool2d> {
    let extents = (1..4_u16, 1..4_u16, 1..4_u16);
    (extents, padding(), any::<[bool; 2]>()).prop_map(
        |((rows, columns, stride), padding, [ceil_mode, count_include_pad])| Pool2d {
            window: [rows, columns],
            padding: Padding {
                top: padding.top.min(rows / 2),
                left: padding.left.min(columns / 2),
                bottom: padding.bottom.min(rows / 2),
                right: padding.right.min(columns / 2),
            },
            ceil_mode,
            count_include_pad,
            ..Pool2d::new(1).stride(stride)
        },
    )
}

/// The layers that chains of today are made of.
fn common_layer() -> impl Strategy<Value = Layer> {
    let same = |filters| Layer::Conv2d(Conv2d::new(filters, 3).padding(1));
    prop_oneof![
        6 => conv(),
        6 => (1..9_u16, 0..3_u16).prop_map(|(filters, padding)| {
            Layer::Conv2d(Conv2d::new(filters, 3).padding(padding))
        }),
        4 => (1..4_u16).prop_map(move |filters| same(4 * filters)),
        5 => Just(Layer::Relu),
        2 => Just(Layer::Relu6),
        5 => Just(Layer::MaxPool2d(Pool2d::new(2))),
        2 => pool().prop_map(Layer::MaxPool2d),
        2 => pool().prop_map(Layer::AvgPool2d),
        1 => Just(Layer::ScaleShift),
    ]
}

/// What desktops alone train: devices have it folded or left out.
fn desktop_layer() -> impl Strategy<Value = Layer> {
    let options = prop_oneof![Just((0.1, 1e-5)), Just((0.5, 0.01)), Just((1.0, 0.001))];
    let probability = prop_oneof![Just(0.0_f32), 0.0..0.95_f32];
    prop_oneof![
        4 => options.prop_map(|(momentum, epsilon)| {
            Layer::BatchNorm(BatchNorm { momentum, epsilon })
        }),
        1 => probability.prop_map(|probability| Layer::Dropout(Dropout { probability })),
    ]
}

fn piece(desktop_layers: u32) -> BoxedStrategy<Piece> {
    let others = prop_oneof![
            12 => common_layer().prop_map(Piece::Layer),
            3 => any::<usize>().prop_map(Piece::Add),
    6 => (any::<usize>(), branch_layer()).prop_map(|(at, layer)| Piece::Branch(at, layer)),
        ];
    match desktop_layers {
        0 => others.boxed(),
        weight => {
            prop_oneof![21 => others, weight => desktop_layer().prop_map(Piece::Layer)].boxed()
        }
    }
}

/// Layers that keep rows and columns.
fn branch_layer() -> impl Strategy<Value = Layer> {
    prop_oneof![
        Just(Layer::Relu),
        Just(Layer::Relu6),
        Just(Layer::ScaleShift),
        Just(Layer::Conv2d(Conv2d::new(1, 1))),
        Just(Layer::Conv2d(Conv2d::new(1, 3).padding(1).without_bias())),
    ]
}

/// Channels of the last value.
fn channels(network: &Network) -> u16 {
    let shape = match network.layers().len() {
        0 => network.input_shape(),
        count => network.output_shape(count - 1),
    };
    shape.channels as u16
}

/// The network with the piece behind it, if that fits.
fn with(network: &Network, piece: &Piece) -> Option<Network> {
    let (last, count) = (network.last(), network.layers().len());
    let longer = match piece {
        Piece::Layer(layer) => network.clone().layer(*layer),
        // From the chosen value on, the first that has the last one's shape; itself, in the end.
        Piece::Add(choice) => (choice % (count + 1)..=count)
            .map(|number| network.clone().add(Value::of_node(number)))
            .find(|network| network.check().is_ok())?,
        Piece::Branch(choice, layer) => {
            let layer = match *layer {
                Layer::Conv2d(conv) => Layer::Conv2d(Conv2d {
                    filters: channels(network),
                    ..conv
                }),
                other => other,
            };
            let branch = |number| network.clone().from(Value::of_node(number)).layer(layer);
            (choice % (count + 1)..=count)
                .map(|number| branch(number).add(last))
                .find(|network| network.check().is_ok())?
        }
    };
    longer.check().is_ok().then_some(longer)
}

/// Random pieces, as many as fit one another, and a classifier. `desktop_layers` is the weight of
/// what desktops alone train, beside the others' 21.
pub fn network(desktop_layers: u32) -> impl Strategy<Value = Network> {
    let tail = (0..20_u16, any::<[bool; 3]>(), 2..30_u16);
    let input = (1..4_u32, 1..14_u32, 1..14_u32);
    let pieces = prop::collection::vec(piece(desktop_layers), 0..9);
    (input, pieces, tail).prop_map(
        move |((channels, height, width), pieces, (hidden, [act, global, bias], classes))| {
            let mut network = Network::input(channels, height, width);
            for piece in pieces {
                if let Some(longer) = with(&network, &piece) {
                    network = longer;
                }
            }
            if global {
                network = network.global_avg_pool2d();
            }
            if hidden > 0 {
                network = network.layer(Layer::Linear(Linear {
                    outputs: hidden,
                    bias,
                }));
                if desktop_layers > 0 && bias {
                    network = network.batch_norm();
                }
            }
            if act {
                network = network.relu();
            }
            network.linear(classes)
        },
    )
}

/// Random networks are worth their time only where they have what they are drawn for.
#[test]
fn random_networks_branch_normalise_and_drop() {
    let mut runner = TestRunner::deterministic();
    let mut counts = [0; 5];
    for _ in 0..150 {
        let network = network(6).new_tree(&mut runner).unwrap().current();
        let readers = |value| {
            let inputs = network.inputs().iter();
            inputs.filter(|inputs| inputs.contains(&value)).count()
        };
        let most = (0..network.layers().len()).map(|node| readers(Value::of_node(node)));
        let has = |wanted: fn(&Layer) -> bool| network.layers().iter().any(wanted);
        let found = [
            has(|layer| matches!(layer, Layer::Add)),
            most.max() >= Some(3),
            has(|layer| matches!(layer, Layer::BatchNorm(_))),
            has(|layer| matches!(layer, Layer::Dropout(_))),
            has(|layer| matches!(layer, Layer::ScaleShift)),
        ];
        for (count, found) in counts.iter_mut().zip(found) {
            *count += usize::from(found);
        }
    }
    assert!(counts.iter().all(|count| *count >= 10), "{counts:?}");
}
