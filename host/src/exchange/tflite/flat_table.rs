//! Tables of a flatbuffer. Nothing is copied, and whatever an access needs is checked in it.

use planus::errors::ErrorKind;
use planus::table_reader::Table;
use planus::{SliceWithStartOffset, TableRead};

/// A part of a file lies outside of it, or is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is cut short or damaged")]
pub struct TfliteDamage;

impl From<planus::Error> for TfliteDamage {
    fn from(_: planus::Error) -> Self {
        Self
    }
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub struct FlatTable<'a>(Table<'a>);

impl<'a> FlatTable<'a> {
    /// The table that a flatbuffer starts with.
    pub fn root(bytes: &'a [u8]) -> Result<Self, TfliteDamage> {
        let buffer = SliceWithStartOffset {
            buffer: bytes,
            offset_from_start: 0,
        };
        Self::from_buffer(buffer, 0).map_err(|_| TfliteDamage)
    }

    /// A field by its number in the schema; `None` where it is left out.
    pub fn field<T: TableRead<'a>>(&self, number: usize) -> Result<Option<T>, TfliteDamage> {
        Ok(self.0.access(number, "table", "field")?)
    }

    /// A field by its number, or its value where it is left out.
    pub fn field_or<T: TableRead<'a>>(&self, number: usize, default: T) -> Result<T, TfliteDamage> {
        Ok(self.field(number)?.unwrap_or(default))
    }
}

impl<'a> TableRead<'a> for FlatTable<'a> {
    fn from_buffer(buffer: SliceWithStartOffset<'a>, offset: usize) -> Result<Self, ErrorKind> {
        Ok(Self(Table::from_buffer(buffer, offset)?))
    }
}

/// A vector of tables, each read when it is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct FlatTables<'a> {
    places: Option<SliceWithStartOffset<'a>>,
    len: usize,
}

/// Bytes of the place of a table.
const PLACE: usize = 4;

impl<'a> FlatTables<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The table with this index.
    pub fn at(&self, index: usize) -> Result<FlatTable<'a>, TfliteDamage> {
        match self.places {
            Some(places) if index < self.len => {
                FlatTable::from_buffer(places, PLACE * index).map_err(|_| TfliteDamage)
            }
            _ => Err(TfliteDamage),
        }
    }
}

impl<'a> TableRead<'a> for FlatTables<'a> {
    fn from_buffer(buffer: SliceWithStartOffset<'a>, offset: usize) -> Result<Self, ErrorKind> {
        let distance = u32::from_buffer(buffer, offset)? as usize;
        let start = offset.checked_add(distance);
        let vector = buffer.advance(start.ok_or(ErrorKind::InvalidOffset)?)?;
        let len = u32::from_buffer(vector, 0)? as usize;
        let places = vector.advance(PLACE)?;
        match len <= places.len() / PLACE {
            true => Ok(Self {
                places: Some(places),
                len,
            }),
            false => Err(ErrorKind::InvalidLength),
        }
    }
}
