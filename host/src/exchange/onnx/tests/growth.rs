//! A few bytes that nodes make much of.

use super::builder::*;

/// Whole numbers repeated to these extents, so often.
fn repeated(extents: &[i64], times: usize) -> String {
    let constant =
        |name: &str, values: &[i64]| node("Constant", &[], name, vec![ints("value_ints", values)]);
    let mut nodes = vec![constant("one", &[7]), constant("extents", extents)];
    let mut last = String::from("one");
    for number in 0..times {
        let name = format!("repeated_{number}");
        nodes.push(node("Expand", &[&last, "extents"], &name, Vec::new()));
        last = name;
    }
    nodes.push(node("Size", &[&last], "size", Vec::new()));
    nodes.push(node("Add", &["x", "size"], "y", Vec::new()));
    refusal(nodes)
}

#[test]
fn constants_do_not_grow_to_more_than_a_file_can_mean() {
    let refused = "computes a constant that import cannot compute";
    let too_many = repeated(&[1025, 1024], 1);
    assert!(
        too_many.contains("repeated_0") && too_many.contains(refused),
        "{too_many}"
    );
    // Each of them is small enough, but not all together.
    let many = repeated(&[1024, 1024], 7);
    assert!(
        many.contains("repeated_6") && many.contains(refused),
        "{many}"
    );
    let few = repeated(&[1024, 1024], 6);
    assert!(!few.contains("repeated"), "{few}");
}
