//! What is wrong with a data map, in words that name the place, the thing and the fix.
//!
//! Promises: every problem is reported, not only the first; a map that passes here can be planned on
//! any database that has its tables; what depends on a database is left to [`check_against`].

mod against;
mod contents;
mod entry;
mod fields;
mod forms;
mod imports;
mod json;
mod keys;
mod nearest;

use std::fmt;

use carryall_format::section::Section;
use serde::Serialize;

use crate::data_map::DataMap;

pub use against::check_against;
pub(crate) use against::{columns_of, is_json_type};
pub(crate) use entry::place_of;
pub(crate) use fields::is_json_field;
pub(crate) use json::kept_path;
pub(crate) use nearest::did_you_mean;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MapProblem {
    /// `[[export]] 3 (section threads, table chat), fields.created_at`
    pub place: String,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub fix: String,
}

impl fmt::Display for MapProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.problem, self.fix)
    }
}

/// The data map cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MapErrors {
    /// Not TOML, or a value of the wrong type.
    #[error("read the data map {map}, line {line}, column {column}: {message}")]
    Syntax {
        /// Its name for messages.
        map: String,
        /// Counts from 1.
        line: usize,
        /// Counts from 1.
        column: usize,
        /// The parser's words.
        message: String,
    },
    /// It says something that cannot be meant.
    #[error("use the data map {map}:{}", listed(.problems))]
    Problems {
        /// Its name for messages.
        map: String,
        /// In the order of the map.
        problems: Vec<MapProblem>,
    },
}

impl MapErrors {
    /// Advice for whoever wrote the map.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            MapErrors::Syntax { .. } => "correct that line; docs/DATA-MAP.md shows every form",
            MapErrors::Problems { .. } => {
                "correct each line of the list; docs/DATA-MAP.md explains the terms"
            }
        }
    }
}

fn listed(problems: &[MapProblem]) -> String {
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| format!("\n  {problem}"))
        .collect();
    lines.concat()
}

impl DataMap {
    /// Reads a map and checks all that can be checked without a database. `name` stands in messages.
    pub fn parse(text: &str, name: &str) -> Result<DataMap, MapErrors> {
        let syntax = |error: &toml::de::Error| {
            let (line, column) = position(text, error.span().map_or(0, |span| span.start));
            MapErrors::Syntax {
                map: name.to_owned(),
                line,
                column,
                message: words(error.message()),
            }
        };
        let table: toml::Table = toml::from_str(text).map_err(|error| syntax(&error))?;
        let mut problems = Problems::default();
        keys::check_keys(&table, &mut problems);
        problems.into_result(name)?;
        let mut map: DataMap = toml::from_str(text).map_err(|error| syntax(&error))?;
        for (index, entry) in map.exports.iter_mut().enumerate() {
            entry.number = index + 1;
        }
        let mut problems = Problems::default();
        check_head(&map, &mut problems);
        entry::check_entries(&map, &mut problems);
        problems.into_result(name)?;
        Ok(map)
    }
}

/// Problems in the order in which they are found.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<MapProblem>);

impl Problems {
    pub(crate) fn add(
        &mut self,
        place: impl Into<String>,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.0.push(MapProblem {
            place: place.into(),
            problem: problem.into(),
            fix: fix.into(),
        });
    }

    /// A text that is printed for people must say something.
    fn need_text(&mut self, place: &str, what: &str, text: &str) {
        if text.trim().is_empty() {
            self.add(place, format!("`{what}` is empty"), "say it in plain words");
        }
    }

    pub(crate) fn into_list(self) -> Vec<MapProblem> {
        self.0
    }

    fn into_result(self, map: &str) -> Result<(), MapErrors> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(MapErrors::Problems {
            map: map.to_owned(),
            problems: self.0,
        })
    }
}

fn check_head(map: &DataMap, problems: &mut Problems) {
    if map.map_version != 1 {
        let problem = format!("version {} is not known", map.map_version);
        problems.add("map_version", problem, "write `map_version = 1`");
    }
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if map.file_prefix.is_empty() || !map.file_prefix.chars().all(fits) {
        let problem = format!("`{}` cannot begin a file's name", map.file_prefix);
        problems.add("file_prefix", problem, "use a-z, 0-9 and `-`");
    }
    problems.need_text("product", "product", &map.product);
    problems.need_text("controller", "name", &map.controller.name);
    problems.need_text("controller", "contact", &map.controller.contact);
    for (table, reason) in &map.not_personal {
        problems.need_text("[not_personal]", table, reason);
        if map
            .exports
            .iter()
            .any(|entry| entry.table.as_ref() == Some(table))
        {
            let problem = format!("table `{table}` is exported, so it holds something personal");
            problems.add(
                "[not_personal]",
                problem,
                "remove it here, or remove its [[export]]",
            );
        }
    }
    if map.exports.is_empty() {
        problems.add(
            "[[export]]",
            "the map exports nothing",
            "add an [[export]] for the account",
        );
    }
}

/// Line and column, both from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// The parser's words, where they name a Rust type in those of the map.
fn words(message: &str) -> String {
    if message.contains("untagged enum FieldForm") {
        "a field is \"column\", [\"column\", \"column\"] or { column = …, … }".to_owned()
    } else if message.contains("untagged enum Sql") {
        "SQL is \"…\" or { sqlite = \"…\", postgres = \"…\" }".to_owned()
    } else if message.contains("untagged enum KeepPath") {
        "a path to keep is \"path\" or { path = \"…\", reason = \"…\" }".to_owned()
    } else {
        message.to_owned()
    }
}

/// The section, or a problem that suggests one.
fn need_section(name: &str, place: &str, problems: &mut Problems) -> Option<Section> {
    let section = Section::named(name).filter(|section| *section != Section::FileContents);
    if section.is_none() {
        let known = Section::ALL.iter().map(|section| section.name());
        let known: Vec<_> = known.filter(|name| *name != "file_contents").collect();
        let fix = if name == "file_contents" {
            "give the file's own entry a `content`".to_owned()
        } else {
            did_you_mean(name, known.iter().copied())
                .unwrap_or_else(|| format!("use one of {}", known.join(", ")))
        };
        problems.add(
            place,
            format!("there is no section `{name}` to export into"),
            fix,
        );
    }
    section
}

#[cfg(test)]
mod tests;
