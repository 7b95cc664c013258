//! A value of another product's export, made fit for interchange (RFC 7493), and what had to be changed.
//!
//! Promises: what comes out has no lone surrogate, no noncharacter, no number that readers round, no
//! key twice; each change is told with its place.

use carryall_format::gap::GapCode;
use carryall_format::json::{InvalidJson, JsonIssues, KeyFilter, filter};
use serde_json::Value;

use super::raw;

/// Something that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Keys and places in lists on the way to it.
    pub path: Vec<String>,
    pub code: GapCode,
}

/// What was changed in one element.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// These.
    pub fn of(problems: Vec<Problem>) -> Problems {
        Problems(problems)
    }

    /// Those below a place, as seen from there. They are told once.
    pub fn below(&mut self, path: &[&str]) -> Vec<Problem> {
        let (below, rest) = std::mem::take(&mut self.0)
            .into_iter()
            .partition::<Vec<_>, _>(|one| {
                one.path.len() >= path.len() && one.path.iter().zip(path).all(|(a, b)| a == b)
            });
        self.0 = rest;
        let relative = |mut one: Problem| {
            one.path.drain(..path.len());
            one
        };
        below.into_iter().map(relative).collect()
    }

    /// Whether nothing is left to tell.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that nobody has asked for.
    pub fn rest(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.0)
    }
}

/// What a change is, in plain words.
pub fn reason(code: GapCode) -> &'static str {
    match code {
        GapCode::InvalidUtf8 => "bytes that are no text, or half of a character, became U+FFFD",
        GapCode::Noncharacter => "a code point that is never a character became U+FFFD",
        GapCode::NumberAsString => "an integer beyond 2^53 is a text",
        GapCode::NotFinite => "a number that JSON cannot hold became null",
        _ => "a key stood twice; the last value was taken",
    }
}

/// Reads one element.
pub fn clean(text: &[u8]) -> Result<(Value, Problems), InvalidJson> {
    let mut out = Vec::with_capacity(text.len());
    let mut issues = JsonIssues::default();
    filter(&mut out, text, &KeyFilter::everything(), &mut issues)?;
    let value = serde_json::from_slice(&out).map_err(|_| InvalidJson {
        offset: 0,
        problem: "it cannot be read",
    })?;
    let mut problems = Problems::default();
    if !issues.is_empty() {
        locate(text.trim_ascii(), &mut Vec::new(), &mut problems.0);
    }
    Ok((value, problems))
}

/// The text was read, so it is JSON, and at most 128 levels deep.
fn locate(raw: &[u8], path: &mut Vec<String>, found: &mut Vec<Problem>) {
    let mut issues = JsonIssues::default();
    let read = filter(&mut Vec::new(), raw, &KeyFilter::everything(), &mut issues);
    if read.is_err() || issues.is_empty() {
        return;
    }
    let before = found.len();
    let mut descend = |step: String, value: &[u8], found: &mut Vec<Problem>| {
        path.push(step);
        locate(value, path, found);
        path.pop();
    };
    match raw.first() {
        Some(b'{') => {
            for (key, value) in raw::members(raw) {
                descend(name_of(key), value, found);
            }
        }
        Some(b'[') => {
            for (place, value) in raw::elements(raw).into_iter().enumerate() {
                descend(place.to_string(), value, found);
            }
        }
        _ => {}
    }
    for code in codes(&issues) {
        if !found[before..].iter().any(|one| one.code == code) {
            found.push(Problem {
                path: path.clone(),
                code,
            });
        }
    }
}

fn name_of(key: &[u8]) -> String {
    serde_json::from_slice(key).unwrap_or_else(|_| String::from_utf8_lossy(key).into_owned())
}

fn codes(issues: &JsonIssues) -> Vec<GapCode> {
    let all = [
        (issues.text.invalid_utf8, GapCode::InvalidUtf8),
        (issues.text.noncharacter, GapCode::Noncharacter),
        (issues.number_as_string, GapCode::NumberAsString),
        (issues.not_finite, GapCode::NotFinite),
        (issues.duplicate_key, GapCode::InvalidJson),
    ];
    let met = all.into_iter().filter(|(is_met, _)| *is_met);
    met.map(|(_, code)| code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_is_told_with_its_place() {
        let text = br#"{"a":[{"b":"x\ud800"},{"n":NaN}],"big":123456789012345678901,"k":1,"k":2}"#;
        let (value, mut problems) = clean(text).unwrap();
        assert_eq!(value["a"][0]["b"], "x\u{fffd}");
        assert_eq!(value["big"], "123456789012345678901");
        let below = problems.below(&["a", "0"]);
        assert_eq!(below.len(), 1);
        assert_eq!(
            (below[0].path.join("."), below[0].code),
            ("b".to_owned(), GapCode::InvalidUtf8)
        );
        let mut rest: Vec<_> = problems
            .rest()
            .into_iter()
            .map(|one| (one.path.join("."), one.code))
            .collect();
        rest.sort();
        let expected = [
            (String::new(), GapCode::InvalidJson),
            ("a.1.n".to_owned(), GapCode::NotFinite),
            ("big".to_owned(), GapCode::NumberAsString),
        ];
        assert_eq!(rest, expected);
        assert!(clean(b"{\"a\":}").is_err());
    }
}
