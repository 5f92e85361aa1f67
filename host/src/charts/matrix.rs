//! A square of cells, darker the more there is: which classes are taken for which.

use super::Drawing;
use super::drawing::{number, shortened, visible};
use maud::{Markup, PreEscaped, html};

/// A matrix of classes.
#[derive(Clone, Debug)]
pub struct Matrix<'a> {
    /// What the cells show.
    pub title: &'a str,
    /// What the rows are.
    pub row_label: &'a str,
    /// What the columns are.
    pub column_label: &'a str,
    /// Names of the classes, for rows and columns both.
    pub names: &'a [String],
    /// The cells that are not empty; those of no class are left out.
    pub cells: Vec<Cell>,
}

/// A cell of a matrix.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The row's class.
    pub row: usize,
    /// The column's class.
    pub column: usize,
    /// How dark the cell is, from 0 to 1.
    pub shade: f64,
    /// What stands in it, where there is room.
    pub count: u64,
}

/// Numbers in cells, for as many classes; of more there is the colour alone.
const MOST_NUMBERS: usize = 20;
/// Beyond as many classes no name would be readable.
const MOST_NAMES: usize = 128;
/// Beyond as many cells each one is part of a shape, and tells nothing of its own.
const MOST_TOOLTIPS: usize = 10_000;
/// Shades that can be told apart; also keeps large matrices small.
const SHADES: f64 = 24.0;

/// Lengths that depend on the number of classes.
struct MatrixLayout {
    cell: f64,
    /// For the names: left of the rows and above the columns.
    names: f64,
    top: f64,
    longest: usize,
    /// Class of the names' text.
    text: &'static str,
}

impl MatrixLayout {
    fn of(names: &[String]) -> Self {
        let (cell, letter, text, longest) = match names.len() {
            0..=4 => (64.0, 7.6, "", 12),
            5..=12 => (36.0, 7.6, "", 12),
            13..=MOST_NUMBERS => (30.0, 7.6, "", 12),
            21..=48 => (14.0, 6.2, "small", 14),
            49..=MOST_NAMES => (7.4, 4.1, "tiny", 16),
            many => (800.0 / many as f64, 0.0, "", 0),
        };
        let lengths = names.iter().map(|name| name.chars().count().min(longest));
        let names = 10.0 + letter * lengths.max().unwrap_or(0) as f64;
        Self {
            cell,
            names: names + 18.0,
            top: 58.0 + names,
            longest,
            text,
        }
    }
}

impl Matrix<'_> {
    /// Draws it.
    pub fn draw(&self) -> Drawing {
        let layout = MatrixLayout::of(self.names);
        let side = layout.cell * self.names.len() as f64;
        let origin = format!("translate({} {})", number(layout.names), number(layout.top));
        let scale = format!("{origin} scale({})", layout.cell);
        let [middle, left] = [number(0.5 * side), number(16.0 - layout.names)];
        let content = html! {
            text class="title" x="0" y="16" { (visible(self.title)) }
            g transform=(origin) {
                text class="faint" x=(middle) y=(number(46.0 - layout.top)) text-anchor="middle" { (self.column_label) }
                text class="faint" text-anchor="middle" transform=(format!("translate({left} {middle}) rotate(-90)")) {
                    (self.row_label)
                }
                @if self.names.len() <= MOST_NAMES { (self.names(&layout)) }
                path class="grid" d=(format!("M0 0H{0}V{0}H0z", number(side))) {}
            }
            g transform=(scale) shape-rendering="crispEdges" {
                @if self.cells.len() <= MOST_TOOLTIPS { (self.cells()) } @else { (self.shapes()) }
            }
            @if self.names.len() <= MOST_NUMBERS { g transform=(origin) { (self.numbers(&layout)) } }
        };
        let width = (layout.names + side + 2.0).max(220.0);
        Drawing::new(self.title, [width, layout.top + side + 2.0], content)
    }

    fn names(&self, layout: &MatrixLayout) -> Markup {
        // As short as digits, they have room above their columns.
        let upright = self.names.len() <= MOST_NUMBERS
            && self.names.iter().all(|name| name.chars().count() <= 3);
        html! {
            @for (index, name) in self.names.iter().enumerate() {
                @let place = number((index as f64 + 0.5) * layout.cell);
                @let short = shortened(name, layout.longest);
                text class=(layout.text) x="-6" y=(place) dy=".35em" text-anchor="end" { (short) }
                @if upright {
                    text class=(layout.text) x=(place) y="-7" text-anchor="middle" { (short) }
                } @else {
                    text class=(layout.text) dy=".35em" transform=(format!("translate({place} -6) rotate(-90)")) { (short) }
                }
            }
        }
    }

    fn fitting(&self) -> impl Iterator<Item = &Cell> {
        let classes = self.names.len();
        let cells = self.cells.iter();
        cells.filter(move |cell| cell.row < classes && cell.column < classes)
    }

    fn cells(&self) -> Markup {
        html! {
            @for cell in self.fitting() {
                rect class=(cell.class()) fill-opacity=(cell.opacity()) x=(cell.column) y=(cell.row) width="1" height="1" {
                    title {
                        (visible(&self.names[cell.row])) " as " (visible(&self.names[cell.column])) ": " (cell.count)
                    }
                }
            }
        }
    }

    /// The cells of a shade as one shape.
    fn shapes(&self) -> Markup {
        let mut shapes = std::collections::BTreeMap::<_, String>::new();
        for cell in self.fitting() {
            let shape = shapes.entry((cell.class(), cell.opacity())).or_default();
            *shape += &format!("M{} {}h1v1h-1z", cell.column, cell.row);
        }
        html! {
            @for ((class, opacity), shape) in &shapes {
                path class=(class) fill-opacity=(opacity) d=(PreEscaped(shape)) {}
            }
        }
    }

    fn numbers(&self, layout: &MatrixLayout) -> Markup {
        html! {
            @for cell in self.fitting() {
                @let [x, y] = [cell.column, cell.row].map(|index| number((index as f64 + 0.5) * layout.cell));
                // The cell below has the tooltip.
                text class=(cell.text_class()) x=(x) y=(y) dy=".35em" text-anchor="middle" pointer-events="none" {
                    (cell.count)
                }
            }
        }
    }
}

impl Cell {
    fn class(&self) -> &'static str {
        if self.row == self.column {
            "right"
        } else {
            "wrong"
        }
    }

    /// What there is little of can be seen, too.
    fn opacity(&self) -> String {
        let shade = 0.1 + 0.9 * self.shade.clamp(0.0, 1.0);
        let shade = (shade * SHADES).ceil() / SHADES;
        let text = format!("{shade:.2}");
        text.trim_start_matches('0').into()
    }

    fn text_class(&self) -> &'static str {
        match (self.shade > 0.5, self.count > 999) {
            (true, false) => "on",
            (true, true) => "on small",
            (false, false) => "",
            (false, true) => "small",
        }
    }
}
