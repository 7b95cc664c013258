//! An export or an import that is made with a command, on the record: who made it, with whose account, why, how it
//! ended.
//!
//! Promises: nothing is read or written before its beginning is on the record; a file has its name, and rows are
//! permanent, only after its end is. A beginning without an end is a command that was killed.

use anyhow::{Context as _, anyhow, bail};
use carryall_source::subject::Subject;
use serde_json::{Value, json};

use super::ledger::{LedgerPassword, unopened};
use crate::clock::Clock;
use crate::exports::failure::Failure;
use crate::ledger::{Caller, Event, ExportId, Kind, Ledger, LedgerError, SubjectKey};
use crate::operators::{as_reason, as_reference};

/// Where it is put on record, and why it is done.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "On the record")]
pub struct RecordArgs {
    /// Put it on the record in this ledger of `carryall serve`; needs --reason and --reference
    #[arg(long, value_name = "ADDRESS", env = "CARRYALL_LEDGER")]
    ledger: Option<String>,
    #[command(flatten)]
    ledger_password: LedgerPassword,
    /// Why it is done, in 10 to 1,000 characters; stands in the record, and must not tell what is in the file
    #[arg(long, value_name = "TEXT", requires = "ledger")]
    reason: Option<String>,
    /// Where the request is kept, such as the number of a case
    #[arg(long, value_name = "TEXT", requires = "ledger")]
    reference: Option<String>,
}

/// What is done with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// A file is made.
    Export,
    /// A file is brought into the product.
    Import,
}

impl Deed {
    /// Its beginning, its end, and its failure in the record.
    fn kinds(self) -> [Kind; 3] {
        match self {
            Deed::Export => [
                Kind::CommandExportStarted,
                Kind::CommandExportFinished,
                Kind::CommandExportFailed,
            ],
            Deed::Import => [
                Kind::CommandImportStarted,
                Kind::CommandImportFinished,
                Kind::CommandImportFailed,
            ],
        }
    }

    /// What is told when its beginning, and when its end cannot be noted.
    fn unnoted(self) -> [&'static str; 2] {
        match self {
            Deed::Export => [
                "the export cannot be put on the record, so nothing was read and nothing written",
                "the end of the export cannot be put on the record, so there is no file",
            ],
            Deed::Import => [
                "the import cannot be put on the record, so nothing was written",
                "the end of the import cannot be put on the record, so it was undone",
            ],
        }
    }
}

/// An open record, and why something will be done.
pub struct Record {
    ledger: Ledger,
    reason: String,
    reference: String,
}

/// Something whose beginning is on the record.
pub struct OnRecord {
    ledger: Ledger,
    deed: Deed,
    subject: SubjectKey,
    /// The id of the file.
    export: Option<ExportId>,
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
                "what is on the record needs a reason and a reference\nhint: add `--reason TEXT` and `--reference TEXT`; the record is asked for by `--ledger` or CARRYALL_LEDGER"
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
    /// Notes that it begins, with these facts.
    pub fn begin(
        self,
        deed: Deed,
        subject: &Subject,
        export: Option<ExportId>,
        facts: Value,
        clock: Clock,
    ) -> anyhow::Result<OnRecord> {
        let record = OnRecord {
            ledger: self.ledger,
            deed,
            subject: SubjectKey(subject.key.as_str().to_owned()),
            export,
            clock,
        };
        let mut all = whose_command();
        all["reason"] = self.reason.into();
        all["reference"] = self.reference.into();
        if let (Value::Object(all), Value::Object(facts)) = (&mut all, facts) {
            all.extend(facts);
        }
        let [started, ..] = deed.kinds();
        let begun = record.note(record.event(started).with(all));
        let [unnoted, _] = deed.unnoted();
        begun.map_err(unopened).context(unnoted)?;
        Ok(record)
    }
}

impl OnRecord {
    /// Notes that all of it is done, but for a name or a commit, with these facts.
    pub fn finished(&self, facts: Value) -> anyhow::Result<()> {
        let [_, finished, _] = self.deed.kinds();
        let noted = self.note(self.event(finished).with(facts));
        let [_, unnoted] = self.deed.unnoted();
        noted.map_err(unopened).context(unnoted)
    }

    /// Notes that nothing came of it; the answer is the error with what else went wrong.
    pub fn failed(&self, why: Failure, error: anyhow::Error) -> anyhow::Error {
        let [.., failed] = self.deed.kinds();
        let event = self.event(failed).ended(why.code());
        match self.note(event) {
            Ok(()) => error,
            Err(more) => anyhow!("{error:#}\nnote: that it failed is not on the record: {more}"),
        }
    }

    fn event(&self, kind: Kind) -> Event {
        let event = Event::new(kind, Some(&self.subject), &Caller::default());
        match self.export {
            Some(export) => event.about(export),
            None => event,
        }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "nobody has use for a noted event"
    )]
    fn note(&self, event: Event) -> Result<(), LedgerError> {
        self.ledger.note_now(self.clock.now(), &event)
    }
}
