//! Networks trained by another implementation in double precision: the fast passes agree with it.
//!
//! `../golden/README.md` says what the files hold.

mod case;

use case::Case;
use kiln_core::LaneWidth;
use std::path::Path;
use tests::fast::{self, Fast};

/// How far a value may be off, relative to the largest magnitude of its tensor.
const TOLERANCE: f32 = 2e-5;

/// Every tensor that a width computes otherwise than the file says.
fn disagreements(case: &Case, fast: &mut dyn Fast) -> Vec<String> {
    let mut found = vec![];
    found.extend(compare("logits", &fast.logits(&case.images), &case.logits));
    let outcome = fast.differentiate(&case.images, &case.labels).unwrap();
    let loss = (outcome.loss_sum / outcome.samples as f64) as f32;
    found.extend(compare("loss", &[loss], &[case.loss]));
    found.extend(compare_tensors(
        case,
        "grad.",
        fast.gradient(),
        &case.gradient,
    ));
    for _ in 0..case.steps {
        fast.step(&case.images, &case.labels, &case.sgd).unwrap();
    }
    found.extend(compare_tensors(
        case,
        "after.",
        fast.parameters(),
        &case.after,
    ));
    found
}

fn scalar_disagreements(case: &Case) -> Vec<String> {
    let mut fast = fast::at(LaneWidth::X1, &case.network, &case.parameters).unwrap();
    disagreements(case, &mut *fast)
}

fn compare_tensors(case: &Case, prefix: &str, values: &[f32], expected: &[f32]) -> Vec<String> {
    let tensors = case.tensors.iter();
    tensors
        .filter_map(|(name, range)| {
            let name = format!("{prefix}{name}");
            compare(&name, &values[range.clone()], &expected[range.clone()])
        })
        .collect()
}

/// What is wrong with a tensor, if anything; a NaN on either side is.
fn compare(name: &str, values: &[f32], expected: &[f32]) -> Option<String> {
    if values.len() != expected.len() {
        return Some(format!(
            "{name}: {} values, not {}",
            values.len(),
            expected.len()
        ));
    }
    let largest = expected
        .iter()
        .fold(0.0_f32, |most, value| most.max(value.abs()));
    let pairs = values.iter().zip(expected);
    let wrong: Vec<_> = pairs
        .enumerate()
        .filter(|(_, (value, wanted))| {
            let agrees = (*value - *wanted).abs() <= TOLERANCE * largest;
            !agrees
        })
        .collect();
    let (index, (value, wanted)) = wrong.first()?;
    let count = wrong.len();
    Some(format!(
        "{name}: {count} values differ, first {index}: {value}, not {wanted}"
    ))
}

#[test]
fn golden_vectors_agree_at_every_width() {
    for case in case::read_all(&case::folder()) {
        fast::at_every_width(&case.network, &case.parameters, |fast| {
            let (name, width) = (&case.name, fast.width());
            let found = disagreements(&case, fast);
            assert!(found.is_empty(), "{name}, {width:?}:\n{}", found.join("\n"));
        });
        println!("{} agrees", case.name);
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

type Alteration<'a> = &'a dyn Fn(&mut Case);

#[test]
fn golden_comparison_notices_every_kind_of_error() {
    let cases = case::read_all(&case::folder());
    let case = &cases[0];
    assert_eq!(scalar_disagreements(case), [""; 0]);
    let (last, range) = case.tensors.last().unwrap();
    let altered: [(&str, Alteration<'_>); 6] = [
        ("logits", &|case| case.logits[1] = f32::NAN),
        ("loss", &|case| case.loss *= 1.0 + 3e-5),
        (&format!("grad.{last}"), &|case| {
            nudge(&mut case.gradient[range.clone()])
        }),
        (&format!("after.{last}"), &|case| {
            nudge(&mut case.after[range.clone()])
        }),
        ("after.", &|case| case.sgd.momentum *= 0.9),
        ("after.", &|case| case.steps += 1),
    ];
    for (name, alter) in altered {
        let mut case = case.clone();
        alter(&mut case);
        let found = scalar_disagreements(&case);
        assert!(!found.is_empty(), "{name} goes unnoticed");
        assert!(found.iter().all(|line| line.starts_with(name)), "{found:?}");
    }
}

/// Changes one value of a tensor by half as much again as is allowed.
fn nudge(tensor: &mut [f32]) {
    let largest = tensor
        .iter()
        .fold(0.0_f32, |most, value| most.max(value.abs()));
    tensor[0] += 1.5 * TOLERANCE * largest;
}
