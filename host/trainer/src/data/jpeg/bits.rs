//! Codes of variable length in the data of a scan.

/// The bits of data between two markers.
pub(super) struct ScanBits<'a> {
    bytes: &'a [u8],
    /// The next bits, the first of them on top.
    next: u64,
    count: u32,
}

/// The data is at its end, or is not a code's.
pub(super) struct ScanEnd;

/// A Huffman table (T.81, annex C).
#[derive(Clone, Debug)]
pub(super) struct HuffmanTable {
    /// For each beginning of 9 bits the length of its code, 0 where it is longer, and its symbol.
    short: Vec<(u8, u8)>,
    /// For each length one more than its last code, as if all codes had 16 bits; and what to add
    /// to a code for the place of its symbol.
    ends: [(u32, i32); 17],
    symbols: Vec<u8>,
}

const SHORT: u32 = 9;

impl<'a> ScanBits<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            next: 0,
            count: 0,
        }
    }

    /// Passes over a code, and as many bits behind it as `behind` makes of its symbol.
    pub fn symbol(
        &mut self,
        table: &HuffmanTable,
        behind: impl FnOnce(u8) -> u32,
    ) -> Result<u8, ScanEnd> {
        self.fill();
        let (length, symbol) = table.find((self.next >> 48) as u32).ok_or(ScanEnd)?;
        self.skip(length + behind(symbol))?;
        Ok(symbol)
    }

    pub fn skip(&mut self, bits: u32) -> Result<(), ScanEnd> {
        self.fill();
        self.count = self.count.checked_sub(bits).ok_or(ScanEnd)?;
        self.next <<= bits;
        Ok(())
    }

    fn fill(&mut self) {
        while self.count <= 56
            && let Some((byte, rest)) = self.bytes.split_first()
        {
            // A zero follows a byte that could begin a marker.
            let stuffed = *byte == 0xff && rest.first() == Some(&0);
            self.bytes = &rest[usize::from(stuffed)..];
            self.next |= u64::from(*byte) << (56 - self.count);
            self.count += 8;
        }
    }
}

impl HuffmanTable {
    /// A table of `counts` codes of each length from 1 to 16, and their symbols; `None` where they do
    /// not go together.
    pub fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            short: vec![(0, 0); 1 << SHORT],
            ends: [(0, 0); 17],
            symbols: symbols.into(),
        };
        let (mut code, mut place) = (0_u32, 0_usize);
        for (length, count) in (1..).zip(counts.map(u32::from)) {
            table.ends[length as usize].1 = place as i32 - code as i32;
            for symbol in symbols.get(place..place + count as usize)? {
                if code >> length != 0 {
                    return None;
                }
                if length <= SHORT {
                    let first = (code << (SHORT - length)) as usize;
                    table.short[first..][..1 << (SHORT - length)].fill((length as u8, *symbol));
                }
                (code, place) = (code + 1, place + 1);
            }
            table.ends[length as usize].0 = code << (16 - length);
            code <<= 1;
        }
        Some(table)
    }

    /// Length and symbol of the code that these 16 bits begin with.
    fn find(&self, bits: u32) -> Option<(u32, u8)> {
        match self.short[(bits >> (16 - SHORT)) as usize] {
            (0, _) => {}
            (length, symbol) => return Some((length.into(), symbol)),
        }
        let length = (SHORT + 1..=16).find(|length| bits < self.ends[*length as usize].0)?;
        let place = (bits >> (16 - length)) as i32 + self.ends[length as usize].1;
        let symbol = self.symbols.get(usize::try_from(place).ok()?)?;
        Some((length, *symbol))
    }
}
