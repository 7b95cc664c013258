//! Names of files that every system takes.
//!
//! Promises: what comes out can be created on Windows, macOS and Linux, is unique in its folder whatever the
//! case, and hides nothing: no path, no control character, no change of writing direction.

use std::collections::BTreeMap;

/// In bytes; file systems take 255, and a number and an ending are still to come.
const LONGEST_BYTES: usize = 180;
/// Names that Windows keeps for devices, with any ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Names that are taken in one folder, each with the last number that one like it got.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<String, usize>);

impl Names {
    /// A free name that reads like `wanted`, with its ending kept.
    pub fn take(&mut self, wanted: &str, otherwise: &str) -> String {
        let name = harmless(wanted, otherwise);
        let key = name.to_lowercase();
        let Some(mut number) = self.0.get(&key).copied() else {
            self.0.insert(key, 1);
            return name;
        };
        let (stem, ending) = split(&name);
        loop {
            number += 1;
            let free = format!("{stem} ({number}){ending}");
            if !self.0.contains_key(&free.to_lowercase()) {
                self.0.insert(free.to_lowercase(), 1);
                self.0.insert(key, number);
                return free;
            }
        }
    }
}

/// What can be a name anywhere.
fn harmless(wanted: &str, otherwise: &str) -> String {
    let replaced: String = wanted
        .chars()
        .map(|letter| match letter {
            // Windows refuses the first, links of notes break at the others; turns of the writing
            // direction make `exe.txt` of what is `txt.exe`.
            '<'
            | '>'
            | ':'
            | '"'
            | '/'
            | '\\'
            | '|'
            | '?'
            | '*'
            | '#'
            | '^'
            | '['
            | ']'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}' => '-',
            letter if letter.is_control() => '-',
            letter => letter,
        })
        .collect();
    let trimmed = replaced
        .trim()
        .trim_start_matches('.')
        .trim_end_matches(['.', ' ']);
    let (stem, ending) = split(trimmed);
    let stem = shortened(stem, LONGEST_BYTES - ending.len());
    let name = format!("{stem}{ending}");
    if name.is_empty() || name.chars().all(|letter| letter == '-') {
        return otherwise.to_owned();
    }
    if is_device(stem) {
        format!("_{name}")
    } else {
        name
    }
}

fn is_device(stem: &str) -> bool {
    let first = stem
        .split('.')
        .next()
        .unwrap_or(stem)
        .trim_end()
        .to_lowercase();
    let numbered = first
        .strip_prefix("com")
        .or_else(|| first.strip_prefix("lpt"));
    DEVICES.contains(&first.as_str())
        || numbered.is_some_and(|digit| {
            matches!(digit, "¹" | "²" | "³")
                || (digit.len() == 1 && digit.as_bytes()[0].is_ascii_digit())
        })
}

/// A name and its ending, dot included, if it has a short one.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= 12 && !name[dot..].contains(' ') => {
            name.split_at(dot)
        }
        _ => (name, ""),
    }
}

fn shortened(text: &str, longest_bytes: usize) -> &str {
    let mut end = text.len().min(longest_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_harmless_on_every_system() {
        let name = |wanted: &str| Names::default().take(wanted, "untitled");
        assert_eq!(name("Q3: risk/treatment?"), "Q3- risk-treatment-");
        assert_eq!(name("../../etc/passwd"), "-..-etc-passwd");
        assert_eq!(name("con.txt"), "_con.txt");
        assert_eq!(name("COM1"), "_COM1");
        assert_eq!(name("command.md"), "command.md");
        assert_eq!(name("trailing. . "), "trailing");
        assert_eq!(name("a\u{202E}txt.exe"), "a-txt.exe");
        assert_eq!(name("みなと保険 – x.csv"), "みなと保険 – x.csv");
        for nothing in ["", "...", "///", "\u{0}", " "] {
            assert_eq!(name(nothing), "untitled");
        }
        let long = name(&format!("{}.docx", "保".repeat(200)));
        assert!(
            long.len() <= LONGEST_BYTES && long.ends_with("保.docx"),
            "{long}"
        );
    }

    #[test]
    fn two_that_differ_in_case_alone_get_a_number() {
        let mut names = Names::default();
        let taken = ["Plan.md", "plan.md", "PLAN.md"].map(|name| names.take(name, "untitled"));
        assert_eq!(taken, ["Plan.md", "plan (2).md", "PLAN (3).md"]);
    }
}
