//! What happened: events that are only ever added, each bound to the one before it by its hash.
//!
//! An event that belongs to a change is written in the change's own transaction, so that neither is
//! there without the other. It says who, when, from where and how it ended, with counts and digests;
//! never what a file holds, never a password, a token or what somebody typed; but for the reason and the
//! reference of an export that was made with a command, which stand nowhere else.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::audit_chain::{BEFORE_THE_FIRST, Entry};
use super::engines::Effect;
use super::sql::{Tx, named_params};
use super::{ExportId, Ledger, LedgerError, SubjectKey};

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Somebody signed in.
    SignIn,
    /// Somebody did not get in.
    SignInRefused,
    /// Somebody proved again who they are.
    StepUp,
    /// Somebody could not.
    StepUpRefused,
    /// A session was ended by the person.
    SignOut,
    /// An export was asked for.
    ExportRequested,
    /// A worker began it.
    ExportStarted,
    /// Its file is there.
    ExportFinished,
    /// It ended without a file.
    ExportFailed,
    /// The person stopped it.
    ExportCancelled,
    /// Its file, or a part of it, was sent.
    Download,
    /// Somebody asked for an export that is not theirs, or not there.
    Denied,
    /// Somebody tried too often.
    Limited,
    /// A file was removed because its time was up.
    ExportExpired,
    /// A file was removed before its time.
    ExportDeleted,
    /// The person was told by e-mail.
    NoticeSent,
    /// Somebody could not be told.
    NoticeGivenUp,
    /// An operator signed in.
    OperatorSignIn,
    /// Somebody did not get in as an operator.
    OperatorSignInRefused,
    /// A request that arrived by letter was filed.
    LetterFiled,
    /// A second operator approved it.
    LetterApproved,
    /// A second operator refused it.
    LetterRefused,
    /// Its answer takes longer.
    LetterExtended,
    /// It was answered or withdrawn.
    LetterClosed,
    /// Its file, or a part of it, went to the operator who asked.
    LetterDownload,
    /// Whoever runs the program began to export an account with a command.
    CommandExportStarted,
    /// The command wrote the file.
    CommandExportFinished,
    /// The command ended without a file.
    CommandExportFailed,
    /// Whoever runs the program began to bring an export into an account with a command.
    CommandImportStarted,
    /// Everything is written, and is made permanent.
    CommandImportFinished,
    /// The command changed nothing.
    CommandImportFailed,
    /// Old events were removed behind a signed checkpoint.
    AuditPruned,
}

impl Kind {
    const ALL: [(Kind, &'static str); 32] = [
        (Kind::SignIn, "sign_in"),
        (Kind::SignInRefused, "sign_in_refused"),
        (Kind::StepUp, "step_up"),
        (Kind::StepUpRefused, "step_up_refused"),
        (Kind::SignOut, "sign_out"),
        (Kind::ExportRequested, "export_requested"),
        (Kind::ExportStarted, "export_started"),
        (Kind::ExportFinished, "export_finished"),
        (Kind::ExportFailed, "export_failed"),
        (Kind::ExportCancelled, "export_cancelled"),
        (Kind::Download, "download"),
        (Kind::Denied, "denied"),
        (Kind::Limited, "limited"),
        (Kind::ExportExpired, "export_expired"),
        (Kind::ExportDeleted, "export_deleted"),
        (Kind::NoticeSent, "notice_sent"),
        (Kind::NoticeGivenUp, "notice_given_up"),
        (Kind::OperatorSignIn, "operator_sign_in"),
        (Kind::OperatorSignInRefused, "operator_sign_in_refused"),
        (Kind::LetterFiled, "letter_filed"),
        (Kind::LetterApproved, "letter_approved"),
        (Kind::LetterRefused, "letter_refused"),
        (Kind::LetterExtended, "letter_extended"),
        (Kind::LetterClosed, "letter_closed"),
        (Kind::LetterDownload, "letter_download"),
        (Kind::CommandExportStarted, "command_export_started"),
        (Kind::CommandExportFinished, "command_export_finished"),
        (Kind::CommandExportFailed, "command_export_failed"),
        (Kind::CommandImportStarted, "command_import_started"),
        (Kind::CommandImportFinished, "command_import_finished"),
        (Kind::CommandImportFailed, "command_import_failed"),
        (Kind::AuditPruned, "audit_pruned"),
    ];

    /// The word in the ledger.
    pub fn name(self) -> &'static str {
        let found = Kind::ALL.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, name)| name)
    }

    /// The kind with this name; none for one of a newer version.
    pub fn named(name: &str) -> Option<Kind> {
        let found = Kind::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(kind, _)| *kind)
    }
}

