//! `carryall audit`: whether the record of what happened is as it was written, what it says, and how long it is
//! kept.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use carryall_format::sign::{KnownKeys, SigningKey};
use carryall_source::connect::{Source, SourceOptions};
use carryall_source::subject::find_subject;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::keys::{DEFAULT_LEDGER, KeyArgs, advised};
use super::ledger::{LedgerPassword, unopened};
use super::on_record::whose_command;
use super::origin::{ProductArgs, SourcePassword, with_hint};
use super::printed::printed;
use super::values::time_of_the_log;
use super::verify::known_keys;
use crate::clock::Clock;
use crate::ledger::{Chain, Checkpoint, Entry, Ledger, Prune, SubjectKey};

/// Check the record of sign-ins, exports and downloads, print it, or remove what is old
///
/// `verify`: exit code 0 when every event is as it was written; 1 when one was edited, removed or moved, which
/// is named; 2 when it could not be read. It prints the last event's hash: note it elsewhere, and give it
/// to `--head` the next time, because a cut at the end shows against nothing else.
///
/// `prune`: removes old events behind a checkpoint that is signed with the key of the installation, so that the
/// rest can still be checked. Exit code 0: done, or there was nothing so old; 2: nothing was removed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  carryall audit verify --ledger sqlite:/var/lib/carryall/ledger.db
  carryall audit verify --head 5e1c…
  carryall audit export --all > audit.jsonl
  carryall audit prune --older-than 400d
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
        /// Public keys whose checkpoints count, as `carryall keys` prints them [default: those of --keys].
        /// May be given several times
        #[arg(long, value_name = "FILE")]
        key: Vec<PathBuf>,
        #[command(flatten)]
        keys: KeyArgs,
    },
    /// Remove old events, behind a signed checkpoint
    Prune {
        /// How old, such as 400d; the last seven days stay in any case
        #[arg(long, value_name = "TIME", value_parser = time_of_the_log)]
        older_than: Duration,
        #[command(flatten)]
        keys: KeyArgs,
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
            Action::Verify { head, key, keys } => {
                let known = if !key.is_empty() {
                    known_keys(&key)?
                } else if ledger.checkpoints()?.is_empty() {
                    KnownKeys::default()
                } else {
                    keys.keys(&self.ledger)?.known().map_err(advised)?
                };
                verify(&ledger, head.as_deref(), &known)
            }
            Action::Prune { older_than, keys } => {
                let key = keys.keys(&self.ledger)?.signing_key().map_err(advised)?;
                prune(&ledger, older_than, &key)
            }
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
            ..SourceOptions::default()
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

fn verify(ledger: &Ledger, head: Option<&str>, keys: &KnownKeys) -> anyhow::Result<ExitCode> {
    let head = head.map(|head| head.trim().to_ascii_lowercase());
    let broken = match ledger.check_audit(head.as_deref(), keys)? {
        Chain::Whole {
            events,
            removed,
            head,
        } => {
            let before = match removed {
                0 => String::new(),
                removed => format!(" after {removed} that were removed behind signed checkpoints"),
            };
            println!("whole: {events} events{before}, the last one's hash is\n{head}");
            return Ok(ExitCode::SUCCESS);
        }
        Chain::Edited(seq) => format!("event {seq} is not as it was written"),
        Chain::Removed(seq) => format!("event {seq} was removed"),
        Chain::OutOfOrder(seq) => {
            format!("event {seq} does not follow the one before it: one of them was replaced")
        }
        Chain::HeadGone => "the event with the noted hash is not there: the end was cut off, \
                            the record was written anew, or it was older than what is kept"
            .to_owned(),
        Chain::CheckpointForged(seq) => {
            format!("the checkpoint after event {seq} is not signed by the key that it names")
        }
        Chain::CheckpointOfUnknownKey(seq, key) => format!(
            "the checkpoint after event {seq} is signed with the key {key}, which is none of those known here\n\
             hint: `--key FILE` or `--keys DIR` says which keys are yours"
        ),
    };
    println!("broken: {broken}");
    Ok(ExitCode::FAILURE)
}

fn prune(ledger: &Ledger, older_than: Duration, key: &SigningKey) -> anyhow::Result<ExitCode> {
    let now = Clock::system().now();
    let before = now.checked_sub(older_than).unwrap_or(Timestamp::MIN);
    let mut last = None;
    loop {
        let prune = Prune {
            before,
            now,
            key: key.clone(),
            facts: whose_command(),
        };
        match ledger.prune_audit_now(&prune)? {
            Some(checkpoint) => last = Some(checkpoint),
            None => break,
        }
    }
    match last {
        Some(Checkpoint {
            seq, hash, key_id, ..
        }) => println!(
            "removed: every event up to {seq}, whose hash was\n{hash}\nthe checkpoint is signed with key {key_id}"
        ),
        None => println!("removed: nothing, because no event is so old"),
    }
    Ok(ExitCode::SUCCESS)
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
