//! The network as integers compute it.

use super::QuantizeError;
use kiln_core::{Conv2d, Layer, Network, Shape};

/// The same network with each scale and shift as a depthwise 1 x 1 convolution, whose parameters are
/// the same in the same places.
pub(super) fn without_scales(network: &Network) -> Result<Network, QuantizeError> {
    let Shape {
        channels,
        height,
        width,
    } = network.input_shape();
    let mut rewritten = Network::input(channels, height, width);
    let nodes = network.layers().iter().zip(network.inputs()).enumerate();
    for (index, (layer, inputs)) in nodes {
        let layer = match layer {
            Layer::BatchNorm(_) => return Err(QuantizeError::BatchNorm { node: index + 1 }),
            Layer::ScaleShift => {
                let node = index + 1;
                let channels = network.input_shape_of(index).channels;
                let too_many = |_| QuantizeError::Ratio {
                    node,
                    layer: layer.name(),
                };
                let channels = u16::try_from(channels).map_err(too_many)?;
                Layer::Conv2d(Conv2d {
                    groups: channels,
                    ..Conv2d::new(channels, 1)
                })
            }
            _ => *layer,
        };
        rewritten = rewritten.node(layer, *inputs);
    }
    Ok(rewritten)
}
