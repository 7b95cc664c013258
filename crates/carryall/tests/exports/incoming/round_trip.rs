//! Property: what a format of another product takes from an export, reading that format gives back, but
//! for the losses that docs/CONVERT.md lists under it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use carryall_format::header::{
    FORMAT, Generator, Header, ProcessingHeader, REVISION, SchemaRef, ScopeHeader, VERSION,
};
use carryall_format::schema;
use carryall_format::section::Section;
use carryall_format::write::{Proof, Writer};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::Stage;
use crate::export_file::ExportFile;
use crate::product::{DEMO_PEOPLE, Product, repository};
use crate::program::carryall;

const FORMATS: [&str; 4] = ["chatgpt", "claude", "open-webui", "librechat"];
const SECTIONS: [&str; 5] = [
    "workspaces",
    "threads",
    "messages",
    "workspace_memories",
    "user_memories",
];
/// The id of a workspace, which is a tag with its name there.
const BY_TAG: [&str; 2] = ["open-webui", "librechat"];

/// What a format is documented to lose.
fn listed(format: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("docs/CONVERT.md")).unwrap();
    let (_, section) = text.split_once(&format!("\n## `{format}`")).unwrap();
    let (_, list) = section
        .split("\n## ")
        .next()
        .unwrap()
        .split_once("\nLost:")
        .unwrap();
    let list = list.split("\n\n").next().unwrap();
    list.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn says_something(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
        && *value != json!("")
        && *value != json!([])
        && *value != json!({})
}

/// Converts there and back, and compares.
fn there_and_back(stage: &Stage, export: &ExportFile) {
    for format in FORMATS {
        let out = stage.path(&format!("there-{format}"));
        let there = carryall([
            "convert",
            export.path.to_str().unwrap(),
            "--to",
            format,
            "--out",
            out.to_str().unwrap(),
        ]);
        there.ended_with(0);
        let has_talk = !export.list("threads").is_empty();
        if has_talk || out.is_file() {
            let back = stage.brought(format, &out);
            assert_is_the_same(format, export, &back);
        }
        if out.is_dir() {
            fs::remove_dir_all(&out).unwrap();
        } else {
            fs::remove_file(&out).unwrap();
        }
    }
}

fn assert_is_the_same(format: &str, export: &ExportFile, back: &ExportFile) {
    let lost = listed(format);
    for section in SECTIONS {
        if lost.contains(section) {
            continue;
        }
        let (mut there, mut here) = (export.list(section).to_vec(), back.list(section).to_vec());
        assert_eq!(there.len(), here.len(), "{format}: {section}");
        let is_named = !lost.contains(&format!("{section}.id"));
        if !is_named {
            // Without ids, what they say is who they are.
            let what = |one: &Value| (one["workspace_id"].to_string(), one["content"].to_string());
            there.sort_by_key(what);
            here.sort_by_key(what);
        }
        for (place, one) in there.iter().enumerate() {
            let other = if is_named {
                back.record(section, one["id"].as_str().unwrap())
            } else {
                &here[place]
            };
            for (field, value) in one.as_object().unwrap() {
                if says_something(value) && !lost.contains(&format!("{section}.{field}")) {
                    assert_field(format, export, (section, field), value, other);
                }
            }
        }
    }
    let order = |file: &ExportFile| -> Vec<_> {
        let messages = file.list("messages").iter();
        messages
            .map(|one| (one["thread_id"].clone(), one["id"].clone()))
            .collect()
    };
    let (mut there, mut here) = (order(export), order(back));
    // Threads without an order of their own; within one it stays.
    there.sort_by_key(|(thread, _)| thread.to_string());
    here.sort_by_key(|(thread, _)| thread.to_string());
    assert_eq!(there, here, "{format}");
}

