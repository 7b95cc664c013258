//! What is to be told to people and operators, from the audit log, in a queue that survives restarts.
//!
//! Each channel reads the log from where it stopped, so an event that is on the record is told, whatever
//! process wrote it and whoever was killed in between. Something may be told twice, and is never lost
//! before its time is up. A channel that is new begins with what happens from now on.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::audit::append;
use super::sql::{Tx, named_params};
use super::{Caller, Entry, Event, Kind, Ledger, LedgerError, SubjectKey};
use crate::clock::later;

/// A way to tell somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// E-mail to the person.
    Mail,
    /// A request to the operator's own server.
    Webhook,
}

impl Channel {
    /// The word in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Mail => "mail",
            Channel::Webhook => "webhook",
        }
    }

    /// Whether an event is told this way.
    fn tells(self, kind: Kind, outcome: &str) -> bool {
        match (self, kind) {
            (Channel::Mail, Kind::ExportRequested) => outcome == "ok",
            (
                Channel::Mail,
                Kind::ExportFinished
                | Kind::ExportFailed
                | Kind::LetterFiled
                | Kind::LetterRefused
                | Kind::LetterExtended
                | Kind::CommandExportFinished
                | Kind::CommandImportFinished,
            )
            | (
                Channel::Webhook,
                Kind::ExportRequested
                | Kind::ExportFinished
                | Kind::ExportFailed
                | Kind::ExportCancelled
                | Kind::ExportExpired
                | Kind::ExportDeleted
                | Kind::Download
                | Kind::LetterFiled
                | Kind::LetterApproved
                | Kind::LetterRefused
                | Kind::LetterExtended
                | Kind::LetterClosed
                | Kind::LetterDownload
                | Kind::CommandExportStarted
                | Kind::CommandExportFinished
                | Kind::CommandExportFailed
                | Kind::CommandImportStarted
                | Kind::CommandImportFinished
                | Kind::CommandImportFailed,
            ) => true,
            _ => false,
        }
    }
}

/// One event that is to be told, and how often that was tried, this time included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How.
    pub channel: Channel,
    /// What happened.
    pub entry: Entry,
    /// From 1.
    pub attempt: u32,
}

/// Events are looked at in pieces.
const AT_ONCE: u32 = 500;

const CURSOR: &str = "SELECT seq FROM notice_cursors WHERE channel = :channel";
const BEGIN: &str = "INSERT INTO notice_cursors (channel, seq)
    SELECT :channel, coalesce(max(seq), 0) FROM audit";
const AFTER: &str = "SELECT * FROM audit WHERE seq > :seq ORDER BY seq LIMIT :most";
const ADVANCE: &str = "UPDATE notice_cursors SET seq = :seq WHERE channel = :channel";
const QUEUE: &str =
    "INSERT INTO notices (channel, seq, attempt, due_at) VALUES (:channel, :seq, 0, :now)";
const CLAIM: &str = "UPDATE notices SET attempt = attempt + 1, due_at = :until
    WHERE channel = :channel AND due_at <= :now AND seq = (SELECT seq FROM notices
        WHERE channel = :channel AND due_at <= :now ORDER BY due_at, seq LIMIT 1)
    RETURNING seq, attempt";
const EVENT: &str = "SELECT * FROM audit WHERE seq = :seq";
const POSTPONE: &str = "UPDATE notices SET due_at = :due
    WHERE channel = :channel AND seq = :seq AND attempt = :attempt";
const SETTLE: &str = "DELETE FROM notices WHERE channel = :channel AND seq = :seq";

