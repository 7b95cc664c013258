//! Paths into a JSON column, as a data map writes them.
//!
//! `history.messages.*.files[].id`: keys joined by dots, `*` for any key, `[]` for the elements of a
//! list, nothing at all for the whole value. A key that holds a character of the grammar stands in
//! quotes, as a JSON string: `ui."font.size"`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// One step from a value to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The value of this key of an object.
    Key(Box<str>),
    /// The value of any key of an object.
    AnyKey,
    /// Any element of a list.
    Elements,
}

impl Step {
    /// The step to a key that was met, without what it may say about a person: a key that is data and
    /// not a name (a number, a UUID or hash, an address, more than 64 bytes) stands as `*`.
    pub fn generalised(key: &str) -> Step {
        let is_number = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
        let is_hex = key
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let is_hash = key.len() >= 16 && is_hex;
        if is_number || is_hash || key.contains('@') || key.len() > 64 {
            Step::AnyKey
        } else {
            Step::Key(key.into())
        }
    }
}

/// A path from a whole value to values inside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JsonPath {
    steps: Vec<Step>,
}

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    /// Two dots, or one at either end.
    #[error("read the JSON path `{0}`: a key is missing before or after a dot")]
    EmptyKey(String),
    /// `[` without `]`, or something between them.
    #[error("read the JSON path `{0}`: elements of a list are written `[]`, without a position")]
    Bracket(String),
    /// Two keys without a dot between them.
    #[error("read the JSON path `{0}`: a dot is missing between keys")]
    MissingDot(String),
    /// A quote that does not end, or a bad escape in it.
    #[error("read the JSON path `{0}`: a key in quotes must be a JSON string")]
    Quote(String),
    /// `*` inside a key.
    #[error(
        "read the JSON path `{0}`: `*` stands for a whole key; put a key that holds one in quotes"
    )]
    Star(String),
}

impl JsonPath {
    /// Reads a path; the empty text is the whole value.
    pub fn parse(text: &str) -> Result<JsonPath, PathError> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            rest = read_elements(rest, &mut steps);
            if rest.is_empty() {
                break;
            }
            if !steps.is_empty() {
                let after_dot = rest
                    .strip_prefix('.')
                    .filter(|after| !after.starts_with('['));
                rest = after_dot.ok_or_else(|| misplaced(text, rest))?;
            }
            let (step, after) = read_key(rest).map_err(|error| error(text.to_owned()))?;
            steps.push(step);
            rest = after;
        }
        Ok(JsonPath { steps })
    }

    /// The steps, from the whole value inwards.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether it takes everything below, as a path that ends in `*` does.
    pub fn ends_in_star(&self) -> bool {
        self.steps.last() == Some(&Step::AnyKey)
    }

    /// The same path, fit to be shown: see `Step::generalised`.
    #[must_use]
    pub fn generalised(&self) -> JsonPath {
        let shown = |step: &Step| match step {
            Step::Key(key) => Step::generalised(key),
            other => other.clone(),
        };
        JsonPath {
            steps: self.steps.iter().map(shown).collect(),
        }
    }

    /// Adds a step at the end.
    pub fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Takes the last step off.
    pub fn pop(&mut self) -> Option<Step> {
        self.steps.pop()
    }

    /// Whether `other`, a path met in data, is one that this path names; `*` here is any key there.
    pub fn names(&self, other: &JsonPath) -> bool {
        let fits = |(mine, theirs): (&Step, &Step)| {
            mine == theirs || (*mine == Step::AnyKey && matches!(theirs, Step::Key(_)))
        };
        self.steps.len() == other.steps.len() && self.steps.iter().zip(&other.steps).all(fits)
    }
}

fn misplaced(path: &str, rest: &str) -> PathError {
    let path = path.to_owned();
    match rest.as_bytes().first() {
        Some(b'[' | b']') => PathError::Bracket(path),
        Some(b'.') => PathError::EmptyKey(path),
        _ => PathError::MissingDot(path),
    }
}

fn read_elements<'t>(mut text: &'t str, steps: &mut Vec<Step>) -> &'t str {
    while let Some(after) = text.strip_prefix("[]") {
        steps.push(Step::Elements);
        text = after;
    }
    text
}

/// Makes the error for a path.
type Refusal = fn(String) -> PathError;

