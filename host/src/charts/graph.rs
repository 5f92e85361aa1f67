//! What reads what: boxes from top to bottom, with a line from each to those that read it.

use super::drawing::{Drawing, number, shortened, visible};
use maud::{Markup, html};

/// A graph of nodes that read earlier ones.
#[derive(Clone, Debug)]
pub struct NodeGraph<'a> {
    /// What it shows.
    pub title: &'a str,
    /// In an order in which each reads only what is before it.
    pub nodes: Vec<GraphNode>,
}

/// A box.
#[derive(Clone, Debug)]
pub struct GraphNode {
    /// What it is; cut where it is too long.
    pub label: String,
    /// What it gives, in a word.
    pub detail: String,
    /// Whether it stands out.
    pub strong: bool,
    /// Indices of the nodes that it reads, all before its own.
    pub inputs: Vec<usize>,
}

/// Where a node is: its row, and the column that its branch has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NodePlace {
    row: usize,
    column: usize,
}

/// Extent of a box.
const BOX: [f64; 2] = [330.0, 24.0];
/// From the top of a row to that of the next.
const STEP: f64 = 36.0;
/// Left of each column, for lines that pass boxes by.
const GUTTER: f64 = 44.0;
/// From a box to the lane beside it, and from lane to lane.
const LANE: f64 = 10.0;
/// Lanes that a gutter has room for; more lines than that lie on one another.
const LANES: usize = 4;
/// Characters of a label.
const LABEL: usize = 38;

impl NodeGraph<'_> {
    /// Draws it. A value's first reader stands below it, others begin columns of their own.
    pub fn draw(&self) -> Drawing {
        let places = self.places();
        let columns = places.iter().map(|place| place.column + 1).max();
        let rows = places.iter().map(|place| place.row + 1).max();
        let [columns, rows] = [columns, rows].map(|count| count.unwrap_or(0) as f64);
        let size = [
            columns * (BOX[0] + GUTTER) + 2.0,
            (rows * STEP - STEP + BOX[1] + 2.0).max(BOX[1]),
        ];
        let content = html! {
            @for path in self.lines(&places) { path class="line s7" d=(path) {} }
            @for (node, place) in self.nodes.iter().zip(&places) { (node.draw(*place)) }
        };
        Drawing::new(self.title, size, content)
    }

    /// A row below all that it reads. In the column of what it reads where nothing else went on
    /// there, or else in the first that is free down to its last reader.
    fn places(&self) -> Vec<NodePlace> {
        let rows = self.rows();
        let mut last = rows.clone();
        for (index, node) in self.nodes.iter().enumerate() {
            for input in &node.inputs {
                last[*input] = last[*input].max(rows[index]);
            }
        }
        let mut places: Vec<NodePlace> = Vec::new();
        // By column: the node placed there last, and the row that the column is free from.
        let mut columns: Vec<(usize, usize)> = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let row = rows[index];
            let below = |input: &usize| {
                let column = places[*input].column;
                (columns[column].0 == *input).then_some(column)
            };
            let column = node.inputs.iter().filter_map(below).min();
            let free = || columns.iter().position(|(_, from)| *from < row);
            let column = column.or_else(free).unwrap_or(columns.len());
            if column == columns.len() {
                columns.push((index, 0));
            }
            let from = columns[column].1.max(last[index]);
            columns[column] = (index, from);
            places.push(NodePlace { row, column });
        }
        places
    }

    fn rows(&self) -> Vec<usize> {
        let mut rows: Vec<usize> = Vec::new();
        for node in &self.nodes {
            let above = node.inputs.iter().map(|input| rows[*input] + 1);
            rows.push(above.max().unwrap_or(0));
        }
        rows
    }

    /// The paths of all lines.
    fn lines(&self, places: &[NodePlace]) -> Vec<String> {
        // By column and lane: the row down to which it is taken.
        let mut lanes: Vec<[usize; LANES]> = vec![[0; LANES]; places.len()];
        let mut lines = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            for input in &node.inputs {
                let (from, to) = (places[*input], places[index]);
                let passes = places.iter().any(|other| {
                    other.column == from.column && (from.row + 1..to.row).contains(&other.row)
                });
                lines.push(match from.column == to.column && passes {
                    true => {
                        let lanes = &mut lanes[from.column];
                        let lane = lanes.iter().position(|end| *end <= from.row);
                        let lane = lane.unwrap_or(LANES - 1);
                        lanes[lane] = to.row;
                        beside(from, to, lane)
                    }
                    false => down(from, to),
                });
            }
        }
        lines
    }
}

