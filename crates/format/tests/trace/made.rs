//! Small exports, made at random: workspaces, threads, messages that refer to files, and gaps.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use carryall_format::gap::{Gap, GapCode};
use carryall_format::header::{
    FORMAT, Generator, Header, ProcessingHeader, REVISION, SchemaRef, ScopeHeader, VERSION,
    WithheldHeader,
};
use carryall_format::header::{Ground, Status};
use carryall_format::section::Section;
use carryall_format::write::{Proof, Writer};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

pub const ORIGINAL: &str = "01900000-0000-7000-8000-000000000000";

/// What is in an export; numbers choose among what is there, and none when there is nothing.
#[derive(Debug, Clone)]
pub struct Plan {
    pub workspaces: Vec<String>,
    pub threads: Vec<(usize, String)>,
    pub messages: Vec<(usize, usize, usize, String)>,
    pub files: Vec<(usize, usize, usize, Vec<u8>)>,
    pub memories: Vec<(usize, usize, String)>,
    pub others: Vec<(usize, usize, usize)>,
}

fn text() -> impl Strategy<Value = String> {
    let characters = "aB \"\\/\n\t\u{1}\u{7f}\u{202e}é🦀{}[],:";
    let characters: Vec<char> = characters.chars().collect();
    prop::collection::vec(prop::sample::select(characters), 0..9)
        .prop_map(|characters| characters.into_iter().collect())
}

prop_compose! {
    pub fn plans()(
        workspaces in prop::collection::vec(text(), 1..4),
        threads in prop::collection::vec((0_usize..6, text()), 0..6),
        messages in prop::collection::vec((0_usize..6, 0_usize..4, 0_usize..8, text()), 0..14),
        files in prop::collection::vec(
            (0_usize..6, 0_usize..8, 0_usize..16, prop::collection::vec(any::<u8>(), 0..40)), 0..6),
        memories in prop::collection::vec((0_usize..4, 0_usize..8, text()), 0..4),
        others in prop::collection::vec((0_usize..6, 0_usize..8, 0_usize..16), 0..5),
    ) -> Plan {
        Plan { workspaces, threads, messages, files, memories, others }
    }
}

/// `NAME-NUMBER`, or null when there is no such record.
fn id(name: &str, number: usize, count: usize) -> Value {
    if number < count {
        json!(format!("{name}-{number}"))
    } else {
        Value::Null
    }
}

/// An export, before it is written.
#[derive(Default)]
pub struct Records {
    lists: Vec<(Section, Value)>,
    gaps: Vec<Gap>,
}

impl Records {
    fn add(&mut self, section: Section, record: Value) {
        self.lists.push((section, record));
    }

    fn gap(&mut self, code: GapCode, section: Section, id: Option<&Value>, field: Option<&str>) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.gaps.push(Gap {
            code,
            section,
            id: id.map(text),
            field: field.map(str::to_owned),
            reason: "\u{1b}[2J gone \"for good\"".to_owned(),
        });
    }
}

impl Plan {
    pub fn records(&self) -> Records {
        let mut records = Records::default();
        records.gap(
            GapCode::UnmappedColumn,
            Section::OtherRecords,
            None,
            Some("t.c"),
        );
        for (number, name) in self.workspaces.iter().enumerate() {
            let parent = id("w", number + 1, self.workspaces.len());
            let access = if number % 2 == 0 { "own" } else { "shared" };
            let workspace = json!({
                "id": format!("w-{number}"), "name": name, "access": access,
                "parent_id": parent, "owner_user_id": format!("person-{number}"),
            });
            records.add(Section::Workspaces, workspace);
        }
        for (number, (workspace, title)) in self.threads.iter().enumerate() {
            let last = self.messages_of(number).next_back();
            let last = last.map_or(Value::Null, |(message, _)| json!(format!("m-{message}")));
            let thread = json!({
                "id": format!("t-{number}"), "workspace_id": id("w", *workspace, self.workspaces.len()),
                "title": title, "current_message_id": last,
            });
            records.add(Section::Threads, thread);
        }
        for thread in 0..self.threads.len() {
            let mut before = Value::Null;
            for (number, (_, parent, file, content)) in self.messages_of(thread) {
                before = self.message(
                    &mut records,
                    thread,
                    number,
                    (*parent, *file),
                    content,
                    &before,
                );
            }
        }
        self.files(&mut records);
        self.rest(&mut records);
        records
    }

    fn messages_of(
        &self,
        thread: usize,
    ) -> impl DoubleEndedIterator<Item = (usize, &(usize, usize, usize, String))> {
        self.messages
            .iter()
            .enumerate()
            .filter(move |(_, message)| message.0 == thread)
    }

