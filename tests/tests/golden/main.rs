//! Networks trained by another implementation in double precision: the fast passes agree with it.
//!
//! `../golden/README.md` says what the files hold.

mod case;
mod noticed;

use case::{Case, State, Tensors, Tolerance};
use kiln_core::{Folding, LaneWidth};
use std::io::Write;
use std::path::Path;
use tests::coverage;
use tests::fast::{self, Fast, Subject};
use tests::reference::{self, Problem};

impl Case {
    fn subject(&self) -> Subject<'_> {
        Subject {
            network: &self.network,
            loss: self.loss,
            parameters: &self.before.parameters,
            statistics: &self.before.statistics,
            seed: 0,
        }
    }

    /// The logits of the first step by the statistics of the batch, which the fast passes keep to
    /// themselves, and the gradient that shows that theirs were the same.
    fn naive(&self) -> Option<reference::Batch> {
        self.network.has_batch_norm().then(|| {
            reference::batch(&Problem {
                network: &self.network,
                loss: self.loss,
                parameters: &self.before.parameters,
                images: &self.images,
                labels: &self.labels,
                seed: None,
            })
        })
    }
}

/// Every tensor that a width computes otherwise than the file says.
fn disagreements(
    case: &Case,
    naive: Option<&reference::Batch>,
    fast: &mut dyn Fast,
) -> Vec<String> {
    let mut found = vec![];
    let compare = |name: &str, values: &[f32], expected: &[f32]| {
        compare(case.tolerance, name, values, expected)
    };
    let outcome = fast.differentiate(&case.images, &case.labels).unwrap();
    let logits = match naive {
        Some(batch) => {
            let same = batch.gradient.iter().zip(fast.gradient());
            let mut same = same.map(|(naive, fast)| naive.to_bits() == fast.to_bits());
            assert!(same.all(|same| same), "{}: gradient of its own", case.name);
            batch.logits.clone()
        }
        None => fast.logits(&case.images),
    };
    found.extend(compare("logits", &logits, &case.logits));
    let loss = (outcome.loss_sum / outcome.samples as f64) as f32;
    found.extend(compare("loss", &[loss], &[case.mean_loss]));
    let compare_all = |prefix: &str, tensors: &Tensors, values: &[f32], expected: &[f32]| {
        let tensors = tensors.iter().filter_map(|(name, range)| {
            let name = format!("{prefix}{name}");
            compare(&name, &values[range.clone()], &expected[range.clone()])
        });
        tensors.collect::<Vec<_>>()
    };
    let own = &case.parameters;
    found.extend(compare_all("grad.", own, fast.gradient(), &case.gradient));
    for _ in 0..case.steps {
        fast.step(&case.images, &case.labels, &case.sgd).unwrap();
    }
    let State {
        parameters,
        statistics,
    } = &case.after;
    found.extend(compare_all("after.", own, fast.parameters(), parameters));
    let own = &case.statistics;
    found.extend(compare_all("after.", own, fast.statistics(), statistics));
    if let Some(expected) = &case.eval_logits {
        let logits = folded_logits(case, fast);
        found.extend(compare("after.eval_logits", &logits, expected));
    }
    found
}

/// The logits of the network as devices run it, after the steps.
fn folded_logits(case: &Case, trained: &dyn Fast) -> Vec<f32> {
    let folding = Folding::of(&case.network);
    let network = folding.clone().network();
    let mut parameters = vec![0.0; network.parameters()];
    let (own, running) = (trained.parameters(), trained.statistics());
    folding
        .fold(&case.network, own, running, &mut parameters)
        .unwrap();
    let folded = Subject::of(&network, &parameters);
    let mut folded = fast::at(trained.width(), &folded).unwrap();
    folded.logits(&case.images)
}

fn scalar_disagreements(case: &Case) -> Vec<String> {
    let mut fast = fast::at(LaneWidth::X1, &case.subject()).unwrap();
    disagreements(case, case.naive().as_ref(), &mut *fast)
}

/// What is wrong with a tensor, if anything; a NaN on either side is.
fn compare(tolerance: Tolerance, name: &str, values: &[f32], expected: &[f32]) -> Option<String> {
    if values.len() != expected.len() {
        let (found, wanted) = (values.len(), expected.len());
        return Some(format!("{name}: {found} values, not {wanted}"));
    }
    let allowed = allowed(tolerance, expected);
    let pairs = values.iter().zip(expected);
    let wrong: Vec<_> = pairs
        .enumerate()
        .filter(|(_, (value, wanted))| {
            let agrees = (*value - *wanted).abs() <= allowed;
            !agrees
        })
        .collect();
    let (index, (value, wanted)) = wrong.first()?;
    let count = wrong.len();
    Some(format!(
        "{name}: {count} values differ, first {index}: {value}, not {wanted}"
    ))
}

fn allowed(tolerance: Tolerance, expected: &[f32]) -> f32 {
    let largest = expected
        .iter()
        .fold(0.0_f32, |most, value| most.max(value.abs()));
    tolerance.share * largest.max(tolerance.least)
}

#[test]
fn golden_vectors_agree_at_every_width() {
    for case in case::read_given() {
        let naive = case.naive();
        fast::at_every_width(&case.subject(), |fast| {
            let (name, width) = (&case.name, fast.width());
            let found = disagreements(&case, naive.as_ref(), fast);
            assert!(found.is_empty(), "{name}, {width:?}:\n{}", found.join("\n"));
        });
        // Not by a macro, whose output the test harness keeps to itself where a test passes.
        let line = format!("{} agrees\n", case.name);
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
}

#[test]
#[should_panic(expected = "no .safetensors files")]
fn golden_folder_without_vectors_fails() {
    case::read_all(Path::new(env!("CARGO_MANIFEST_DIR")));
}

#[test]
#[should_panic(expected = "golden/none")]
fn golden_folder_that_is_missing_fails() {
    case::read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/none"));
}

#[test]
fn every_layer_loss_and_option_has_a_golden_case() {
    let cases = case::read_own();
    // A scale and a shift is what folding leaves of a batch normalisation.
    let folded: Vec<_> = cases
        .iter()
        .map(|case| Folding::of(&case.network).network())
        .collect();
    let excused = [
        ("Dropout", "no other implementation draws the same values"),
        ("MaxPool2d.count_include_pad", "a maximum has no divisor"),
        (
            "BatchNorm.momentum",
            "0.125 in all, and not PyTorch's default",
        ),
        (
            "BatchNorm.epsilon",
            "0.001 in all, and not PyTorch's default",
        ),
    ];
    let networks = cases.iter().map(|case| &case.network).chain(&folded);
    let losses = cases.iter().map(|case| case.loss);
    coverage::assert_covered("golden case", networks, losses, &excused);
}
