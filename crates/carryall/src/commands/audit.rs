//! `carryall audit`: whether the record of what happened is as it was written, and what it says.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use carryall_source::connect::{Source, SourceOptions};
use carryall_source::subject::find_subject;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::keys::DEFAULT_LEDGER;
use super::ledger::{LedgerPassword, unopened};
use super::origin::{ProductArgs, SourcePassword, with_hint};
use super::printed::printed;
use crate::ledger::{Chain, Entry, Ledger, SubjectKey};

/// Check the record of sign-ins, exports and downloads, or print it
///
/// `verify`: exit code 0 when every event is as it was written; 1 when one was edited, removed or moved, which
/// is named; 2 when it could not be read. It prints the last event's hash: note it elsewhere, and give it
/// to `--head` the next time, because a cut at the end shows against nothing else.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  carryall audit verify --ledger sqlite:/var/lib/carryall/ledger.db
  carryall audit verify --head 5e1c…
  carryall audit export --all > audit.jsonl
  carryall audit export --subject you@example.com --source sqlite:/srv/example/app.db \\
      --data-map data-map.toml")]
pub struct Audit {
    /// Carryall's own records
    #[arg(long, value_name = "ADDRESS", env = "CARRYALL_LEDGER", default_value = DEFAULT_LEDGER, global = true)]
    ledger: String,
    #[command(flatten)]
    ledger_password: LedgerPassword,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Check that no event was edited, removed or moved
    Verify {
        /// The hash of the last event, as it was printed before: everything up to it must still be there
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// Print events, one JSON object a line
    Export(Chosen),
}

#[derive(Debug, clap::Args)]
struct Chosen {
    /// Those of one person, by the product's key, or by address when --source is given
    #[arg(long, value_name = "KEY_OR_EMAIL", required_unless_present = "all")]
    subject: Option<String>,
    /// All of them
    #[arg(long, conflicts_with = "subject")]
    all: bool,
    /// The product's database, as for `export`, to find the person by address
    #[arg(long, value_name = "ADDRESS", env = "CARRYALL_SOURCE")]
    source: Option<String>,
    #[command(flatten)]
    password: SourcePassword,
    #[command(flatten)]
    product: ProductArgs,
}

impl Audit {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let path = Ledger::file(&self.ledger).map_err(unopened)?;
        if let Some(path) = path.filter(|path| !path.exists()) {
            bail!(
                "there is no ledger {}\nhint: --ledger says where it is",
                path.display()
            );
        }
        let ledger = self.ledger_password.open(&self.ledger)?;
        match self.action {
            Action::Verify { head } => verify(&ledger, head.as_deref()),
            Action::Export(chosen) => {
                let subject = chosen.subject_key()?;
                print(&ledger, subject.as_ref())
            }
        }
    }
}

impl Chosen {
    /// The person's key; none for everybody.
    fn subject_key(&self) -> anyhow::Result<Option<SubjectKey>> {
        let Some(who) = self.subject.as_deref().filter(|_| !self.all) else {
            return Ok(None);
        };
        let Some(database) = &self.source else {
            if who.contains('@') {
                eprintln!("note: without --source, `{who}` is looked for as a key");
            }
            return Ok(Some(SubjectKey(who.to_owned())));
        };
        let map = self.product.load()?;
        let options = SourceOptions {
            database: database.clone(),
            password: self.password.read()?,
            schemas: map.database.schemas.clone(),
            files: None,
        };
        let source = Source::connect(&options).map_err(|error| with_hint(&error, error.hint()))?;
        let snapshot = source
            .snapshot()
            .map_err(|error| with_hint(&error, error.hint()))?;
        let subject =
            find_subject(&snapshot, &map, who).map_err(|error| with_hint(&error, error.hint()))?;
        Ok(Some(SubjectKey(subject.key.as_str().to_owned())))
    }
}

fn verify(ledger: &Ledger, head: Option<&str>) -> anyhow::Result<ExitCode> {
    let head = head.map(|head| head.trim().to_ascii_lowercase());
    let broken = match ledger.check_audit(head.as_deref())? {
        Chain::Whole { events, head } => {
            println!("whole: {events} events, the last one's hash is\n{head}");
            return Ok(ExitCode::SUCCESS);
        }
        Chain::Edited(seq) => format!("event {seq} is not as it was written"),
        Chain::Removed(seq) => format!("event {seq} was removed"),
        Chain::OutOfOrder(seq) => {
            format!("event {seq} does not follow the one before it: one of them was replaced")
        }
        Chain::HeadGone => "the event with the noted hash is not there: the end was cut off, \
                            or the record was written anew"
            .to_owned(),
    };
    println!("broken: {broken}");
    Ok(ExitCode::FAILURE)
}

fn print(ledger: &Ledger, subject: Option<&SubjectKey>) -> anyhow::Result<ExitCode> {
    let mut read = Ok(());
    printed(|out| {
        let mut written = Ok(());
        read = ledger.each_event(subject, |entry| {
            if written.is_ok() {
                written = writeln!(out, "{}", line(&entry));
            }
        });
        written
    })
    .context("print the events")?;
    read?;
    Ok(ExitCode::SUCCESS)
}

/// Its columns, with the time and the facts as one reads them.
fn line(entry: &Entry) -> Value {
    let at = Timestamp::from_millisecond(entry.at);
    let facts = serde_json::from_str(&entry.facts).unwrap_or(Value::Null);
    json!({
        "seq": entry.seq,
        "at": at.map_or(Value::Null, |at| at.to_string().into()),
        "event": entry.event,
        "subject_key": entry.subject_key,
        "session_id": entry.session_id,
        "address": entry.address,
        "export_id": entry.export_id,
        "outcome": entry.outcome,
        "facts": facts,
        "previous": entry.previous,
        "hash": entry.hash,
    })
}
