//! `carryall convert`: an export as files that other programs read, and the other way round.

mod from;

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use carryall_format::trace::{Sound, require_sound};
use carryall_format::verify::Input;
use indicatif::ProgressBar;

use self::from::FromArgs;
use super::given::{self, OpenArgs};
use super::{destination, progress};
use crate::convert::{self, Format, Losses};

/// Converted, but not all of it, and the documentation does not say so.
const LOST: u8 = 1;

/// Turn an export into other formats, or another product's into an export
///
/// With `--to`: only a sound export is converted: it is checked first, as `carryall verify` does. What was read, what
/// was written and what had no place is printed, kind by kind; docs/CONVERT.md lists what each format
/// loses. With `--from`: what another product handed out becomes a file that `verify`, `trace` and `view` take;
/// what it is, is told from what stands in it. Nothing leaves this computer.
///
/// Exit code 0: done; 1: done, but something was lost that the documentation of the format does not list;
/// 2: not done, nothing is left behind; 3: with `--from`, done, with gaps that the file lists.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  carryall convert export.json --to markdown --out notes
  carryall convert export.json --to csv --out tables
  carryall convert export.json --to jsonl --out - | jq 'select(.part == \"threads\")'
  carryall convert takeout.zip --from chatgpt --out history.json")]
pub struct Convert {
    /// The export; with `--from`, the zip, folder or JSON file of another product
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    opening: OpenArgs,
    /// What to make of it
    #[arg(long, value_name = "FORMAT", value_enum)]
    to: Option<Format>,
    #[command(flatten)]
    from: FromArgs,
    /// Where to write it: a file, or a folder that is not there yet; - is standard output, for one file
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// Refuse a conversion that loses anything, listed or not
    #[arg(long)]
    strict: bool,
}

impl Convert {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(vendor) = self.from.from {
            return self.from.run(vendor, &self.file, &self.out);
        }
        let given = self.opening.open(&self.file)?;
        let itself = given.file;
        let Input::File(original) = given.input else {
            bail!(
                "{} is not a file\nhint: an export is read several times to convert it; save it as a file first",
                given::name(&self.file)
            );
        };
        if let Some(file) = &itself {
            self.refuse_to_replace(file)?;
        }
        let bar = progress::bar();
        bar.set_length(given.size_bytes.unwrap_or_default());
        bar.set_message("checking");
        let sound = require_sound(&original, &mut |at| bar.set_position(at))
            .map_err(|error| self.unsound(&error))?;
        bar.set_message("converting");
        let losses = self.convert(&sound, &bar)?;
        bar.finish_and_clear();
        Ok(self.report(&losses))
    }

    fn format(&self) -> Format {
        self.to
            .expect("the flags ask for --to where there is no --from")
    }

    fn unsound(&self, error: &carryall_format::trace::TraceError) -> anyhow::Error {
        anyhow!(
            "{} cannot be converted: {error}\nhint: `carryall verify {}` says what is wrong with it",
            self.file.display(),
            self.file.display()
        )
    }

    fn convert(&self, file: &Sound, bar: &ProgressBar) -> anyhow::Result<Losses> {
        let mut advanced = |at| bar.set_position(at);
        if self.format().is_folder() {
            return self.write_folder(file, &mut advanced);
        }
        if self.format() == Format::Sqlite {
            return self.write_database(file, &mut advanced);
        }
        let mut write = |out: File| {
            let losses = convert::to_file(file, self.format(), out, &mut advanced)?;
            self.refuse_losses(&losses)?;
            Ok(losses)
        };
        if self.out.as_os_str() == "-" {
            return write(destination::standard_output()?);
        }
        destination::write_whole(&self.out, "--out", write)
    }

    /// A folder has its name when all of it is there.
    fn write_folder(&self, file: &Sound, advanced: &mut dyn FnMut(u64)) -> anyhow::Result<Losses> {
        let hidden = self.beside(".carryall-convert-")?;
        let losses = convert::to_folder(file, self.format(), hidden.path(), advanced)?;
        self.refuse_losses(&losses)?;
        // rename(2) replaces an empty folder and nothing else, so nothing is ever written over.
        fs::rename(hidden.path(), &self.out).with_context(|| self.taken())?;
        Ok(losses)
    }

    fn write_database(
        &self,
        file: &Sound,
        advanced: &mut dyn FnMut(u64),
    ) -> anyhow::Result<Losses> {
        let hidden = self.beside(".carryall-convert-")?;
        let path = hidden.path().join("export.db");
        let losses = convert::to_database(file, &path, advanced)?;
        self.refuse_losses(&losses)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        fs::rename(&path, &self.out).with_context(|| self.taken())?;
        Ok(losses)
    }

    /// A folder of ours beside the destination, which goes away with this value.
    fn beside(&self, prefix: &str) -> anyhow::Result<tempfile::TempDir> {
        if self.out.exists() {
            bail!("{}", self.taken());
        }
        let parent = match self.out.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        tempfile::Builder::new()
            .prefix(prefix)
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(|error| {
                anyhow!(
                    "{} cannot be written: {error}\nhint: name a place after `--out`, in a folder that exists and that this account can write",
                    self.out.display()
                )
            })
    }

    /// What it is made from would be gone.
    fn refuse_to_replace(&self, file: &File) -> anyhow::Result<()> {
        use std::os::unix::fs::MetadataExt;
        let (original, there) = (file.metadata()?, fs::metadata(&self.out));
        if there.is_ok_and(|there| (there.dev(), there.ino()) == (original.dev(), original.ino())) {
            bail!("`--out` names the export itself\nhint: name another file");
        }
        Ok(())
    }

    fn taken(&self) -> String {
        format!(
            "{} cannot be written: there is something already\nhint: name another place after `--out`",
            self.out.display()
        )
    }

    fn refuse_losses(&self, losses: &Losses) -> anyhow::Result<()> {
        let kinds: Vec<_> = losses.kinds().into_keys().collect();
        if !self.strict || kinds.is_empty() {
            return Ok(());
        }
        bail!(
            "with `--strict`, nothing may be lost, and `{}` has no place for: {}\nhint: `html`, `markdown`, `csv`, `sqlite` and `jsonl` keep everything",
            self.format().name(),
            kinds.join(", ")
        )
    }

    fn report(&self, losses: &Losses) -> ExitCode {
        eprintln!("{:<20} {:>9} {:>9} {:>9}", "", "read", "written", "lost");
        for (section, (read, written)) in &losses.records {
            let lost = losses.lost_records(*section);
            eprintln!("{:<20} {read:>9} {written:>9} {lost:>9}", section.name());
        }
        let mut fields = losses.kinds();
        fields.retain(|kind, _| kind.contains('.'));
        if !fields.is_empty() {
            eprintln!("\nWithout a place in this format, in records that were written:");
            for (kind, count) in fields {
                eprintln!("  {kind:<42} {count:>9}");
            }
        }
        let unlisted = losses.unlisted(self.format().name());
        if unlisted.is_empty() {
            return ExitCode::SUCCESS;
        }
        eprintln!(
            "\nwarning: lost, and not listed in docs/CONVERT.md for `{}`: {}",
            self.format().name(),
            unlisted.join(", ")
        );
        ExitCode::from(LOST)
    }
}
