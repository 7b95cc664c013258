//! `carryall keys`: the public keys that exports are checked with, and a new key to sign with.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use super::ledger::unopened;
use super::origin::with_hint;
use super::printed::printed;
use crate::clock::Clock;
use crate::keys::{self, KeysError, read_signing_key};
use crate::ledger::Ledger;
use crate::random::Randomness;

/// Where the ledger is, when no flag says so.
pub const DEFAULT_LEDGER: &str = "sqlite:./carryall.db";

/// Print the public keys that exports are checked with, or make a new key to sign with
///
/// Prints what `carryall serve` with the same flags serves at /.well-known/carryall-keys.json. Exit code
/// 0: printed; 2: there are no keys, or they cannot be used.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  carryall keys --ledger sqlite:/var/lib/carryall/ledger.db
  carryall keys rotate --keys /var/lib/carryall/carryall-keys
  carryall keys --pem > keys.pem")]
pub struct Keys {
    /// What to do
    #[arg(value_enum, default_value = "print")]
    action: Action,
    /// Print them in PEM form, as openssl reads them, the one that signs now first
    #[arg(long)]
    pem: bool,
    /// Carryall's own records; the folder of keys is beside them
    #[arg(long, value_name = "ADDRESS", env = "CARRYALL_LEDGER", default_value = DEFAULT_LEDGER)]
    ledger: String,
    #[command(flatten)]
    flags: KeyArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Action {
    /// Print the public keys
    Print,
    /// Make a new key to sign with, then print; the old one's private half is removed, and what it signed
    /// can still be checked
    Rotate,
}

/// The flags that say which key signs.
#[derive(Debug, Clone, clap::Args)]
pub struct KeyArgs {
    /// The folder with the key that signs exports and the list of public keys; made at the first start
    /// [default: carryall-keys beside the ledger]
    #[arg(long = "keys", value_name = "DIR", env = "CARRYALL_KEYS")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    signing_key: SigningKeyArg,
}

/// The flag that gives the key itself.
#[derive(Debug, Clone, clap::Args)]
pub struct SigningKeyArg {
    /// A private key to sign with, as `openssl genpkey -algorithm ed25519` makes it
    #[arg(long, value_name = "FILE", env = "CARRYALL_SIGNING_KEY_FILE")]
    pub signing_key: Option<PathBuf>,
}

impl KeyArgs {
    /// The keys that these flags mean.
    pub fn keys(&self, ledger: &str) -> anyhow::Result<keys::Keys> {
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => Ledger::file(ledger)
                .map_err(unopened)?
                .map(keys::folder_beside)
                .context("`--keys` says where the folder of keys is\nhint: beside a ledger in PostgreSQL there is none: every node needs the same one")?,
        };
        let given = self.signing_key.read()?;
        let (clock, random) = (Clock::system(), Randomness::system());
        Ok(keys::Keys::new(folder, given, clock, random))
    }
}

impl SigningKeyArg {
    /// The key, if one is given.
    pub fn read(&self) -> anyhow::Result<Option<carryall_format::sign::SigningKey>> {
        let read = self.signing_key.as_deref().map(read_signing_key);
        read.transpose().map_err(advised)
    }
}

impl Keys {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut keys = self.flags.keys(&self.ledger)?;
        if self.action == Action::Rotate {
            keys.rotate().map_err(advised)?;
        }
        let known = keys.known().map_err(advised)?;
        let text = if self.pem {
            known.to_pem()
        } else {
            known.to_json()
        };
        printed(|out| out.write_all(text.as_bytes()))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The error with its advice.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
pub fn advised(error: KeysError) -> anyhow::Error {
    with_hint(&error, error.hint())
}
