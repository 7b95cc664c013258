//! Files of version 1 as they were written once: every later program must read, verify and show them.
//!
//! `tests/fixtures/v1/README.md` says how one is added. None is ever made again.

use std::fs;
use std::path::{Path, PathBuf};

use carryall_format::sign::KnownKeys;
use carryall_format::verify::{DigestAnswer, Options, Report, SignatureAnswer, Verdict};

use crate::judged::{lines, options, report_of_file, report_with};
use crate::sample;

const NAMES: [&str; 4] = ["empty", "everything", "gaps", "one-client"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1")
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(folder().join(format!("{name}.json"))).unwrap()
}

/// What makes a fixture today.
fn made(name: &str) -> Vec<u8> {
    match name {
        "empty" => sample::empty(),
        "everything" => sample::everything(),
        "gaps" => sample::gaps(),
        "one-client" => sample::slice(),
        _ => unreachable!("no such fixture"),
    }
}

fn known_keys() -> KnownKeys {
    KnownKeys::parse(&fs::read_to_string(folder().join("keys.json")).unwrap()).unwrap()
}

#[track_caller]
fn is_proven(report: &Report, name: &str) {
    assert_eq!(
        report.verdict,
        Verdict::Sound,
        "{name}: {:?}",
        lines(report)
    );
    assert_eq!(report.digest, DigestAnswer::Fits, "{name}");
    assert!(
        matches!(report.signature, SignatureAnswer::Good { .. }),
        "{name}: {:?}",
        report.signature
    );
    assert_eq!(lines(report), Vec::<String>::new(), "{name}");
}

#[test]
fn every_fixture_is_read_and_proven_by_its_key() {
    let found = fs::read_dir(folder()).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        ![".gitattributes", "keys.json", "README.md"]
            .iter()
            .any(|other| name == *other)
    });
    assert_eq!(
        found.count(),
        NAMES.len(),
        "each fixture has its line in NAMES"
    );
    for name in NAMES {
        let options = Options {
            keys: known_keys(),
            require_signature: true,
            ..options()
        };
        is_proven(&report_with(&fixture(name), &options), name);
        is_proven(&report_of_file(&fixture(name), &options), name);
    }
}

#[test]
fn a_fixture_shows_what_is_in_it() {
    let shown: Vec<_> = NAMES
        .iter()
        .map(|name| {
            let report = report_with(&fixture(name), &options());
            let counts: Vec<_> = report.sections.iter().map(|section| section.count.to_string()).collect();
            let gaps = report.gaps.map_or(0, |gaps| gaps.count);
            format!(
                "{name}: {} bytes, records {}, {} bytes of files, {gaps} gaps, {} lines in the checklist",
                report.size_bytes,
                counts.join(" "),
                report.file_bytes,
                report.workspaces.len()
            )
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    empty: 2097 bytes, records 0 0 0 0 0 0 0 0 0 0 0, 0 bytes of files, 0 gaps, 0 lines in the checklist
    everything: 6108 bytes, records 1 2 3 4 3 2 1 1 1 1 4, 48 bytes of files, 4 gaps, 3 lines in the checklist
    gaps: 4330 bytes, records 0 0 0 0 0 0 0 14 0 0 0, 0 bytes of files, 14 gaps, 0 lines in the checklist
    one-client: 2273 bytes, records 0 1 1 1 0 0 0 0 0 0 0, 0 bytes of files, 0 gaps, 1 lines in the checklist
    ");
}

#[test]
fn the_writer_of_today_still_writes_files_of_that_kind() {
    for name in NAMES {
        let bytes = made(name);
        is_proven(&report_with(&bytes, &options()), name);
    }
}
