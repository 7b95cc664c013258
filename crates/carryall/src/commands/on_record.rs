//! An export that is made with a command, on the record: who made it, of whose account, why, how it ended.
//!
//! Promises: nothing is read before its beginning is on the record, and a file has its name only after its end
//! is. A beginning without an end is a command that was killed.

use anyhow::{Context as _, anyhow, bail};
use carryall_source::export::Exported;
use carryall_source::scope::Scope;
use carryall_source::subject::Subject;
use serde_json::{Value, json};

use super::ledger::{LedgerPassword, unopened};
use crate::clock::Clock;
use crate::exports::failure::Failure;
use crate::ledger::{Caller, Event, ExportId, Kind, Ledger, LedgerError, SubjectKey};
use crate::operators::{as_reason, as_reference};
use crate::random::hex;

/// Where an export is put on record, and why it is made.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "On the record")]
pub struct RecordArgs {
    /// Put the export on the record in this ledger of `carryall serve`; needs --reason and --reference
    #[arg(long, value_name = "ADDRESS", env = "CARRYALL_LEDGER")]
    ledger: Option<String>,
    #[command(flatten)]
    ledger_password: LedgerPassword,
    /// Why it is made, in 10 to 1,000 characters; stands in the record, and must not tell what is exported
    #[arg(long, value_name = "TEXT", requires = "ledger")]
    reason: Option<String>,
    /// Where the request is kept, such as the number of a case
    #[arg(long, value_name = "TEXT", requires = "ledger")]
    reference: Option<String>,
}

/// An open record, and why there will be an export.
pub struct Record {
    ledger: Ledger,
    reason: String,
    reference: String,
}

/// An export whose beginning is on the record.
pub struct OnRecord {
    ledger: Ledger,
    subject: SubjectKey,
    export: ExportId,
    clock: Clock,
}

/// Who runs this command: the number of an account of the operating system's, and the machine's name.
pub fn whose_command() -> Value {
    let machine = rustix::system::uname();
    json!({
        "account": rustix::process::getuid().as_raw(),
        "machine": machine.nodename().to_string_lossy(),
    })
}

impl RecordArgs {
    /// The record; none when no flag names it.
    pub fn open(&self) -> anyhow::Result<Option<Record>> {
        let Some(address) = &self.ledger else {
            return Ok(None);
        };
        let (Some(reason), Some(reference)) = (&self.reason, &self.reference) else {
            bail!(
                "an export on the record needs a reason and a reference\nhint: add `--reason TEXT` and `--reference TEXT`; the record is asked for by `--ledger` or CARRYALL_LEDGER"
            );
        };
        let of =
            |flag: &'static str| move |words: &str| anyhow!("`{flag}` will not do\nhint: {words}");
        let reason = as_reason(reason).map_err(of("--reason"))?;
        let reference = as_reference(reference).map_err(of("--reference"))?;
        let path = Ledger::file(address).map_err(unopened)?;
        if let Some(path) = path.filter(|path| !path.exists()) {
            bail!(
                "there is no ledger {}\nhint: `--ledger` names the one that `carryall serve` writes; a new one nobody would look into",
                path.display()
            );
        }
        Ok(Some(Record {
            ledger: self.ledger_password.open(address)?,
            reason,
            reference,
        }))
    }
}

impl Record {
    /// Notes that the export begins.
    pub fn begin(
        self,
        subject: &Subject,
        export: ExportId,
        scope: &Scope,
        is_encrypted: bool,
        clock: Clock,
    ) -> anyhow::Result<OnRecord> {
        let record = OnRecord {
            ledger: self.ledger,
            subject: SubjectKey(subject.key.as_str().to_owned()),
            export,
            clock,
        };
        let mut facts = whose_command();
        facts["reason"] = self.reason.into();
        facts["reference"] = self.reference.into();
        facts["part"] = scope.part().into();
        facts["file_contents"] = scope.file_contents.into();
        facts["encrypted"] = is_encrypted.into();
        let begun = record.note(record.event(Kind::CommandExportStarted).with(facts));
        begun.map_err(unopened).context(
            "the export cannot be put on the record, so nothing was read and nothing written",
        )?;
        Ok(record)
    }
}

impl OnRecord {
    /// Notes that the file is whole.
    pub fn finished(&self, exported: &Exported) -> anyhow::Result<()> {
        let event = self.event(Kind::CommandExportFinished).with(json!({
            "records": exported.counts.values().sum::<u64>(), "gaps": exported.gap_count,
            "bytes": exported.size_bytes, "sha256": hex(&exported.sha256),
        }));
        let noted = self.note(event).map_err(unopened);
        noted.context("the end of the export cannot be put on the record, so there is no file")
    }

    /// Notes that there is no file; the answer is the error with what else went wrong.
    pub fn failed(&self, why: Failure, error: anyhow::Error) -> anyhow::Error {
        let event = self.event(Kind::CommandExportFailed).ended(why.code());
        match self.note(event) {
            Ok(()) => error,
            Err(more) => anyhow!("{error:#}\nnote: that it failed is not on the record: {more}"),
        }
    }

    fn event(&self, kind: Kind) -> Event {
        Event::new(kind, Some(&self.subject), &Caller::default()).about(self.export)
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "nobody has use for a noted event"
    )]
    fn note(&self, event: Event) -> Result<(), LedgerError> {
        self.ledger.note_now(self.clock.now(), &event)
    }
}