impl GraphNode {
    fn draw(&self, place: NodePlace) -> Markup {
        let [x, y] = [left(place), top(place)];
        let [width, height] = BOX.map(number);
        let class = if self.strong {
            "paper mark s1"
        } else {
            "paper mark s0"
        };
        let baseline = number(y + 16.0);
        html! {
            g {
                title { (visible(&self.label)) }
                rect class=(class) x=(number(x)) y=(number(y)) width=(width) height=(height) rx="4" {}
                text x=(number(x + 8.0)) y=(baseline) { (shortened(&self.label, LABEL)) }
                text class="small faint" x=(number(x + BOX[0] - 8.0)) y=(baseline) text-anchor="end" { (visible(&self.detail)) }
            }
        }
    }
}

fn left(place: NodePlace) -> f64 {
    GUTTER + place.column as f64 * (BOX[0] + GUTTER)
}

fn top(place: NodePlace) -> f64 {
    1.0 + place.row as f64 * STEP
}

/// From the bottom of a box: straight down, or over to a column on the right, or down and into the
/// side of a box on the left.
fn down(from: NodePlace, to: NodePlace) -> String {
    let middle = |place| left(place) + BOX[0] / 2.0;
    let start = format!("M{} {}", number(middle(from)), number(top(from) + BOX[1]));
    let end = number(top(to));
    if from.column > to.column {
        let side = number(left(to) + BOX[0]);
        return format!("{start}V{}H{side}", number(top(to) + BOX[1] / 2.0));
    }
    let turn = number(top(from) + (BOX[1] + STEP) / 2.0);
    format!("{start}V{turn}H{}V{end}", number(middle(to)))
}

/// From the left side of a box, past those below it, into the left side of another.
fn beside(from: NodePlace, to: NodePlace, lane: usize) -> String {
    let edge = left(from);
    let [start, end] = [from, to].map(|place| number(top(place) + BOX[1] / 2.0));
    let lane = number(edge - LANE * (lane + 1) as f64);
    let edge = number(edge);
    format!("M{edge} {start}H{lane}V{end}H{edge}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(inputs: &[&[usize]]) -> NodeGraph<'static> {
        let node = |inputs: &&[usize]| GraphNode {
            label: "<b>".into(),
            detail: "1x2x3".into(),
            strong: false,
            inputs: inputs.to_vec(),
        };
        NodeGraph {
            title: "graph",
            nodes: inputs.iter().map(node).collect(),
        }
    }

    fn places(inputs: &[&[usize]]) -> Vec<(usize, usize)> {
        let places = graph(inputs).places();
        places
            .iter()
            .map(|place| (place.row, place.column))
            .collect()
    }

    #[test]
    fn a_branch_stands_beside_what_it_passes() {
        // 0 > 1 > 2, a branch 0 > 3, and 4 adds 2 and 3.
        let inputs: [&[usize]; 5] = [&[], &[0], &[1], &[0], &[2, 3]];
        assert_eq!(places(&inputs), [(0, 0), (1, 0), (2, 0), (1, 1), (3, 0)]);
        // The column is free again behind it.
        let more: [&[usize]; 8] = [&[], &[0], &[1], &[0], &[2, 3], &[4], &[4], &[5, 6]];
        assert_eq!(places(&more)[5..], [(4, 0), (4, 1), (5, 0)]);
    }

    #[test]
    fn two_branches_of_a_value_have_columns_of_their_own() {
        let inputs: [&[usize]; 6] = [&[], &[0], &[0], &[0], &[1, 2], &[4, 3]];
        let places = places(&inputs);
        assert_eq!(places[1..4], [(1, 0), (1, 1), (1, 2)]);
        let mut unique = places.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), places.len(), "no two boxes at one place");
    }

    #[test]
    fn what_passes_boxes_by_does_so_beside_them() {
        // 2 adds 1 and, past it, 0.
        let inputs: [&[usize]; 3] = [&[], &[0], &[1, 0]];
        let graph = graph(&inputs);
        let lines = graph.lines(&graph.places());
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[2], "M44 13H34V85H44");
        let file = graph.draw().file();
        assert!(
            file.contains("&lt;b&gt;") && !file.contains("<b>"),
            "{file}"
        );
    }

    #[test]
    fn an_empty_graph_is_drawn_as_nothing() {
        assert!(graph(&[]).draw().file().starts_with("<svg"));
    }
}
