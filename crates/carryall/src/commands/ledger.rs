//! The flags that open the ledger, besides its address.

use std::path::PathBuf;

use anyhow::anyhow;

use super::origin::with_hint;
use crate::ledger::{Ledger, LedgerError};

/// The password of the ledger's server, which stands in no process list.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct LedgerPassword {
    /// A file with the password for --ledger, when it is in PostgreSQL and the address has none
    #[arg(
        long,
        value_name = "FILE",
        env = "CARRYALL_LEDGER_PASSWORD_FILE",
        global = true
    )]
    ledger_password_file: Option<PathBuf>,
}

impl LedgerPassword {
    /// The file.
    pub fn secret_file(&self) -> Option<&PathBuf> {
        self.ledger_password_file.as_ref()
    }

    /// Opens the ledger at this address.
    pub fn open(&self, address: &str) -> anyhow::Result<Ledger> {
        let password = self.read()?;
        Ledger::open_with(address, password.as_deref()).map_err(unopened)
    }

    /// Reads it; a line feed at its end is none of it.
    pub fn read(&self) -> anyhow::Result<Option<String>> {
        let Some(path) = &self.ledger_password_file else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            let path = path.display();
            anyhow!("the password file {path} cannot be read: {error}\nhint: check the path after `--ledger-password-file`")
        })?;
        Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

/// The error with its advice.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
pub fn unopened(error: LedgerError) -> anyhow::Error {
    with_hint(&error, error.hint().map(str::to_owned))
}
