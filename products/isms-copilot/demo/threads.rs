//! The conversations of the named people.

use anyhow::{Context, Result};

use super::book::{Book, maybe, text};
use super::conversation::{Conversation, Turn};
use super::moment::Moment;
use super::owners::Whose;
use super::random::{Random, id_at, id_of};
use super::rows::natural;
use super::story::{Person, Story};
use super::workspaces;

const CONVERSATIONS: &[&str] = &[
    include_str!("story/threads/access-control.md"),
    include_str!("story/threads/deleted-thread.md"),
    include_str!("story/threads/gap-letter.md"),
    include_str!("story/threads/hebrew-branch.md"),
    include_str!("story/threads/internal-audit.md"),
    include_str!("story/threads/log-paste.md"),
    include_str!("story/threads/minato.md"),
    include_str!("story/threads/nada-risks.md"),
    include_str!("story/threads/nis2-reporting.md"),
    include_str!("story/threads/questionnaire.md"),
    include_str!("story/threads/register-of-information.md"),
    include_str!("story/threads/risk-treatment.md"),
    include_str!("story/threads/soc2-cc6.md"),
    include_str!("story/threads/statement-of-applicability.md"),
];

/// A conversation on its way into the database.
#[derive(Debug)]
pub struct Telling<'a> {
    /// What is told.
    pub conversation: &'a Conversation,
    /// The world that it belongs to.
    pub story: &'a Story,
    /// Who started it.
    pub owner: &'a Person,
    /// The thread's id.
    pub id: String,
    /// The workspace's id.
    pub workspace_id: Option<String>,
    /// E-mail addresses of those who wrote in it.
    pub participants: Vec<String>,
    /// E-mail addresses of those who see its workspace today.
    pub viewers: Vec<String>,
    /// When it was deleted.
    pub deleted_at: Option<Moment>,
    /// Id and moment of each message.
    pub messages: Vec<(String, Moment)>,
}

/// Inserts all of them.
pub fn insert_threads(book: &mut Book, story: &Story) -> Result<()> {
    for file in CONVERSATIONS {
        let conversation = Conversation::parse(file)?;
        let key = &conversation.thread.key;
        let telling = Telling::prepare(story, &conversation)
            .with_context(|| format!("cannot tell thread `{key}`"))?;
        telling.insert_thread(book)?;
        telling.insert_participants(book)?;
        for index in 0..conversation.turns.len() {
            telling
                .insert_message(book, index)
                .with_context(|| format!("thread `{key}`"))?;
        }
    }
    Ok(())
}

impl<'a> Telling<'a> {
    fn prepare(story: &'a Story, conversation: &'a Conversation) -> Result<Self> {
        let thread = &conversation.thread;
        let workspace = thread
            .workspace
            .as_deref()
            .map(|key| story.workspace(key))
            .transpose()?;
        let viewers = workspace
            .map(|found| workspaces::viewers(story, found))
            .transpose()?;
        let mut random = Random::seeded(&thread.key);
        let mut at = natural(&thread.start, &thread.key)?;
        let mut messages = Vec::new();
        for turn in &conversation.turns {
            #[expect(clippy::cast_possible_truncation, reason = "minutes of a conversation")]
            let pause = (turn.minutes * 60_000.0) as i64;
            at = at.plus_millis(pause + i64::try_from(random.below(900))?);
            messages.push((id_at(at, &mut random), at));
        }
        Ok(Self {
            conversation,
            story,
            owner: story.person(&thread.owner)?,
            id: id_of(&format!("thread/{}", thread.key)),
            workspace_id: workspace.map(super::story::Workspace::id),
            participants: story.emails(&conversation.participants())?,
            viewers: viewers.unwrap_or_default(),
            deleted_at: thread
                .deleted
                .as_deref()
                .map(|at| natural(at, "deleted"))
                .transpose()?,
            messages,
        })
    }

    fn insert_thread(&self, book: &mut Book) -> Result<()> {
        let thread = &self.conversation.thread;
        let first = natural(&thread.start, &thread.key)?;
        let last = self.messages.last().map_or(first, |(_, at)| *at);
        let shown = self
            .conversation
            .shown()
            .map(|index| &self.messages[index].0);
        let expires_at = self.owner.retention_days.map(|days| last.plus_days(days));
        let status = if self.deleted_at.is_some() {
            "deleted"
        } else {
            "active"
        };
        let row = [
            text("id", &self.id),
            text("user_id", self.owner.id()),
            maybe("workspace_id", self.workspace_id.as_ref()),
            text("title", &thread.title),
            text("persona", &thread.persona),
            text("status", status),
            maybe("current_message_id", shown),
            text("created_at", first),
            text("updated_at", self.deleted_at.unwrap_or(last)),
            text("last_message_at", last),
            maybe("expires_at", expires_at),
            maybe("deleted_at", self.deleted_at),
        ];
        book.tally(&self.owner.email).conversations += 1;
        book.insert("threads", &row, &self.whose_thread())
    }

    /// Its starter has it in full, others who wrote in it have its frame, the rest of the team sees
    /// it in the product alone.
    fn whose_thread(&self) -> Whose {
        let wrote = |email: &String| self.participants.contains(email);
        let frame = self
            .participants
            .iter()
            .filter(|email| **email != self.owner.email);
        let left_out = self.viewers.iter().filter(|email| !wrote(email));
        Whose {
            frame: frame.cloned().collect(),
            left_out: left_out.cloned().collect(),
            ..Whose::only(&self.owner.email)
        }
    }

    fn insert_participants(&self, book: &mut Book) -> Result<()> {
        for key in self.conversation.participants() {
            let person = self.story.person(&key)?;
            let wrote = |turn: &&Turn| turn.by.as_ref() == Some(&key);
            let joined = self.conversation.turns.iter().zip(&self.messages);
            let joined = joined
                .filter(|(turn, _)| wrote(turn))
                .map(|(_, (_, at))| *at);
            let row = [
                text("thread_id", &self.id),
                text("user_id", person.id()),
                maybe("joined_at", joined.min()),
                maybe(
                    "last_read_at",
                    self.messages.last().map(|(_, at)| at.plus_millis(5400)),
                ),
            ];
            book.insert("thread_participants", &row, &Whose::only(&person.email))?;
        }
        Ok(())
    }
}
