//! Tensors as an import needs them: constants of a known shape, and what codes stand for.

use super::error::TfliteFault;
use super::flat_table::TfliteDamage;
use super::names;
use super::schema::TfliteTensor;
use crate::exchange::extents;
use kiln_core::Quantization;
use std::borrow::Cow;

/// A type of elements, by its number in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TfliteElement {
    number: i8,
    name: &'static str,
    bytes: usize,
}

impl TfliteElement {
    /// Its number in the schema.
    pub fn number(self) -> i8 {
        self.number
    }
}

/// Codes and weights.
pub const INT8: TfliteElement = TfliteElement {
    number: 9,
    name: "INT8",
    bytes: 1,
};
/// Biases, axes, extents.
pub const INT32: TfliteElement = TfliteElement {
    number: 2,
    name: "INT32",
    bytes: 4,
};
/// Codes that are 128 larger.
pub const UINT8: TfliteElement = TfliteElement {
    number: 3,
    name: "UINT8",
    bytes: 1,
};
/// Numbers that are not quantised.
pub const FLOAT32: TfliteElement = TfliteElement {
    number: 0,
    name: "FLOAT32",
    bytes: 4,
};

impl<'a> TfliteTensor<'a> {
    /// Whether its elements are of one of these types.
    pub fn is_one_of<const N: usize>(
        &self,
        elements: [TfliteElement; N],
    ) -> Result<bool, TfliteDamage> {
        let found = self.element()?;
        Ok(elements.iter().any(|element| element.number == found))
    }

    /// Refuses elements of another type.
    pub fn require(&self, element: TfliteElement) -> Result<(), TfliteFault> {
        match self.is_one_of([element])? {
            true => Ok(()),
            false => Err(TfliteFault::Element {
                tensor: self.name(),
                found: names::element(self.element()?),
                expected: element.name,
            }),
        }
    }

    /// What the codes of a computed value stand for.
    pub fn codes(&self) -> Result<Quantization, TfliteFault> {
        self.require(INT8)?;
        let (scale, zero) = self.one_scale()?;
        let zero = i8::try_from(zero)
            .map_err(|_| self.refused(format!("the zero {zero}"), "one from -128 to 127"))?;
        Ok(all_codes(scale, zero))
    }

    /// The scale and the zero of a tensor that has one of each.
    pub fn one_scale(&self) -> Result<(f32, i64), TfliteFault> {
        let (scales, zeros, _) = self.quantization()?;
        let (1, 0..=1, Some(scale)) = (scales.len(), zeros.len(), scales.first()) else {
            let found = format!("{} scales and {} zeros", scales.len(), zeros.len());
            return Err(self.refused(found, "one of each"));
        };
        match scale.is_finite() && scale > 0.0 {
            true => Ok((scale, zeros.first().unwrap_or(0))),
            false => Err(self.refused(format!("the scale {scale}"), "a finite one above 0")),
        }
    }

    /// Weights of this shape, the scale of each of their outputs, which lie along `axis`.
    pub fn weights(&self, dims: &[usize], axis: usize) -> Result<TfliteWeights<'a>, TfliteFault> {
        let bytes = self.constant(INT8, dims)?;
        let (scales, zeros, along) = self.quantization()?;
        if zeros.iter().any(|zero| zero != 0) {
            return Err(self.refused("a zero that is not 0".into(), "weights around 0"));
        }
        let outputs = dims[axis];
        let scales: Vec<f32> = match scales.len() {
            1 => scales.iter().cycle().take(outputs).collect(),
            found if found == outputs && along == axis => scales.iter().collect(),
            found => {
                let found = format!("{found} scales along axis {along}");
                let expected = format!("one scale, or {outputs} along axis {axis}");
                return Err(self.refused(found, expected));
            }
        };
        Ok(TfliteWeights {
            bytes: bytes.into(),
            scales,
        })
    }

    /// 32-bit integers.
    pub fn ints(&self, dims: &[usize]) -> Result<Vec<i32>, TfliteFault> {
        let (words, _) = self.constant(INT32, dims)?.as_chunks::<4>();
        Ok(words.iter().map(|word| i32::from_le_bytes(*word)).collect())
    }

    /// The bytes of a constant of this shape.
    fn constant(&self, element: TfliteElement, dims: &[usize]) -> Result<&'a [u8], TfliteFault> {
        self.require(element)?;
        let found = self.dims()?;
        if found != dims {
            return Err(TfliteFault::Shape {
                tensor: self.name(),
                found: extents(&found),
                expected: extents(dims),
            });
        }
        if self.is_sparse()? {
            return Err(TfliteFault::Sparse {
                tensor: self.name(),
            });
        }
        let bytes = self.data()?;
        let product = |product: usize, &extent: &usize| product.checked_mul(extent);
        let expected = dims.iter().try_fold(element.bytes, product);
        match expected.filter(|&expected| expected == bytes.len()) {
            Some(_) => Ok(bytes),
            None => Err(TfliteFault::Constant {
                tensor: self.name(),
                found: bytes.len(),
                expected: expected.unwrap_or(usize::MAX),
            }),
        }
    }

    fn refused(&self, found: String, expected: impl Into<String>) -> TfliteFault {
        TfliteFault::Quantization {
            tensor: self.name(),
            found,
            expected: expected.into(),
        }
    }
}

/// Weights in the file's order.
#[derive(Clone, Debug)]
pub struct TfliteWeights<'a> {
    /// A byte each.
    pub bytes: Cow<'a, [u8]>,
    /// One for each output.
    pub scales: Vec<f32>,
}

/// All codes that a file's values may have.
pub fn all_codes(scale: f32, zero: i8) -> Quantization {
    Quantization {
        low: i8::MIN,
        ..Quantization::new(scale, zero)
    }
}
