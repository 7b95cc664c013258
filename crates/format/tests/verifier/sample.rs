//! Exports to try the verifier on, written by the real writer.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use carryall_format::encode;
use carryall_format::gap::{Gap, GapCode};
use carryall_format::header::{
    FORMAT, Generator, Ground, Header, ProcessingHeader, REVISION, SchemaRef, ScopeHeader, Status,
    VERSION, WithheldHeader,
};
use carryall_format::section::Section;
use carryall_format::sign::SigningKey;
use carryall_format::write::{Proof, WriteError, Writer, hex};
use sha2::{Digest, Sha256};

/// What signs the samples.
pub fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

/// Bytes that somebody else may look at when they are all there.
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

/// What a sample says of itself.
pub fn header() -> Header {
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
        snapshot_at: "2026-11-23T10:00:00.123Z".to_owned(),
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
        withheld: vec![WithheldHeader {
            section: "account_settings".to_owned(),
            what: "your password, as a hash".to_owned(),
            ground: Ground::Secret,
            reason: "it opens a door".to_owned(),
        }],
        processing: ProcessingHeader {
            controller: "Test GmbH".to_owned(),
            contact: "privacy@example.com".to_owned(),
            purposes: vec!["to answer".to_owned()],
            recipients: Vec::new(),
            retention: None,
            rights: None,
        },
    }
}

/// Writes a signed file with `fill`.
pub fn written(
    header: &Header,
    fill: impl FnOnce(&mut Writer) -> Result<(), WriteError>,
) -> Vec<u8> {
    let out = Shared::default();
    let mut writer = Writer::start(out.clone(), header).unwrap();
    writer.sign_with(key());
    fill(&mut writer).unwrap();
    writer.finish().unwrap();
    out.0.lock().unwrap().clone()
}

/// Writes one record: its id, then the rest of its text.
pub fn record(
    writer: &mut Writer,
    section: Section,
    id: &str,
    rest: &str,
) -> Result<(), WriteError> {
    let proof = Proof::Owner(b"anna");
    let out = writer.begin_record(section, proof, id.as_bytes())?;
    let name = section.fields()[0].name;
    out.extend_from_slice(format!("\"{name}\":").as_bytes());
    encode::text(out, id.as_bytes());
    out.extend_from_slice(rest.as_bytes());
    writer.end_record()
}

/// An export with nothing in it.
pub fn empty() -> Vec<u8> {
    written(&header(), |_| Ok(()))
}

/// An export of everything that the format has, in some 9 KB.
pub fn everything() -> Vec<u8> {
    written(&header(), |writer| {
        account_and_workspaces(writer)?;
        conversations(writer)?;
        files(writer)?;
        the_rest(writer)?;
        contents(writer)
    })
}

fn account_and_workspaces(to: &mut Writer) -> Result<(), WriteError> {
    record(
        to,
        Section::AccountSettings,
        "anna",
        r#","email":"anna@example.com","email_confirmed_at":null,"auth_providers":["email"],"created_at":"2026-01-31T12:00:00Z","date_of_birth":"1990-02-28","retention":{"mode":"days","days":30},"memory":{"general_detection":true},"organization":{"id":"o1","name":"Org","joined_at":null},"consents":[{"kind":"terms","granted":true,"decided_at":"2026-01-31T12:00:00.123456Z"},{"kind":"news"}],"usage_statistics":{"messages_sent":7},"extra":{"theme":"dark"}"#,
    )?;
    let workspace = Section::Workspaces;
    record(
        to,
        workspace,
        "w1",
        r#","name":"Cloud – 安全 \"A\"","access":"own","parent_id":null,"is_default":true,"owner_user_id":"anna""#,
    )?;
    record(
        to,
        workspace,
        "w2",
        r#","name":null,"access":"shared","parent_id":"w1","owner_user_id":"person-1""#,
    )?;
    Ok(())
}

