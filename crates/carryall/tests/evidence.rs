//! What `docs/SECURITY.md` calls a test is one: the table cannot promise what nothing holds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("two folders below the root")
        .to_owned()
}

/// Adds every file below a folder to `found`.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("lists").flatten() {
        let path = entry.path();
        let is_made = ["node_modules", "target"]
            .iter()
            .any(|made| path.ends_with(made));
        if path.is_dir() && !is_made {
            sources(&path, found);
        } else if path
            .extension()
            .is_some_and(|kind| kind == "rs" || kind == "mjs")
        {
            found.push(fs::read_to_string(&path).expect("text"));
        }
    }
}

/// Names of Rust's tests: the functions under `#[test]` or `#[tokio::test]`, and those that run on both engines.
fn rust_tests(source: &str) -> Vec<String> {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let pairs = lines
        .windows(2)
        .filter(|pair| pair[0].starts_with("#[test]") || pair[0].starts_with("#[tokio::test"));
    let single = pairs.filter_map(|pair| pair[1].split_once("fn ")?.1.split_once("()"));
    let on_both = source.split("on_both_engines![").skip(1);
    let on_both = on_both.flat_map(|rest| rest.split(']').next().unwrap_or_default().split(','));
    single
        .map(|(name, _)| name)
        .chain(on_both.map(str::trim))
        .map(str::to_owned)
        .collect()
}

/// Names of tests in the browser or in Node, as far as they are not put together.
fn script_tests(source: &str) -> Vec<String> {
    let after = |start| source.split(start).skip(1);
    let quoted = after("test(\"").filter_map(|rest| rest.split_once('"'));
    let joined = after("test(`").filter_map(|rest| rest.split_once("${"));
    quoted
        .chain(joined)
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// What stands between two of these in a cell.
fn between(cell: &str, mark: char) -> Vec<String> {
    cell.split(mark)
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_test_that_the_document_on_security_names_exists() {
    let mut found = Vec::new();
    for folder in ["crates", "e2e", "viewer"] {
        sources(&root().join(folder), &mut found);
    }
    let known: BTreeSet<_> = found
        .iter()
        .flat_map(|source| [rust_tests(source), script_tests(source)].concat())
        .collect();
    let document = fs::read_to_string(root().join("docs/SECURITY.md")).expect("a document");
    let tables = document.split_once("## OWASP").expect("the first table").1;
    let rows = tables.lines().filter(|line| line.starts_with("| "));
    let named: Vec<_> = rows
        .filter(|row| row.matches(" | ").count() == 3)
        .filter_map(|row| row.trim_end_matches('|').rsplit(" | ").next())
        .flat_map(|cell| [between(cell, '`'), between(cell, '"')].concat())
        .collect();
    let unknown: Vec<_> = named.iter().filter(|name| !known.contains(*name)).collect();
    assert!(named.len() > 60, "the tables are read: {}", named.len());
    assert!(
        unknown.is_empty(),
        "docs/SECURITY.md names what is no test: {unknown:#?}"
    );
}

#[test]
fn every_line_of_the_tables_names_a_test() {
    let document = fs::read_to_string(root().join("docs/SECURITY.md")).expect("a document");
    let tables = document.split_once("## OWASP").expect("the first table").1;
    let rows = tables.lines().filter(|line| line.starts_with("| "));
    let rows = rows.filter(|row| row.matches(" | ").count() == 3 && !row.ends_with("| tests |"));
    let without: Vec<_> = rows
        .filter(|row| {
            let cell = row.trim_end_matches('|').rsplit(" | ").next();
            cell.is_none_or(|cell| !cell.contains(['`', '"']))
        })
        .collect();
    assert!(without.is_empty(), "{without:#?}");
}

#[test]
fn every_incident_from_35_to_49_has_a_line() {
    let document = fs::read_to_string(root().join("docs/SECURITY.md")).expect("a document");
    for number in 35..=49 {
        assert!(document.contains(&format!("\n| {number} | ")), "{number}");
    }
}
