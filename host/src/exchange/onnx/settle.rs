//! From a draft to a network: what lies between its layers is folded.
//!
//! A line at the input becomes part of its scaling. Others are moved back through pools to a
//! convolution or linear layer, where that changes nothing, and go into the network as batch
//! normalisations, which core folds, or leaves as a scale and a shift. A file of Kiln's own, whose
//! metadata has the same network, is taken as it stands.

use super::assemble::Assembled;
use super::draft::{Draft, DraftLine, DraftOperation};
use super::error::{Fault, OnnxError};
use super::importer::FinishedDraft;
use super::windows::rounds_up;
use crate::exchange::{Affine, Imported, Metadata};
use kiln_core::{Layer, Network, Padding, Pool2d, Shape};

/// The network of a draft that is pruned.
pub fn settle(finished: FinishedDraft, metadata: Option<Metadata>) -> Result<Imported, OnnxError> {
    let FinishedDraft {
        mut draft,
        ends,
        mut remarks,
    } = finished;
    join_products_and_sums(&mut draft);
    let told = metadata
        .as_ref()
        .and_then(|it| it.network.network(None).ok());
    let limit = if told.is_some() { 1 } else { usize::MAX };
    let mut input = take_input_line(&mut draft, limit, &mut remarks);
    if let Some(told) = told {
        let mut own = Assembled::of(&draft, false)?;
        if is_alike(&own.network, &told) {
            own.network = told;
            return own.imported(input, metadata, ends, remarks);
        }
        let rest = take_input_line(&mut draft, usize::MAX, &mut remarks);
        input = match (input, rest) {
            (Some(first), Some(second)) => Some(first.then(&second)),
            (first, second) => first.or(second),
        };
    }
    join_lines(&mut draft);
    fold_into_linear(&mut draft, &mut remarks)?;
    move_back(&mut draft);
    join_lines(&mut draft);
    join_layers(&mut draft);
    plain_pools(&mut draft);
    let trained = Assembled::of(&draft, true)?;
    trained
        .folded(&draft, &mut remarks)?
        .imported(input, metadata, ends, remarks)
}

/// A `Mul` and the `Add` behind it are one line.
fn join_products_and_sums(draft: &mut Draft) {
    join(draft, |first, second| first.is_product() && second.is_sum());
}

/// Lines of the same length, one behind another, are one.
fn join_lines(draft: &mut Draft) {
    join(draft, |first, second| {
        first.scale.len() == second.scale.len()
    });
}

fn join(draft: &mut Draft, fits: impl Fn(&DraftLine, &DraftLine) -> bool) {
    for index in 0..draft.nodes.len() {
        let Some(before) = draft.only_giver(index) else {
            continue;
        };
        let (first, second) = (&draft.nodes[before], &draft.nodes[index]);
        let (DraftOperation::Line(one), DraftOperation::Line(other)) =
            (&first.operation, &second.operation)
        else {
            continue;
        };
        if one.scale.len() != other.scale.len() || !fits(one, other) {
            continue;
        }
        let line = one.then(other);
        let labels = [first.labels.as_slice(), &second.labels].concat();
        draft.take_out(before);
        draft.nodes[index].labels = labels;
        draft.nodes[index].operation = DraftOperation::Line(line);
    }
}

/// Takes out at most `limit` lines that alone read the input.
fn take_input_line(draft: &mut Draft, limit: usize, remarks: &mut Vec<String>) -> Option<Affine> {
    let mut input: Option<Affine> = None;
    for _ in 0..limit {
        let reader = draft.sole_reader(0);
        let line = reader.and_then(|reader| Some((reader, draft.nodes[reader].channel_line()?)));
        let Some((reader, line)) = line else {
            break;
        };
        let line = Affine {
            scale: line.scale.clone(),
            shift: line.shift.clone(),
        };
        let channels = draft.input.channels as usize;
        let before = input.unwrap_or_else(|| Affine::identity(channels));
        input = Some(before.then(&line));
        for label in &draft.nodes[reader].labels {
            remarks.push(format!("folded {label} into the input's scaling"));
        }
        draft.take_out(reader);
    }
    input
}

/// A line over values of flattened maps becomes part of the linear layer that reads it.
fn fold_into_linear(draft: &mut Draft, remarks: &mut Vec<String>) -> Result<(), OnnxError> {
    for index in 0..draft.nodes.len() {
        let node = &draft.nodes[index];
        let (false, None, DraftOperation::Line(line)) =
            (node.is_gone, node.channel_line(), &node.operation)
        else {
            continue;
        };
        let line = line.clone();
        let reader = draft.sole_reader(index + 1);
        let linear = reader.map(|reader| &mut draft.nodes[reader].operation);
        let Some(DraftOperation::Layer {
            layer: Layer::Linear(linear),
            weights,
            biases,
        }) = linear
        else {
            return Err(OnnxError::Node {
                node: draft.nodes[index].described.clone(),
                fault: Fault::Fold,
            });
        };
        linear.bias = true;
        biases.resize(linear.outputs.into(), 0.0);
        for (row, bias) in weights.chunks_exact_mut(line.scale.len()).zip(biases) {
            let products = row.iter().zip(&line.shift);
            let sum: f64 = products
                .map(|(weight, shift)| f64::from(*weight) * shift)
                .sum();
            *bias = (f64::from(*bias) + sum) as f32;
            for (weight, scale) in row.iter_mut().zip(&line.scale) {
                *weight = (f64::from(*weight) * scale) as f32;
            }
        }
        for label in &draft.nodes[index].labels {
            remarks.push(format!(
                "folded {label} into the linear layer that reads it"
            ));
        }
        draft.take_out(index);
    }
    Ok(())
}

