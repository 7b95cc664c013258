//! The peer that a Rust program with sonic-rs is: the file mapped into memory, every record parsed into
//! a type with borrowed text, ids and references compared, each file's bytes hashed.
//!
//! Memory is that of the file: sonic-rs wants all of it at once.

#![expect(unsafe_code, reason = "a mapped file")]

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::fs::File;

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use sha2::{Digest, Sha256};

type Text<'a> = Option<Cow<'a, str>>;

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed as a program that uses them would")]
struct Export<'a> {
    #[serde(borrow)]
    workspaces: Vec<Workspace<'a>>,
    threads: Vec<Thread<'a>>,
    messages: Messages,
    uploaded_files: Vec<Stored<'a>>,
    generated_documents: Vec<Stored<'a>>,
    file_contents: Contents,
    summary: IgnoredAny,
    integrity: IgnoredAny,
}

#[derive(Deserialize)]
struct Workspace<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Thread<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    workspace_id: Text<'a>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed as a program that uses them would")]
struct Message<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    thread_id: Cow<'a, str>,
    #[serde(borrow)]
    parent_id: Text<'a>,
    #[serde(borrow)]
    role: Text<'a>,
    #[serde(borrow)]
    author_user_id: Text<'a>,
    #[serde(borrow)]
    content: Text<'a>,
    content_parts: IgnoredAny,
    #[serde(borrow)]
    file_ids: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    generated_document_ids: Vec<Cow<'a, str>>,
    sources: IgnoredAny,
    #[serde(borrow)]
    persona: Text<'a>,
    #[serde(borrow)]
    ai_provider: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    advanced_data_protection: Option<bool>,
    credits_used: Option<f64>,
    #[serde(borrow)]
    moderation_outcome: Text<'a>,
    #[serde(borrow)]
    moderated_at: Text<'a>,
    #[serde(borrow)]
    created_at: Text<'a>,
    #[serde(borrow)]
    deleted_at: Text<'a>,
}

#[derive(Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    file_id: Cow<'a, str>,
    last: bool,
    #[serde(borrow)]
    base64: Cow<'a, str>,
    #[serde(borrow, default)]
    sha256: Text<'a>,
}

/// Messages are looked at one after the other, so that none has to be kept.
#[derive(Default)]
struct Messages {
    ids: HashSet<u64>,
    threads: HashSet<u64>,
    dangling_parents: u64,
}

impl<'de> Deserialize<'de> for Messages {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Messages;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of messages")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Messages, A::Error> {
                let mut all = Messages::default();
                while let Some(message) = list.next_element::<Message<'de>>()? {
                    all.ids.insert(hash(&message.id));
                    all.threads.insert(hash(&message.thread_id));
                    let parent = message.parent_id.map(|id| hash(&id));
                    all.dangling_parents +=
                        u64::from(parent.is_some_and(|parent| !all.ids.contains(&parent)));
                }
                Ok(all)
            }
        }
        from.deserialize_seq(Walk)
    }
}

/// Contents likewise: decoded, hashed and forgotten.
struct Contents {
    file_ids: Vec<u64>,
    wrong: u64,
}

impl<'de> Deserialize<'de> for Contents {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Contents;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of contents")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Contents, A::Error> {
                let mut all = Contents {
                    file_ids: Vec::new(),
                    wrong: 0,
                };
                let (mut sha256, mut bytes) = (Sha256::new(), Vec::new());
                while let Some(part) = list.next_element::<Part<'de>>()? {
                    bytes.clear();
                    let decoded = STANDARD.decode_vec(part.base64.as_bytes(), &mut bytes);
                    all.wrong += u64::from(decoded.is_err());
                    sha256.update(&bytes);
                    if part.last {
                        let digest = std::mem::take(&mut sha256).finalize();
                        let hex = hex(&digest);
                        all.wrong += u64::from(part.sha256.as_deref() != Some(&hex));
                        all.file_ids.push(hash(&part.file_id));
                    }
                }
                Ok(all)
            }
        }
        from.deserialize_seq(Walk)
    }
}

fn hex(digest: &[u8]) -> String {
    use fmt::Write as _;
    let mut text = String::new();
    for byte in digest {
        // A String takes every write.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn hash(id: &str) -> u64 {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
    BuildHasherDefault::<DefaultHasher>::default().hash_one(id)
}

fn main() -> anyhow::Result<()> {
    let path = std::env::args_os().nth(1).context("name a file")?;
    let file = File::open(path)?;
    // SAFETY: nobody changes the file while it is measured.
    let map = unsafe { memmap2::Mmap::map(&file)? };
    let export: Export<'_> = sonic_rs::from_slice(&map)?;
    let ids =
        |records: &[Stored<'_>]| -> Vec<u64> { records.iter().map(|one| hash(&one.id)).collect() };
    let workspaces: HashSet<_> = export.workspaces.iter().map(|one| hash(&one.id)).collect();
    let threads: HashSet<_> = export.threads.iter().map(|one| hash(&one.id)).collect();
    let files: HashSet<_> = ids(&export.uploaded_files)
        .into_iter()
        .chain(ids(&export.generated_documents))
        .collect();
    let named = export
        .threads
        .iter()
        .filter_map(|one| one.workspace_id.as_deref());
    ensure!(
        named.into_iter().all(|id| workspaces.contains(&hash(id))),
        "a workspace is missing"
    );
    ensure!(
        export.messages.threads.is_subset(&threads),
        "a thread is missing"
    );
    ensure!(export.messages.dangling_parents == 0, "a parent is missing");
    ensure!(export.file_contents.wrong == 0, "a file is not what it was");
    ensure!(
        export
            .file_contents
            .file_ids
            .iter()
            .all(|id| files.contains(id)),
        "a file has no record"
    );
    println!("{} messages", export.messages.ids.len());
    Ok(())
}
