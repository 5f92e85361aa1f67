use super::*;
use kiln_core::{BatchNorm, Conv2d, Dropout, Linear};

#[test]
fn a_flatten_counts_as_a_module() {
    let network = Network::input(3, 8, 8)
        .layer(Layer::Conv2d(
            Conv2d::new(4, 3).kernel(3, 2).stride(2).padding(1),
        ))
        .relu()
        .layer(Layer::MaxPool2d(Pool2d::new(2).stride(1)))
        .linear(5)
        .relu()
        .conv2d(6, 1)
        .global_avg_pool2d();
    let code = "\
nn.Sequential(
    nn.Conv2d(3, 4, (3, 2), stride=2, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2, stride=1),
    nn.Flatten(),
    nn.Linear(48, 5),
    nn.ReLU(),
    nn.Unflatten(1, (5, 1, 1)),
    nn.Conv2d(5, 6, 1),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
)";
    let made = module_code(&network);
    assert_eq!(made.expression, code);
    assert_eq!(made.definitions, None);
    let tensors = layer_tensors(&network);
    let prefixes: Vec<&str> = tensors.iter().map(|layer| layer.prefix.as_str()).collect();
    assert_eq!(prefixes, ["0", "4", "7"]);
    assert_eq!(tensors[0].weight, [4, 3, 3, 2]);
    assert_eq!(tensors[1].weight, [5, 48]);
    assert_eq!(tensors[2].biases.end, network.parameters());
}

/// Padding of two rows and no more.
const ABOVE: Padding = Padding {
    top: 2,
    ..Padding::NONE
};

#[test]
fn options_that_pytorch_has_are_written_and_others_become_modules() {
    let conv = Conv2d::new(4, 3).dilation(2).without_bias();
    let pool = Pool2d::new(3).stride(2);
    let network = Network::input(1, 12, 12)
        .layer(Layer::Conv2d(conv.padded(ABOVE)))
        .relu6()
        .layer(Layer::ScaleShift)
        .layer(Layer::MaxPool2d(pool.padding(1).ceil_mode()))
        .layer(Layer::AvgPool2d(
            Pool2d::new(2).padding(1).without_padding_counted(),
        ))
        .layer(Layer::AvgPool2d(Pool2d {
            padding: Padding {
                top: 1,
                ..Padding::NONE
            },
            ..Pool2d::new(2)
        }))
        .layer(Layer::Linear(Linear::new(2).without_bias()));
    let made = module_code(&network);
    let code = "\
nn.Sequential(
    nn.ZeroPad2d((0, 0, 2, 0)),
    nn.Conv2d(1, 4, 3, dilation=2, bias=False),
    nn.ReLU6(),
    ScaleShift(4),
    nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True),
    nn.AvgPool2d(2, padding=1, count_include_pad=False),
    PaddedMean(2, 2, (0, 0, 1, 0), (0, -1, 0, -1), True),
    nn.Flatten(),
    nn.Linear(8, 2, bias=False),
)";
    assert_eq!(made.expression, code);
    let definitions = made.definitions.unwrap();
    assert!(definitions.contains("class ScaleShift(nn.Module):\n"));
    assert!(definitions.contains("class PaddedMean(nn.Module):\n"));
    let tensors = layer_tensors(&network);
    let prefixes: Vec<&str> = tensors.iter().map(|layer| layer.prefix.as_str()).collect();
    assert_eq!(prefixes, ["1", "3", "8"]);
    assert_eq!((tensors[0].outputs, tensors[1].outputs), (0, 4));
}

#[test]
fn a_graph_is_a_module_of_its_own() {
    let same = Layer::Conv2d(Conv2d::new(4, 3).padding(1));
    let stem = Network::input(1, 6, 6).layer(same).relu();
    let skip = stem.last();
    let network = stem
        .layer(same)
        .add(skip)
        .layer(Layer::MaxPool2d(Pool2d {
            padding: Padding {
                left: 1,
                ..Padding::NONE
            },
            ..Pool2d::new(2)
        }))
        .linear(3);
    let made = module_code(&network);
    assert_eq!(made.expression, "Network()");
    let code = "\
class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.Conv2d(1, 4, 3, padding=1)
        self.layer2 = nn.ReLU()
        self.layer3 = nn.Conv2d(4, 4, 3, padding=1)
        self.pad5 = nn.ConstantPad2d((1, -1, 0, 0), -torch.inf)
        self.layer5 = nn.MaxPool2d(2)
        self.flat5 = nn.Flatten()
        self.layer6 = nn.Linear(36, 3)

    def forward(self, x):
        layer1 = self.layer1(x)
        layer2 = self.layer2(layer1)
        layer3 = self.layer3(layer2)
        layer4 = layer3 + layer2
        pad5 = self.pad5(layer4)
        layer5 = self.layer5(pad5)
        flat5 = self.flat5(layer5)
        layer6 = self.layer6(flat5)
        return layer6
";
    assert_eq!(made.definitions.as_deref(), Some(code));
    let tensors = layer_tensors(&network);
    let prefixes: Vec<&str> = tensors.iter().map(|layer| layer.prefix.as_str()).collect();
    assert_eq!(prefixes, ["layer1", "layer3", "layer6"]);
}

#[test]
fn what_is_trained_counts_as_modules_too() {
    let network = Network::input(1, 6, 6)
        .conv2d(4, 3)
        .batch_norm()
        .layer(Layer::Dropout(Dropout { probability: 0.25 }))
        .linear(3)
        .layer(Layer::BatchNorm(BatchNorm {
            epsilon: 1e-3,
            momentum: 0.5,
        }))
        .linear(2);
    let code = module_code(&network).expression;
    for line in [
        "    nn.BatchNorm2d(4, eps=0.00001, momentum=0.1),\n    nn.Dropout(0.25),\n    nn.Flatten(),\n",
        "    nn.BatchNorm1d(3, eps=0.001, momentum=0.5),\n",
    ] {
        assert!(code.contains(line), "{line}: {code}");
    }
    let tensors = layer_tensors(&network);
    let statistics: Vec<_> = tensors
        .iter()
        .filter_map(|it| it.statistics.clone())
        .collect();
    assert_eq!(statistics, [0..8, 8..14]);
    assert_eq!(network.statistics(), 14);
}
