//! How samples become codes, and in which order these lie.

use super::code_worker::CodePass;
use super::groups::Batch;
use crate::data::Values;
use core::iter;
use kiln_core::{
    ByteLine, ByteTable, CodeLanes, GROUP, Quantization, Scaling, Shape, line_codes, scaled_codes,
};

impl CodePass<'_> {
    /// Writes the codes of each sample, channels x rows x columns; `numbers` is memory for one as numbers. `proof` is
    /// any packet.
    pub fn fill_packet<C: CodeLanes>(
        &self,
        proof: C,
        indices: &[u32],
        numbers: &mut Vec<f32>,
        codes: &mut [i8],
    ) {
        let each = codes.len() / indices.len().max(1);
        if let (Values::Bytes(bytes), Some(first)) = (&self.samples.values, first_of_run(indices)) {
            let bytes = &bytes[first * each..][..codes.len()];
            match (self.tables, self.lines) {
                ([table], _) => return table.look_up(bytes, codes),
                (_, Some(lines)) => {
                    return line_codes(proof, &self.quantized.values()[0], lines, bytes, codes);
                }
                (tables, None) => {
                    let map = self.program.input_shape().map_elements();
                    for (channel, table) in tables.iter().enumerate() {
                        let own = channel * map..;
                        table.look_up_rows(&bytes[own.clone()], &mut codes[own], [each, map]);
                    }
                    return;
                }
            }
        }
        for (index, codes) in indices.iter().zip(codes.chunks_exact_mut(each.max(1))) {
            match &self.samples.values {
                Values::Floats(floats) if !self.samples.coded => {
                    let floats = &floats[*index as usize * each..][..each];
                    let own = &self.quantized.values()[0];
                    scaled_codes(proof, own, self.scaling, floats, codes);
                }
                _ => self.fill_channels(*index, numbers, codes),
            }
        }
    }

    /// Writes the label of each sample.
    pub fn fill_labels(&self, indices: &[u32], labels: &mut [u16]) {
        let all = &self.samples.labels;
        match first_of_run(indices) {
            Some(first) => labels.copy_from_slice(&all[first..][..labels.len()]),
            None => {
                for (label, index) in labels.iter_mut().zip(indices) {
                    *label = all[*index as usize];
                }
            }
        }
    }

    /// Writes the codes of a sample, channels x rows x columns; `numbers` is memory for it as numbers.
    pub fn fill_channels(&self, index: u32, numbers: &mut Vec<f32>, codes: &mut [i8]) {
        match &self.samples.values {
            Values::Bytes(bytes) => {
                let image = &bytes[index as usize * codes.len()..][..codes.len()];
                if let [table] = self.tables {
                    return table.look_up(image, codes);
                }
                let map = self.program.input_shape().map_elements();
                if map == 1 {
                    let channels = codes.iter_mut().zip(image).zip(self.tables);
                    return channels.for_each(|((code, byte), table)| *code = table.code(*byte));
                }
                let channels = codes.chunks_exact_mut(map).zip(image.chunks_exact(map));
                for ((codes, bytes), table) in channels.zip(self.tables) {
                    table.look_up(bytes, codes);
                }
            }
            Values::Floats(_) => {
                self.numbers(index, numbers);
                let own = self.quantized.values()[0];
                for (code, number) in codes.iter_mut().zip(numbers) {
                    *code = own.code(*number);
                }
            }
        }
    }

    /// A sample as the numbers that the network takes, channels x rows x columns, or of a sample of codes
    /// those that these stand for: of which the codes are the same again.
    pub fn numbers(&self, index: u32, numbers: &mut Vec<f32>) {
        numbers.resize(self.program.input_shape().elements(), 0.0);
        if let (true, Values::Floats(codes)) = (self.samples.coded, &self.samples.values) {
            let own = &self.quantized.values()[0];
            let codes = &codes[index as usize * numbers.len()..];
            for (number, code) in numbers.iter_mut().zip(codes) {
                *number = own.number(*code as i8);
            }
            return;
        }
        let batch = Batch {
            samples: self.samples,
            indices: &[index],
            augmenter: None,
        };
        batch.pack(0..1, self.scaling, numbers);
    }
}

/// The first of samples that lie one behind another, if they do.
fn first_of_run(indices: &[u32]) -> Option<usize> {
    let first = *indices.first()?;
    // All are looked at, several at once: to stop at one that does not would take longer.
    let is_run = indices
        .iter()
        .zip(first..)
        .fold(true, |is_run, (index, next)| is_run & (*index == next));
    is_run.then_some(first as usize)
}

