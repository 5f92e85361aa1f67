//! An operator with the tensors that it reads and gives.

use super::error::TfliteFault;
use super::schema::{TfliteGraph, TfliteOperator, TfliteOptions, TfliteTensor};

/// An operator, its tensors found.
#[derive(Clone, Debug)]
pub struct TfliteOperation<'a> {
    operator: TfliteOperator<'a>,
    /// The tensors that it reads, with their numbers; none for one left out.
    inputs: Vec<Option<(usize, TfliteTensor<'a>)>>,
    /// Number of the tensor that it gives.
    pub output: usize,
    /// The tensor that it gives.
    pub given: TfliteTensor<'a>,
}

/// Most tensors that an operator reads which can be imported.
const MOST_INPUTS: usize = 3;

impl<'a> TfliteOperation<'a> {
    /// Finds the tensors of an operator.
    pub fn of(graph: &TfliteGraph<'a>, operator: TfliteOperator<'a>) -> Result<Self, TfliteFault> {
        let (reads, gives) = (operator.inputs()?, operator.outputs()?);
        if reads.len() > MOST_INPUTS {
            return Err(count("inputs", reads.len(), "up to three"));
        }
        if gives.len() != 1 {
            return Err(count("outputs", gives.len(), "one"));
        }
        let found = |number: i32| match usize::try_from(number) {
            Ok(number) => Ok(Some((number, graph.tensor(number)?))),
            Err(_) => Ok(None),
        };
        let inputs = reads.iter().map(found);
        let inputs = inputs.collect::<Result<_, TfliteFault>>()?;
        let output = gives.first().map(found).transpose()?.flatten();
        let (output, given) = output.ok_or_else(|| count("outputs", 0, "one"))?;
        Ok(Self {
            operator,
            inputs,
            output,
            given,
        })
    }

    /// The operator's name.
    pub fn name(&self) -> &str {
        &self.operator.name
    }

    /// Refuses another number of inputs than these.
    pub fn reads(&self, fitting: &[usize], expected: &'static str) -> Result<(), TfliteFault> {
        match fitting.contains(&self.inputs.len()) {
            true => Ok(()),
            false => Err(count("inputs", self.inputs.len(), expected)),
        }
    }

    /// The tensor at a place among the inputs, with its number.
    pub fn input(&self, place: usize) -> Result<(usize, TfliteTensor<'a>), TfliteFault> {
        self.optional(place)
            .ok_or_else(|| count("inputs", place, "more"))
    }

    /// The same, if there is one.
    pub fn optional(&self, place: usize) -> Option<(usize, TfliteTensor<'a>)> {
        self.inputs.get(place).copied().flatten()
    }

    /// Its options, of the kind with this number.
    pub fn options(&self, kind: u8) -> Result<TfliteOptions<'a>, TfliteFault> {
        Ok(self.operator.options(kind)?)
    }
}

fn count(what: &'static str, found: usize, expected: &'static str) -> TfliteFault {
    TfliteFault::Count {
        what,
        found,
        expected,
    }
}
