//! Reads a conversation from a file under `story/threads/`.
//!
//! The first line says what thread it is, a line `@@ {...}` starts a message, and what follows is its
//! text. `"escapes": true` turns `\u{7}` in the text into that character, for those that no editor
//! keeps.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

/// A thread and what was said in it.
#[derive(Debug)]
pub struct Conversation {
    /// What thread it is.
    pub thread: Thread,
    /// The messages, in the order in which they were written.
    pub turns: Vec<Turn>,
}

/// The first line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thread {
    /// What its id is made from.
    pub key: String,
    /// Who started it.
    pub owner: String,
    /// Where; none is outside workspaces.
    pub workspace: Option<String>,
    /// Its title.
    pub title: String,
    /// The persona it was held with.
    pub persona: String,
    /// When, up to the minute.
    pub start: String,
    /// Whether Advanced Data Protection was on.
    #[serde(default)]
    pub protected: bool,
    /// When it was deleted, up to the minute.
    pub deleted: Option<String>,
}

/// A message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// user, assistant or system.
    pub role: String,
    /// Who wrote it, or whom the assistant answered; none is a notice of the product.
    pub by: Option<String>,
    /// A name, for a later message to come after it.
    pub name: Option<String>,
    /// The message that it follows; the one before it if none, the start if empty.
    pub after: Option<String>,
    /// Minutes since the message before it.
    #[serde(default = "three")]
    pub minutes: f64,
    /// Keys of the files sent with it.
    #[serde(default)]
    pub files: Vec<String>,
    /// Keys of the documents made in it.
    #[serde(default)]
    pub documents: Vec<String>,
    /// What the answer rests on.
    pub sources: Option<Value>,
    /// Blocks behind the text.
    pub parts: Option<Value>,
    /// The persona, where it is not the thread's.
    pub persona: Option<String>,
    /// What moderation saw, where it flagged the message.
    pub flagged: Option<Value>,
    /// The asker's rating of it.
    pub feedback: Option<Feedback>,
    /// Whether it is the end of the branch on show; the last message if none says so.
    #[serde(default)]
    pub shown: bool,
    /// Whether `\u{7}` in its text means that character.
    #[serde(default)]
    pub escapes: bool,
    /// The text.
    #[serde(skip)]
    pub content: String,
}

/// A rating.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    /// up or down.
    pub rating: String,
    /// What the person wrote beside it.
    pub comment: Option<String>,
}

const fn three() -> f64 {
    3.0
}

impl Conversation {
    /// Reads the text of such a file.
    pub fn parse(text: &str) -> Result<Self> {
        let (head, rest) = text.split_once('\n').context("the file has one line")?;
        let thread: Thread = serde_json::from_str(head)
            .with_context(|| format!("the first line is not a thread: {head}"))?;
        let turns = rest
            .split("\n@@ ")
            .skip(1)
            .map(turn)
            .collect::<Result<Vec<_>>>()
            .with_context(|| format!("in thread `{}`", thread.key))?;
        Ok(Self { thread, turns })
    }

    /// The index of the last message of the branch on show.
    pub fn shown(&self) -> Option<usize> {
        let chosen = self.turns.iter().position(|turn| turn.shown);
        chosen.or_else(|| self.turns.len().checked_sub(1))
    }

    /// Everybody who wrote in it, the starter first, each once.
    pub fn participants(&self) -> Vec<String> {
        let mut people = vec![self.thread.owner.clone()];
        for by in self.turns.iter().filter_map(|turn| turn.by.as_ref()) {
            if !people.contains(by) {
                people.push(by.clone());
            }
        }
        people
    }
}

fn turn(text: &str) -> Result<Turn> {
    let (head, content) = text.split_once('\n').context("a message without text")?;
    let mut turn: Turn = serde_json::from_str(head)
        .with_context(|| format!("the line of a message does not fit: {head}"))?;
    let content = content.trim_end_matches('\n');
    turn.content = if turn.escapes {
        unescape(content)?
    } else {
        content.to_owned()
    };
    Ok(turn)
}

/// Replaces `\u{7}` by the character of that number.
fn unescape(text: &str) -> Result<String> {
    let mut pieces = text.split("\\u{");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_once('}').context("an escape without its end")?;
        let number = u32::from_str_radix(digits, 16)?;
        out.push(char::from_u32(number).context("an escape that is no character")?);
        out.push_str(rest);
    }
    Ok(out)
}
