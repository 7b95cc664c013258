//! Threads with their messages, put together as the messages come: those of a thread stand together.

use std::collections::BTreeMap;

use super::fields::{Record, text, text_or_empty};
use super::index::Index;

/// A thread and its messages, in order.
pub struct Conversation {
    pub thread: Record,
    pub messages: Vec<Record>,
}

impl Conversation {
    /// Which messages follow each, by its place; the first of the thread under none.
    pub fn children(&self) -> BTreeMap<Option<&str>, Vec<&str>> {
        let mut children: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
        for message in &self.messages {
            let parent = text(message, "parent_id");
            children
                .entry(parent)
                .or_default()
                .push(text_or_empty(message, "id"));
        }
        children
    }

    /// The last message of the branch that the product shows; where it does not say, the last one.
    pub fn current(&self) -> Option<&str> {
        let last = self.messages.last().and_then(|last| text(last, "id"));
        text(&self.thread, "current_message_id").or(last)
    }
}

/// Puts threads together.
pub struct Conversations<'i> {
    index: &'i Index,
    under_way: Option<(usize, Vec<Record>)>,
    is_done: Vec<bool>,
}

impl<'i> Conversations<'i> {
    pub fn new(index: &'i Index) -> Conversations<'i> {
        Conversations {
            index,
            under_way: None,
            is_done: vec![false; index.threads.len()],
        }
    }

    /// Takes the next message. Returns the thread that ended before it.
    pub fn add(&mut self, message: Record) -> anyhow::Result<Option<Conversation>> {
        let thread = text_or_empty(&message, "thread_id");
        let Some(place) = self.index.thread_places.get(thread).copied() else {
            anyhow::bail!("a message names the thread `{thread}`, which is not in the export");
        };
        if let Some((current, messages)) = &mut self.under_way
            && *current == place
        {
            messages.push(message);
            return Ok(None);
        }
        anyhow::ensure!(
            !self.is_done[place],
            "the messages of the thread `{thread}` do not stand together: another program has sorted this file; convert the export as it was downloaded"
        );
        let before = self.under_way.replace((place, vec![message]));
        let before = before.map(|(place, messages)| self.conversation(place, messages));
        Ok(before.transpose()?)
    }

    fn conversation(
        &mut self,
        place: usize,
        messages: Vec<Record>,
    ) -> serde_json::Result<Conversation> {
        self.is_done[place] = true;
        Ok(Conversation {
            thread: serde_json::from_slice(&self.index.threads[place])?,
            messages,
        })
    }

    /// The last thread, and those without a message.
    pub fn rest(mut self) -> impl Iterator<Item = serde_json::Result<Conversation>> {
        let last = self
            .under_way
            .take()
            .map(|(place, messages)| self.conversation(place, messages));
        let empty: Vec<_> = (0..self.is_done.len())
            .filter(|place| !self.is_done[*place])
            .collect();
        last.into_iter().chain(
            empty
                .into_iter()
                .map(move |place| self.conversation(place, Vec::new())),
        )
    }
}
