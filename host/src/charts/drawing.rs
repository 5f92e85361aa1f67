//! A drawing on its own or in a page.

use super::style;
use crate::output::printable_lines;
use maud::{Markup, PreEscaped, html};
use std::borrow::Cow;

/// Shapes on a surface that scales to the width it is given.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// What it shows, for those who cannot see it.
    label: String,
    /// In units of about a pixel.
    size: [f64; 2],
    content: Markup,
}

/// Between drawings side by side.
const GAP: f64 = 24.0;
/// Around a drawing in a file of its own.
const MARGIN: f64 = 12.0;

impl Drawing {
    pub(super) fn new(label: &str, size: [f64; 2], content: Markup) -> Self {
        Self {
            label: label.into(),
            size,
            content,
        }
    }

    /// Several drawings side by side as one; they are of one height.
    pub fn beside(drawings: &[Self]) -> Self {
        let widths = drawings.iter().map(|drawing| drawing.size[0] + GAP);
        let height = drawings.iter().map(|drawing| drawing.size[1]);
        let labels: Vec<&str> = drawings
            .iter()
            .map(|drawing| drawing.label.as_str())
            .collect();
        let mut x = 0.0;
        let content = html! {
            @for drawing in drawings {
                g transform=(format!("translate({} 0)", number(x))) { (drawing.content) }
                ({ x += drawing.size[0] + GAP; PreEscaped("") })
            }
        };
        Self {
            label: labels.join("; "),
            size: [widths.sum::<f64>() - GAP, height.fold(0.0, f64::max)],
            content,
        }
    }

    /// Width in units of about a pixel.
    pub fn width(&self) -> f64 {
        self.size[0]
    }

    /// The element `svg` for a page of HTML that has [`style`] in its head.
    pub fn inline(&self) -> Markup {
        let [width, height] = self.size.map(number);
        html! {
            svg class="chart" viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(visible(&self.label)) {
                (self.content)
            }
        }
    }

    /// The text of a file `.svg`.
    pub fn file(&self) -> String {
        let [width, height] = self.size.map(|extent| number(extent + 2.0 * MARGIN));
        let page = html! {
            svg class="chart" xmlns="http://www.w3.org/2000/svg" width=(width) height=(height)
                viewBox=(format!("{} {} {width} {height}", -MARGIN, -MARGIN))
                role="img" aria-label=(visible(&self.label)) {
                style { (PreEscaped(style())) }
                rect class="paper" x=(-MARGIN) y=(-MARGIN) width=(width) height=(height) {}
                (self.content)
            }
        };
        printable_lines(&page.into_string()).into_owned() + "\n"
    }
}

/// A coordinate, to a tenth.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".into(),
        Some(whole) => whole.into(),
        None => text,
    }
}

/// The text with a mark for what cannot be seen and XML cannot hold: control characters.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    let unfit = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    match text.contains(unfit) {
        true => text.replace(unfit, "\u{fffd}").into(),
        false => text.into(),
    }
}

/// The text cut to `most` characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let text = visible(text);
    if text.chars().count() <= most {
        return text.into_owned();
    }
    let start: String = text.chars().take(most.saturating_sub(1)).collect();
    start + "…"
}
