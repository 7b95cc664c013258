//! The fields of an object of another product, taken out one by one; what nobody takes stays.
//!
//! Promises: a value of another type than expected is not taken, so it stays too. What says nothing
//! (null, an empty text, list or object) is dropped in the end.

use serde_json::{Map, Value};

/// An object that is being read.
#[derive(Debug, Default, Clone)]
pub struct Fields(Map<String, Value>);

impl From<Map<String, Value>> for Fields {
    fn from(members: Map<String, Value>) -> Fields {
        Fields(members)
    }
}

impl Fields {
    /// Of a value, if it is an object.
    pub fn of(value: Value) -> Option<Fields> {
        match value {
            Value::Object(members) => Some(Fields(members)),
            _ => None,
        }
    }

    /// Whatever it is.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.0.shift_remove(key)
    }

    /// A look at it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// A look at a text.
    pub fn peek_text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str)
    }

    fn take_if(&mut self, key: &str, fits: impl Fn(&Value) -> bool) -> Option<Value> {
        if self.0.get(key).is_some_and(fits) {
            self.0.shift_remove(key)
        } else {
            None
        }
    }

    /// A text.
    pub fn text(&mut self, key: &str) -> Option<String> {
        match self.take_if(key, Value::is_string) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// An id, which some products number. An empty one is none.
    pub fn id(&mut self, key: &str) -> Option<String> {
        match self.take_if(key, |value| value.is_string() || value.is_number())? {
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            number => Some(number.to_string()),
        }
    }

    /// A truth value.
    pub fn boolean(&mut self, key: &str) -> Option<bool> {
        self.take_if(key, Value::is_boolean)?.as_bool()
    }

    /// A whole number that is not negative.
    pub fn count(&mut self, key: &str) -> Option<u64> {
        self.take_if(key, Value::is_u64)?.as_u64()
    }

    /// A list.
    pub fn list(&mut self, key: &str) -> Vec<Value> {
        match self.take_if(key, Value::is_array) {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        }
    }

    /// An object.
    pub fn object(&mut self, key: &str) -> Option<Fields> {
        Fields::of(self.take_if(key, Value::is_object)?)
    }

    /// Puts back what is left of an object that was taken.
    pub fn put_back(&mut self, key: &str, rest: Fields) {
        let rest = rest.rest();
        if !rest.is_empty() {
            self.0.insert(key.to_owned(), Value::Object(rest));
        }
    }

    /// Puts a value there.
    pub fn put(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }

    /// Drops a value that says what is always so.
    pub fn drop_if(&mut self, key: &str, usual: &Value) {
        if self.0.get(key) == Some(usual) {
            self.0.shift_remove(key);
        }
    }

    /// What is left and says something.
    pub fn rest(self) -> Map<String, Value> {
        let rest = self.0.into_iter();
        rest.filter(|(_, value)| is_something(value)).collect()
    }
}

/// Whether a value says anything.
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}
