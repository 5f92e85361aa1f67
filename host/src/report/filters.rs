//! The first layer's weights as pictures.

use super::picture;
use super::run::ReportedRun;
use kiln_core::{Layer, Shape};
use maud::{Markup, html};

/// Filters of the first layer that has any.
struct Filters<'a> {
    /// Index of the layer.
    layer: usize,
    kind: &'static str,
    /// Channels, rows and columns of a filter.
    shape: [usize; 3],
    weights: &'a [f32],
}

/// Pictures shown.
const MOST: usize = 64;

impl<'a> Filters<'a> {
    fn of(run: &'a ReportedRun) -> Option<Self> {
        let layers = run.network.layers().iter().enumerate();
        for (index, layer) in layers {
            let input = run.network.input_shape_of(index);
            let (weights, _) = layer.parameters(input);
            if weights > 0 {
                return Some(Self {
                    layer: index,
                    kind: layer.name(),
                    shape: filter_shape(layer, input)?,
                    weights: run.parameters.get(..weights as usize)?,
                });
            }
        }
        None
    }

    /// A picture for each filter; where channels are no colours, one for each channel of it.
    fn pictures(&self) -> impl Iterator<Item = String> {
        let [channels, height, width] = self.shape;
        let shape = if channels == 3 {
            self.shape
        } else {
            [1, height, width]
        };
        let pictures = self
            .weights
            .chunks_exact(shape.iter().product::<usize>().max(1));
        pictures.filter_map(move |weights| picture::png(&shades(weights), shape))
    }
}

/// The first layer sees images: of what a filter spans, channels are colours.
fn filter_shape(layer: &Layer, input: Shape) -> Option<[usize; 3]> {
    let channels = input.channels as usize;
    match layer {
        Layer::Conv2d(conv) => {
            let [rows, columns] = conv.kernel.map(usize::from);
            Some([channels / usize::from(conv.groups.max(1)), rows, columns])
        }
        Layer::Linear(_) => Some([channels, input.height as usize, input.width as usize]),
        _ => None,
    }
}

/// The middle grey is 0, and the weight farthest from it black or white.
fn shades(weights: &[f32]) -> Vec<u8> {
    let most = weights
        .iter()
        .fold(0.0_f32, |most, weight| most.max(weight.abs()));
    let scale = if most > 0.0 { 127.0 / most } else { 0.0 };
    let shades = weights.iter().map(|weight| (128.0 + weight * scale) as u8);
    shades.collect()
}

/// The pictures, with a sentence about them; nothing where no layer has weights.
pub(super) fn section(run: &ReportedRun) -> Markup {
    if run.evaluation.as_ref().is_some_and(|it| !it.pictures) {
        return html! { p class="note" {
            "The samples are no images, so the weights that look at them are not shown as pictures."
        } };
    }
    let Some(filters) = Filters::of(run) else {
        return html! { p class="note" { "No layer of this network has weights." } };
    };
    let [channels, height, width] = filters.shape;
    let pictures: Vec<String> = filters.pictures().collect();
    html! {
        p class="note" {
            "Layer " (filters.layer + 1) ", " (filters.kind) ": weights of " (channels) "x" (height) "x" (width)
            ". The middle grey is 0, brighter is positive, darker negative; each picture has its own scale."
            @if pictures.len() > MOST { " The first " (MOST) " of " (pictures.len()) " are shown." }
        }
        div class="filters" {
            @for (number, png) in pictures.iter().take(MOST).enumerate() {
                img src=(picture::address(png)) alt=(format!("filter {}", number + 1)) title=(format!("filter {}", number + 1))
                    style=(format!("aspect-ratio:{width}/{height}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_core::{Conv2d, Network};

    #[test]
    fn the_farthest_weight_is_black_or_white_and_none_is_grey() {
        assert_eq!(shades(&[0.0, 0.5, -0.5, 0.25]), [128, 255, 1, 191]);
        assert_eq!(shades(&[0.0; 2]), [128; 2]);
    }

    #[test]
    fn filters_have_the_shape_that_they_look_at() {
        let input = Network::input(3, 8, 9).input_shape();
        let conv = Layer::Conv2d(Conv2d::new(6, 3).kernel(2, 5));
        assert_eq!(filter_shape(&conv, input), Some([3, 2, 5]));
        let depthwise = Layer::Conv2d(Conv2d::new(6, 3).groups(3));
        assert_eq!(filter_shape(&depthwise, input), Some([1, 3, 3]));
        let network = Network::input(3, 8, 9).linear(4);
        assert_eq!(filter_shape(&network.layers()[0], input), Some([3, 8, 9]));
        assert_eq!(filter_shape(&Layer::Relu, input), None);
    }
}
