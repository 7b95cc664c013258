//! FORMAT.md names everything that the table of sections has.

use carryall_format::gap::GapCode;
use carryall_format::header::Ground;
use carryall_format::section::{Field, Kind, Section};
use carryall_format::sign::{Integrity, KnownKeys, SignatureCheck};
use carryall_format::verify::{Code, Severity};

const FORMAT: &str = include_str!("../../../docs/FORMAT.md");

fn assert_names(fields: &[Field], within: &str) {
    for field in fields {
        let name = format!("| `{within}{}`", field.name);
        assert!(FORMAT.contains(&name), "docs/FORMAT.md has no row {name}");
        assert!(
            FORMAT.contains(field.what),
            "docs/FORMAT.md does not say of {name}: {}",
            field.what
        );
        match field.kind {
            Kind::Object(below) => assert_names(below, &format!("{}.", field.name)),
            Kind::Objects(below) => assert_names(below, &format!("{}[].", field.name)),
            _ => {}
        }
    }
}

#[test]
fn every_section_field_ground_and_gap_stands_in_the_documentation() {
    for section in Section::ALL {
        assert!(
            FORMAT.contains(&format!("### `{}`", section.name())),
            "{}",
            section.name()
        );
        assert_names(section.fields(), "");
    }
    for code in GapCode::ALL {
        assert!(
            FORMAT.contains(&format!("| `{}` |", code.name())),
            "{}",
            code.name()
        );
    }
    for ground in Ground::ALL {
        assert!(
            FORMAT.contains(&format!("`{}`", ground.name())),
            "{}",
            ground.name()
        );
    }
}

#[test]
fn the_excerpt_is_signed_with_a_key_of_the_keys_document_beside_it() {
    let block = |start: &str, end: &str| {
        let (_, rest) = FORMAT.split_once(&format!("\n{start}")).unwrap();
        format!("{start}{}", rest.split_once(end).unwrap().0)
    };
    let keys = KnownKeys::parse(&block("{\"keys\":[", "```")).unwrap();
    assert_eq!(KnownKeys::parse(&keys.to_json()).unwrap(), keys);
    let line = block("\"integrity\":{\"sha256\":\"8", "```");
    let integrity = Integrity::of_line(line.as_bytes()).unwrap();
    let (_, id) = FORMAT.split_once("\"},\"id\":\"").unwrap();
    let check = keys.check(&integrity.sha256, &id[..36], &integrity.signature.unwrap());
    assert!(matches!(check, SignatureCheck::Good(_)), "{check:?}");
}

#[test]
fn every_finding_stands_in_the_documentation_with_its_reason_and_its_advice() {
    // Some gaps have the same names.
    let (_, codes) = FORMAT
        .split_once("<!-- codes -->")
        .expect("a table of codes");
    for code in Code::ALL {
        let row = codes
            .lines()
            .find(|line| line.starts_with(&format!("| `{}`", code.name())))
            .unwrap_or_else(|| panic!("docs/FORMAT.md has no row for {}", code.name()));
        let is_note = row.contains("` (note) |");
        assert_eq!(is_note, code.severity() == Severity::Note, "{row}");
        assert!(
            row.contains(code.why()) && row.contains(code.help()),
            "{row}"
        );
    }
}
