//! Writes a demo of the product: people, conversations and files, the same bytes in every run.
//!
//! The content stands in text files under `story/` and `files/`; what is here only inserts it. There
//! is no clock and no chance: the same options give the same database, files and list of owners.
//!
//! This folder is compiled into the program by a path, so it refers to nothing outside of itself.

mod book;
mod contents;
mod conversation;
mod crowd;
mod files;
mod messages;
mod moment;
mod owners;
mod prose;
mod random;
mod rows;
mod sizes;
mod small_threads;
mod story;
mod talk;
mod threads;
mod volume;
mod workspaces;

use std::path::Path;

use anyhow::{Result, bail};

use self::book::{Book, cell, text};
use self::owners::Whose;
use self::prose::Prose;
use self::random::id_of;
use self::story::Story;

const COUNTED_AT: &str = "2026-11-20T02:00:00.000Z";
const ROWS: &[&str] = &[
    include_str!("story/reference.json"),
    include_str!("story/accounts.json"),
    include_str!("story/teams.json"),
    include_str!("story/money.json"),
    include_str!("story/memories.json"),
    include_str!("story/around.json"),
];

/// How large the demo is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoOptions {
    /// How many people; at least the four named ones.
    pub people: u32,
    /// So many messages more for the first person.
    pub messages: Option<u64>,
    /// So many bytes of files more for the first person.
    pub file_bytes: Option<u64>,
}

impl Default for DemoOptions {
    /// The four named people and no more.
    fn default() -> Self {
        Self {
            people: 4,
            messages: None,
            file_bytes: None,
        }
    }
}

/// Somebody to sign in as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoPerson {
    /// Full name.
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// The password.
    pub password: String,
    /// The secret of an authenticator app, in base32, if there is one.
    pub totp_secret: Option<String>,
    /// What this account shows.
    pub note: String,
}

/// The four named people, for the sign-in page of the demo.
///
/// # Panics
///
/// Never: the list is compiled in, and a test reads it.
#[must_use]
pub fn people() -> Vec<DemoPerson> {
    let people = story::people().expect("the compiled-in list of people can be read");
    people
        .into_iter()
        .map(|person| DemoPerson {
            name: person.name,
            email: person.email,
            password: person.password,
            totp_secret: person.totp_secret,
            note: person.note,
        })
        .collect()
}

/// Writes `isms-copilot.db`, `files/` and `owners.jsonl` into a folder that holds no demo yet.
///
/// `progress` is told what is being written, how much of it is done and how much there is.
pub fn write(
    dir: &Path,
    options: &DemoOptions,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<()> {
    let story = Story::read()?;
    let Some(crowd) = options
        .people
        .checked_sub(u32::try_from(story.people.len())?)
    else {
        bail!("the demo has at least {} people", story.people.len());
    };
    let mut book = Book::create(dir)?;
    for text in ROWS {
        rows::insert_rows(&mut book, &story, text)?;
    }
    workspaces::insert_workspaces(&mut book, &story)?;
    threads::insert_threads(&mut book, &story)?;
    files::insert_unsent(&mut book, &story)?;
    let prose = Prose::read();
    crowd::insert_crowd(&mut book, &prose, crowd, progress)?;
    let biggest = &story.people[0];
    let messages = options.messages.unwrap_or(0);
    volume::insert_messages(&mut book, &prose, biggest, messages, progress)?;
    volume::insert_files(
        &mut book,
        biggest,
        options.file_bytes.unwrap_or(0),
        progress,
    )?;
    insert_statistics(&mut book, &story, crowd)?;
    book.finish()
}

/// The lifetime counts of everybody, also of those who did nothing.
fn insert_statistics(book: &mut Book, story: &Story, crowd: u32) -> Result<()> {
    let named = story
        .people
        .iter()
        .map(|person| (person.email.clone(), person.id()));
    let others = (1..=crowd).map(|number| {
        (
            crowd::email_of(number),
            id_of(&format!("user/member-{number}")),
        )
    });
    for (email, user_id) in named.chain(others) {
        let tally = *book.tally(&email);
        let row = [
            text("user_id", user_id),
            cell("messages_sent", tally.messages_sent),
            cell("conversations", tally.conversations),
            cell("documents_generated", tally.documents_generated),
            text("counted_at", COUNTED_AT),
        ];
        book.insert("usage_statistics", &row, &Whose::only(&email))?;
    }
    Ok(())
}