/// Reads a key at the start of `text`, and returns what follows it.
fn read_key(text: &str) -> Result<(Step, &str), Refusal> {
    if text.starts_with('"') {
        let mut read = serde_json::Deserializer::from_str(text).into_iter::<Box<str>>();
        let key = read
            .next()
            .and_then(Result::ok)
            .ok_or(PathError::Quote as Refusal)?;
        return Ok((Step::Key(key), &text[read.byte_offset()..]));
    }
    let end = text.find(['.', '[', ']', '"']).unwrap_or(text.len());
    let (key, after) = text.split_at(end);
    match key {
        "" if after.starts_with(['[', ']']) => Err(PathError::Bracket),
        "" => Err(PathError::EmptyKey),
        "*" => Ok((Step::AnyKey, after)),
        _ if key.contains('*') => Err(PathError::Star),
        _ => Ok((Step::Key(key.into()), after)),
    }
}

impl FromStr for JsonPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<JsonPath, PathError> {
        JsonPath::parse(text)
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps.iter().enumerate() {
            if at > 0 && *step != Step::Elements {
                f.write_str(".")?;
            }
            match step {
                Step::Key(key) if key.is_empty() || key.contains(['.', '[', ']', '"', '*']) => {
                    write!(f, "{}", serde_json::Value::from(&**key))?;
                }
                Step::Key(key) => f.write_str(key)?,
                Step::AnyKey => f.write_str("*")?,
                Step::Elements => f.write_str("[]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(key: &str) -> Step {
        Step::Key(key.into())
    }

    #[test]
    fn a_path_is_keys_stars_and_lists() {
        let path = JsonPath::parse("history.messages.*.files[].id").unwrap();
        let expected = [
            key("history"),
            key("messages"),
            Step::AnyKey,
            key("files"),
            Step::Elements,
            key("id"),
        ];
        assert_eq!(path.steps(), expected);
        assert!(!path.ends_in_star());
        assert!(JsonPath::parse("params.*").unwrap().ends_in_star());
    }

    #[test]
    fn nothing_is_the_whole_value_and_a_list_can_stand_first() {
        assert_eq!(JsonPath::parse("").unwrap().steps(), []);
        assert_eq!(
            JsonPath::parse("[].id").unwrap().steps(),
            [Step::Elements, key("id")]
        );
        assert_eq!(
            JsonPath::parse("a[][]").unwrap().steps(),
            [key("a"), Step::Elements, Step::Elements]
        );
    }

    #[test]
    fn a_key_with_characters_of_the_grammar_stands_in_quotes() {
        let path = JsonPath::parse(r#"ui."font.size"."a\"*"[]"#).unwrap();
        assert_eq!(
            path.steps(),
            [key("ui"), key("font.size"), key("a\"*"), Step::Elements]
        );
        assert_eq!(path.to_string(), r#"ui."font.size"."a\"*"[]"#);
    }

    #[test]
    fn what_is_no_path_is_refused_with_the_reason() {
        let error = |text: &str| JsonPath::parse(text).unwrap_err().to_string();
        for text in ["a..b", ".a", "a.", "a.[]"] {
            assert!(error(text).contains("a key is missing"), "{text}");
        }
        for text in ["a[0]", "a[", "a]", "]"] {
            assert!(error(text).contains("written `[]`"), "{text}");
        }
        for text in ["\"a\"b", "a\"b\"", "a[]b"] {
            assert!(error(text).contains("a dot is missing"), "{text}");
        }
        assert!(error("\"a").contains("must be a JSON string"));
        assert!(error("a*.b").contains("stands for a whole key"));
    }

    #[test]
    fn a_path_names_the_paths_that_it_fits() {
        let names = |path: &str, other: &str| {
            JsonPath::parse(path)
                .unwrap()
                .names(&JsonPath::parse(other).unwrap())
        };
        assert!(names("a.*.c", "a.b.c") && names("a[].b", "a[].b"));
        assert!(!names("a.*", "a[]") && !names("a.*", "a.b.c") && !names("a.b", "a.*"));
    }

    #[test]
    fn keys_that_are_data_are_not_shown() {
        let path = "chats.3f2a77c0-1111-4222-8333-444455556666.12.\"ada@example.com\".title";
        assert_eq!(
            JsonPath::parse(path).unwrap().generalised().to_string(),
            "chats.*.*.*.title"
        );
    }

    proptest! {
        #[test]
        fn every_path_reads_back_from_its_text(steps in prop::collection::vec(prop_oneof![
            any::<String>().prop_map(|key| Step::Key(key.into())),
            Just(Step::AnyKey),
            Just(Step::Elements),
        ], 0..8)) {
            let path = JsonPath { steps };
            prop_assert_eq!(JsonPath::parse(&path.to_string()), Ok(path));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[a.*\\[\\]\"\\\\]{0,12}") {
            let _ = JsonPath::parse(&text);
        }
    }
}