/// Who made something happen: which session, from where. Empty when the program did it by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The session's id, which is not its token.
    pub session_id: Option<String>,
    /// The address.
    pub address: Option<IpAddr>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What.
    pub kind: Kind,
    /// Whose account, if it is known.
    pub subject_key: Option<SubjectKey>,
    /// Who made it happen.
    pub by: Caller,
    /// Which export, if it is about one.
    pub export: Option<ExportId>,
    /// How it ended: a word of the program, never of a person.
    pub outcome: &'static str,
    /// Counts, sizes, digests.
    pub facts: Value,
}

impl Event {
    /// Something that went as it should.
    pub fn new(kind: Kind, subject: Option<&SubjectKey>, by: &Caller) -> Event {
        Event {
            kind,
            subject_key: subject.cloned(),
            by: by.clone(),
            export: None,
            outcome: "ok",
            facts: json!({}),
        }
    }

    /// The same, about this export.
    pub fn about(self, export: ExportId) -> Event {
        let export = Some(export);
        Event { export, ..self }
    }

    /// The same, ended like this.
    pub fn ended(self, outcome: &'static str) -> Event {
        Event { outcome, ..self }
    }

    /// The same, with these facts.
    pub fn with(self, facts: Value) -> Event {
        Event { facts, ..self }
    }
}

const LAST: &str = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1";
const APPEND: &str = "
    INSERT INTO audit (seq, at, event, subject_key, session_id, address, export_id, outcome, facts, previous, hash)
    VALUES (:seq, :at, :event, :subject, :session, :address, :export, :outcome, :facts, :previous, :hash)";
const OF_SUBJECT: &str =
    "SELECT * FROM audit WHERE subject_key = :subject ORDER BY seq DESC LIMIT :limit";

/// Adds an event at the end, in the transaction of the change that it tells of.
pub(super) fn append(tx: &Tx<'_>, at: Timestamp, event: &Event) -> Result<(), LedgerError> {
    let last = tx.one(LAST, named_params! {}, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (seq, previous): (i64, String) = last.unwrap_or((0, BEFORE_THE_FIRST.to_owned()));
    let mut entry = Entry {
        seq: seq + 1,
        at: at.as_millisecond(),
        event: event.kind.name().to_owned(),
        subject_key: event.subject_key.as_ref().map(|key| key.0.clone()),
        session_id: event.by.session_id.clone(),
        address: event.by.address.map(|address| address.to_string()),
        export_id: event.export.map(|id| id.to_string()),
        outcome: event.outcome.to_owned(),
        facts: event.facts.to_string(),
        previous,
        hash: String::new(),
    };
    entry.hash = entry.computed_hash();
    let params = named_params! {
        ":seq": entry.seq, ":at": entry.at, ":event": entry.event, ":subject": entry.subject_key,
        ":session": entry.session_id, ":address": entry.address, ":export": entry.export_id,
        ":outcome": entry.outcome, ":facts": entry.facts, ":previous": entry.previous,
        ":hash": entry.hash,
    };
    tx.execute(APPEND, params).map(drop)
}

impl Ledger {
    /// Notes something that changes nothing else.
    pub async fn note(&self, at: Timestamp, event: Event) -> Result<(), LedgerError> {
        self.write(move |tx| append(tx, at, &event)).await
    }

    /// The same for commands. Blocks.
    pub fn note_now(&self, at: Timestamp, event: &Event) -> Result<(), LedgerError> {
        self.0.run(Effect::Record, |tx| append(tx, at, event))
    }

    /// What happened with a person's data, the newest first.
    pub async fn events_of(
        &self,
        subject: &SubjectKey,
        limit: u32,
    ) -> Result<Vec<Entry>, LedgerError> {
        let subject = subject.clone();
        self.run(move |tx| {
            let params = named_params! { ":subject": subject.0, ":limit": limit };
            tx.all(OF_SUBJECT, params, Entry::from_row)
        })
        .await
    }
}
