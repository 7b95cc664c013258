//! `carryall trace`: the tree of one workspace, and a file of that workspace alone.

mod json;
mod text;

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use carryall_format::original::Original;
use carryall_format::section::Section;
use carryall_format::trace::{
    ExtractOrder, Input, Sound, TraceError, WorkspaceName, extract, require_sound, trace,
};
use carryall_format::write::Written;
use carryall_source::export::rfc3339;
use indicatif::ProgressBar;

use super::given::{Given, OpenArgs};
use super::origin::with_hint;
use super::plain::plain;
use super::printed::printed;
use super::protecting::{RecipientArgs, or_refuse, write_encrypted};
use super::{destination, given, progress};
use crate::clock::Clock;
use crate::memory;
use crate::protect::{Lock, Passphrase, ProtectError};
use crate::random::Randomness;
use crate::web::words;

/// The tree is printed, and may not be whole.
const DAMAGED: u8 = 1;

/// Show one workspace of an export as a tree, or cut it out: a file for one client
///
/// The tree has the workspace's threads with their message counts and dates, its files, documents,
/// memories and other records, and what the product could not deliver of them. Nothing leaves this
/// computer.
///
/// Exit code 0: done; 1: the tree is shown, but the file is damaged, so something may be missing; 2: no
/// such workspace, the file cannot be read, or the extract could not be written: nothing is left behind.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  carryall trace export.json 'Larkspur Health'
  carryall trace export.json 0744c298-cf45-4a65-9094-2ba818dfccd0 --json | jq .totals
  carryall trace export.json 'Larkspur Health' --extract larkspur.json
  ssh host cat export.json | carryall trace - 'Larkspur Health'

An extract is an export file like any other: nothing about the account is in it, it names the export
that it was cut from, and it is not signed. It is cut only from a file that `carryall verify` finds
sound; that is checked first.")]
pub struct Trace {
    /// The export; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The workspace: its id, or its name (in any case, if that fits one only)
    #[arg(value_name = "WORKSPACE_ID_OR_NAME")]
    workspace: String,
    /// Print one JSON object instead of a tree for people
    #[arg(long)]
    json: bool,
    /// Also write an export file of this workspace alone; - is standard output, without the tree
    #[arg(long, value_name = "OUT")]
    extract: Option<PathBuf>,
    #[command(flatten)]
    opening: OpenArgs,
    #[command(flatten)]
    recipients: RecipientArgs,
    /// Encrypt the extract with the passphrase that is this file's only line
    #[arg(long, value_name = "FILE", requires = "extract", conflicts_with_all = ["recipient", "recipients_file"])]
    extract_passphrase_file: Option<PathBuf>,
}

type Tree = carryall_format::trace::Trace;