impl Ledger {
    /// Queues what happened since the last time and is not older than `oldest`.
    pub async fn gather_notices(
        &self,
        channel: Channel,
        oldest: Timestamp,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.write(move |tx| {
            let name = channel.name();
            let params = named_params! { ":channel": name };
            let cursor: Option<i64> = tx.one(CURSOR, params, |row| row.get(0))?;
            let Some(mut cursor) = cursor else {
                return tx.execute(BEGIN, named_params! { ":channel": name }).map(drop);
            };
            loop {
                let entries = entries_after(tx, cursor)?;
                let Some(last) = entries.last() else { break };
                cursor = last.seq;
                for entry in &entries {
                    let kind = Kind::named(&entry.event);
                    let is_told = kind.is_some_and(|kind| channel.tells(kind, &entry.outcome));
                    if is_told && entry.at >= oldest.as_millisecond() {
                        tx.execute(
                            QUEUE,
                            named_params! { ":channel": name, ":seq": entry.seq, ":now": now.as_millisecond() },
                        )?;
                    }
                }
                tx.execute(ADVANCE, named_params! { ":channel": name, ":seq": cursor })?;
            }
            Ok(())
        })
        .await
    }

    /// Takes the next notice that is due. Nobody else gets it for as long as `lease`.
    pub async fn claim_notice(
        &self,
        channel: Channel,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Option<Notice>, LedgerError> {
        self.write(move |tx| {
            let params = named_params! {
                ":channel": channel.name(), ":now": now.as_millisecond(),
                ":until": later(now, lease).as_millisecond(),
            };
            let claimed = tx.one(CLAIM, params, |row| {
                Ok((row.get::<i64>(0)?, row.get::<u32>(1)?))
            })?;
            let Some((seq, attempt)) = claimed else {
                return Ok(None);
            };
            let entry = tx.one(EVENT, named_params! { ":seq": seq }, Entry::from_row)?;
            Ok(entry.map(|entry| Notice {
                channel,
                entry,
                attempt,
            }))
        })
        .await
    }

    /// Puts a notice back until then.
    pub async fn postpone_notice(
        &self,
        notice: &Notice,
        due: Timestamp,
    ) -> Result<(), LedgerError> {
        let (channel, seq, attempt) = (notice.channel, notice.entry.seq, notice.attempt);
        self.write(move |tx| {
            let params = named_params! {
                ":channel": channel.name(), ":seq": seq, ":attempt": attempt,
                ":due": due.as_millisecond(),
            };
            tx.execute(POSTPONE, params).map(drop)
        })
        .await
    }

    /// Takes a notice off the queue, and notes how it ended: `outcome` is none when it was sent.
    pub async fn settle_notice(
        &self,
        notice: &Notice,
        outcome: Option<&'static str>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let (channel, seq) = (notice.channel, notice.entry.seq);
        let event = settled(notice, outcome);
        self.write(move |tx| {
            let params = named_params! { ":channel": channel.name(), ":seq": seq };
            // One who was slow may find it settled.
            let was_there = tx.execute(SETTLE, params)? == 1;
            match event {
                Some(event) if was_there => append(tx, now, &event),
                _ => Ok(()),
            }
        })
        .await
    }
}

fn entries_after(tx: &Tx<'_>, cursor: i64) -> Result<Vec<Entry>, LedgerError> {
    let params = named_params! { ":seq": cursor, ":most": AT_ONCE };
    tx.all(AFTER, params, Entry::from_row)
}

/// What the record says of it: mail that was sent, and whatever was given up.
fn settled(notice: &Notice, outcome: Option<&'static str>) -> Option<Event> {
    let kind = match (notice.channel, outcome) {
        (Channel::Mail, None) => Kind::NoticeSent,
        (Channel::Webhook, None) => return None,
        (_, Some(_)) => Kind::NoticeGivenUp,
    };
    // That the operator's server was away is nothing about the person.
    let subject = match notice.channel {
        Channel::Mail => notice.entry.subject_key.clone().map(SubjectKey),
        Channel::Webhook => None,
    };
    let facts: Value = json!({
        "channel": notice.channel.name(), "about": notice.entry.event,
        "event": notice.entry.seq, "tries": notice.attempt,
    });
    let event = Event::new(kind, subject.as_ref(), &Caller::default())
        .ended(outcome.unwrap_or("ok"))
        .with(facts);
    Some(match notice.entry.export_id.as_deref().map(str::parse) {
        Some(Ok(id)) => event.about(id),
        _ => event,
    })
}
