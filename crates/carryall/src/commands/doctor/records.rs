//! Carryall's own: the ledger and its clock, the keys that sign, the secrets in files.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use super::finding::Finding;
use crate::clock::Clock;
use crate::commands::keys::{DEFAULT_LEDGER, advised};
use crate::commands::ledger::unopened;
use crate::commands::serve::Serve;
use crate::keys::{self, KeysError};
use crate::ledger::{Examined, Tables, examine};

const LEDGER: &str = "ledger";
const CLOCK: &str = "clock";
const KEYS: &str = "keys";
const SECRETS: &str = "secrets";

/// Clocks that differ more are worth a word.
const NOTICEABLE: SignedDuration = SignedDuration::from_millis(500);
/// A lease lasts ten seconds and is renewed three times a second: what is left has to cover a slow ledger.
const TOO_MUCH: SignedDuration = SignedDuration::from_secs(4);

/// Looks at all of them.
pub fn look(node: &Serve) -> Vec<Finding> {
    let address = node.ledger.as_deref().unwrap_or(DEFAULT_LEDGER);
    let mut findings = of_ledger(node, address);
    findings.push(match of_keys(node, address) {
        Ok(finding) => finding,
        Err(error) => Finding::failed(KEYS, &error),
    });
    findings.extend(of_secrets(node));
    findings
}

fn of_ledger(node: &Serve, address: &str) -> Vec<Finding> {
    let password = match node.ledger_password.read() {
        Ok(password) => password,
        Err(error) => return vec![Finding::failed(LEDGER, &error)],
    };
    match examine(address, password.as_deref(), &Clock::system()) {
        Ok(examined) => vec![of_tables(&examined), of_clock(&examined)],
        Err(error) => vec![Finding::failed(LEDGER, &unopened(error))],
    }
}

fn of_tables(examined: &Examined) -> Finding {
    const GRANT: &str = "let the role, or the account of this program, make tables: in PostgreSQL GRANT CREATE ON SCHEMA … TO …, for SQLite write access to the folder";
    match examined.tables {
        Tables::UpToDate => Finding::ok(LEDGER, "answers, and its tables are up to date"),
        Tables::Newer => Finding::fix(
            LEDGER,
            "its tables were made by a newer version of this program",
            "run that version; there is no way back but the backup from before the upgrade",
        ),
        Tables::None { can_be_made: true } => {
            Finding::ok(LEDGER, "answers; its tables are made at the first start")
        }
        Tables::Older { can_be_made: true } => Finding::advice(
            LEDGER,
            "answers; its tables are brought up to date at the next start",
            "back it up first: older versions cannot use it after that",
        ),
        Tables::None { can_be_made: false } | Tables::Older { can_be_made: false } => {
            Finding::fix(LEDGER, "its tables have to be made, and may not be", GRANT)
        }
    }
}

fn of_clock(examined: &Examined) -> Finding {
    let Some(skew) = examined.skew else {
        return Finding::ok(
            CLOCK,
            "the ledger is on this computer, and has the same one",
        );
    };
    let found = format!("the ledger's server is {:.2} s off", skew.as_secs_f64());
    let fix = "run an NTP client on every node and on the server: leases, sessions and limits compare their clocks";
    match skew.abs() {
        off if off > TOO_MUCH => Finding::fix(CLOCK, found, fix),
        off if off > NOTICEABLE => Finding::advice(CLOCK, found, fix),
        _ => Finding::ok(CLOCK, found),
    }
}

fn of_keys(node: &Serve, address: &str) -> anyhow::Result<Finding> {
    let keys = node.keys.keys(address)?;
    Ok(match keys.signing_key() {
        Ok(key) => {
            let id = key.public_key().id();
            Finding::ok(
                KEYS,
                format!("{id} signs exports, and nobody else can read it"),
            )
        }
        Err(KeysError::NoSigningKey { folder }) => Finding::advice(
            KEYS,
            format!(
                "there is none in {} yet; the first start makes one",
                folder.display()
            ),
            "keep a copy of the folder from then on, and let every node have the same one",
        ),
        Err(error) => Finding::failed(KEYS, &advised(error)),
    })
}

/// Files with passwords and keys of others.
fn of_secrets(node: &Serve) -> Vec<Finding> {
    let files: Vec<PathBuf> = node.secret_files().cloned().collect();
    let mut findings: Vec<_> = files.iter().filter_map(|path| of_secret(path)).collect();
    if findings.is_empty() && !files.is_empty() {
        let found = format!("{} files, which nobody else can read", files.len());
        findings.push(Finding::ok(SECRETS, found));
    }
    findings
}

fn of_secret(path: &Path) -> Option<Finding> {
    let shown = path.display();
    match keys::open_to_others(path) {
        Ok(None) => None,
        Ok(Some(mode)) => Some(Finding::fix(
            SECRETS,
            format!("{shown}: other users may read it (mode {mode:04o})"),
            &format!("chmod 600 {shown}"),
        )),
        Err(error) => Some(Finding::fix(
            SECRETS,
            format!("{shown} cannot be read: {error}"),
            "check the path after the flag, and that this account may read it",
        )),
    }
}
