//! The messages of the named people's conversations, with their files, documents and ratings.

use anyhow::{Context, Result};

use super::book::{Book, Cell, cell, maybe, text};
use super::conversation::Turn;
use super::files::{self, Place};
use super::moment::Moment;
use super::owners::Whose;
use super::random::{Random, id_of};
use super::story::Person;
use super::threads::Telling;

impl Telling<'_> {
    /// Inserts the message of that index and what hangs on it.
    pub fn insert_message(&self, book: &mut Book, index: usize) -> Result<()> {
        let turn = &self.conversation.turns[index];
        let author = turn
            .by
            .as_deref()
            .map(|key| self.story.person(key))
            .transpose()?;
        let mut row = self.text_cells(index, turn, author)?;
        row.extend(model_cells(
            turn,
            self.conversation.thread.protected,
            &self.messages[index].0,
        ));
        row.extend(moderation_cells(turn, self.messages[index].1));
        let persona = turn
            .persona
            .as_ref()
            .unwrap_or(&self.conversation.thread.persona);
        row.push(maybe(
            "persona",
            (turn.role == "assistant").then_some(persona),
        ));
        let whose = match author {
            Some(person) => Whose::seen_by(&person.email, &self.participants),
            None => Whose {
                own: self.participants.clone(),
                ..Whose::default()
            },
        };
        book.insert("messages", &row, &whose)?;
        let Some(author) = author else { return Ok(()) };
        if turn.role == "user" {
            book.tally(&author.email).messages_sent += 1;
        }
        self.insert_attachments(book, index, author)?;
        self.insert_feedback(book, index, author)
    }

    fn text_cells(
        &self,
        index: usize,
        turn: &Turn,
        author: Option<&Person>,
    ) -> Result<Vec<Cell<'static>>> {
        let (id, at) = &self.messages[index];
        let files: Vec<String> = turn.files.iter().map(|key| files::upload_id(key)).collect();
        let made: Vec<String> = turn
            .documents
            .iter()
            .map(|key| files::document_id(key))
            .collect();
        Ok(vec![
            text("id", id),
            text("thread_id", &self.id),
            maybe("parent_id", self.parent(index)?),
            text("role", &turn.role),
            maybe("author_user_id", author.map(Person::id)),
            text("content", &turn.content),
            maybe("content_parts", turn.parts.as_ref()),
            text("file_ids", serde_json::to_string(&files)?),
            text("generated_document_ids", serde_json::to_string(&made)?),
            maybe("sources", turn.sources.as_ref()),
            text("created_at", at),
            maybe("deleted_at", self.deleted_at),
        ])
    }

    /// The message that this one follows.
    fn parent(&self, index: usize) -> Result<Option<&str>> {
        let turns = &self.conversation.turns;
        let before = match turns[index].after.as_deref() {
            None => index.checked_sub(1),
            Some("") => None,
            Some(name) => {
                let named = |turn: &Turn| turn.name.as_deref() == Some(name);
                let found = turns[..index].iter().position(named);
                Some(found.with_context(|| format!("no message `{name}` before it"))?)
            }
        };
        Ok(before.map(|index| self.messages[index].0.as_str()))
    }

    fn insert_attachments(&self, book: &mut Book, index: usize, author: &Person) -> Result<()> {
        let turn = &self.conversation.turns[index];
        let (message_id, at) = &self.messages[index];
        let place = Place {
            person: author,
            workspace_id: self.workspace_id.clone(),
            thread_id: Some(&self.id),
            message_id: Some(message_id),
            at: at.plus_millis(-2600),
            deleted_at: self.deleted_at,
            viewers: &self.viewers,
        };
        for key in &turn.files {
            let upload = self
                .story
                .uploads
                .get(key)
                .with_context(|| format!("no file `{key}`"))?;
            files::insert_upload(book, upload, &place)?;
        }
        for key in &turn.documents {
            let made = self.story.documents.get(key);
            let made = made.with_context(|| format!("no document `{key}`"))?;
            files::insert_document(book, made, &place)?;
        }
        Ok(())
    }

    fn insert_feedback(&self, book: &mut Book, index: usize, author: &Person) -> Result<()> {
        let Some(feedback) = &self.conversation.turns[index].feedback else {
            return Ok(());
        };
        let (message_id, at) = &self.messages[index];
        let row = [
            text("id", id_of(&format!("feedback/{message_id}"))),
            text("user_id", author.id()),
            text("thread_id", &self.id),
            text("message_id", message_id),
            text("rating", &feedback.rating),
            maybe("comment", feedback.comment.as_ref()),
            text("created_at", at.plus_millis(61_000)),
        ];
        book.insert("feedback", &row, &Whose::only(&author.email))
    }
}

/// Who ran the model, which one, and what the answer cost.
fn model_cells(turn: &Turn, protected: bool, id: &str) -> Vec<Cell<'static>> {
    let answered = turn.role == "assistant";
    let (provider, model) = if protected {
        ("mistral", "mistral-large")
    } else {
        ("anthropic", "claude-sonnet")
    };
    let request = Random::seeded(id).hex(24);
    vec![
        maybe("provider", answered.then_some(provider)),
        maybe("model", answered.then_some(model)),
        cell("advanced_data_protection", protected),
        cell("credits_used", if answered { 1.0 } else { 0.0 }),
        maybe(
            "provider_request_id",
            answered.then(|| format!("req-{request}")),
        ),
        maybe(
            "injected_context",
            answered.then_some("Frame of the maker around this question."),
        ),
    ]
}

/// What moderation said about what a person wrote.
fn moderation_cells(turn: &Turn, at: Moment) -> Vec<Cell<'static>> {
    let checked = turn.role == "user";
    let outcome = if turn.flagged.is_some() {
        "flagged"
    } else {
        "passed"
    };
    vec![
        maybe("moderation_outcome", checked.then_some(outcome)),
        maybe("moderated_at", checked.then(|| at.plus_millis(310))),
        maybe("moderation_detail", turn.flagged.as_ref()),
    ]
}
