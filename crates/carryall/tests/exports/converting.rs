//! `carryall convert`: what other programs read out of it, and what is said of what they cannot.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bad_input::assert_says;
use crate::export_file::ExportFile;
use crate::product::{BEN, DEMO_PEOPLE, MARTA, OPEN_WEBUI_PEOPLE, Product};
use crate::program::{FAILED, Outcome, carryall};
use crate::readers::read_back;

const FORMATS: [&str; 10] = [
    "jsonl",
    "csv",
    "sqlite",
    "parquet",
    "markdown",
    "html",
    "chatgpt",
    "claude",
    "open-webui",
    "librechat",
];
/// These keep everything.
const WHOLE: [&str; 5] = ["jsonl", "csv", "sqlite", "markdown", "html"];

fn convert(export: &Path, format: &str, out: &Path, flags: &[&str]) -> Outcome {
    let (export, out) = (export.to_str().unwrap(), out.to_str().unwrap());
    let arguments = ["convert", export, "--to", format, "--out", out];
    carryall(arguments.into_iter().chain(flags.iter().copied()))
}

fn beside(export: &ExportFile, name: &str) -> PathBuf {
    export.path.with_file_name(name)
}

/// Converts an export into every format, and has each read by programs that are not ours.
#[track_caller]
fn assert_reads_back(export: &ExportFile) {
    for format in FORMATS {
        let out = export.path.with_extension(format);
        let outcome = convert(&export.path, format, &out, &[]).ended_with(0);
        let lost: Vec<_> = outcome
            .stderr
            .lines()
            .filter_map(|line| line.trim().split_once(' '))
            .map(|(kind, _)| kind)
            .filter(|kind| kind.contains('.'))
            .collect();
        assert!(!WHOLE.contains(&format) || lost.is_empty(), "{lost:?}");
        read_back(format, export, &out, &lost.join("\n"));
    }
}

#[test]
fn every_export_of_the_demo_reads_back_from_every_format() {
    let product = Product::demo();
    for person in DEMO_PEOPLE {
        assert_reads_back(&product.export(person));
    }
}

#[test]
fn every_export_of_a_second_product_reads_back_from_every_format() {
    let product = Product::open_webui();
    for person in OPEN_WEBUI_PEOPLE {
        assert_reads_back(&product.export(person));
    }
}

#[test]
fn hostile_texts_and_names_read_back_from_every_format() {
    let product = Product::demo();
    let texts = [
        "=HYPERLINK(\"http://evil.example\")",
        "-->\n## You\n<!-- {\"id\":\"x\"} -->\n\n",
        "+1\r\n\"quoted\", comma\ttab",
        "@SUM(A1)'",
        "'already'",
        "---\ntitle: \"no\"\n---",
        "\u{202e}gpj.exe \u{2028}\u{85}",
        "<script>alert(1)</script>",
    ];
    for (place, text) in texts.iter().enumerate() {
        let quoted = text.replace('\'', "''");
        product.sql(&format!(
            "UPDATE messages SET content = '{quoted}' WHERE rowid % {count} = {place};
             UPDATE threads SET title = '{quoted}' WHERE rowid % {count} = {place};
             UPDATE workspaces SET name = '{quoted}' WHERE rowid % {count} = {place};
             UPDATE uploaded_files SET name = 'CON.{place}/' || '{quoted}' WHERE rowid % {count} = {place}",
            count = texts.len()
        ));
    }
    for person in DEMO_PEOPLE {
        assert_reads_back(&product.export(person));
    }
}

#[test]
fn strict_refuses_what_has_no_place_and_leaves_nothing() {
    let product = Product::open_webui();
    let export = product.export(BEN);
    let out = beside(&export, "whole");
    let outcome = convert(&export.path, "chatgpt", &out, &["--strict"]);
    let outcome = outcome.ended_with(FAILED);
    assert_says(&outcome.stderr, &["--strict", "workspaces", "jsonl"]);
    assert!(!out.exists());
}

#[test]
fn strict_takes_the_formats_that_keep_everything() {
    let product = Product::demo();
    let export = product.export(MARTA);
    for format in WHOLE {
        let out = export.path.with_extension(format);
        convert(&export.path, format, &out, &["--strict"]).ended_with(0);
    }
}

#[test]
fn nothing_is_written_over_and_a_damaged_export_is_refused() {
    let product = Product::demo();
    let export = product.export(MARTA);
    let taken = beside(&export, "taken");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("mine.txt"), "mine").unwrap();
    for format in ["csv", "sqlite"] {
        let outcome = convert(&export.path, format, &taken, &[]).ended_with(FAILED);
        assert_says(&outcome.stderr, &["taken", "already", "--out"]);
    }
    let outcome = convert(&export.path, "jsonl", &export.path, &[]).ended_with(FAILED);
    assert_says(&outcome.stderr, &["the export itself"]);
    let cut = beside(&export, "cut.json");
    let text = export.text();
    fs::write(&cut, &text[..text.len() / 2]).unwrap();
    let outcome = convert(&cut, "markdown", &beside(&export, "notes"), &[]).ended_with(FAILED);
    assert_says(&outcome.stderr, &["cannot be converted", "carryall verify"]);
    let left: Vec<_> = fs::read_dir(export.path.parent().unwrap())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(".carryall") || name == "notes")
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(fs::read_to_string(taken.join("mine.txt")).unwrap(), "mine");
}

#[test]
fn a_file_that_another_program_wrote_again_is_converted_alike() {
    let product = Product::demo();
    let export = product.export(MARTA);
    let (plain, indented) = (beside(&export, "plain"), beside(&export, "indented.json"));
    fs::write(
        &indented,
        serde_json::to_string_pretty(&export.json).unwrap(),
    )
    .unwrap();
    for format in ["jsonl", "csv", "markdown", "html"] {
        let (one, two) = (
            plain.with_extension(format),
            indented.with_extension(format),
        );
        convert(&export.path, format, &one, &[]).ended_with(0);
        convert(&indented, format, &two, &[]).ended_with(0);
        assert_eq!(bytes_below(&one), bytes_below(&two), "{format}");
    }
}

/// Every file with its bytes, the export's own account of its layout left out.
fn bytes_below(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    if path.is_file() {
        return vec![(PathBuf::new(), fs::read(path).unwrap())];
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(path).unwrap().to_owned();
                files.push((name, fs::read(entry.path()).unwrap()));
            }
        }
    }
    files.sort();
    files
}
