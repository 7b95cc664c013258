//! Conversations of any length, question and answer in turn, out of ready-made sentences.

use anyhow::Result;

use super::book::{Book, Cell, cell, maybe, text};
use super::moment::Moment;
use super::owners::Whose;
use super::prose::Prose;
use super::random::{Random, id_at};

/// Whose conversation, where and how long.
#[derive(Debug)]
pub struct Talk<'a> {
    /// The person's id.
    pub user_id: &'a str,
    /// The person's address.
    pub email: &'a str,
    /// The workspace; none is outside workspaces.
    pub workspace_id: Option<&'a str>,
    /// When it starts.
    pub start: Moment,
    /// Milliseconds between two messages.
    pub pause: i64,
    /// How many messages.
    pub messages: u64,
}

impl Talk<'_> {
    /// Inserts the thread with its messages and gives its id.
    pub fn insert(&self, book: &mut Book, prose: &Prose, random: &mut Random) -> Result<String> {
        let whose = Whose::only(self.email);
        let id = id_at(self.start, random);
        let mut at = self.start;
        let mut parent: Option<String> = None;
        let mut rows = Vec::new();
        for index in 0..self.messages {
            at = at.plus_millis(self.pause);
            let message_id = id_at(at, random);
            let question = index.is_multiple_of(2);
            let mut row = self.frame_cells(&id, &message_id, parent.as_ref(), at);
            row.extend(if question {
                asked(prose, random, at)
            } else {
                answered(prose, random)
            });
            rows.push(row);
            parent = Some(message_id);
        }
        book.insert_all("messages", &rows, &whose)?;
        self.insert_thread(book, prose, random, &id, (parent, at))?;
        let asked = i64::try_from(self.messages.div_ceil(2))?;
        let tally = book.tally(self.email);
        tally.messages_sent += asked;
        tally.conversations += 1;
        Ok(id)
    }

    fn frame_cells(
        &self,
        thread_id: &str,
        id: &str,
        parent: Option<&String>,
        at: Moment,
    ) -> Vec<Cell<'static>> {
        vec![
            text("id", id),
            text("thread_id", thread_id),
            maybe("parent_id", parent),
            text("author_user_id", self.user_id),
            cell("advanced_data_protection", false),
            text("created_at", at),
        ]
    }

    fn insert_thread(
        &self,
        book: &mut Book,
        prose: &Prose,
        random: &mut Random,
        id: &str,
        (last_id, last_at): (Option<String>, Moment),
    ) -> Result<()> {
        let whose = Whose::only(self.email);
        let row = [
            text("id", id),
            text("user_id", self.user_id),
            maybe("workspace_id", self.workspace_id),
            text("title", prose.title(random)),
            text("persona", "consultant"),
            text("status", "active"),
            maybe("current_message_id", last_id),
            text("created_at", self.start),
            text("updated_at", last_at),
            text("last_message_at", last_at),
        ];
        book.insert("threads", &row, &whose)?;
        let row = [
            text("thread_id", id),
            text("user_id", self.user_id),
            text("joined_at", self.start),
            text("last_read_at", last_at),
        ];
        book.insert("thread_participants", &row, &whose)
    }
}

fn asked(prose: &Prose, random: &mut Random, at: Moment) -> Vec<Cell<'static>> {
    vec![
        text("role", "user"),
        cell("content", prose.question(random)),
        text("moderation_outcome", "passed"),
        text("moderated_at", at.plus_millis(310)),
    ]
}

fn answered(prose: &Prose, random: &mut Random) -> Vec<Cell<'static>> {
    vec![
        text("role", "assistant"),
        cell("content", prose.answer(random)),
        text("persona", "consultant"),
        text("provider", "anthropic"),
        text("model", "claude-sonnet"),
        cell("credits_used", 1.0),
        text("provider_request_id", format!("req-{}", random.hex(24))),
    ]
}
