//! A big account: so many messages and so many bytes of files, added to the first named person's.
//!
//! 200 messages a thread, up to 20 workspaces, a memory for every 2,000 messages. A million messages
//! and a gigabyte take minutes, so rows go in through one prepared statement and files in pieces.

use std::fs::File;
use std::io::Write;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::book::{Book, cell, hex, text};
use super::files::scan;
use super::moment::Moment;
use super::owners::Whose;
use super::prose::Prose;
use super::random::{Random, id_of};
use super::sizes::file_sizes;
use super::story::Person;
use super::talk::Talk;

const MESSAGES_A_THREAD: u64 = 200;
const MESSAGES_A_MEMORY: u64 = 2_000;
const WORKSPACES: u64 = 20;
const DAYS: u64 = 600;
const FIRST_DAY: &str = "2025-03-10T06:00:00Z";
const PIECE: usize = 1 << 20;
const FRAMEWORKS: [&str; 4] = ["ISO 27001", "SOC 2", "DORA", "NIS 2"];

/// Tells what is being written, how much of it is done, and how much there is.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64, u64);

/// Adds messages with their threads, workspaces and memories.
pub fn insert_messages(
    book: &mut Book,
    prose: &Prose,
    person: &Person,
    count: u64,
    progress: Progress<'_>,
) -> Result<()> {
    let threads = count.div_ceil(MESSAGES_A_THREAD);
    let workspaces = insert_workspaces(book, person, threads.min(WORKSPACES))?;
    let mut random = Random::seeded("volume");
    let first = Moment::parse(FIRST_DAY)?;
    let step = i64::try_from((DAYS * 86_400_000).checked_div(threads).unwrap_or(0))?;
    for index in 0..threads {
        let done = index * MESSAGES_A_THREAD;
        let talk = Talk {
            user_id: &person.id(),
            email: &person.email,
            workspace_id: Some(&workspaces[usize::try_from(index % WORKSPACES)?]),
            start: first.plus_millis(i64::try_from(index)? * step),
            pause: (step / 220).clamp(1, 90_000),
            messages: (count - done).min(MESSAGES_A_THREAD),
        };
        talk.insert(book, prose, &mut random)?;
        progress("messages", done + talk.messages, count);
    }
    insert_memories(book, prose, person, &workspaces, count / MESSAGES_A_MEMORY)
}

fn insert_workspaces(book: &mut Book, person: &Person, count: u64) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for number in 1..=count {
        let id = id_of(&format!("workspace/volume/{number}"));
        let framework = FRAMEWORKS[usize::try_from(number)? % FRAMEWORKS.len()];
        let row = [
            text("id", &id),
            text("owner_user_id", person.id()),
            text("name", format!("Client {number:02} – {framework}")),
            text("default_persona", "consultant"),
            cell("is_default", false),
            cell("is_shared", false),
            text("created_at", FIRST_DAY.replace("00Z", "00.000Z")),
            text("updated_at", FIRST_DAY.replace("00Z", "00.000Z")),
        ];
        book.insert("workspaces", &row, &Whose::only(&person.email))?;
        ids.push(id);
    }
    Ok(ids)
}

fn insert_memories(
    book: &mut Book,
    prose: &Prose,
    person: &Person,
    workspaces: &[String],
    count: u64,
) -> Result<()> {
    let mut random = Random::seeded("volume memories");
    for number in 0..count {
        let made = Moment::parse(FIRST_DAY)?.plus_millis(i64::try_from(number)? * 60_000);
        let row = [
            text("id", id_of(&format!("memory/volume/{number}"))),
            text(
                "workspace_id",
                &workspaces[usize::try_from(number)? % workspaces.len()],
            ),
            text("created_by_user_id", person.id()),
            text("content", prose.sentence(&mut random)),
            text("source", "auto"),
            text("created_at", made),
            text("updated_at", made),
        ];
        book.insert("workspace_memories", &row, &Whose::only(&person.email))?;
    }
    Ok(())
}

/// Adds uploaded files of so many bytes together.
pub fn insert_files(
    book: &mut Book,
    person: &Person,
    bytes: u64,
    progress: Progress<'_>,
) -> Result<()> {
    let sizes = file_sizes(bytes);
    let mut done = 0;
    for (number, size) in sizes.iter().enumerate() {
        insert_file(book, person, number + 1, *size)?;
        done += size;
        progress("bytes of files", done, bytes);
    }
    Ok(())
}

fn insert_file(book: &mut Book, person: &Person, number: usize, size: u64) -> Result<()> {
    let id = id_of(&format!("upload/volume/{number}"));
    let name = format!("evidence-{number:04}.txt");
    let key = format!("uploads/{}/{id}/{name}", person.id());
    let sha256 = write_contents(book, &key, number, size)?;
    let made = Moment::parse(FIRST_DAY)?.plus_days(i64::try_from(number)?);
    let row = [
        text("id", &id),
        text("user_id", person.id()),
        text("name", &name),
        text("extension", "txt"),
        text("media_type", "text/plain"),
        cell("size_bytes", i64::try_from(size)?),
        text("sha256", sha256),
        text("status", "available"),
        text("storage_key", &key),
        text("scan", scan(made, &id)),
        text("created_at", made),
    ];
    book.insert("uploaded_files", &row, &Whose::only(&person.email))
}

/// Writes lines of 63 characters drawn by lot and gives their SHA-256.
fn write_contents(book: &Book, key: &str, number: usize, size: u64) -> Result<String> {
    const CHARACTERS: &[u8; 64] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .";
    let path = book.file_path(key)?;
    let mut file =
        File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut random = Random::seeded(&format!("contents/{number}"));
    let mut digest = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut left = size;
    while left > 0 {
        for line in piece.chunks_exact_mut(64) {
            for eight in line.chunks_exact_mut(8) {
                let bits = random.next().to_le_bytes();
                for (byte, bits) in eight.iter_mut().zip(bits) {
                    *byte = CHARACTERS[usize::from(bits & 63)];
                }
            }
            line[63] = b'\n';
        }
        let length = usize::try_from(left)?.min(PIECE);
        file.write_all(&piece[..length])?;
        digest.update(&piece[..length]);
        left -= length as u64;
    }
    Ok(hex(&digest.finalize()))
}
