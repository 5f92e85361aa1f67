//! Values of a layer's options that can be written in several ways.

use kiln_core::Padding;
use serde::{Deserialize, Serialize};

/// Rows and columns; one number stands for both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a whole number from 0 to 65535, or two as [rows, columns]"
)]
pub enum Extent {
    /// As many rows as columns.
    Square(u16),
    /// `[rows, columns]`.
    Pair([u16; 2]),
}

/// Rows and columns on the sides of an input; one number stands for all four.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a whole number from 0 to 65535, two as [rows, columns], or four as [top, left, bottom, right]"
)]
pub enum Sides {
    /// The same on each side.
    All(u16),
    /// `[rows, columns]`: above and below, before and behind.
    Pair([u16; 2]),
    /// `[top, left, bottom, right]`.
    Each([u16; 4]),
}

/// Number of outputs of a linear layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a whole number from 1 to 65535, or \"classes\""
)]
pub enum Outputs {
    /// As many as this.
    Count(u16),
    /// As many as the data has classes.
    Data(DataOutputs),
}

/// A number of outputs that follows from the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataOutputs {
    /// One for each class.
    Classes,
}

impl Sides {
    /// The rows and columns imagined around an input.
    pub(super) fn padding(self) -> Padding {
        match self {
            Self::All(side) => Padding::each(side, side),
            Self::Pair([rows, columns]) => Padding::each(rows, columns),
            Self::Each([top, left, bottom, right]) => Padding {
                top,
                left,
                bottom,
                right,
            },
        }
    }
}

impl From<Padding> for Sides {
    fn from(padding: Padding) -> Self {
        let Padding {
            top,
            left,
            bottom,
            right,
        } = padding;
        match (top == bottom, left == right, top == left) {
            (true, true, true) => Self::All(top),
            (true, true, false) => Self::Pair([top, left]),
            _ => Self::Each([top, left, bottom, right]),
        }
    }
}

impl Extent {
    /// `[rows, columns]`.
    pub(super) fn pair(self) -> [u16; 2] {
        match self {
            Self::Square(both) => [both, both],
            Self::Pair(pair) => pair,
        }
    }
}

impl From<[u16; 2]> for Extent {
    fn from(pair: [u16; 2]) -> Self {
        match pair {
            [rows, columns] if rows == columns => Self::Square(rows),
            pair => Self::Pair(pair),
        }
    }
}
