//! Changes of messages as ONNX has them, field by field, with the lengths around them kept right.

use crate::mutate::Chance;
use std::ops::Range;

/// Where a field lies, and in which fields it does: their ranges, and those of their lengths.
struct Field {
    whole: Range<usize>,
    within: Vec<Enclosing>,
}

#[derive(Clone)]
struct Enclosing {
    /// Where the length is written.
    length: Range<usize>,
    content: usize,
}

/// Takes a field away, has it twice, or has another in its place.
pub fn mutate(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let mut fields = Vec::new();
    collect(bytes, 0..bytes.len(), &[], &mut fields);
    if fields.is_empty() {
        return;
    }
    let other = &fields[chance.below(fields.len())];
    let other = bytes[other.whole.clone()].to_vec();
    let field = &fields[chance.below(fields.len())];
    let old = field.whole.len();
    let new = match chance.below(4) {
        0 => Vec::new(),
        1 => bytes[field.whole.clone()].repeat(2),
        2 => other,
        _ => [&bytes[field.whole.clone()], &other].concat(),
    };
    let mut grown = new.len() as isize - old as isize;
    bytes.splice(field.whole.clone(), new);
    // From the inside out, as a length may take more bytes than before.
    for enclosing in field.within.iter().rev() {
        let length = encoded(enclosing.content.saturating_add_signed(grown));
        grown += length.len() as isize - enclosing.length.len() as isize;
        bytes.splice(enclosing.length.clone(), length);
    }
}

/// All fields of a message, and of those in it.
fn collect(bytes: &[u8], range: Range<usize>, within: &[Enclosing], fields: &mut Vec<Field>) {
    const DEEPEST: usize = 8;
    let mut place = range.start;
    while place < range.end {
        let start = place;
        let Some(key) = varint(bytes, &mut place, range.end) else {
            return;
        };
        let mut inner = None;
        match key & 7 {
            0 if varint(bytes, &mut place, range.end).is_some() => {}
            1 => place += 8,
            5 => place += 4,
            2 => {
                let at = place;
                let Some(length) = varint(bytes, &mut place, range.end) else {
                    return;
                };
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                inner = Some((at..place, length, place));
                place = place.saturating_add(length);
            }
            _ => return,
        }
        if place > range.end {
            return;
        }
        fields.push(Field {
            whole: start..place,
            within: within.to_vec(),
        });
        if let Some((length, content, at)) = inner
            && within.len() < DEEPEST
        {
            let mut within = within.to_vec();
            within.push(Enclosing { length, content });
            // Texts and numbers look like messages now and then, which does no harm.
            collect(bytes, at..at + content, &within, fields);
        }
    }
}

fn varint(bytes: &[u8], place: &mut usize, end: usize) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes[..end].get(*place)?;
        *place += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn encoded(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets;

    #[test]
    fn lengths_stay_right_however_deep_a_change_is() {
        let target = targets::find("onnx").unwrap();
        let sound = |bytes: &[u8]| {
            let mut fields = Vec::new();
            collect(bytes, 0..bytes.len(), &[], &mut fields);
            let own = fields.iter().filter(|field| field.within.is_empty());
            own.map(|field| field.whole.len()).sum::<usize>() == bytes.len()
        };
        for (name, bytes) in target.corpus() {
            assert!(sound(&bytes), "{name}");
            let mut changed = 0;
            for seed in 0..300 {
                let mut own = bytes.clone();
                mutate(&mut own, &mut Chance::new(seed));
                assert!(sound(&own), "{name} {seed}");
                changed += usize::from(own.len() != bytes.len());
            }
            assert!(changed > 200, "{name}");
        }
    }
}