fn assert_field(
    format: &str,
    export: &ExportFile,
    (section, field): (&str, &str),
    value: &Value,
    other: &Value,
) {
    if BY_TAG.contains(&format) && field == "workspace_id" {
        let name = &export.record("workspaces", value.as_str().unwrap())["name"];
        let tags = if format == "open-webui" {
            &other["extra"]["meta"]["tags"]
        } else {
            &other["extra"]["tags"]
        };
        assert!(
            !says_something(name) || tags[0] == *name,
            "{format}: {tags} is not {name}"
        );
        return;
    }
    let is_time = field.ends_with("_at");
    let shown = |value: &Value| {
        let Some(text) = value.as_str().filter(|_| is_time) else {
            return value.clone();
        };
        let time: jiff::Timestamp = text.parse().unwrap();
        match format {
            "open-webui" => json!(time.as_second()),
            _ => json!(time.as_microsecond()),
        }
    };
    assert_eq!(
        shown(&other[field]),
        shown(value),
        "{format}: {section}.{field} of {}",
        other["id"]
    );
}

#[test]
fn every_export_of_the_demo_comes_back_from_every_format() {
    let product = Product::demo();
    for person in DEMO_PEOPLE {
        there_and_back(&Stage::new(), &product.export(person));
    }
}

#[derive(Debug, Clone)]
pub struct Made {
    workspaces: Vec<(String, Vec<String>)>,
    memories: Vec<String>,
    threads: Vec<(String, Option<usize>, Vec<MadeMessage>)>,
}

#[derive(Debug, Clone)]
struct MadeMessage {
    role: &'static str,
    content: String,
    /// How many messages back the one stands that it follows.
    back: usize,
    micros: i64,
    model: Option<String>,
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "\\PC{0,30}",
        1 => prop::sample::select(vec!["\n", "\r\n", "\t", "\"", "\\", "\\ud800", "- ", "\n- x", "\0", "```", "\u{2028}", "</script>", "  "]).prop_map(str::to_owned),
    ];
    let fit = |text: &String| {
        !text.chars().any(|one| {
            (0xFDD0..=0xFDEF).contains(&u32::from(one)) || u32::from(one) & 0xFFFE == 0xFFFE
        })
    };
    prop::collection::vec(piece, 0..6)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("noncharacters", fit)
}

pub fn made() -> impl Strategy<Value = Made> {
    let role = prop::sample::select(vec![
        "user",
        "assistant",
        "user",
        "assistant",
        "system",
        "tool",
    ]);
    let message = (
        role,
        text(),
        0..4_usize,
        1..5_000_000_i64,
        proptest::option::of("[a-z]{1,8}"),
    );
    let message = message.prop_map(|(role, content, back, micros, model)| MadeMessage {
        role,
        content,
        back,
        micros,
        model,
    });
    let words = || text().prop_filter("said", |text| !text.trim().is_empty());
    let workspaces = prop::collection::vec((words(), prop::collection::vec(words(), 0..3)), 0..3);
    let thread = (
        words(),
        proptest::option::of(0..3_usize),
        prop::collection::vec(message, 1..12),
    );
    let threads = prop::collection::vec(thread, 1..4);
    (workspaces, prop::collection::vec(words(), 0..3), threads).prop_map(
        |(workspaces, memories, threads)| Made {
            workspaces,
            memories,
            threads,
        },
    )
}

