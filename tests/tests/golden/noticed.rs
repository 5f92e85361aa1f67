//! The comparison notices what it should.

use super::case::{self, Case, Tolerance};
use super::{allowed, scalar_disagreements};

type Alteration<'a> = &'a dyn Fn(&mut Case);

/// Plants each error by itself; all that is found has to be of the tensors that begin so.
fn assert_noticed(case: &Case, alterations: &[(&str, Alteration<'_>)]) {
    assert_eq!(scalar_disagreements(case), [""; 0]);
    for (name, alter) in alterations {
        let mut altered = case.clone();
        alter(&mut altered);
        let found = scalar_disagreements(&altered);
        assert!(!found.is_empty(), "{}: {name} goes unnoticed", case.name);
        assert!(found.iter().all(|line| line.starts_with(name)), "{found:?}");
    }
}

#[test]
fn golden_comparison_notices_every_kind_of_error() {
    let case = case::read_one("depthwise_avg.safetensors");
    let (last, range) = case.parameters.last().unwrap();
    let tolerance = case.tolerance;
    let altered: [(&str, Alteration<'_>); 6] = [
        ("logits", &|case| case.logits[1] = f32::NAN),
        ("loss", &|case| case.mean_loss *= 1.0 + 3e-5),
        (&format!("grad.{last}"), &|case| {
            nudge(tolerance, &mut case.gradient[range.clone()]);
        }),
        (&format!("after.{last}"), &|case| {
            nudge(tolerance, &mut case.after.parameters[range.clone()]);
        }),
        ("after.", &|case| case.sgd.momentum *= 0.9),
        ("after.", &|case| case.steps += 1),
    ];
    assert_noticed(&case, &altered);
}

#[test]
fn golden_comparison_notices_errors_in_graphs() {
    let case = case::read_one("graphs/batch_norm_three_groups.safetensors");
    let (running, range) = case.statistics.last().unwrap();
    let tolerance = case.tolerance;
    let altered: [(&str, Alteration<'_>); 4] = [
        ("logits", &|case| case.logits[1] = f32::NAN),
        ("after.eval_logits", &|case| {
            nudge(tolerance, case.eval_logits.as_mut().unwrap());
        }),
        (&format!("after.{running}"), &|case| {
            nudge(tolerance, &mut case.after.statistics[range.clone()]);
        }),
        ("after.", &|case| case.before.statistics[range.start] += 1.0),
    ];
    assert_noticed(&case, &altered);
}

/// Changes one value of a tensor by half as much again as is allowed.
fn nudge(tolerance: Tolerance, tensor: &mut [f32]) {
    tensor[0] += 1.5 * allowed(tolerance, tensor);
}

fn described(text: &str) {
    case::network_of("planted", text);
}

#[test]
#[should_panic(expected = "planted, node a: an operation that kiln does not have: gelu")]
fn golden_case_with_an_unknown_operation_fails() {
    described(
        r#"{"input": [1, 2, 2], "loss": "mse",
            "nodes": [{"name": "a", "op": "gelu", "inputs": ["input"]}]}"#,
    );
}

#[test]
#[should_panic(expected = r#"planted: kiln knows nothing of ["slope"]"#)]
fn golden_case_with_an_unknown_option_fails() {
    described(
        r#"{"input": [1, 2, 2], "loss": "mse",
            "nodes": [{"name": "a", "op": "relu", "inputs": ["input"], "slope": 0.5}]}"#,
    );
}

#[test]
#[should_panic(expected = "planted, node a: \"b\" is no earlier node")]
fn golden_case_that_reads_a_later_node_fails() {
    described(
        r#"{"input": [1, 2, 2], "loss": "mse",
            "nodes": [{"name": "a", "op": "relu", "inputs": ["b"]}]}"#,
    );
}
