//! The bytes of a file in several parts: in order, all there, and what is told when they are not.

use carryall_format::section::Section;
use carryall_format::verify::{Code, Options, Verdict};
use carryall_format::write::PART_BYTES;
use serde_json::{Value, json};

use crate::judged::{errors, lines, options, report, report_with};
use crate::lay_out::sealed;
use crate::sample::{header, record, written};

/// A file of three parts, the last of one byte, and a small one behind it.
fn in_parts() -> Vec<u8> {
    written(&header(), |to| {
        record(to, Section::UploadedFiles, "big", "")?;
        record(to, Section::UploadedFiles, "small", "")?;
        let bytes: Vec<u8> = (0..=2 * PART_BYTES).map(|at| at.to_le_bytes()[1]).collect();
        to.write_contents(Section::UploadedFiles, b"big", &bytes[..], |_| true)?;
        to.write_contents(Section::UploadedFiles, b"small", &b"x"[..], |_| true)?;
        Ok(())
    })
}

#[test]
fn a_file_of_several_parts_is_put_together() {
    let report = report(&in_parts());
    assert_eq!(report.verdict, Verdict::Sound, "{:?}", lines(&report));
    assert_eq!(report.file_bytes, 2 * PART_BYTES as u64 + 2);
}

/// What is done to the parts, and what it is told.
type Change = (&'static str, fn(&mut Vec<Value>), &'static [&'static str]);

#[test]
fn parts_that_are_missing_doubled_swapped_or_of_another_size_are_found_even_if_the_digest_fits() {
    let cases: [Change; 8] = [
        (
            "without the first",
            |parts| drop(parts.remove(0)),
            &["contents_parts", "contents_digest", "count_mismatch"],
        ),
        (
            "without the second",
            |parts| drop(parts.remove(1)),
            &["contents_parts", "contents_digest", "count_mismatch"],
        ),
        (
            "without the last",
            |parts| drop(parts.remove(2)),
            &["contents_parts", "count_mismatch"],
        ),
        (
            "the first twice",
            |parts| parts.insert(1, parts[0].clone()),
            &["contents_parts", "count_mismatch"],
        ),
        (
            "the first two swapped",
            |parts| parts.swap(0, 1),
            &["contents_parts", "contents_digest"],
        ),
        (
            "another file between",
            |parts| parts.swap(2, 3),
            &["contents_parts"],
        ),
        (
            "a short part",
            |parts| parts[0]["base64"] = json!("AAAA"),
            &["contents_parts", "contents_digest", "count_mismatch"],
        ),
        (
            "renumbered",
            |parts| parts[1]["part"] = json!(2),
            &["contents_parts"],
        ),
    ];
    let document: Value = serde_json::from_slice(&in_parts()).unwrap();
    for (name, change, expected) in cases {
        let mut changed = document.clone();
        change(changed["file_contents"].as_array_mut().unwrap());
        let found = errors(&report(&sealed(&changed)));
        for code in expected {
            assert!(found.contains(code), "{name}: {found:?}");
        }
    }
}

#[test]
fn a_changed_byte_within_any_part_is_found_even_if_the_digest_fits() {
    let document: Value = serde_json::from_slice(&in_parts()).unwrap();
    for part in 0..3 {
        let mut changed = document.clone();
        let base64 = changed["file_contents"][part]["base64"].as_str().unwrap();
        let other = if base64.starts_with('A') { "B" } else { "A" };
        let text = format!("{other}{}", &base64[1..]);
        changed["file_contents"][part]["base64"] = json!(text);
        let report = report(&sealed(&changed));
        assert!(
            report.findings.has(Code::ContentsDigest),
            "{part}: {:?}",
            lines(&report)
        );
    }
}

/// A file of so many parts for each number.
fn of_parts(counts: &[usize]) -> Vec<u8> {
    written(&header(), |to| {
        let id = |number| format!("file-{number}");
        for number in 0..counts.len() {
            record(to, Section::UploadedFiles, &id(number), "")?;
        }
        for (number, count) in counts.iter().enumerate() {
            let bytes: Vec<u8> = (0..count * PART_BYTES - 1)
                .map(|at| (at / 7 + number).to_le_bytes()[0])
                .collect();
            to.write_contents(
                Section::UploadedFiles,
                id(number).as_bytes(),
                &bytes[..],
                |_| true,
            )?;
        }
        Ok(())
    })
}

#[test]
fn whichever_checkers_hash_the_parts_every_file_is_compared() {
    let bytes = of_parts(&[1, 4, 2, 1, 3, 2]);
    let parts: Vec<_> = memchr::memmem::find_iter(&bytes, b"\"base64\":\"").collect();
    assert_eq!(parts.len(), 13);
    for threads in [1, 2, 4] {
        let with = Options {
            threads,
            digest: false,
            ..options()
        };
        let sound = report_with(&bytes, &with);
        assert_eq!(sound.verdict, Verdict::Sound, "{:?}", lines(&sound));
        // The first part of a file, one in the middle, and the last of all.
        for part in [0, 2, 12] {
            let mut changed = bytes.clone();
            let at = parts[part] + 100;
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let report = report_with(&changed, &with);
            let count = report.findings.counts().get(&Code::ContentsDigest);
            assert_eq!(count, Some(&1), "{part}: {:?}", lines(&report));
        }
    }
}
