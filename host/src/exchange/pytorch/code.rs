//! Python code of a network's modules.

use super::{Module, ModuleInput, ModuleKind, is_even, modules, reached_sides};
use kiln_core::{Conv2d, Layer, Network, Pool2d, Shape};

/// A scale and a shift, for maps and for rows.
const SCALE_SHIFT: &str = "\
class ScaleShift(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        shape = [-1] + [1] * (x.dim() - 2)
        return x * self.weight.view(shape) + self.bias.view(shape)
";

/// A mean over windows, `sides` padded with what counts in its divisor or does not, `rest` with
/// what never does.
const PADDED_MEAN: &str = "\
class PaddedMean(nn.Module):
    def __init__(self, window, stride, sides, rest, counts):
        super().__init__()
        self.pool = nn.AvgPool2d(window, stride=stride)
        self.sides, self.rest, self.counts = sides, rest, float(counts)

    def forward(self, x):
        pad = nn.functional.pad
        inside = pad(torch.ones_like(x), self.sides, value=self.counts)
        means = self.pool(pad(pad(x, self.sides), self.rest))
        return means / self.pool(pad(inside, self.rest))
";

/// Code that makes a network's modules.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleCode {
    /// Classes that the expression needs; for a `Sequential` of PyTorch's own layers, none.
    pub definitions: Option<String>,
    /// The module, in one expression of one or more lines.
    pub expression: String,
}

/// The Python code of a checked network, for which `torch` and its `nn` are imported.
pub fn module_code(network: &Network) -> ModuleCode {
    let list = modules(network);
    let mut definitions = Vec::new();
    for (class, code) in [("ScaleShift(", SCALE_SHIFT), ("PaddedMean(", PADDED_MEAN)] {
        if list
            .iter()
            .any(|it| constructor(&it.kind).is_some_and(|it| it.starts_with(class)))
        {
            definitions.push(code.to_owned());
        }
    }
    let expression = match network.is_chain() {
        true => sequential(&list),
        false => {
            definitions.push(class(&list));
            "Network()".into()
        }
    };
    ModuleCode {
        definitions: (!definitions.is_empty()).then(|| definitions.join("\n\n")),
        expression,
    }
}

fn sequential(list: &[Module]) -> String {
    let constructors = list.iter().filter_map(|module| constructor(&module.kind));
    let lines: String = constructors.map(|code| format!("    {code},\n")).collect();
    format!("nn.Sequential(\n{lines})")
}

/// A class whose `forward` follows the graph.
fn class(list: &[Module]) -> String {
    let value = |source: &ModuleInput| match source {
        ModuleInput::Input => "x",
        ModuleInput::Module(index) => list[*index].name.as_str(),
    };
    let (mut members, mut steps) = (String::new(), String::new());
    for module in list {
        let name = &module.name;
        let inputs: Vec<&str> = module.inputs.iter().map(value).collect();
        let step = match constructor(&module.kind) {
            Some(code) => {
                members += &format!("        self.{name} = {code}\n");
                format!("self.{name}({})", inputs.join(", "))
            }
            None => inputs.join(" + "),
        };
        steps += &format!("        {name} = {step}\n");
    }
    let last = list.last().map_or("x", |module| module.name.as_str());
    format!(
        "class Network(nn.Module):\n    def __init__(self):\n        super().__init__()\n{members}\n    \
         def forward(self, x):\n{steps}        return {last}\n"
    )
}

/// The code that makes a module; an addition is none.
fn constructor(kind: &ModuleKind) -> Option<String> {
    Some(match kind {
        ModuleKind::Flatten => "nn.Flatten()".into(),
        ModuleKind::Unflatten { channels } => format!("nn.Unflatten(1, ({channels}, 1, 1))"),
        ModuleKind::Pad { sides, is_lowest } => match is_lowest {
            true => format!("nn.ConstantPad2d({}, -torch.inf)", tuple(sides)),
            false => format!("nn.ZeroPad2d({})", tuple(sides)),
        },
        ModuleKind::Layer {
            layer,
            input,
            output,
            is_flat,
            ..
        } => return layer_code(layer, [*input, *output], *is_flat),
    })
}

