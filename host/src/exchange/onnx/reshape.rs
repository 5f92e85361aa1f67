//! Nodes that only look at a value by other axes.

use super::constants::BATCH;
use super::error::Fault;
use super::held::Held;
use super::importer::Importer;
use super::node::{OnnxOperation, attribute_fault};

impl<'m> Importer<'m> {
    /// Flatten, Reshape, Squeeze, Unsqueeze or Transpose; behind a softmax, too.
    pub fn reshape(&self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        let held = self.unchanged(operation)?;
        operation.reshaped(held, self.batch())
    }
}

impl OnnxOperation<'_, '_> {
    /// What such a node makes of a value, in a graph for so many images.
    pub fn reshaped(&self, held: Held, batch: Option<i64>) -> Result<Held, Fault> {
        let reshaped = self.by_other_axes(held, batch)?;
        // Zeros stay around rows and columns as long as these are axes of their own.
        match reshaped.has_joined_axes() {
            true => reshaped.without_zeros(),
            false => Ok(reshaped),
        }
    }

    fn by_other_axes(&self, held: Held, batch: Option<i64>) -> Result<Held, Fault> {
        match self.operator() {
            "Transpose" => self.transposed_value(&held),
            "Flatten" => self.flattened(&held, batch),
            "Squeeze" => self.squeezed(&held, batch),
            "Unsqueeze" => {
                let added = self
                    .list("axes")?
                    .map_or_else(|| self.ints(1), |it| Ok(it.to_vec()))?;
                let axes = self.axes((held.view.rank() + added.len()) as i64)?;
                let view = held.view.unsqueezed(&axes);
                let view = view.ok_or_else(|| attribute_fault("axes", &axes, "its own axes"))?;
                Ok(Held { view, ..held })
            }
            _ => self.reshape_to(&held, batch),
        }
    }

    fn reshape_to(&self, held: &Held, batch: Option<i64>) -> Result<Held, Fault> {
        self.only(&["allowzero"])?;
        let copies_zero = self.int("allowzero", 0)? == 0;
        let from = held.extents();
        let asked = self.ints(1)?;
        let copied = |(axis, &extent): (usize, &i64)| match from.get(axis) {
            Some(&copied) if extent == 0 && copies_zero => copied,
            _ => extent,
        };
        let target: Vec<i64> = asked.iter().enumerate().map(copied).collect();
        let regrouped = regrouped(held, &target, batch);
        regrouped.ok_or_else(|| Fault::Reshape {
            from: held.lie(),
            target: shown(&target),
        })
    }

    fn flattened(&self, held: &Held, batch: Option<i64>) -> Result<Held, Fault> {
        self.only(&["axis"])?;
        let extents = held.extents();
        let rank = extents.len() as i64;
        let given = self.int("axis", 1)?;
        let axis = if given < 0 { given + rank } else { given };
        let axis = usize::try_from(axis).ok().filter(|&it| it <= extents.len());
        let target = axis.and_then(|axis| {
            let (before, behind) = extents.split_at(axis);
            let product = |part: &[i64]| {
                let mut part = part.iter().filter(|&&extent| extent != BATCH);
                part.try_fold(1_i64, |product, extent| product.checked_mul(*extent))
            };
            let is_image = before.contains(&BATCH) || !extents.contains(&BATCH);
            let own = product(before).filter(|&it| it == 1 && is_image)?;
            let first = if before.contains(&BATCH) { BATCH } else { own };
            Some([first, product(behind)?])
        });
        let flat = target.and_then(|target| regrouped(held, &target, batch));
        flat.ok_or_else(|| attribute_fault("axis", &[given], "1"))
    }

    fn squeezed(&self, held: &Held, batch: Option<i64>) -> Result<Held, Fault> {
        self.only(&["axes"])?;
        let rank = held.view.rank();
        let extents = held.extents();
        let is_one = |axis: i64| {
            let extent = usize::try_from(axis)
                .ok()
                .and_then(|axis| extents.get(axis));
            extent.is_some_and(|&extent| extent == 1 || extent == BATCH && batch == Some(1))
        };
        let axes = match self.has_input(1) || self.list("axes")?.is_some() {
            true => self.axes(rank as i64)?,
            false => (0..rank as i64).filter(|&axis| is_one(axis)).collect(),
        };
        match axes.iter().all(|&axis| is_one(axis)) {
            true => Ok(Held {
                view: held.view.reduced(&axes, false),
                ..*held
            }),
            false => Err(attribute_fault("axes", &axes, "axes of one value")),
        }
    }

    fn transposed_value(&self, held: &Held) -> Result<Held, Fault> {
        self.only(&["perm"])?;
        let rank = held.view.rank() as i64;
        let order = self
            .list("perm")?
            .map_or_else(|| (0..rank).rev().collect(), <[i64]>::to_vec);
        let view = held.view.transposed(&order);
        let view = view.ok_or_else(|| attribute_fault("perm", &order, "an order of its axes"))?;
        Ok(Held { view, ..*held })
    }

    /// The axes of an attribute, or since opset 13 or 18 of input 2, sorted and counted from 0.
    pub fn axes(&self, rank: i64) -> Result<Vec<i64>, Fault> {
        let given = match self.list("axes")? {
            Some(list) => list.to_vec(),
            None => self.ints(1)?,
        };
        let counted = |axis: i64| {
            if axis < 0 {
                axis.saturating_add(rank)
            } else {
                axis
            }
        };
        let mut axes: Vec<i64> = given.into_iter().map(counted).collect();
        axes.sort_unstable();
        Ok(axes)
    }
}

/// The value by axes of these extents, of which one may be left to be computed.
fn regrouped(held: &Held, target: &[i64], batch: Option<i64>) -> Option<Held> {
    let [rows, columns] = held.padded().map(i64::from);
    let elements = i64::from(held.shape.channels).checked_mul(rows.checked_mul(columns)?)?;
    let is_batch = |extent: i64| matches!(extent, BATCH | -1 | 1) || Some(extent) == batch;
    if let Some((&first, rest)) = target.split_first()
        && is_batch(first)
        && let Some(mut lengths) = completed(rest, elements, first != -1)
    {
        lengths.insert(0, BATCH);
        return held.regrouped(&lengths, true);
    }
    // Of a graph for one image the axis of the batch may be merged into another.
    let lengths = completed(target, elements, true).filter(|_| batch == Some(1))?;
    held.regrouped(&lengths, false)
}

/// Extents of so many elements, with one of -1 computed where that is allowed.
fn completed(target: &[i64], elements: i64, may_be_free: bool) -> Option<Vec<i64>> {
    let known = target.iter().filter(|&&extent| extent != -1);
    let known = known.copied().try_fold(1_i64, i64::checked_mul)?;
    let free = target.iter().filter(|&&extent| extent == -1).count();
    let rest = elements.checked_div(known)?;
    let fits = known > 0 && rest.checked_mul(known)? == elements;
    let fits = fits && (free == 1 && may_be_free || free == 0 && rest == 1);
    let filled = |&extent: &i64| if extent == -1 { rest } else { extent };
    fits.then(|| target.iter().map(filled).collect())
}

fn shown(target: &[i64]) -> String {
    let texts = target.iter().map(|&extent| match extent {
        BATCH => "N".into(),
        extent => extent.to_string(),
    });
    texts.collect::<Vec<String>>().join(", ")
}
