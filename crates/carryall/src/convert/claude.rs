//! The shape of Claude's export: `conversations.json`, `projects.json`, `memories.json`, `users.json`.
//!
//! The export that it imitates does not say which project a conversation belongs to; readers pass over keys
//! that they do not know, so `project_uuid` says it here.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use carryall_format::section::Section;
use serde::Serialize;
use serde_json::json;

use super::conversation::{Conversation, Converse};
use super::fields::{Raw, ids, is_true, spelled, text, text_or_empty};
use super::folder::create;
use super::list::JsonList;
use super::{Index, Item, Losses, Record, Target};

const WORKSPACE_FIELDS: &[&str] = &[
    "id",
    "name",
    "description",
    "project_instructions",
    "is_shared",
    "is_default",
    "created_at",
    "updated_at",
];
/// Kept beyond what every format of conversations keeps.
const ALSO_KEPT: &[&str] = &["updated_at"];
const MEMORY_FIELDS: &[&str] = &["content", "workspace_id"];

pub struct Claude {
    folder: PathBuf,
    conversations: JsonList,
    projects: JsonList,
    memories: Vec<String>,
    workspace_memories: BTreeMap<String, Vec<String>>,
}

impl Claude {
    pub fn new(folder: &Path) -> anyhow::Result<Claude> {
        let list = |name: &str| JsonList::new(create(&folder.join(name))?);
        Ok(Claude {
            folder: folder.to_owned(),
            conversations: list("conversations.json")?,
            projects: list("projects.json")?,
            memories: Vec::new(),
            workspace_memories: BTreeMap::new(),
        })
    }

    fn project(&mut self, record: &Record<'_>, index: &Index) -> anyhow::Result<()> {
        self.projects.push(&json!({
            "uuid": record.raw("id"),
            "name": text_or_empty(record, "name"),
            "description": text_or_empty(record, "description"),
            "is_private": !is_true(record, "is_shared"),
            "is_starter_project": is_true(record, "is_default"),
            "prompt_template": text_or_empty(record, "project_instructions"),
            "created_at": microseconds(record, "created_at"),
            "updated_at": microseconds(record, "updated_at"),
            "creator": {"uuid": account_id(index)?, "full_name": full_name(index)?},
            "docs": [],
        }))
    }
}

impl Target for Claude {
    fn take(&mut self, item: &Item<'_>, index: &Index, losses: &mut Losses) -> anyhow::Result<()> {
        let Some(section) = item.section() else {
            return Ok(());
        };
        match section {
            Section::Workspaces => {
                let record = item.record()?;
                self.project(&record, index)?;
                losses.wrote_fields(section, &record, WORKSPACE_FIELDS);
            }
            Section::WorkspaceMemories => {
                let record = item.record()?;
                let workspace = text_or_empty(&record, "workspace_id").into_owned();
                let memories = self.workspace_memories.entry(workspace).or_default();
                memories.push(text_or_empty(&record, "content").into_owned());
                losses.wrote_fields(section, &record, MEMORY_FIELDS);
            }
            Section::UserMemories => {
                let record = item.record()?;
                self.memories
                    .push(text_or_empty(&record, "content").into_owned());
                losses.wrote_fields(section, &record, MEMORY_FIELDS);
            }
            section => losses.lost(section),
        }
        Ok(())
    }

    fn begin(&mut self, index: &Index) -> anyhow::Result<Option<Box<dyn Converse>>> {
        let account = account_id(index)?.map(Cow::into_owned);
        Ok(Some(Box::new(Chats { account })))
    }

    fn put(&mut self, conversation: &[u8]) -> anyhow::Result<()> {
        self.conversations.push_json(conversation)
    }

    fn finish(&mut self, index: &Index, _losses: &mut Losses) -> anyhow::Result<()> {
        self.conversations.finish()?;
        self.projects.finish()?;
        let workspace_memories: BTreeMap<_, _> = self
            .workspace_memories
            .iter()
            .map(|(workspace, memories)| (workspace, as_list(memories)))
            .collect();
        let memories = json!([{
            "conversations_memory": as_list(&self.memories),
            "project_memories": workspace_memories,
            "account_uuid": account_id(index)?,
        }]);
        let users = json!([{
            "uuid": account_id(index)?,
            "full_name": full_name(index)?,
            "email_address": text(&index.account()?, "email"),
            "verified_phone_number": null,
        }]);
        for (name, value) in [("memories.json", memories), ("users.json", users)] {
            super::json(&mut create(&self.folder.join(name))?, &value)?;
        }
        Ok(())
    }
}

/// Writes them as elements of the list.
struct Chats {
    account: Option<String>,
}