/// The code of each byte, channel by channel, or one table where all channels are scaled alike.
pub(super) fn byte_tables(
    own: &Quantization,
    channels: usize,
    scaling: &Scaling,
) -> Vec<ByteTable> {
    let alike = |values: &[f32]| values.windows(2).all(|pair| pair[0] == pair[1]);
    let tables = match alike(scaling.scale()) && alike(scaling.shift()) {
        true => 1,
        false => channels,
    };
    let number = |channel: usize, byte: u8| scaling.apply(channel, byte).unwrap_or(0.0);
    let table = |channel| {
        let mut table = [0; 256];
        for (byte, code) in (0..=u8::MAX).zip(&mut table) {
            *code = own.code(number(channel, byte));
        }
        ByteTable::new(table)
    };
    (0..tables).map(table).collect()
}

/// Bytes of a sample at most for which the factors and offsets of a packet's samples are held.
const LONGEST_SAMPLE: usize = 128;

/// Positions of a channel at least that are looked up side by side: fewer leave most of a register empty.
const LOOKED_UP: usize = 32;

/// Factors and offsets of all bytes of samples of few positions, where there are several tables and all are what such
/// arithmetic gives.
pub(super) fn byte_lines(
    own: &Quantization,
    map: usize,
    scaling: &Scaling,
    tables: &[ByteTable],
) -> Option<[Vec<f32>; 2]> {
    let scales = scaling.scale().iter().zip(scaling.shift());
    if map >= LOOKED_UP || tables.len() < 2 || scales.len() != tables.len() {
        return None;
    }
    let line =
        |(table, (scale, shift)): (_, (&f32, &f32))| ByteLine::of(own, *scale, *shift, table);
    let lines: Vec<ByteLine> = tables.iter().zip(scales).map(line).collect::<Option<_>>()?;
    let lines: Vec<_> = lines
        .iter()
        .flat_map(|line| iter::repeat_n(*line, map))
        .collect();
    // Of a packet's samples, so that no bytes are left over when vectors are full, where that stays in the first cache.
    let lines = match lines.len() {
        0..=LONGEST_SAMPLE => lines.repeat(GROUP),
        _ => lines,
    };
    Some([
        lines.iter().map(|line| line.factor).collect(),
        lines.iter().map(|line| line.offset).collect(),
    ])
}

/// Codes of a value, rows x columns x channels, as channels x rows x columns.
pub fn fill_channels_first(shape: Shape, codes: &[i8], out: &mut [i8]) {
    let (channels, map) = (shape.channels as usize, shape.map_elements());
    if map == 1 {
        return out[..channels].copy_from_slice(&codes[..channels]);
    }
    for (place, codes) in codes.chunks_exact(channels).enumerate() {
        for (channel, code) in codes.iter().enumerate() {
            out[channel * map + place] = *code;
        }
    }
}

/// Codes of a value, channels x rows x columns, as rows x columns x channels.
pub(super) fn fill_channels_last(shape: Shape, codes: &[i8], out: &mut [i8]) {
    channels_last(shape, codes, out, |code| code);
}

/// Codes of a sample, rows x columns x channels, from its numbers, channels x rows x columns.
pub fn fill_codes(own: &Quantization, shape: Shape, numbers: &[f32], codes: &mut [i8]) {
    channels_last(shape, numbers, codes, |number| own.code(number));
}

pub(super) fn channels_last<T: Copy>(
    shape: Shape,
    values: &[T],
    codes: &mut [i8],
    code: impl Fn(T) -> i8,
) {
    let channels = shape.channels as usize;
    for (channel, values) in values.chunks_exact(shape.map_elements()).enumerate() {
        let codes = codes[channel..].iter_mut().step_by(channels);
        for (to, value) in codes.zip(values) {
            *to = code(*value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_core::PortableCodes;

    #[test]
    fn few_positions_of_channels_scaled_apart_become_codes_by_lines() {
        let own = Quantization::new(0.021, 5);
        let scaling = Scaling::new(&[0.004, -0.01, 0.02], &[-0.5, 1.3, 0.0]).unwrap();
        let tables = byte_tables(&own, 3, &scaling);
        let bytes: Vec<u8> = (0..3).flat_map(|_| 0..=u8::MAX).collect();
        let mut codes = vec![0; bytes.len()];
        let proof = PortableCodes::zero().unwrap();
        for map in [1, 4, 31] {
            let lines = byte_lines(&own, map, &scaling, &tables).expect("lines are found");
            line_codes(proof, &own, [&lines[0], &lines[1]], &bytes, &mut codes);
            for (at, code) in codes.iter().enumerate() {
                let table = &tables[at / map % 3];
                assert_eq!(*code, table.code(bytes[at]), "{at} of {map}");
            }
        }
        // Others are looked up.
        assert_eq!(byte_lines(&own, LOOKED_UP, &scaling, &tables), None);
        assert_eq!(byte_lines(&own, 1, &scaling, &tables[..1]), None);
    }
}
