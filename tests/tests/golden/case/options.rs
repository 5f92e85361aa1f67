//! A JSON object of which every entry has to be understood: what Kiln does not know of a case, it
//! cannot have computed.

use serde_json::{Map, Value};

/// The entries that have not been read yet.
pub struct Options {
    /// What has them, for messages.
    place: String,
    entries: Map<String, Value>,
}

impl Options {
    /// The entries of a JSON text.
    pub fn parse(place: &str, text: &str) -> Self {
        let value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{place}: {e}"));
        Self::new(place.to_owned(), value)
    }

    pub fn new(place: String, value: Value) -> Self {
        match value {
            Value::Object(entries) => Self { place, entries },
            other => panic!("{place}: {other} is no object"),
        }
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    /// The entry, if there is one; it is read then.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.entries.remove(key)
    }

    fn required(&mut self, key: &str) -> Value {
        self.take(key)
            .unwrap_or_else(|| panic!("{}: no `{key}`", self.place))
    }

    pub fn text(&mut self, key: &str) -> String {
        let value = self.required(key);
        let text = value.as_str().map(str::to_owned);
        text.unwrap_or_else(|| panic!("{}: `{key}` is {value}, not a text", self.place))
    }

    pub fn list(&mut self, key: &str) -> Vec<Value> {
        match self.required(key) {
            Value::Array(values) => values,
            other => panic!("{}: `{key}` is {other}, not a list", self.place),
        }
    }

    pub fn number(&mut self, key: &str) -> f32 {
        let value = self.required(key);
        let number = value.as_f64();
        number.unwrap_or_else(|| panic!("{}: `{key}` is {value}, not a number", self.place)) as f32
    }

    pub fn number_or(&mut self, key: &str, default: f32) -> f32 {
        match self.entries.contains_key(key) {
            true => self.number(key),
            false => default,
        }
    }

    pub fn whole<N: TryFrom<u64>>(&mut self, key: &str) -> N {
        let value = self.required(key);
        let number = value.as_u64().and_then(|number| number.try_into().ok());
        number.unwrap_or_else(|| panic!("{}: `{key}` is {value}", self.place))
    }

    pub fn flag(&mut self, key: &str, default: bool) -> bool {
        let value = self.take(key).unwrap_or(Value::Bool(default));
        value
            .as_bool()
            .unwrap_or_else(|| panic!("{}: `{key}` is {value}", self.place))
    }

    /// `N` whole numbers.
    pub fn extents<const N: usize>(&mut self, key: &str) -> [u16; N] {
        let values = self.list(key);
        let numbers = values.iter().map(|value| value.as_u64()?.try_into().ok());
        let numbers = numbers.collect::<Option<Vec<u16>>>();
        numbers
            .and_then(|numbers| numbers.try_into().ok())
            .unwrap_or_else(|| panic!("{}: `{key}` is {values:?}", self.place))
    }

    pub fn extents_or<const N: usize>(&mut self, key: &str, default: [u16; N]) -> [u16; N] {
        match self.entries.contains_key(key) {
            true => self.extents(key),
            false => default,
        }
    }

    /// # Panics
    ///
    /// Where an entry has not been read.
    pub fn finish(self) {
        let left: Vec<_> = self.entries.keys().collect();
        assert!(
            left.is_empty(),
            "{}: kiln knows nothing of {left:?}",
            self.place
        );
    }
}
