//! Threads with their messages, put together as the messages come: those of a thread stand together.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::Losses;
use super::fields::{Record, text, text_or_empty};
use super::index::Index;

/// A thread and its messages, in order.
pub struct Conversation<'a> {
    /// Of the thread, in the index.
    pub place: usize,
    pub thread: Record<'a>,
    pub messages: Vec<Record<'a>>,
}

/// Which messages follow each, by its place; the first of the thread under none.
pub type Children<'a> = BTreeMap<Option<Cow<'a, str>>, Vec<Cow<'a, str>>>;

impl<'a> Conversation<'a> {
    /// Which messages follow which.
    pub fn children(&self) -> Children<'a> {
        let mut children = Children::new();
        for message in &self.messages {
            let parent = text(message, "parent_id");
            let id = text_or_empty(message, "id");
            children.entry(parent).or_default().push(id);
        }
        children
    }

    /// The messages from the first to the current one: what the product shows.
    pub fn shown_branch(&self) -> BTreeSet<Cow<'a, str>> {
        let parents: BTreeMap<_, _> = self
            .messages
            .iter()
            .map(|record| (text_or_empty(record, "id"), text(record, "parent_id")))
            .collect();
        let mut shown = BTreeSet::new();
        let mut next = self.current();
        while let Some(id) = next
            && shown.insert(id.clone())
        {
            next = parents.get(&id).cloned().flatten();
        }
        shown
    }

    /// The last message of the branch that the product shows; where it does not say, the last one.
    pub fn current(&self) -> Option<Cow<'a, str>> {
        let last = || self.messages.last().and_then(|last| text(last, "id"));
        text(&self.thread, "current_message_id").or_else(last)
    }
}

/// The messages of one thread, as they stand in the file, one after the other.
#[derive(Default)]
pub struct Gathered {
    place: usize,
    texts: Vec<u8>,
    ends: Vec<usize>,
}

impl Gathered {
    fn begin(&mut self, place: usize) {
        self.place = place;
        self.texts.clear();
        self.ends.clear();
    }

    /// How much they are.
    pub fn size_bytes(&self) -> usize {
        self.texts.len()
    }

    fn push(&mut self, message: &[u8]) {
        self.texts.extend_from_slice(message);
        self.ends.push(self.texts.len());
    }

    /// Reads them.
    pub fn read<'a>(&'a self, index: &'a Index) -> serde_json::Result<Conversation<'a>> {
        let mut messages = Vec::with_capacity(self.ends.len());
        let mut start = 0;
        for end in &self.ends {
            messages.push(Record::read(&self.texts[start..*end])?);
            start = *end;
        }
        Ok(Conversation {
            place: self.place,
            thread: index.thread(self.place)?,
            messages,
        })
    }
}

/// Writes conversations, several at a time on threads of their own: nothing of one may depend on another.
pub trait Converse: Send + Sync {
    /// A thread with all its messages. What is left in `out`, which is empty at first, is given to the target,
    /// in the order of the threads.
    fn converse(
        &self,
        talk: &Conversation<'_>,
        index: &Index,
        losses: &mut Losses,
        out: &mut Vec<u8>,
    ) -> anyhow::Result<()>;
}

/// Puts threads together.
pub struct Conversations<'i> {
    index: &'i Index,
    under_way: Option<Gathered>,
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

    /// Takes the next message; `empty` is where its thread is put if it is the first. Returns the thread that
    /// ended before it.
    pub fn add(
        &mut self,
        message: &[u8],
        empty: impl FnOnce() -> Gathered,
    ) -> anyhow::Result<Option<Gathered>> {
        let thread = thread_of(message)?;
        let Some(place) = self.index.thread_places.get(thread.as_ref()).copied() else {
            anyhow::bail!("a message names the thread `{thread}`, which is not in the export");
        };
        if let Some(current) = &mut self.under_way
            && current.place == place
        {
            current.push(message);
            return Ok(None);
        }
        anyhow::ensure!(
            !self.is_done[place],
            "the messages of the thread `{thread}` do not stand together: another program has sorted this file; convert the export as it was downloaded"
        );
        self.is_done[place] = true;
        let mut next = empty();
        next.begin(place);
        next.push(message);
        Ok(self.under_way.replace(next))
    }

    /// The last thread, and those without a message.
    pub fn rest(mut self) -> impl Iterator<Item = Gathered> {
        let last = self.under_way.take();
        let empty = (0..self.is_done.len()).filter(move |place| !self.is_done[*place]);
        last.into_iter().chain(empty.map(|place| Gathered {
            place,
            ..Gathered::default()
        }))
    }
}

/// The thread of a message: its second field, as an export is written.
fn thread_of(message: &[u8]) -> serde_json::Result<Cow<'_, str>> {
    let second = || {
        let rest = message.strip_prefix(b"{\"id\":\"")?;
        let end = memchr::memchr2(b'"', b'\\', rest)?;
        let rest = rest[end..].strip_prefix(b"\",\"thread_id\":\"")?;
        let end = memchr::memchr2(b'"', b'\\', rest)?;
        let is_whole = rest[end] == b'"';
        std::str::from_utf8(&rest[..end]).ok().filter(|_| is_whole)
    };
    match second() {
        Some(id) => Ok(Cow::Borrowed(id)),
        None => Ok(text_or_empty(&Record::read(message)?, "thread_id")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_of_a_message_is_found_wherever_it_stands() {
        let of = |text: &str| thread_of(text.as_bytes()).unwrap().into_owned();
        assert_eq!(of(r#"{"id":"a","thread_id":"t","content":"x"}"#), "t");
        assert_eq!(of(r#"{"id":"a\"","thread_id":"t"}"#), "t");
        assert_eq!(of(r#"{"id":"a","thread_id":"t\u00e9"}"#), "té");
        assert_eq!(
            of(r#"{"content":{"thread_id":"no"},"id":"a","thread_id":"t"}"#),
            "t"
        );
    }
}
