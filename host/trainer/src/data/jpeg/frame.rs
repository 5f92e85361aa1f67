//! What the segments of a JPEG file say of its picture, and whether its scans hold it.

use super::JpegError;
use super::bits::{HuffmanTable, ScanBits, ScanEnd};

/// A frame as far as its segments have been read.
#[derive(Clone, Debug, Default)]
pub(super) struct JpegFrame {
    progressive: bool,
    width: u16,
    height: u16,
    components: Vec<JpegComponent>,
    /// Tables of the first coefficients and of the others, by number.
    tables: [[Option<HuffmanTable>; 4]; 2],
    /// Units after which data is resumed; 0 for never.
    interval: usize,
}

#[derive(Clone, Debug)]
struct JpegComponent {
    id: u8,
    /// Blocks of a unit beside and above one another.
    sampling: [usize; 2],
    /// Whether a scan gave its blocks.
    given: bool,
}

/// A component of a scan.
struct ScanPart {
    component: usize,
    tables: [usize; 2],
}

/// How a block is coded.
#[derive(Clone, Copy)]
enum BlockCoding {
    Whole,
    First,
    /// A bit of the first coefficient.
    Refined,
}

impl JpegFrame {
    /// Takes a segment, with the data behind it where it begins a scan.
    pub fn take(&mut self, code: u8, segment: &[u8], data: &[u8]) -> Result<(), JpegError> {
        match code {
            0xc0..=0xc2 => self.take_header(code, segment),
            0xc4 => self.take_tables(segment),
            0xdd => {
                let units = segment.first_chunk().copied().map(u16::from_be_bytes);
                self.interval = units.unwrap_or(0).into();
            }
            0xda => return self.take_scan(segment, data),
            _ => {}
        }
        Ok(())
    }

    /// Whether each component had its scan.
    pub fn finish(&self) -> Result<(), JpegError> {
        match self.components.iter().all(|component| component.given) {
            true => Ok(()),
            false => Err(self.short()),
        }
    }

    fn short(&self) -> JpegError {
        let (width, height) = (self.width, self.height);
        JpegError::Data { width, height }
    }

    fn take_header(&mut self, code: u8, segment: &[u8]) {
        let [_, high, low, left, right, _, components @ ..] = segment else {
            return;
        };
        self.progressive = code == 0xc2;
        self.height = u16::from_be_bytes([*high, *low]);
        self.width = u16::from_be_bytes([*left, *right]);
        let component = |[id, sampling, _]: &[u8; 3]| JpegComponent {
            id: *id,
            sampling: [sampling >> 4, sampling & 15].map(|blocks| usize::from(blocks.max(1))),
            given: false,
        };
        self.components = components.as_chunks().0.iter().map(component).collect();
    }

    fn take_tables(&mut self, mut rest: &[u8]) {
        while let Some((first, behind)) = rest.split_first()
            && let Some((counts, behind)) = behind.split_first_chunk::<16>()
        {
            let symbols: usize = counts.iter().map(|count| usize::from(*count)).sum();
            let (kind, number) = (usize::from(first >> 4), usize::from(first & 15));
            let place = self.tables.get_mut(kind);
            let place = place.and_then(|tables| tables.get_mut(number));
            if let (Some(place), Some(symbols)) = (place, behind.get(..symbols)) {
                *place = HuffmanTable::new(counts, symbols);
            }
            rest = behind.get(symbols..).unwrap_or_default();
        }
    }

    fn take_scan(&mut self, segment: &[u8], data: &[u8]) -> Result<(), JpegError> {
        let Some((parts, coding)) = self.scan(segment) else {
            return Ok(());
        };
        let Some(units) = self.units(&parts) else {
            return Ok(());
        };
        let held = self.holds(&parts, coding, units, data);
        held.map_err(|ScanEnd| self.short())?;
        if !matches!(coding, BlockCoding::Refined) {
            let given = parts.iter().map(|part| part.component);
            given.for_each(|component| self.components[component].given = true);
        }
        Ok(())
    }

