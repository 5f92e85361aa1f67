//! Nodes that take a mean, a sum or the maximum over rows and columns.

use super::draft::DraftLine;
use super::error::Fault;
use super::held::Held;
use super::importer::Importer;
use super::layers::small;
use super::node::{OnnxOperation, attribute_fault};
use super::view::{AxesView, AxisPart};
use kiln_core::{Layer, Pool2d};

/// What a reduction goes over.
#[derive(Clone, Copy, Debug)]
pub struct Reduction {
    /// Rows and columns of the windows, which are as long as the maps or 1.
    window: [u16; 2],
    /// Whether those are the whole maps.
    pub is_global: bool,
    /// The axes of what is left.
    pub view: AxesView,
}

impl<'m> Importer<'m> {
    /// GlobalAveragePool or GlobalMaxPool.
    pub fn global_pool(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        operation.only(&[])?;
        let input = self.input(operation)?;
        input.maps()?;
        let layer = match operation.operator() {
            "GlobalAveragePool" => Layer::GlobalAvgPool2d,
            _ => Layer::MaxPool2d(pool(map_window(&input)?)),
        };
        let view = AxesView::MAPS;
        let pooled = self.push_plain(operation, layer, &input)?;
        Ok(Held { view, ..pooled })
    }

    /// ReduceMean, ReduceSum or ReduceMax.
    pub fn reduce(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        let input = self.input(operation)?;
        let reduction = operation.reduction(&input)?;
        let window = pool(reduction.window);
        let layer = match (operation.operator(), reduction.is_global) {
            ("ReduceMax", _) => Layer::MaxPool2d(window),
            (_, true) => Layer::GlobalAvgPool2d,
            (_, false) => Layer::AvgPool2d(window),
        };
        let mut reduced = self.push_plain(operation, layer, &input)?;
        if operation.operator() == "ReduceSum" {
            let [rows, columns] = reduction.window.map(f64::from);
            let channels = input.shape.channels as usize;
            let line = DraftLine {
                scale: vec![rows * columns; channels],
                shift: vec![-0.0; channels],
                norm: None,
            };
            reduced = self.push_line(operation, line, &reduced)?;
        }
        let view = reduction.view;
        Ok(Held { view, ..reduced })
    }
}

impl OnnxOperation<'_, '_> {
    /// What a node's axes are of a value.
    pub fn reduction(&self, input: &Held) -> Result<Reduction, Fault> {
        self.only(&["axes", "keepdims", "noop_with_empty_axes"])?;
        let rank = input.view.rank() as i64;
        let axes = self.axes(rank)?;
        let fault = || {
            attribute_fault(
                "axes",
                &axes,
                &format!("rows and columns of {}", input.lie()),
            )
        };
        let mut parts = Vec::new();
        for &axis in &axes {
            let axis = usize::try_from(axis).ok().filter(|&it| (it as i64) < rank);
            parts.extend(input.long_parts(axis.ok_or_else(fault)?));
        }
        let is_of_maps = |part: &AxisPart| matches!(part, AxisPart::Rows | AxisPart::Columns);
        if axes.is_empty() || !parts.iter().all(is_of_maps) {
            return Err(fault());
        }
        let [rows, columns] = map_window(input)?;
        let window = [
            if parts.contains(&AxisPart::Rows) {
                rows
            } else {
                1
            },
            if parts.contains(&AxisPart::Columns) {
                columns
            } else {
                1
            },
        ];
        let keeps = self.int("keepdims", 1)? != 0;
        Ok(Reduction {
            window,
            is_global: window == [rows, columns],
            view: input.view.reduced(&axes, keeps),
        })
    }
}

fn map_window(input: &Held) -> Result<[u16; 2], Fault> {
    let [rows, columns] = [input.shape.height, input.shape.width];
    Ok([small(rows as usize)?, small(columns as usize)?])
}

fn pool(window: [u16; 2]) -> Pool2d {
    Pool2d {
        window,
        stride: window,
        ..Pool2d::new(1)
    }
}
