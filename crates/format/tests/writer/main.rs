//! The file as a reader meets it: layout, order, digest, ownership, contents.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carryall_format::encode;
use carryall_format::gap::{Gap, GapCode};
use carryall_format::header::{
    FORMAT, Generator, Ground, Header, ProcessingHeader, REVISION, SchemaRef, ScopeHeader, Status,
    VERSION,
};
use carryall_format::section::Section;
use carryall_format::sign::{Integrity, SigningKey};
use carryall_format::write::{PART_BYTES, Proof, Reference, WriteError, Writer, Written, hex};
use serde_json::Value;
use sha2::{Digest, Sha256};

mod contents;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn header() -> Header {
    Header {
        format: FORMAT,
        version: VERSION,
        revision: REVISION,
        schema: SchemaRef {
            sha256: "0".repeat(64),
            location: "carryall schema".to_owned(),
        },
        id: "01900000-0000-7000-8000-000000000000".to_owned(),
        product: "Test".to_owned(),
        subject_id: "anna".to_owned(),
        created_at: "2026-11-23T10:00:00Z".to_owned(),
        snapshot_at: "2026-11-23T10:00:00Z".to_owned(),
        generator: Generator {
            name: "carryall".to_owned(),
            version: "0".to_owned(),
        },
        locale: "en".to_owned(),
        scope: ScopeHeader {
            workspace_id: None,
            since: None,
            until: None,
            file_contents: true,
            derived_from: None,
        },
        withheld: Vec::new(),
        processing: ProcessingHeader {
            controller: "Test GmbH".to_owned(),
            contact: "privacy@example.com".to_owned(),
            purposes: Vec::new(),
            recipients: Vec::new(),
            retention: None,
            rights: None,
        },
    }
}

/// Writes a file with `fill` and returns it.
fn written(
    fill: impl FnOnce(&mut Writer) -> Result<(), WriteError>,
) -> Result<(Vec<u8>, Written), WriteError> {
    let out = Shared::default();
    let mut writer = Writer::start(out.clone(), &header())?;
    fill(&mut writer)?;
    let written = writer.finish()?;
    let bytes = out.0.lock().unwrap().clone();
    Ok((bytes, written))
}

fn record(
    writer: &mut Writer,
    section: Section,
    proof: Proof<'_>,
    id: &str,
) -> Result<(), WriteError> {
    let out = writer.begin_record(section, proof, id.as_bytes())?;
    out.extend_from_slice(b"\"id\":");
    encode::text(out, id.as_bytes());
    writer.end_record()
}

const ANNA: Proof<'_> = Proof::Owner(b"anna");

fn sample(writer: &mut Writer) -> Result<(), WriteError> {
    writer.set_status(Section::Subscriptions, Status::Unavailable);
    record(writer, Section::Workspaces, ANNA, "w1")?;
    record(writer, Section::Workspaces, ANNA, "w2")?;
    record(writer, Section::Threads, ANNA, "t1")?;
    record(
        writer,
        Section::Messages,
        Proof::Parent(Section::Threads, b"t1"),
        "m1",
    )?;
    writer.gap(Gap {
        code: GapCode::MissingObject,
        section: Section::UploadedFiles,
        id: Some("f1".to_owned()),
        field: None,
        reason: "gone".to_owned(),
    })?;
    writer.leave_out(
        Section::Messages,
        Ground::RightsOfOthers,
        "others",
        Some(b"m9"),
        1,
    )?;
    writer.leave_out(
        Section::Messages,
        Ground::RightsOfOthers,
        "others",
        Some(b"m8"),
        1,
    )
}

#[test]
fn each_key_starts_a_line_and_each_record_is_one() {
    let (bytes, _) = written(sample).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "{");
    assert!(lines[1].starts_with("\"export\":{\"format\":\"carryall-export\",\"version\":1,"));
    insta::assert_snapshot!(lines[2..lines.len() - 2].join("\n"), @r#"
    "account_settings":{},
    "workspaces":[
    {"id":"w1"},
    {"id":"w2"}
    ],
    "threads":[
    {"id":"t1"}
    ],
    "messages":[
    {"id":"m1"}
    ],
    "uploaded_files":[],
    "generated_documents":[],
    "workspace_memories":[],
    "user_memories":[],
    "subscriptions":[],
    "other_records":[],
    "file_contents":[],
    "gaps":[
    {"code":"missing_object","section":"uploaded_files","id":"f1","field":null,"reason":"gone"}
    ],
    "#);
    assert!(lines[lines.len() - 1].starts_with("\"integrity\":{") && text.ends_with("}}\n"));
}

