//! Changes of texts, line by line and word by word.

use crate::mutate::{Chance, NUMERALS};

/// Changes a line, or the order of lines, with lines and words of `other` among them.
pub fn mutate(bytes: &mut Vec<u8>, other: &[u8], chance: &mut Chance) {
    let mut lines: Vec<Vec<u8>> = split(bytes);
    let others = split(other);
    loop {
        let place = chance.below(lines.len());
        let foreign = others[chance.below(others.len())].clone();
        match chance.below(8) {
            0 => drop(lines.remove(place)),
            1 => lines.insert(place, lines[place].clone()),
            2 => {
                let end = chance.below(lines.len());
                lines.swap(place, end);
            }
            3 => lines.insert(place, foreign),
            _ => words(&mut lines[place], &foreign, chance),
        }
        if lines.is_empty() || chance.once_in(2) {
            break;
        }
    }
    *bytes = lines.join(&b'\n');
}

fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

/// Gives a word of a line away for another: a number at an end, or any that is there.
fn words(line: &mut Vec<u8>, other: &[u8], chance: &mut Chance) {
    let (own, others) = (runs(line), runs(other));
    let Some(word) = own.get(chance.below(own.len())).cloned() else {
        return;
    };
    let numeral = NUMERALS[chance.below(NUMERALS.len())].as_bytes().to_vec();
    let foreign = others.get(chance.below(others.len()));
    let foreign = foreign.map(|range| other[range.clone()].to_vec());
    let is_number = line[word.start].is_ascii_digit();
    let new = match is_number || chance.once_in(4) {
        true => numeral,
        false => foreign.unwrap_or(numeral),
    };
    line.splice(word, new);
}

/// Where words and numbers are.
fn runs(line: &[u8]) -> Vec<std::ops::Range<usize>> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    let mut runs = Vec::new();
    let mut start = None;
    for (place, byte) in line.iter().chain(b" ").enumerate() {
        match (start, is_word(*byte)) {
            (None, true) => start = Some(place),
            (Some(begun), false) => {
                runs.push(begun..place);
                start = None;
            }
            _ => {}
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_change_and_stay_texts() {
        let start = b"input = { channels = 1 }\n\nlayers = [\n    { type = \"relu\" },\n]\n";
        let mut changed = 0;
        for seed in 0..500 {
            let mut text = start.to_vec();
            mutate(&mut text, b"kernel = 3", &mut Chance::new(seed));
            assert!(text.is_ascii());
            changed += usize::from(text != start);
        }
        assert!(changed > 350, "{changed}");
        for short in [&b""[..], b"\n", b"7"] {
            for seed in 0..500 {
                mutate(&mut short.to_vec(), short, &mut Chance::new(seed));
            }
        }
        assert_eq!(runs(b"a1 = [2.5, x_y]"), [0..2, 6..9, 11..14]);
    }
}