/// Writes what was made up as an export.
pub fn write(made: &Made, path: &Path) {
    let mut writer = Writer::start(fs::File::create(path).unwrap(), &header()).unwrap();
    record(
        &mut writer,
        Section::AccountSettings,
        Proof::Owner(b"me"),
        &json!({"user_id": "me", "email": "me@example.com"}),
    );
    for (place, (name, _)) in made.workspaces.iter().enumerate() {
        record(
            &mut writer,
            Section::Workspaces,
            Proof::Owner(b"me"),
            &json!({"id": format!("w{place}"), "name": name}),
        );
    }
    let start: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    // Odd, so that the fewest digits that lose nothing are six.
    let at = |micros: i64| {
        let time = start + jiff::SignedDuration::from_micros(micros | 1);
        format!("{time:.6}")
    };
    for (place, (title, workspace, messages)) in made.threads.iter().enumerate() {
        let workspace = workspace.filter(|workspace| *workspace < made.workspaces.len());
        let last = messages.len() - 1;
        record(
            &mut writer,
            Section::Threads,
            Proof::Owner(b"me"),
            &json!({"id": format!("t{place}"),
            "workspace_id": workspace.map(|workspace| format!("w{workspace}")), "title": title,
            "current_message_id": format!("t{place}-{last}"), "pinned": place == 0, "created_at": at(0), "updated_at": at(1)}),
        );
    }
    for (place, (_, _, messages)) in made.threads.iter().enumerate() {
        let thread = format!("t{place}");
        let mut micros = 0;
        for (number, one) in messages.iter().enumerate() {
            // Whole seconds apart: one format keeps no more.
            micros += one.micros + 1_000_000;
            let parent = number
                .checked_sub(one.back + 1)
                .map(|parent| format!("{thread}-{parent}"));
            record(
                &mut writer,
                Section::Messages,
                Proof::Parent(Section::Threads, thread.as_bytes()),
                &json!({"id": format!("{thread}-{number}"),
                "thread_id": thread, "parent_id": parent, "role": one.role, "content": one.content, "model": one.model, "created_at": at(micros)}),
            );
        }
    }
    for (place, (_, memories)) in made.workspaces.iter().enumerate() {
        for (number, memory) in memories.iter().enumerate() {
            record(
                &mut writer,
                Section::WorkspaceMemories,
                Proof::Owner(b"me"),
                &json!({"id": format!("{place}-{number}"), "workspace_id": format!("w{place}"), "content": memory}),
            );
        }
    }
    for (number, memory) in made.memories.iter().enumerate() {
        record(
            &mut writer,
            Section::UserMemories,
            Proof::Owner(b"me"),
            &json!({"id": format!("m{number}"), "content": memory}),
        );
    }
    writer.finish().unwrap();
}

fn record(writer: &mut Writer, section: Section, proof: Proof<'_>, value: &Value) {
    let id = value["id"].as_str().unwrap_or_default();
    let text = value.to_string();
    let body = writer.begin_record(section, proof, id.as_bytes()).unwrap();
    body.extend_from_slice(&text.as_bytes()[1..text.len() - 1]);
    writer.end_record().unwrap();
}

fn header() -> Header {
    let word = |text: &str| text.to_owned();
    Header {
        format: FORMAT,
        version: VERSION,
        revision: REVISION,
        schema: SchemaRef {
            sha256: schema::sha256(),
            location: word("carryall schema"),
        },
        id: word("01a20df1-721d-7cfb-b7d4-2c80fc120748"),
        product: word("Made up"),
        subject_id: word("me"),
        created_at: word("2026-01-01T00:00:00Z"),
        snapshot_at: word("2026-01-01T00:00:00Z"),
        generator: Generator {
            name: word("carryall"),
            version: word("0"),
        },
        locale: word("en"),
        scope: ScopeHeader {
            workspace_id: None,
            since: None,
            until: None,
            file_contents: true,
            derived_from: None,
        },
        withheld: Vec::new(),
        processing: ProcessingHeader {
            controller: word("a"),
            contact: word("b"),
            purposes: Vec::new(),
            recipients: Vec::new(),
            retention: None,
            rights: None,
        },
    }
}

#[test]
fn whatever_is_in_an_export_comes_back_from_every_format() {
    let config = proptest::test_runner::Config {
        cases: 16,
        failure_persistence: None,
        max_shrink_iters: 40,
        ..Default::default()
    };
    TestRunner::new(config)
        .run(&made(), |made| {
            let stage = Stage::new();
            let path = stage.path("made.json");
            write(&made, &path);
            let outcome = carryall(["verify", path.to_str().unwrap()]).ended_with(0);
            there_and_back(&stage, &ExportFile::read(&path, outcome));
            Ok(())
        })
        .unwrap();
}