#[test]
fn the_digest_covers_every_byte_before_the_last_line() {
    let (bytes, written) = written(sample).unwrap();
    let end = bytes[..bytes.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap()
        + 1;
    let file: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(
        file["integrity"]["sha256"],
        hex(&Sha256::digest(&bytes[..end]))
    );
    assert_eq!(file["integrity"]["signature"], Value::Null);
    assert_eq!(written.sha256[..], Sha256::digest(&bytes)[..]);
    assert_eq!(written.size_bytes, bytes.len() as u64);
}

#[test]
fn a_file_with_a_key_is_signed_over_its_digest_and_id_and_else_the_same() {
    let signing = SigningKey::from_seed(&[9; 32]);
    let (unsigned, _) = written(sample).unwrap();
    let (bytes, written) = written(|writer| {
        writer.sign_with(signing.clone());
        sample(writer)
    })
    .unwrap();
    let end = bytes[..bytes.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap()
        + 1;
    assert_eq!(bytes[..end], unsigned[..end]);
    let integrity = Integrity::of_line(&bytes[end..]).unwrap();
    assert_eq!(integrity.sha256, hex(&Sha256::digest(&bytes[..end])));
    assert_eq!(integrity.signature, written.signature);
    let key = signing.public_key();
    let signature = integrity.signature.unwrap();
    assert!(key.has_signed(&integrity.sha256, &header().id, &signature));
    assert!(!key.has_signed(&integrity.sha256, "another", &signature));
    assert_eq!(written.sha256[..], Sha256::digest(&bytes)[..]);
    assert_eq!(written.size_bytes, bytes.len() as u64);
}

#[test]
fn the_summary_is_a_directory_of_the_file() {
    let (bytes, _) = written(sample).unwrap();
    let file: Value = serde_json::from_slice(&bytes).unwrap();
    for section in Section::ALL {
        let line = &file["summary"]["sections"][section.name()];
        let offset = usize::try_from(line["offset"].as_u64().unwrap()).unwrap();
        let length = usize::try_from(line["length"].as_u64().unwrap()).unwrap();
        let value: Value = serde_json::from_slice(&bytes[offset..offset + length]).unwrap();
        assert_eq!(value, file[section.name()], "{}", section.name());
        let count = value.as_array().map_or(0, Vec::len);
        assert_eq!(line["count"], count);
    }
    assert_eq!(
        file["summary"]["sections"]["workspaces"]["status"],
        "included"
    );
    assert_eq!(
        file["summary"]["sections"]["user_memories"]["status"],
        "empty"
    );
    assert_eq!(
        file["summary"]["sections"]["subscriptions"]["status"],
        "unavailable"
    );
    assert_eq!(file["summary"]["totals"]["records"], 4);
    assert_eq!(file["summary"]["left_out"][0]["count"], 2);
}

#[test]
fn a_record_of_somebody_else_ends_the_export() {
    let error = written(|writer| record(writer, Section::Workspaces, Proof::Owner(b"ben"), "w1"))
        .unwrap_err();
    assert!(
        matches!(
            error,
            WriteError::NotTheOwner {
                section: "workspaces"
            }
        ),
        "{error}"
    );
    let error =
        written(|writer| record(writer, Section::Workspaces, Proof::Owner(b""), "w1")).unwrap_err();
    assert!(matches!(error, WriteError::NotTheOwner { .. }), "{error}");
}

#[test]
fn a_record_whose_parent_is_not_in_the_file_ends_the_export() {
    let error = written(|writer| {
        record(writer, Section::Threads, ANNA, "t1")?;
        record(
            writer,
            Section::Messages,
            Proof::Parent(Section::Threads, b"t1"),
            "m1",
        )?;
        record(
            writer,
            Section::Messages,
            Proof::Parent(Section::Threads, b"t2"),
            "m2",
        )
    })
    .unwrap_err();
    assert!(
        matches!(
            error,
            WriteError::NotTheParent {
                section: "messages",
                parent: "threads"
            }
        ),
        "{error}"
    );
}

#[test]
fn two_records_with_one_id_end_the_export() {
    let error = written(|writer| {
        record(writer, Section::Threads, ANNA, "t1")?;
        record(writer, Section::Threads, ANNA, "t1")
    })
    .unwrap_err();
    assert!(
        matches!(error, WriteError::DuplicateId { section: "threads" }),
        "{error}"
    );
}

#[test]
fn sections_cannot_go_back() {
    let error = written(|writer| {
        record(writer, Section::Threads, ANNA, "t1")?;
        record(writer, Section::Workspaces, ANNA, "w1")
    })
    .unwrap_err();
    assert!(
        matches!(
            error,
            WriteError::OutOfOrder {
                section: "workspaces"
            }
        ),
        "{error}"
    );
}

#[test]
fn a_reference_is_included_left_out_or_unknown() {
    written(|writer| {
        sample(writer)?;
        assert_eq!(
            writer.resolve(Section::Messages, b"m1")?,
            Reference::Included
        );
        assert_eq!(
            writer.resolve(Section::Messages, b"m9")?,
            Reference::LeftOut
        );
        assert_eq!(
            writer.resolve(Section::Messages, b"m2")?,
            Reference::Unknown
        );
        Ok(())
    })
    .unwrap();
}