    /// A message follows the one before it, nothing, one that the product has lost, or itself in a
    /// circle that was cut.
    fn message(
        &self,
        records: &mut Records,
        thread: usize,
        number: usize,
        (parent, file): (usize, usize),
        content: &str,
        before: &Value,
    ) -> Value {
        let id_of = json!(format!("m-{number}"));
        let parent_id = match parent {
            0 => before.clone(),
            1 => json!("m-gone"),
            _ => Value::Null,
        };
        if matches!(parent, 1 | 2) {
            let field = Some("parent_id");
            records.gap(
                GapCode::DanglingReference,
                Section::Messages,
                Some(&id_of),
                field,
            );
        }
        let files = [
            id("f", file, self.files.len()),
            id("f", file / 2, self.files.len()),
        ];
        let files: Vec<Value> = files.into_iter().filter(Value::is_string).collect();
        let message = json!({
            "id": id_of, "thread_id": format!("t-{thread}"), "parent_id": parent_id,
            "content": content, "file_ids": files, "credits_used": 0.25,
            "usage": { "tokens": [1, 2.50] },
            "created_at": format!("2026-01-{:02}T00:00:00Z", 1 + (number * 7) % 28),
            "extra": { "as": { "stored": content } },
        });
        records.add(Section::Messages, message);
        id_of
    }

    fn files(&self, records: &mut Records) {
        for (number, (workspace, thread, message, bytes)) in self.files.iter().enumerate() {
            let id_of = json!(format!("f-{number}"));
            let file = json!({
                "id": id_of, "workspace_id": id("w", *workspace, self.workspaces.len()),
                "thread_id": id("t", *thread, self.threads.len()), "message_id": self.any_message(*message),
                "name": format!("{number}.txt"), "size_bytes": bytes.len(),
            });
            records.add(Section::UploadedFiles, file);
            if bytes.first() == Some(&0) {
                records.gap(
                    GapCode::MissingObject,
                    Section::UploadedFiles,
                    Some(&id_of),
                    None,
                );
            }
        }
    }

    /// Any message, if its thread exists.
    fn any_message(&self, number: usize) -> Value {
        let message = self.messages.get(number);
        let is_there = message.is_some_and(|message| message.0 < self.threads.len());
        if is_there {
            json!(format!("m-{number}"))
        } else {
            Value::Null
        }
    }

    fn rest(&self, records: &mut Records) {
        for (number, (workspace, thread, content)) in self.memories.iter().enumerate() {
            let memory = json!({
                "id": format!("k-{number}"), "workspace_id": format!("w-{}", workspace % self.workspaces.len()),
                "content": content, "source_thread_id": id("t", *thread, self.threads.len()),
            });
            records.add(Section::WorkspaceMemories, memory);
        }
        records.add(
            Section::UserMemories,
            json!({ "id": "u-0", "content": "private" }),
        );
        for (number, (workspace, thread, message)) in self.others.iter().enumerate() {
            let record = json!({
                "id": format!("c{}:{number}", number % 2), "collection": format!("c{}", number % 2),
                "workspace_id": id("w", *workspace, self.workspaces.len()),
                "thread_id": id("t", *thread, self.threads.len()), "message_id": self.any_message(*message),
            });
            records.add(Section::OtherRecords, record);
        }
    }

    /// Writes it.
    pub fn written(&self) -> Vec<u8> {
        let out = Shared::default();
        let mut writer = Writer::start(out.clone(), &header()).unwrap();
        writer.set_status(Section::GeneratedDocuments, Status::Unavailable);
        let (section, ground) = (Section::Messages, Ground::RightsOfOthers);
        writer
            .leave_out(section, ground, "of others", None, 3)
            .unwrap();
        let records = self.records();
        for (section, record) in &records.lists {
            put(&mut writer, *section, record);
        }
        for (number, (.., bytes)) in self.files.iter().enumerate() {
            if bytes.first() != Some(&0) {
                let id = format!("f-{number}");
                let section = Section::UploadedFiles;
                writer
                    .write_contents(section, id.as_bytes(), bytes.as_slice(), |_| true)
                    .unwrap();
            }
        }
        for gap in records.gaps {
            writer.gap(gap).unwrap();
        }
        writer.finish().unwrap();
        out.bytes()
    }
}

/// Writes one record as an export has it.
fn put(writer: &mut Writer, section: Section, record: &Value) {
    let mut sorted = Map::new();
    let names = section.fields().iter().map(|field| field.name);
    for name in names.chain(["extra"]) {
        if let Some(value) = record.get(name) {
            sorted.insert(name.to_owned(), value.clone());
        }
    }
    let text = serde_json::to_vec(&sorted).unwrap();
    let id = record["id"].as_str().unwrap_or_default();
    let out = writer
        .begin_record(section, Proof::Owner(b"anna"), id.as_bytes())
        .unwrap();
    out.extend_from_slice(&text[1..text.len() - 1]);
    writer.end_record().unwrap();
}

fn header() -> Header {
    Header {
        format: FORMAT,
        version: VERSION,
        revision: REVISION,
        schema: SchemaRef {
            sha256: carryall_format::schema::sha256(),
            location: "carryall schema".to_owned(),
        },
        id: ORIGINAL.to_owned(),
        product: "Test".to_owned(),
        subject_id: "anna".to_owned(),
        created_at: "2026-11-23T10:00:00Z".to_owned(),
        snapshot_at: "2026-11-23T10:00:00.001Z".to_owned(),
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
            what: "your password".to_owned(),
            ground: Ground::Secret,
            reason: "it opens a door".to_owned(),
        }],
        processing: ProcessingHeader {
            controller: "Test GmbH".to_owned(),
            contact: "privacy@example.com".to_owned(),
            purposes: vec!["to test".to_owned()],
            recipients: Vec::new(),
            retention: None,
            rights: None,
        },
    }
}

/// An output that can be looked at afterwards.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
