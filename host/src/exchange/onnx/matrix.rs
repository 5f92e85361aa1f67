//! Matrices of linear layers, for inputs that may lie in another order than they are kept in.

use super::error::Fault;
use super::held::Held;
use super::node::OnnxOperation;
use super::view::{AxesView, AxisPart};

/// Whether a matrix behind this value is one for each pixel's channels.
pub fn is_of_pixels(input: &Held) -> bool {
    let rank = input.view.rank();
    let others = (0..rank.saturating_sub(1)).flat_map(|axis| input.long_parts(axis));
    others
        .into_iter()
        .any(|part| matches!(part, AxisPart::Rows | AxisPart::Columns))
}

/// The matrix of input 2, a row for each output, in the order of the input's values; and the number of
/// outputs. So it lies in the file if it is `transposed` and the values lie as they are kept.
pub fn matrix(
    operation: &OnnxOperation<'_, '_>,
    input: &Held,
    transposed: bool,
) -> Result<(Vec<f32>, usize), Fault> {
    let lies = || match input.lies_as(&AxesView::MAPS) && input.shape.map_elements() > 1 {
        true => Fault::Maps {
            found: input.shape.to_string(),
        },
        false => Fault::Lies { found: input.lie() },
    };
    let last = input.view.rank().checked_sub(1).ok_or_else(lies)?;
    let parts = input.long_parts(last);
    let is_row = !is_of_pixels(input);
    let takes_all = (0..last).all(|axis| !input.long_parts(axis).contains(&AxisPart::Channels));
    let takes_channels = parts.iter().all(|part| *part == AxisPart::Channels);
    if !takes_all || !(is_row || takes_channels) {
        return Err(lies());
    }
    let inputs = input.axis_length(last).ok_or_else(lies)?;
    let (shape, values) = operation.floats(1)?;
    let (outputs, by_input, by_output) = match *shape.as_slice() {
        [outputs, found] if transposed && found == inputs => (outputs, 1, inputs),
        [found, outputs] if !transposed && found == inputs => (outputs, outputs, 1),
        _ => {
            let expected = format!("a matrix with {inputs} inputs");
            return Err(operation.misshapen(1, &shape, expected));
        }
    };
    let places = kept_order(input, last);
    let rows = (0..outputs).flat_map(|row| {
        let place = move |place: &usize| place * by_input + row * by_output;
        places.iter().map(place)
    });
    Ok((rows.map(|place| values[place]).collect(), outputs))
}

/// Where along an axis each value is, in the order that values are kept in.
fn kept_order(input: &Held, axis: usize) -> Vec<usize> {
    let [channels, rows, columns] = input.steps(axis);
    let parts = input.long_parts(axis);
    let count = |part, all: u32| {
        if parts.contains(&part) {
            all as usize
        } else {
            1
        }
    };
    let of_rows = count(AxisPart::Rows, input.shape.height);
    let of_columns = count(AxisPart::Columns, input.shape.width);
    let mut places = Vec::new();
    for channel in 0..count(AxisPart::Channels, input.shape.channels) {
        for row in 0..of_rows {
            let start = channel * channels + row * rows;
            places.extend((0..of_columns).map(|column| start + column * columns));
        }
    }
    places
}