/// Moves lines behind pools before these, where they then follow what they can be folded into.
fn move_back(draft: &mut Draft) {
    for index in 0..draft.nodes.len() {
        let mut place = index;
        let mut pools = Vec::new();
        while let Some(pool) = pool_before(draft, place, index) {
            pools.push(pool);
            place = pool;
        }
        let folds = draft.only_giver(place).is_some_and(|before| {
            let layer = draft.nodes[before].layer();
            matches!(layer, Some(Layer::Conv2d(_) | Layer::Linear(_)))
        });
        if !folds {
            continue;
        }
        let mut place = index;
        for pool in pools {
            swap(draft, pool, place);
            place = pool;
        }
    }
}

/// The pool before `place` through which the line of node `line` can be moved.
fn pool_before(draft: &Draft, place: usize, line: usize) -> Option<usize> {
    let scales = &draft.nodes[line].channel_line()?.scale;
    let before = draft.only_giver(place)?;
    let passes = match draft.nodes[before].layer()? {
        Layer::GlobalAvgPool2d => true,
        // A mean of the values and of zeros is moved by less than the whole shift.
        Layer::AvgPool2d(pool) => pool.padding == Padding::NONE || !pool.count_include_pad,
        Layer::MaxPool2d(_) => scales.iter().all(|&scale| scale >= 0.0),
        _ => false,
    };
    passes.then_some(before)
}

/// Lets a line take the place of the pool that it alone reads.
fn swap(draft: &mut Draft, pool: usize, line: usize) {
    let input = draft.nodes[pool].inputs[0];
    let (before, behind) = (draft.shape(input), draft.nodes[pool].shape);
    draft.nodes.swap(pool, line);
    draft.nodes[pool].inputs = [input; 2];
    draft.nodes[pool].shape = before;
    draft.nodes[line].inputs = [pool + 1; 2];
    draft.nodes[line].shape = behind;
}

/// A mean over columns and one over rows are one over maps, and a ReLU before a ReLU6 does nothing.
fn join_layers(draft: &mut Draft) {
    for index in 0..draft.nodes.len() {
        let Some(before) = draft.only_giver(index) else {
            continue;
        };
        let input = draft.shape(draft.nodes[before].inputs[0]);
        let is_part = match (draft.nodes[before].layer(), draft.nodes[index].layer()) {
            (Some(Layer::AvgPool2d(pool)), Some(Layer::GlobalAvgPool2d)) => {
                let whole = [input.height, input.width];
                let is_whole = pool
                    .window
                    .iter()
                    .zip(whole)
                    .all(|(&it, all)| u32::from(it) == all || it == 1);
                is_whole && pool.window == pool.stride && pool.padding == Padding::NONE
            }
            (Some(Layer::Relu), Some(Layer::Relu6)) => true,
            _ => false,
        };
        if is_part {
            draft.take_out(before);
        }
    }
}

/// Gives pools Kiln's own options where others come to the same.
fn plain_pools(draft: &mut Draft) {
    for index in 0..draft.nodes.len() {
        let input = draft.shape(draft.nodes[index].inputs[0]);
        if let DraftOperation::Layer { layer, .. } = &mut draft.nodes[index].operation {
            *layer = plain(*layer, input);
        }
    }
}

/// The layer without options that change nothing for this input.
fn plain(layer: Layer, input: Shape) -> Layer {
    let of = |mut pool: Pool2d| {
        pool.ceil_mode &= rounds_up(&pool, input);
        pool.count_include_pad |= pool.padding == Padding::NONE;
        pool
    };
    match layer {
        Layer::MaxPool2d(pool) => Layer::MaxPool2d(of(pool)),
        Layer::AvgPool2d(pool) => Layer::AvgPool2d(of(pool)),
        layer => layer,
    }
}

/// Whether two networks are the same but for such options.
fn is_alike(one: &Network, other: &Network) -> bool {
    let layers = |network: &Network| -> Vec<Layer> {
        let layers = network.layers().iter().enumerate();
        let plain = layers.map(|(index, &layer)| plain(layer, network.input_shape_of(index)));
        plain.collect()
    };
    one.input_shape() == other.input_shape()
        && one.inputs() == other.inputs()
        && layers(one) == layers(other)
}