    /// The components of a scan; none where it refines what others gave, or makes no sense: that is the
    /// decoder's to say.
    fn scan(&self, segment: &[u8]) -> Option<(Vec<ScanPart>, BlockCoding)> {
        let (count, rest) = segment.split_first()?;
        let (parts, rest) = rest.split_at_checked(2 * usize::from(*count))?;
        let [first, _, approximation] = *rest.first_chunk()?;
        let coding = match (self.progressive, first, approximation >> 4) {
            (false, ..) => BlockCoding::Whole,
            (true, 0, 0) => BlockCoding::First,
            (true, 0, _) => BlockCoding::Refined,
            _ => return None,
        };
        let parts = parts.as_chunks().0.iter().map(|[id, tables]| {
            let mut ids = self.components.iter();
            Some(ScanPart {
                component: ids.position(|component| component.id == *id)?,
                tables: [tables >> 4, tables & 15].map(usize::from),
            })
        });
        Some((parts.collect::<Option<_>>()?, coding))
    }

    /// Units of a scan: of all components together, or blocks of the only one.
    fn units(&self, parts: &[ScanPart]) -> Option<usize> {
        let extents = [self.width, self.height].map(usize::from);
        let most = |axis: usize| {
            let all = self.components.iter();
            all.map(|component| component.sampling[axis]).max()
        };
        let most = [most(0)?, most(1)?];
        let across = [0, 1].map(|axis| match parts {
            [part] => {
                let own = self.components[part.component].sampling[axis];
                (extents[axis] * own).div_ceil(most[axis]).div_ceil(8)
            }
            _ => extents[axis].div_ceil(8 * most[axis]),
        });
        Some(across[0] * across[1]).filter(|units| *units > 0)
    }

    fn holds(
        &self,
        parts: &[ScanPart],
        coding: BlockCoding,
        mut units: usize,
        data: &[u8],
    ) -> Result<(), ScanEnd> {
        let mut blocks = Vec::new();
        for part in parts {
            let [wide, high] = match parts.len() {
                1 => [1, 1],
                _ => self.components[part.component].sampling,
            };
            let table = |kind: usize| self.tables[kind].get(part.tables[kind])?.as_ref();
            blocks.extend(std::iter::repeat_n([table(0), table(1)], wide * high));
        }
        for run in runs(data) {
            let mut bits = ScanBits::new(run);
            let here = match self.interval {
                0 => units,
                interval => interval.min(units),
            };
            for _ in 0..here {
                for tables in &blocks {
                    pass(&mut bits, *tables, coding)?;
                }
            }
            units -= here;
            if units == 0 {
                return Ok(());
            }
        }
        Err(ScanEnd)
    }
}

/// The runs of data between markers that it is resumed at.
fn runs(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let data = rest?;
        let resumed = |pair: &[u8]| matches!(pair, [0xff, 0xd0..=0xd7]);
        let end = data.windows(2).position(resumed);
        rest = end.map(|end| &data[end + 2..]);
        Some(&data[..end.unwrap_or(data.len())])
    })
}

/// Passes over a block; one without its table is the decoder's to refuse.
fn pass(
    bits: &mut ScanBits<'_>,
    [first, others]: [Option<&HuffmanTable>; 2],
    coding: BlockCoding,
) -> Result<(), ScanEnd> {
    if let BlockCoding::Refined = coding {
        return bits.skip(1);
    }
    let Some(first) = first else { return Ok(()) };
    bits.symbol(first, |bits| u32::from(bits & 15))?;
    let (BlockCoding::Whole, Some(others)) = (coding, others) else {
        return Ok(());
    };
    let mut place = 1;
    while place < 64 {
        match bits.symbol(others, |symbol| u32::from(symbol & 15))? {
            0xf0 => place += 16,
            symbol if symbol & 15 == 0 => break,
            symbol => place += 1 + usize::from(symbol >> 4),
        }
    }
    Ok(())
}
