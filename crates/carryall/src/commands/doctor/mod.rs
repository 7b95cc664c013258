//! `carryall doctor`: whether everything that a node needs is as it should be, and what to do where it is not.
//!
//! Promises: nothing is made or changed but one probe among the finished exports, which goes again; no finding
//! shows a secret or a value of anybody's.

mod finding;
mod place;
mod records;
mod site;
mod source;

use std::process::ExitCode;

use super::printed::printed;
use super::serve::Serve;
use finding::Verdict;

/// Check what a node needs with these flags, and say what to fix
///
/// Takes the flags and the environment of `carryall serve`: data map, database and its rights, files, ledger
/// and clocks, keys and secrets, the place of finished exports (a probe is written, read and removed), the
/// public address and the proxy before it. Exit code 0: a node can run, advice may be printed; 1: something
/// has to be fixed; 2: the flags cannot be read.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  carryall doctor --source sqlite:/srv/product/app.db --files /srv/product/files
  set -a; . /etc/carryall/carryall.env; carryall doctor --json | jq '.findings[] | select(.verdict == \"fix\")'")]
pub struct Doctor {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    node: Serve,
}

impl Doctor {
    pub fn run(mut self) -> anyhow::Result<ExitCode> {
        self.node.prepare_for_a_look()?;
        let node = &self.node;
        let mut findings = source::look(node);
        findings.extend(records::look(node));
        findings.extend(place::look(node));
        findings.extend(site::look(node)?);
        let text = if self.json {
            finding::as_json(&findings)?
        } else {
            finding::as_text(&findings)
        };
        printed(|out| out.write_all(text.as_bytes()))?;
        let is_well = findings.iter().all(|found| found.verdict != Verdict::Fix);
        Ok(if is_well {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
