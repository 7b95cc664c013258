//! The chain of the audit log, as whoever checks it sees it.
//!
//! Promises: an event that was edited, taken out or moved is named, the first one first. The beginning may be
//! missing up to a signed checkpoint, and not one event further. That the end was cut off, or all of it written
//! anew, shows against a hash that was noted elsewhere before.

use carryall_format::sign::{KeyId, KnownKeys};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::checkpoints::Checkpoint;
use super::sql::{Row, named_params};
use super::{Ledger, LedgerError, SubjectKey};
use crate::random::hex;

/// What stands in the place of a hash before the first event.
pub const BEFORE_THE_FIRST: &str =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// One event, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1.
    pub seq: i64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// What.
    pub event: String,
    /// Whose account.
    pub subject_key: Option<String>,
    /// Which session.
    pub session_id: Option<String>,
    /// From where.
    pub address: Option<String>,
    /// Which export.
    pub export_id: Option<String>,
    /// How it ended.
    pub outcome: String,
    /// JSON.
    pub facts: String,
    /// The hash of the event before.
    pub previous: String,
    /// Its own.
    pub hash: String,
}

impl Entry {
    pub(super) fn from_row(row: &Row<'_>) -> Result<Entry, LedgerError> {
        Ok(Entry {
            seq: row.get("seq")?,
            at: row.get("at")?,
            event: row.get("event")?,
            subject_key: row.get("subject_key")?,
            session_id: row.get("session_id")?,
            address: row.get("address")?,
            export_id: row.get("export_id")?,
            outcome: row.get("outcome")?,
            facts: row.get("facts")?,
            previous: row.get("previous")?,
            hash: row.get("hash")?,
        })
    }

    /// What its hash has to be: SHA-256 of the hash before, a line feed, and its columns as one JSON
    /// array. JSON, so that no value can pass for the end of another.
    pub(super) fn computed_hash(&self) -> String {
        let columns = json!([
            self.seq,
            self.at,
            self.event,
            self.subject_key,
            self.session_id,
            self.address,
            self.export_id,
            self.outcome,
            self.facts
        ]);
        hex(&Sha256::digest(format!("{}\n{columns}", self.previous)))
    }
}

/// What a check of the whole chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chain {
    /// Every event is as it was written, and so is their order.
    Whole {
        /// How many.
        events: i64,
        /// How many were removed before them, behind signed checkpoints.
        removed: i64,
        /// The hash of the last one.
        head: String,
    },
    /// This event is not as it was written.
    Edited(i64),
    /// This event is not there.
    Removed(i64),
    /// This event does not follow the one before it: one of the two was replaced or moved.
    OutOfOrder(i64),
    /// The noted hash is none of an event: the end was cut off, or everything was written anew.
    HeadGone,
    /// The checkpoint behind this event is not signed by the key that it names.
    CheckpointForged(i64),
    /// The checkpoint behind this event is signed with a key that is not known here.
    CheckpointOfUnknownKey(i64, KeyId),
}

const ALL: &str = "SELECT * FROM audit ORDER BY seq";
const THEIRS: &str = "SELECT * FROM audit WHERE subject_key = :subject ORDER BY seq";

impl Ledger {
    /// Checks the whole chain. Blocks: for commands.
    ///
    /// `head` is the hash of an event that somebody noted before; `keys` are those whose checkpoints count.
    pub fn check_audit(&self, head: Option<&str>, keys: &KnownKeys) -> Result<Chain, LedgerError> {
        loop {
            let checkpoints = self.checkpoints()?;
            let found = self.check_after(&checkpoints, head, keys)?;
            // While the chain was read, its beginning may have been removed.
            if matches!(found, Chain::Whole { .. }) || self.checkpoints()? == checkpoints {
                return Ok(found);
            }
        }
    }

    fn check_after(
        &self,
        checkpoints: &[Checkpoint],
        head: Option<&str>,
        keys: &KnownKeys,
    ) -> Result<Chain, LedgerError> {
        let unsigned = checkpoints.iter().find_map(|one| one.is_unsigned(keys));
        if let Some(unsigned) = unsigned {
            return Ok(unsigned);
        }
        let mut links = Links::after(checkpoints, head);
        let mut broken = None;
        self.block(|tx| {
            tx.each(ALL, named_params! {}, &mut |row| {
                // A cell of another type is a change as well.
                let seq = row.get("seq")?;
                broken = Entry::from_row(row).map_or(Some(Chain::Edited(seq)), |e| links.add(e));
                Ok(broken.is_none())
            })
        })?;
        Ok(broken.unwrap_or_else(|| links.end()))
    }

    /// Shows every event, or those of one person, in order. Blocks: for commands.
    pub fn each_event(
        &self,
        subject: Option<&SubjectKey>,
        mut show: impl FnMut(Entry),
    ) -> Result<(), LedgerError> {
        self.block(|tx| {
            let mut visit = |row: &Row<'_>| {
                show(Entry::from_row(row)?);
                Ok(true)
            };
            match subject {
                Some(key) => tx.each(THEIRS, named_params! { ":subject": key.0 }, &mut visit),
                None => tx.each(ALL, named_params! {}, &mut visit),
            }
        })
    }
}

/// The chain so far.
struct Links<'h> {
    removed: i64,
    /// The number of the last event, from the very first on.
    seq: i64,
    last: String,
    head: Option<&'h str>,
}

impl<'h> Links<'h> {
    fn after(checkpoints: &[Checkpoint], head: Option<&'h str>) -> Links<'h> {
        let is_known = |head: &str| {
            // What was noted of an empty log is always there.
            head == BEFORE_THE_FIRST || checkpoints.iter().any(|one| one.hash == head)
        };
        let (removed, last) = match checkpoints.last() {
            Some(newest) => (newest.seq, newest.hash.clone()),
            None => (0, BEFORE_THE_FIRST.to_owned()),
        };
        Links {
            removed,
            seq: removed,
            last,
            head: head.filter(|head| !is_known(head)),
        }
    }

    /// What is wrong with the next event, if anything.
    fn add(&mut self, entry: Entry) -> Option<Chain> {
        let expected = self.seq + 1;
        if entry.seq < expected {
            return Some(Chain::OutOfOrder(entry.seq));
        }
        if entry.seq > expected {
            return Some(Chain::Removed(expected));
        }
        if entry.computed_hash() != entry.hash {
            return Some(Chain::Edited(entry.seq));
        }
        if entry.previous != self.last {
            return Some(Chain::OutOfOrder(entry.seq));
        }
        self.head = self.head.filter(|head| *head != entry.hash);
        (self.seq, self.last) = (expected, entry.hash);
        None
    }

    fn end(self) -> Chain {
        match self.head {
            Some(_) => Chain::HeadGone,
            None => Chain::Whole {
                events: self.seq - self.removed,
                removed: self.removed,
                head: self.last,
            },
        }
    }
}
