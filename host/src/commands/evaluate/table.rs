//! What is taken for what, for people to read.

use crate::confusion::{ConfusedPair, Confusion};
use crate::output::{Output, counted, grouped, printable};
use console::{Alignment, Style, measure_text_width, pad_str, truncate_str};
use std::io;

/// A table of more classes would be wider than a terminal.
const MOST_CLASSES: usize = 12;

/// Pairs of classes told.
const MOST_PAIRS: usize = 5;

/// Width of a column's head; longer names are cut, and whole at the head of their row.
const HEAD_WIDTH: usize = 6;

/// Prints the table, unless there are too many classes, and the most confused pairs.
///
/// # Errors
///
/// If the stream cannot be written.
pub(super) fn describe(output: Output, confusion: &Confusion, names: &[String]) -> io::Result<()> {
    let names: Vec<String> = names
        .iter()
        .map(|name| printable(name).into_owned())
        .collect();
    if confusion.classes() <= MOST_CLASSES {
        output.item(
            "confusion",
            "a row for each true class, a column for each predicted one",
        )?;
        output.line("")?;
        for line in lines(confusion, &names, &output.style()) {
            output.styled(line)?;
        }
        output.line("")?;
    }
    let pairs = confusion.pairs(MOST_PAIRS);
    if pairs.is_empty() {
        return output.item("confused", "no class with another");
    }
    for (index, pair) in pairs.iter().enumerate() {
        let label = if index == 0 { "confused" } else { "" };
        output.item(label, sentence(pair, &names))?;
    }
    Ok(())
}

/// `4 taken for 9: 12 times, 1.2% of the 4s`.
fn sentence(pair: &ConfusedPair, names: &[String]) -> String {
    let [truth, predicted] = [pair.truth, pair.predicted].map(|class| names[class].as_str());
    let all = match truth.bytes().all(|byte| byte.is_ascii_digit()) {
        true => format!("the {truth}s"),
        false => format!("class {truth}"),
    };
    let times = counted(pair.samples as usize, "time", "times");
    let percent = 100.0 * pair.share;
    format!("{truth} taken for {predicted}: {times}, {percent:.1}% of {all}")
}

/// A row for each true class, a column for each predicted one. What is right is bold, what is
/// wrong is red, and what never happened is dim.
fn lines(confusion: &Confusion, names: &[String], style: &Style) -> Vec<String> {
    let classes = 0..confusion.classes();
    let heads: Vec<_> = names
        .iter()
        .map(|name| truncate_str(name, HEAD_WIDTH, "…"))
        .collect();
    let counts = classes.clone().map(|truth| {
        classes
            .clone()
            .map(move |class| count(confusion, truth, class))
    });
    let row_head = widest(names.iter());
    let width = widest(heads.iter()).max(widest(counts.flatten()));
    let cell = |text: &str| format!("  {}", pad_str(text, width, Alignment::Right, None));
    let line = |head: &str, cells: String| {
        let head = pad_str(head, row_head, Alignment::Left, None);
        format!(" {head}{cells}")
    };
    let row = |truth: usize| {
        let cells = classes.clone().map(|predicted| {
            let text = cell(&count(confusion, truth, predicted));
            let style = match (truth == predicted, confusion.count(truth, predicted)) {
                (true, _) => style.clone().bold(),
                (false, 0) => style.clone().dim(),
                (false, _) => style.clone().red(),
            };
            style.apply_to(text).to_string()
        });
        line(&names[truth], cells.collect())
    };
    let head = line("", heads.iter().map(|head| cell(head)).collect());
    let rule = "─".repeat(measure_text_width(&head) + 1);
    let rows = classes.clone().map(row);
    [head, rule].into_iter().chain(rows).collect()
}

fn count(confusion: &Confusion, truth: usize, predicted: usize) -> String {
    match confusion.count(truth, predicted) {
        0 => "·".into(),
        count => grouped(count),
    }
}

fn widest(texts: impl Iterator<Item = impl AsRef<str>>) -> usize {
    let widths = texts.map(|text| measure_text_width(text.as_ref()));
    widths.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confusion() -> Confusion {
        let logits = [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]];
        Confusion::of(&[0, 0, 1], logits.as_flattened(), 2)
    }

    #[test]
    fn columns_stay_in_line_whatever_is_in_a_name() {
        let names = ["a".to_string(), "großer 猫".to_string()];
        let expected = [
            "                 a  große…",
            "───────────────────────────",
            " a               1       1",
            " großer 猫       ·       1",
        ];
        let plain = Style::new().force_styling(false);
        assert_eq!(lines(&confusion(), &names, &plain), expected);
        let coloured = lines(&confusion(), &names, &Style::new().force_styling(true));
        assert!(coloured[2].contains("\u{1b}[31m") && coloured[2].contains("\u{1b}[1m"));
        for (line, expected) in coloured.iter().zip(expected) {
            assert_eq!(console::strip_ansi_codes(line), expected);
        }
    }

    #[test]
    fn a_pair_is_told_as_one_says_it() {
        let [pair] = confusion().pairs(5)[..] else {
            panic!("there is one pair");
        };
        let told = |names: [&str; 2]| sentence(&pair, &names.map(String::from));
        assert_eq!(told(["4", "9"]), "4 taken for 9: 1 time, 50.0% of the 4s");
        assert_eq!(
            told(["bus", "cat"]),
            "bus taken for cat: 1 time, 50.0% of class bus"
        );
    }
}
