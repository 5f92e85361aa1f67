//! Charts as SVG: lines over epochs, a matrix of classes, points in a plane, a graph of layers.
//!
//! A chart is drawn into a [`Drawing`], which can stand in a page of HTML or be a file of its own.
//! Shapes have classes, and [`style`] gives these their colours, light or dark as the reader's
//! system is. Points, cells and lines tell what they are where the pointer rests on them.
//!
//! Texts come from outside (names of classes, of files): all of them pass through `maud`, which
//! escapes them.

mod axis;
mod drawing;
mod frame;
mod graph;
mod labels;
mod lines;
mod matrix;
mod scatter;
mod style;

pub use axis::{Scale, Unit};
pub use drawing::Drawing;
pub use graph::{GraphNode, NodeGraph};
pub use lines::{Line, LineChart};
pub use matrix::{Cell, Matrix};
pub use scatter::{Point, PointGroup, Scatter};
pub use style::{COLOURS, style};

#[cfg(test)]
mod tests;
