//! Protocol buffers as bytes: fields read where they lie, and written one behind another.
//!
//! ONNX needs a few fields of a dozen messages. Reading them in place keeps a file's bytes from
//! growing in memory: nothing is built for a field that nobody asks for.

/// A field's content as the wire has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Field<'a> {
    /// A whole number.
    Varint(u64),
    /// Eight bytes.
    Fixed64([u8; 8]),
    /// A text, bytes, a message or packed numbers.
    Bytes(&'a [u8]),
    /// Four bytes.
    Fixed32([u8; 4]),
}

/// Bytes that are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a sound ONNX file: it is cut short or damaged")]
pub struct WireError;

/// The fields of a message, one after another.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The fields of this message.
    pub fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    /// A number without a key, as packed fields have them.
    pub fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.take()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(WireError)
    }

    /// Whether nothing is left.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    fn field(&mut self) -> Result<(u64, Field<'a>), WireError> {
        let key = self.varint()?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(self.take()?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| WireError)?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or(WireError)?;
                self.0 = rest;
                Field::Bytes(bytes)
            }
            5 => Field::Fixed32(self.take()?),
            _ => return Err(WireError),
        };
        Ok((key >> 3, field))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(WireError)?;
        self.0 = rest;
        Ok(*bytes)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// A message that is being written.
#[derive(Clone, Debug, Default)]
pub struct Message(Vec<u8>);

impl Message {
    /// Adds a whole number.
    pub fn number(&mut self, field: u64, value: u64) {
        self.varint(field << 3);
        self.varint(value);
    }

    /// Adds a text or bytes.
    pub fn bytes(&mut self, field: u64, value: impl AsRef<[u8]>) {
        let value = value.as_ref();
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
    }

    /// Adds a message.
    pub fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.0);
    }

    /// The bytes so far.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut inner = Message::default();
        inner.number(1, u64::MAX);
        let mut message = Message::default();
        message.number(20, 300);
        message.bytes(2, "text");
        message.message(3, &inner);
        let bytes = message.into_bytes();
        let fields: Result<Vec<_>, _> = Fields::of(&bytes).collect();
        let inner = inner.into_bytes();
        let expected = [
            (20, Field::Varint(300)),
            (2, Field::Bytes(b"text")),
            (3, Field::Bytes(&inner)),
        ];
        assert_eq!(fields.unwrap(), expected);
        for length in 1..bytes.len() {
            // Only between two fields does a cut go unseen.
            let cut: Result<Vec<_>, _> = Fields::of(&bytes[..length]).collect();
            assert!(cut.is_err() || [4, 10].contains(&length), "{length}");
        }
    }
}
