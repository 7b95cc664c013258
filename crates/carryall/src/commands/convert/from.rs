//! `carryall convert --from`: the export of another product becomes a Carryall file.

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{anyhow, bail};
use carryall_format::section::Section;
use carryall_format::write::Written;

use crate::clock::Clock;
use crate::commands::destination;
use crate::commands::plain::plain;
use crate::convert::from::{FromError, NewFile, Vendor, from};
use crate::random::Randomness;
use crate::web::words;
use carryall_source::export::rfc3339;

/// Taken over, but not all of it as it was.
const WITH_GAPS: u8 = 3;
/// How many gaps are shown; all of them stand in the file.
const SHOWN: usize = 20;

/// The other way round.
#[derive(Debug, clap::Args)]
pub struct FromArgs {
    /// Make a Carryall file of an export of this product: a zip, a folder or a JSON file
    #[arg(long, value_name = "PRODUCT", value_enum, required_unless_present = "to", conflicts_with_all = ["to", "strict", "identity", "passphrase_file"])]
    pub from: Option<Vendor>,
    /// Whose conversations, where the export has those of several people: an id, an address or a name
    #[arg(long, value_name = "WHO", requires = "from")]
    pub person: Option<String>,
}

impl FromArgs {
    /// Converts, says what became of it, and answers with the exit code.
    pub fn run(self, vendor: Vendor, file: &Path, out: &Path) -> anyhow::Result<ExitCode> {
        if out.as_os_str() == "-" {
            bail!(
                "the new file is written before it is known to be whole\nhint: name a file after `--out`"
            );
        }
        refuse_to_replace(file, out)?;
        let now = Clock::system().now();
        let order = NewFile {
            export_id: &Randomness::system().uuid(now).to_string(),
            now: &rfc3339(now),
            generator_version: env!("CARGO_PKG_VERSION"),
        };
        let written = destination::write_whole(out, "--out", |new| {
            from(file, vendor, self.person, &order, new).map_err(|error| failed(file, &error))
        })?;
        Ok(report(out, &written))
    }
}

fn failed(file: &Path, error: &FromError) -> anyhow::Error {
    let hint = error.hint().map(|hint| format!("\nhint: {hint}"));
    let text = format!("{}: {error}{}", file.display(), hint.unwrap_or_default());
    let lines: Vec<_> = text.lines().map(plain).collect();
    anyhow!("{}", lines.join("\n"))
}

/// What it is made from would be gone.
fn refuse_to_replace(file: &Path, out: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let (Ok(original), Ok(there)) = (
        File::open(file).and_then(|file| file.metadata()),
        std::fs::metadata(out),
    ) else {
        return Ok(());
    };
    if (there.dev(), there.ino()) == (original.dev(), original.ino()) {
        bail!("`--out` names the export itself\nhint: name another file");
    }
    Ok(())
}

fn report(out: &Path, written: &Written) -> ExitCode {
    for (section, count) in &written.counts {
        if *count > 0 && *section != Section::FileContents {
            eprintln!("{:<20} {count:>9}", section.name());
        }
    }
    eprintln!(
        "\n{}: {}, SHA-256 {}; not signed",
        out.display(),
        words::size(written.size_bytes),
        carryall_format::write::hex(&written.sha256)
    );
    for one in &written.left_out {
        eprintln!("left out: {} of `{}`: {}", one.count, one.section, one.what);
    }
    if written.gap_count == 0 {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "{} gaps, all listed in the file under `gaps`:",
        written.gap_count
    );
    for gap in written.gaps.iter().take(SHOWN) {
        let place = [gap.id.as_deref(), gap.field.as_deref()];
        let place: Vec<_> = place.into_iter().flatten().map(plain).collect();
        let (code, section) = (gap.code.name(), gap.section.name());
        eprintln!(
            "  {code} in {section} {}: {}",
            place.join(", "),
            plain(&gap.reason)
        );
    }
    ExitCode::from(WITH_GAPS)
}