impl Converse for Chats {
    fn converse(
        &self,
        talk: &Conversation<'_>,
        index: &Index,
        losses: &mut Losses,
        out: &mut Vec<u8>,
    ) -> anyhow::Result<()> {
        let thread = &talk.thread;
        for record in &talk.messages {
            losses.wrote_fields(Section::Messages, record, ALSO_KEPT);
            let role = text(record, "role");
            if !matches!(role.as_deref(), Some("user" | "assistant")) {
                losses.lost_field(Section::Messages, "role");
            }
        }
        super::json(
            out,
            &Chat {
                uuid: spelled(thread, "id"),
                name: spelled(thread, "title"),
                summary: "",
                created_at: microseconds(thread, "created_at"),
                updated_at: microseconds(thread, "updated_at"),
                account: Account {
                    uuid: self.account.as_deref(),
                },
                is_starred: is_true(thread, "pinned"),
                project_uuid: thread.given("workspace_id"),
                current_leaf_message_uuid: talk.current(),
                messages: talk
                    .messages
                    .iter()
                    .map(|record| Message::of(record, index))
                    .collect(),
            },
        )?;
        losses.wrote_fields(Section::Threads, thread, ALSO_KEPT);
        Ok(())
    }
}

#[derive(Serialize)]
struct Chat<'a> {
    uuid: Raw<'a>,
    name: Raw<'a>,
    summary: &'static str,
    created_at: Option<String>,
    updated_at: Option<String>,
    account: Account<'a>,
    is_starred: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_uuid: Option<Raw<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_leaf_message_uuid: Option<Cow<'a, str>>,
    #[serde(rename = "chat_messages")]
    messages: Vec<Message<'a>>,
}

#[derive(Serialize)]
struct Account<'a> {
    uuid: Option<&'a str>,
}

#[derive(Serialize)]
struct Message<'a> {
    uuid: Raw<'a>,
    text: Raw<'a>,
    content: [Block<'a>; 1],
    sender: &'static str,
    created_at: Option<String>,
    updated_at: Option<String>,
    attachments: [(); 0],
    files: Vec<FileName<'a>>,
    // Null too: where no message of a conversation has the key, readers take each to follow the last.
    parent_message_uuid: Option<Raw<'a>>,
}

#[derive(Serialize)]
struct Block<'a> {
    start_timestamp: Option<String>,
    stop_timestamp: Option<String>,
    r#type: &'static str,
    text: Raw<'a>,
    citations: [(); 0],
}

#[derive(Serialize)]
struct FileName<'a> {
    file_name: &'a str,
    file_uuid: String,
}

impl<'a> Message<'a> {
    fn of(record: &Record<'a>, index: &'a Index) -> Message<'a> {
        let content = spelled(record, "content");
        let created = microseconds(record, "created_at");
        let files = ids(record, "file_ids").into_iter().filter_map(|id| {
            let facts = index.find_file(Section::UploadedFiles, &id)?;
            Some(FileName {
                file_name: &facts.name,
                file_uuid: id,
            })
        });
        // The format knows two; what the product wrote for itself stands on its side.
        let is_person = text(record, "role").as_deref() == Some("user");
        Message {
            uuid: spelled(record, "id"),
            text: content,
            content: [Block {
                start_timestamp: created.clone(),
                stop_timestamp: created.clone(),
                r#type: "text",
                text: content,
                citations: [],
            }],
            sender: if is_person { "human" } else { "assistant" },
            updated_at: microseconds(record, "updated_at").or_else(|| created.clone()),
            created_at: created,
            attachments: [],
            files: files.collect(),
            parent_message_uuid: record.given("parent_id"),
        }
    }
}

fn account_id(index: &Index) -> serde_json::Result<Option<Cow<'_, str>>> {
    let id = text(&index.account()?, "user_id");
    Ok(id.or(text(&index.export()?, "subject_id")))
}

fn full_name(index: &Index) -> serde_json::Result<Cow<'_, str>> {
    let account = index.account()?;
    let name = text(&account, "name").or_else(|| text(&account, "display_name"));
    Ok(name.unwrap_or_default())
}

/// One text of many facts, as a list in Markdown.
fn as_list(memories: &[String]) -> String {
    let line = |memory: &String| format!("- {}\n", memory.replace('\n', "\n  "));
    memories.iter().map(line).collect()
}

/// With the six digits that the format has.
fn microseconds(record: &Record<'_>, field: &str) -> Option<String> {
    let time: jiff::Timestamp = text(record, field)?.parse().ok()?;
    Some(format!("{time:.6}"))
}