fn layer_code(layer: &Layer, [input, output]: [Shape; 2], is_flat: bool) -> Option<String> {
    let channels = input.channels;
    Some(match layer {
        Layer::Conv2d(conv) => conv_code(conv, input),
        Layer::Relu => "nn.ReLU()".into(),
        Layer::Relu6 => "nn.ReLU6()".into(),
        Layer::MaxPool2d(pool) => max_pool_code(pool),
        Layer::AvgPool2d(pool) => average_pool_code(pool, input, output),
        Layer::GlobalAvgPool2d => "nn.AdaptiveAvgPool2d(1)".into(),
        Layer::Linear(linear) => {
            let bias = if linear.bias { "" } else { ", bias=False" };
            format!("nn.Linear({}, {}{bias})", input.elements(), linear.outputs)
        }
        Layer::ScaleShift => format!("ScaleShift({channels})"),
        Layer::BatchNorm(norm) => {
            let axes = if is_flat { 1 } else { 2 };
            let (epsilon, momentum) = (norm.epsilon, norm.momentum);
            format!("nn.BatchNorm{axes}d({channels}, eps={epsilon}, momentum={momentum})")
        }
        Layer::Dropout(dropout) => format!("nn.Dropout({})", dropout.probability),
        Layer::Add => return None,
        // A layer that is new to core shows up in the tests of this module.
        _ => format!("nn.{}()", layer.name()),
    })
}

fn conv_code(conv: &Conv2d, input: Shape) -> String {
    let mut options = format!(
        "{}, {}, {}",
        input.channels,
        conv.filters,
        pair(conv.kernel)
    );
    if conv.stride != [1, 1] {
        options += &format!(", stride={}", pair(conv.stride));
    }
    if conv.padding != [0, 0] && is_even(conv.padding) {
        options += &format!(", padding={}", pair(conv.padding.before()));
    }
    if conv.dilation != [1, 1] {
        options += &format!(", dilation={}", pair(conv.dilation));
    }
    if conv.groups != 1 {
        options += &format!(", groups={}", conv.groups);
    }
    if !conv.bias {
        options += ", bias=False";
    }
    format!("nn.Conv2d({options})")
}

fn max_pool_code(pool: &Pool2d) -> String {
    format!("nn.MaxPool2d({})", pool_options(pool))
}

fn average_pool_code(pool: &Pool2d, input: Shape, output: Shape) -> String {
    let counts = pool.count_include_pad;
    if is_even(pool.padding) {
        let counts = if counts {
            ""
        } else {
            ", count_include_pad=False"
        };
        return format!("nn.AvgPool2d({}{counts})", pool_options(pool));
    }
    let own = [
        pool.padding.left,
        pool.padding.right,
        pool.padding.top,
        pool.padding.bottom,
    ];
    let own = own.map(i64::from);
    let reached = reached_sides(pool, input, output);
    let rest = [0, 1, 2, 3].map(|side| reached[side] - own[side]);
    let (window, stride) = (pair(pool.window), pair(pool.stride));
    let (own, rest) = (tuple(&own), tuple(&rest));
    let counts = if counts { "True" } else { "False" };
    format!("PaddedMean({window}, {stride}, {own}, {rest}, {counts})")
}

/// Window, stride, and padding if its sides are alike; else a module before has padded already.
fn pool_options(pool: &Pool2d) -> String {
    let mut options = pair(pool.window);
    if pool.stride != pool.window {
        options += &format!(", stride={}", pair(pool.stride));
    }
    if is_even(pool.padding) {
        if pool.padding != [0, 0] {
            options += &format!(", padding={}", pair(pool.padding.before()));
        }
        if pool.ceil_mode {
            options += ", ceil_mode=True";
        }
    }
    options
}

fn pair([rows, columns]: [u16; 2]) -> String {
    match rows == columns {
        true => rows.to_string(),
        false => format!("({rows}, {columns})"),
    }
}

fn tuple([left, right, top, bottom]: &[i64; 4]) -> String {
    format!("({left}, {right}, {top}, {bottom})")
}
