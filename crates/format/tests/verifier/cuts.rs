//! An export of which the end is missing: a download that stopped.

use carryall_format::section::Section;
use carryall_format::verify::{Code, Verdict};

use crate::judged::{errors, lines, report};
use crate::sample::{self, header, record, written};
use crate::seeded;

#[track_caller]
fn is_told_as_cut_off(bytes: &[u8], end: usize) {
    let report = report(&bytes[..end]);
    let expected = if end + 1 == bytes.len() {
        // Only the line feed at the very end is missing: everything is there.
        Code::IntegritySpelling
    } else {
        Code::Truncated
    };
    assert_ne!(report.verdict, Verdict::Sound, "cut at byte {end}");
    assert!(
        report.findings.has(expected),
        "cut at byte {end} of {}: {:?}",
        bytes.len(),
        lines(&report)
    );
}

#[test]
fn a_file_cut_at_any_byte_is_told_as_a_download_that_did_not_finish() {
    let bytes = sample::everything();
    (0..bytes.len()).for_each(|end| is_told_as_cut_off(&bytes, end));
    let bytes = sample::empty();
    (0..bytes.len()).for_each(|end| is_told_as_cut_off(&bytes, end));
}

#[test]
fn a_cut_is_the_only_thing_that_is_told_of_a_file_cut_at_a_line() {
    let bytes = sample::everything();
    for (end, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        for end in [end, end + 1] {
            if end < bytes.len() - 1 {
                assert_eq!(
                    errors(&report(&bytes[..end])),
                    ["truncated"],
                    "cut at byte {end}"
                );
            }
        }
    }
}

#[test]
fn a_large_file_cut_anywhere_is_told_as_cut_off() {
    let bytes = large();
    let mut random = seeded(1);
    for _ in 0..300 {
        is_told_as_cut_off(&bytes, random(bytes.len()));
    }
}

/// An export of some megabytes, with a file of three parts.
fn large() -> Vec<u8> {
    written(&header(), |to| {
        record(to, Section::Threads, "t", r#","workspace_id":null"#)?;
        let mut last = "null".to_owned();
        for number in 0..4000 {
            let content = "Zugriff \\n安全 ".repeat(number % 40);
            let rest = format!(r#","thread_id":"t","parent_id":{last},"content":"{content}""#);
            let id = format!("m{number}");
            record(to, Section::Messages, &id, &rest)?;
            last = format!("\"{id}\"");
        }
        let bytes: Vec<u8> = (0..7_000_000_u32)
            .map(|at| (at * 7).to_le_bytes()[1])
            .collect();
        record(to, Section::UploadedFiles, "f", r#","name":"big.bin""#)?;
        to.write_contents(Section::UploadedFiles, b"f", &bytes[..], |_| true)?;
        Ok(())
    })
}