fn conversations(to: &mut Writer) -> Result<(), WriteError> {
    let thread = Section::Threads;
    record(
        to,
        thread,
        "t1",
        r#","workspace_id":"w1","title":"First","current_message_id":"m2","archived":false"#,
    )?;
    record(
        to,
        thread,
        "t2",
        r#","workspace_id":"w2","title":"","current_message_id":null"#,
    )?;
    record(to, thread, "t3", r#","workspace_id":null"#)?;
    let messages = [
        (
            "m1",
            r#","thread_id":"t1","parent_id":null,"role":"user","content":"What is A.5.15?\n\tPath \\ and \u0000 and \"quotes\"","content_parts":null,"file_ids":["f1","f2"],"generated_document_ids":[],"credits_used":1.5,"created_at":"2026-02-01T00:00:00Z""#,
        ),
        (
            "m2",
            r#","thread_id":"t1","parent_id":"m1","role":"assistant","content":"🔐 Zugriff","content_parts":[{"type":"text","n":[1,2.5e3,-0]},[]],"generated_document_ids":["d1"],"usage":{"tokens":9007199254740991},"extra":{"a":{"b":[null,true]}}"#,
        ),
        (
            "m3",
            r#","thread_id":"t2","parent_id":"gone","content":"one""#,
        ),
        (
            "m4",
            r#","thread_id":"t2","parent_id":"gone","content":"two""#,
        ),
    ];
    for (id, rest) in messages {
        record(to, Section::Messages, id, rest)?;
    }
    for id in ["m3", "m4"] {
        let reason = "the message that it follows is not in the product any more";
        to.field_gap(
            GapCode::DanglingReference,
            Section::Messages,
            id.as_bytes(),
            "parent_id",
            reason,
        )?;
    }
    to.leave_out(
        Section::Messages,
        Ground::RightsOfOthers,
        "what others wrote",
        None,
        3,
    )
}

const TEXT: &[u8] = b"Access is granted by role.\n";
const DOCUMENT: &[u8] = b"# Access review\n";

fn files(to: &mut Writer) -> Result<(), WriteError> {
    let stated = |bytes: &[u8]| {
        format!(
            r#","size_bytes":{},"sha256":"{}""#,
            bytes.len(),
            hex(&Sha256::digest(bytes))
        )
    };
    let named = format!(
        r#","workspace_id":"w1","thread_id":"t1","message_id":"m1","name":"a.txt"{}"#,
        stated(TEXT)
    );
    record(to, Section::UploadedFiles, "f1", &named)?;
    record(
        to,
        Section::UploadedFiles,
        "f2",
        r#","workspace_id":null,"name":"b.txt","size_bytes":null"#,
    )?;
    let changed = format!(r#","thread_id":"t2","name":"c.txt"{}"#, stated(b"before"));
    record(to, Section::UploadedFiles, "f3", &changed)?;
    let document = format!(
        r#","workspace_id":"w1","thread_id":"t1","name":"d.md","format":"md"{},"version":2"#,
        stated(DOCUMENT)
    );
    record(to, Section::GeneratedDocuments, "d1", &document)?;
    record(
        to,
        Section::GeneratedDocuments,
        "d2",
        r#","name":"empty.md","size_bytes":0"#,
    )
}

fn the_rest(to: &mut Writer) -> Result<(), WriteError> {
    record(
        to,
        Section::WorkspaceMemories,
        "wm1",
        r#","workspace_id":"w1","content":"Stage 2 in December","source":"manual","source_thread_id":"t1","created_by_user_id":"anna""#,
    )?;
    record(
        to,
        Section::UserMemories,
        "um1",
        r#","content":"Lead auditor","source":"auto","source_thread_id":null"#,
    )?;
    record(
        to,
        Section::Subscriptions,
        "s1",
        r#","scope":"personal","plan":"plus","unit_amount_minor":2000,"currency":"EUR","invoices":[{"number":"1"}]"#,
    )?;
    record(
        to,
        Section::OtherRecords,
        "sign_ins:1",
        r#","collection":"sign_ins","thread_id":"t1","extra":{"ip":"2001:db8::7"}"#,
    )
}

fn contents(to: &mut Writer) -> Result<(), WriteError> {
    let gap = |code, id: &str| Gap {
        code,
        section: Section::UploadedFiles,
        id: Some(id.to_owned()),
        field: None,
        reason: "it is not what it was".to_owned(),
    };
    let (uploaded, generated) = (Section::UploadedFiles, Section::GeneratedDocuments);
    to.write_contents(uploaded, b"f1", TEXT, |_| true)?;
    to.gap(gap(GapCode::MissingObject, "f2"))?;
    to.write_contents(uploaded, b"f3", &b"after"[..], |_| true)?;
    to.gap(gap(GapCode::ObjectChanged, "f3"))?;
    to.write_contents(generated, b"d1", DOCUMENT, |_| true)?;
    to.write_contents(generated, b"d2", &b""[..], |_| true)?;
    Ok(())
}

/// Every gap that there is, each of a user memory of its own.
pub fn gaps() -> Vec<u8> {
    written(&header(), |to| {
        for (number, code) in GapCode::ALL.into_iter().enumerate() {
            let id = format!("um{number}");
            record(to, Section::UserMemories, &id, r#","content":null"#)?;
            let reason = "it could not be delivered as it was";
            to.field_gap(
                code,
                Section::UserMemories,
                id.as_bytes(),
                "content",
                reason,
            )?;
        }
        Ok(())
    })
}

/// One workspace only.
pub fn slice() -> Vec<u8> {
    let mut header = header();
    header.scope.workspace_id = Some("w1".to_owned());
    header.scope.since = Some("2026-01-01T00:00:00Z".to_owned());
    written(&header, |to| {
        for section in Section::ALL {
            if section.is_account_wide() {
                to.set_status(section, Status::OutOfScope);
            }
        }
        record(
            to,
            Section::Workspaces,
            "w1",
            r#","name":"One","access":"own""#,
        )?;
        record(to, Section::Threads, "t1", r#","workspace_id":"w1""#)?;
        record(
            to,
            Section::Messages,
            "m1",
            r#","thread_id":"t1","content":"Hi""#,
        )
    })
}
