//! What charts with two axes share: title, legend, grid and names.

use super::axis::Axis;
use super::drawing::{number, shortened, visible};
use maud::{Markup, html};

/// The plane of a chart between its axes.
pub(super) struct ChartFrame<'a> {
    pub title: &'a str,
    pub x_label: &'a str,
    pub x: Axis,
    pub y: Axis,
    pub legend: Legend<'a>,
}

/// What each mark stands for.
#[derive(Default)]
pub(super) struct Legend<'a> {
    entries: Vec<LegendEntry<'a>>,
}

struct LegendEntry<'a> {
    name: &'a str,
    mark: Markup,
    /// Where the mark is, in the chart's units.
    at: [f64; 2],
}

/// Letters that the horizontal axis has room for.
pub(super) const LETTERS: f64 = PLANE[0] / LETTER;
pub(super) const WIDTH: f64 = 420.0;
const PLANE: [f64; 2] = [WIDTH - LEFT - RIGHT, 220.0];
const LEFT: f64 = 52.0;
const RIGHT: f64 = 12.0;
const TITLE: f64 = 28.0;
const LEGEND_LINE: f64 = 20.0;
const BOTTOM: f64 = 42.0;
/// About the width of a letter.
const LETTER: f64 = 6.6;
const LONGEST_NAME: usize = 44;

impl<'a> Legend<'a> {
    /// Adds a name; `mark` is drawn around the origin, up to 9 units to either side.
    pub fn add(&mut self, name: &'a str, mark: Markup) {
        let width =
            |name: &str| 26.0 + LETTER * shortened(name, LONGEST_NAME).chars().count() as f64;
        let at = match self.entries.last() {
            None => [LEFT + 9.0, TITLE + 8.0],
            Some(last) => {
                let [x, y] = [last.at[0] + width(last.name) + 12.0, last.at[1]];
                if x + width(name) < WIDTH {
                    [x, y]
                } else {
                    [LEFT + 9.0, y + LEGEND_LINE]
                }
            }
        };
        self.entries.push(LegendEntry { name, mark, at });
    }

    /// Where the plane begins.
    fn end(&self) -> f64 {
        self.entries
            .last()
            .map_or(TITLE + 6.0, |entry| entry.at[1] + LEGEND_LINE - 4.0)
    }

    fn draw(&self) -> Markup {
        html! {
            @for LegendEntry { name, mark, at: [x, y] } in &self.entries {
                g transform=(translation(*x, *y)) {
                    (mark)
                    text x="15" y="4" {
                        (shortened(name, LONGEST_NAME))
                        title { (visible(name)) }
                    }
                }
            }
        }
    }
}

impl ChartFrame<'_> {
    /// Where a point lies on the drawing; nothing where it has no place.
    pub fn place(&self, x: f64, y: f64) -> Option<[f64; 2]> {
        let [x, y] = [self.x.place(x)?, self.y.place(y)?];
        let top = self.legend.end();
        Some([LEFT + x * PLANE[0], top + (1.0 - y) * PLANE[1]])
    }

    /// Width and height of the whole drawing.
    pub fn size(&self) -> [f64; 2] {
        [WIDTH, self.legend.end() + PLANE[1] + BOTTOM]
    }

    /// All but the marks.
    pub fn draw(&self) -> Markup {
        let top = self.legend.end();
        let bottom = top + PLANE[1];
        let right = number(WIDTH - RIGHT);
        let left = number(LEFT);
        html! {
            text class="title" x=(left) y="16" { (visible(self.title)) }
            (self.legend.draw())
            @for tick in &self.y.ticks {
                @if let Some(place) = self.y.place(*tick) {
                    @let y = number(bottom - place * PLANE[1]);
                    path class="grid" d=(format!("M{left} {y}H{right}")) {}
                    text class="faint" x=(number(LEFT - 6.0)) y=(y) dy="4" text-anchor="end" {
                        (self.y.name(*tick))
                    }
                }
            }
            @for tick in &self.x.ticks {
                @if let Some(place) = self.x.place(*tick) {
                    @let x = number(LEFT + place * PLANE[0]);
                    path class="grid" d=(format!("M{x} {}v5", number(bottom))) {}
                    text class="faint" x=(x) y=(number(bottom + 18.0)) text-anchor="middle" {
                        (self.x.name(*tick))
                    }
                }
            }
            text class="faint" x=(number(LEFT + 0.5 * PLANE[0])) y=(number(bottom + 35.0)) text-anchor="middle" {
                (visible(self.x_label))
            }
        }
    }
}

pub(super) fn translation(x: f64, y: f64) -> String {
    format!("translate({} {})", number(x), number(y))
}
