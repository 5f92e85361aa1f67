//! Which combinations there are: all of a grid, or some drawn at random.

use super::file::{Choice, RandomAxes, SweepAxis, SweepFile};
use super::value::SweepValue;
use crate::network_file::SyntaxError;
use crate::seeds::{self, Stream};
use kiln_core::random;

/// A value for everything that varies, in the file's order.
pub type Combination = Vec<(String, SweepValue)>;

/// More are a slip of the finger.
const MOST: usize = 10_000;
/// Draws of a combination that was not drawn before.
const TRIES: u32 = 1_000;

/// All combinations of a sweep: every one of the grid, with every one that is drawn.
///
/// The last of what varies in the grid changes fastest. The same file gives the same combinations
/// in the same order.
///
/// # Errors
///
/// If there are too many, or fewer than are to be drawn.
pub fn combinations(file: &SweepFile<'_>) -> Result<Vec<Combination>, SyntaxError> {
    let drawn = match &file.random {
        Some(draws) => drawn(draws)?,
        None => vec![Vec::new()],
    };
    let lists = file.grid.iter().filter_map(|axis| match &axis.choice {
        Choice::List(values) => Some((&axis.name, values)),
        Choice::Range(_) => None,
    });
    let sizes = lists.clone().map(|(_, values)| values.len());
    let count = sizes.fold(drawn.len(), usize::saturating_mul);
    if count > MOST {
        let first = file.axes().map(|axis| axis.line).min();
        return Err(SyntaxError {
            line: first.unwrap_or(1),
            message: format!("there are {count} combinations; at most {MOST} are possible"),
        });
    }
    let mut all = vec![Vec::new()];
    for (name, values) in lists {
        let with = |combination: &Combination| {
            let combination = combination.clone();
            let values = values.iter();
            values.map(move |value| [&*combination, &[(name.clone(), value.clone())]].concat())
        };
        all = all.iter().flat_map(with).collect();
    }
    let pairs = all.iter().flat_map(|grid| {
        let drawn = drawn.iter();
        drawn.map(|drawn| [&**grid, &**drawn].concat())
    });
    Ok(pairs.collect())
}

fn drawn(draws: &RandomAxes) -> Result<Vec<Combination>, SyntaxError> {
    let mut source = seeds::source(draws.seed, Stream::Init);
    let mut all: Vec<Combination> = Vec::new();
    for _ in 0..draws.samples.min(MOST as u32 + 1) {
        let new = (0..TRIES).find_map(|_| {
            let axes = draws.axes.iter();
            let combination: Combination = axes
                .map(|axis| (axis.name.clone(), draw(axis, &mut source)))
                .collect();
            (!all.contains(&combination)).then_some(combination)
        });
        let Some(new) = new else {
            return Err(SyntaxError {
                line: draws.line,
                message: format!(
                    "only {} different combinations were found, not samples = {}; a [grid] takes \
                     all there are",
                    all.len(),
                    draws.samples
                ),
            });
        };
        all.push(new);
    }
    Ok(all)
}

fn draw(axis: &SweepAxis, mut source: impl FnMut() -> u32) -> SweepValue {
    match &axis.choice {
        Choice::List(values) => values[random::below(values.len() as u32, source) as usize].clone(),
        Choice::Range(range) => range.draw(&mut source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Result<Vec<String>, String> {
        let file = SweepFile::parse(text).unwrap();
        let all = combinations(&file).map_err(|error| error.to_string())?;
        let text = |combination: &Combination| {
            let pairs = combination.iter();
            let pairs: Vec<String> = pairs
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            pairs.join(" ")
        };
        Ok(all.iter().map(text).collect())
    }

    #[test]
    fn a_grid_has_every_combination_in_the_files_order() {
        let all = texts("dataset = 'd'\n[grid]\nwidth = [4, 8]\nlr = [0.1, 0.2]\n").unwrap();
        let expected = [
            "width=4 lr=0.1",
            "width=4 lr=0.2",
            "width=8 lr=0.1",
            "width=8 lr=0.2",
        ];
        assert_eq!(all, expected);
        assert_eq!(texts("dataset = 'd'\n").unwrap(), [""]);
    }

    #[test]
    fn a_sample_follows_its_seed_and_meets_every_combination_of_the_grid() {
        let text = |seed| {
            format!(
                "dataset = 'd'\n[grid]\nseed = [1, 2]\n[random]\nsamples = 5\nseed = {seed}\n\
                 lr = {{ min = 0.01, max = 0.2, scale = 'log' }}\nbatch = [16, 32]\n"
            )
        };
        let all = texts(&text(7)).unwrap();
        assert_eq!(all.len(), 10);
        assert_eq!(texts(&text(7)).unwrap(), all);
        assert_ne!(texts(&text(8)).unwrap(), all);
        let drawn = |text: &String| text[6..].to_owned();
        let (one, two) = all.split_at(5);
        let pairs = one.iter().map(drawn).zip(two.iter().map(drawn));
        assert!(pairs.into_iter().all(|(one, two)| one == two), "{all:?}");
    }

    #[test]
    fn what_cannot_be_drawn_is_told() {
        let few = texts("dataset = 'd'\n[random]\nsamples = 3\nbatch = [1, 2]\n").unwrap_err();
        assert!(
            few.starts_with("line 2: only 2 different combinations"),
            "{few}"
        );
        let list: Vec<String> = (0..101).map(|number| number.to_string()).collect();
        let list = list.join(",");
        let many = format!("dataset = 'd'\n[grid]\na = [{list}]\nb = [{list}]\n");
        let many = texts(&many).unwrap_err();
        assert!(many.starts_with("line 3: there are 10201"), "{many}");
    }
}
