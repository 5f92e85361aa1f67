//! A network in a line.

use kiln::{Conv2d, Layer, Network, Pool2d};

/// The input's shape and each layer with all that tells it from others:
/// `3x48x48 > conv2d 3x3 to 8, stride 2 > relu > linear 10`.
pub(super) fn of(network: &Network) -> String {
    let input = network.input_shape();
    let input = format!("{}x{}x{}", input.channels, input.height, input.width);
    let layers = network.layers().iter().map(layer);
    let parts: Vec<String> = [input].into_iter().chain(layers).collect();
    parts.join(" > ")
}

fn layer(layer: &Layer) -> String {
    let name = layer.name();
    match layer {
        Layer::Conv2d(conv) => format!(
            "{name} {} to {}{}",
            pair(conv.kernel),
            conv.filters,
            options(conv)
        ),
        Layer::MaxPool2d(pool) | Layer::AvgPool2d(pool) => {
            format!("{name} {}{}", pair(pool.window), stride(pool))
        }
        Layer::Linear(linear) => format!("{name} {}", linear.outputs),
        _ => name.into(),
    }
}

/// What is not as it is where nothing is said.
fn options(conv: &Conv2d) -> String {
    let mut text = String::new();
    if conv.stride != [1, 1] {
        text += &format!(", stride {}", pair(conv.stride));
    }
    if conv.padding != [0, 0] {
        text += &format!(", padding {}", pair(conv.padding));
    }
    if conv.groups != 1 {
        text += &format!(", groups {}", conv.groups);
    }
    text
}

fn stride(pool: &Pool2d) -> String {
    match pool.stride == pool.window {
        true => String::new(),
        false => format!(", stride {}", pair(pool.stride)),
    }
}

fn pair([rows, columns]: [u16; 2]) -> String {
    format!("{rows}x{columns}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_networks_apart_is_told() {
        let layer = |conv| Layer::Conv2d(conv);
        let network = |size| Network::input(3, size, size).linear(10);
        assert_eq!(of(&network(48)), "3x48x48 > linear 10");
        assert_ne!(of(&network(48)), of(&network(32)));
        let plain = Conv2d::new(8, 3);
        assert_eq!(super::layer(&layer(plain)), "conv2d 3x3 to 8");
        let other = plain.stride(2).padding(1).groups(4);
        assert_eq!(
            super::layer(&layer(other)),
            "conv2d 3x3 to 8, stride 2x2, padding 1x1, groups 4"
        );
    }
}