impl Trace {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match &self.extract {
            Some(out) => {
                // Checked on every core, then read twice: what the threads leave behind is used again.
                memory::keep_one_heap();
                self.cut_out(out)
            }
            None if self.recipients.is_given() => {
                bail!(
                    "only an extract is written, so only one can be encrypted: name it with --extract"
                )
            }
            None => self.look(),
        }
    }

    fn look(&self) -> anyhow::Result<ExitCode> {
        let given = self.opening.open(&self.file)?;
        let bar = bar(&given, "reading");
        let tree = trace(given.input, &self.workspace, &mut |at| bar.set_position(at));
        bar.finish_and_clear();
        let tree = tree.map_err(|error| self.failed(&error))?;
        self.print(&tree)?;
        if !tree.is_damaged() {
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!(
            "warning: {} is damaged, so something may be missing here\nhint: `carryall verify` says what is wrong with it",
            self.name()
        );
        Ok(ExitCode::from(DAMAGED))
    }

    fn cut_out(&self, out: &Path) -> anyhow::Result<ExitCode> {
        let is_stdout = out.as_os_str() == "-";
        if is_stdout && self.json {
            bail!("--json and `--extract -` would both write to standard output: name a file");
        }
        if is_stdout && std::io::stdout().is_terminal() {
            bail!(
                "a terminal is no place for an extract: name a file with --extract, or pipe it on"
            );
        }
        let lock = or_refuse(self.lock(), out)?;
        let given = self.opening.open(&self.file)?;
        if let Some(file) = &given.file {
            refuse_to_replace(file, out)?;
        }
        let was_encrypted = given.is_encrypted;
        let (file, bar) = self.original(given)?;
        let mut advanced = |at| bar.set_position(at);
        let sound = require_sound(&file, &mut advanced).map_err(|error| self.failed(&error))?;
        bar.set_message("reading");
        let whole = Input::File(file);
        let tree = trace::<std::io::Empty>(whole, &self.workspace, &mut advanced);
        let mut tree = tree.map_err(|error| self.failed(&error))?;
        bar.set_message("cutting");
        let written = if is_stdout {
            self.write(
                &sound,
                &mut tree,
                lock.as_ref(),
                destination::standard_output()?,
                &mut advanced,
            )?
        } else {
            destination::write_whole(out, "--extract", |to| {
                self.write(&sound, &mut tree, lock.as_ref(), to, &mut advanced)
            })?
        };
        bar.finish_and_clear();
        if !is_stdout {
            self.print(&tree)?;
        }
        report(out, &tree, &sound, &written);
        if was_encrypted && lock.is_none() {
            eprintln!("note: the export is encrypted, and this extract of it is not");
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What closes the extract, if anything does.
    fn lock(&self) -> Result<Option<Lock>, ProtectError> {
        let Some(path) = &self.extract_passphrase_file else {
            return self.recipients.lock();
        };
        let passphrase = Passphrase::in_file(path).and_then(Passphrase::strong)?;
        Lock::with_passphrase(&passphrase).map(Some)
    }

    fn write(
        &self,
        sound: &Sound,
        tree: &mut Tree,
        lock: Option<&Lock>,
        out: impl Write + Send + 'static,
        advanced: &mut dyn FnMut(u64),
    ) -> anyhow::Result<Written> {
        let now = Clock::system().now();
        let order = ExtractOrder {
            export_id: &Randomness::system().uuid(now).to_string(),
            created_at: &rfc3339(now),
            generator_version: env!("CARGO_PKG_VERSION"),
        };
        let Some(lock) = lock else {
            return extract(sound, tree, &order, out, advanced)
                .map_err(|error| self.failed(&error));
        };
        let (written, size_bytes, sha256) = write_encrypted(lock, out, |out| {
            extract(sound, tree, &order, out, advanced).map_err(|error| self.failed(&error))
        })?;
        Ok(Written {
            size_bytes,
            sha256,
            ..written
        })
    }

    fn print(&self, tree: &Tree) -> anyhow::Result<()> {
        printed(|out| {
            if self.json {
                json::print(out, &self.name(), tree)
            } else {
                text::print(out, tree)
            }
        })?;
        Ok(())
    }

    fn name(&self) -> String {
        given::name(&self.file)
    }

    /// An extract is cut in several looks, so a pipe is kept in a file without a name.
    fn original(&self, given: Given) -> anyhow::Result<(Original, ProgressBar)> {
        let bar = bar(&given, "checking");
        let mut pipe = match given.input {
            Input::File(file) => return Ok((file, bar)),
            Input::Stream(_) if given.is_encrypted => bail!(
                "{} is encrypted, and an extract is cut in several looks: what a pipe brings would have to be kept in clear\nhint: name the encrypted file itself",
                self.name()
            ),
            Input::Stream(pipe) => pipe,
        };
        let kept = tempfile::tempfile().and_then(|mut file| {
            bar.set_length(std::io::copy(&mut pipe, &mut file)?);
            Ok(file)
        });
        let kept = kept.with_context(|| {
            format!(
                "{} cannot be kept in the folder for temporary files",
                self.name()
            )
        })?;
        Ok((kept.into(), bar))
    }

    fn failed(&self, error: &TraceError) -> anyhow::Error {
        let mut hint = error.hint().map(str::to_owned);
        if let TraceError::NoSuchWorkspace { known, others, .. }
        | TraceError::SeveralWorkspaces { known, others, .. } = error
        {
            hint = hint.map(|hint| format!("{hint}{}", list(known, *others)));
        }
        let text = with_hint(error, hint).to_string();
        let lines: Vec<String> = text.lines().map(plain).collect();
        anyhow!("{}: {}", self.name(), lines.join("\n"))
    }
}

fn bar(given: &Given, message: &'static str) -> ProgressBar {
    let bar = progress::bar();
    bar.set_message(message);
    if let Some(size_bytes) = given.size_bytes {
        bar.set_length(size_bytes);
    }
    bar
}

/// The extract would take the place of the only copy of everything else.
fn refuse_to_replace(original: &File, out: &Path) -> anyhow::Result<()> {
    let (original, there) = (original.metadata()?, std::fs::metadata(out));
    if there.is_ok_and(|there| (there.dev(), there.ino()) == (original.dev(), original.ino())) {
        bail!(
            "{} is the export itself: name another file after `--extract`",
            out.display()
        );
    }
    Ok(())
}

/// Workspaces, one a line.
fn list(known: &[WorkspaceName], others: usize) -> String {
    let line = |one: &WorkspaceName| {
        let name = one
            .name
            .as_deref()
            .map_or_else(|| "(no name)".to_owned(), plain);
        format!("\n  {}  {name}", plain(&one.id))
    };
    let mut lines: Vec<String> = known.iter().map(line).collect();
    if others > 0 {
        lines.push(format!("\n  and {} more", words::count(others as u64)));
    }
    lines.concat()
}

/// What was written, and what it is.
fn report(out: &Path, tree: &Tree, sound: &Sound, written: &Written) {
    let records = written.counts.iter();
    let records = records.filter(|(section, _)| **section != Section::FileContents);
    let records: u64 = records.map(|(_, count)| count).sum();
    eprintln!(
        "{}: {}, {}, SHA-256 {}",
        out.display(),
        words::count_of(records, "record", "records"),
        words::size(written.size_bytes),
        carryall_format::write::hex(&written.sha256)
    );
    let original = plain(tree.export.id.as_deref().unwrap_or("?"));
    eprintln!("an extract of one workspace, cut from the export {original}; not signed");
    if sound.is_rewritten {
        eprintln!(
            "note: another program wrote that export again, so its digest could not be checked; the extract names the digest that it states"
        );
    }
}
