//! Carryall beside its peers, in the same run.
//!
//! Promises: rounds are interleaved, so that a machine that slows down slows everybody; every figure
//! is a median; the table says where the bytes went and who hashed them; exit code 1 means that a
//! figure missed its goal.

mod contest;
mod converting;
mod from_postgres;
mod goals;
mod measure;
mod race;
mod reading;
mod report;
mod server;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};

use crate::contest::{Contest, Part};
use crate::from_postgres::Serving;
use crate::server::Server;

/// Ten formats take their time.
const ROUNDS_OF_FORMATS: usize = 3;

/// Measures the export of a big account beside the sqlite3 shell, sqlx, rusqlite and psql.
#[derive(Debug, Parser)]
struct Arguments {
    /// The built program.
    #[arg(long, value_name = "FILE")]
    carryall: PathBuf,
    /// Folder with the demo's database and files; made by `carryall demo` if it is not there.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Messages of the account, when the data is made.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// Bytes of its files, when the data is made.
    #[arg(long, default_value_t = 1_000_000_000)]
    file_bytes: u64,
    /// How often each takes its turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Where everybody writes.
    #[arg(long, value_name = "FILE", default_value = "/dev/null")]
    sink: PathBuf,
    /// Only see that everything runs and stays within memory: for an account too small, or a machine
    /// too busy, for goals of time.
    #[arg(long)]
    smoke: bool,
    /// Only one of the contests.
    #[arg(long, value_name = "CONTEST")]
    only: Option<Only>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    /// Exports from PostgreSQL.
    Postgres,
    /// Exports from SQLite.
    Sqlite,
    /// What reads an export: `verify` and `convert`.
    Files,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    make_data(&arguments)?;
    let contest = Contest::open(&arguments.carryall, &arguments.data, &arguments.sink)?;
    println!(
        "{}",
        report::preface(&contest, &arguments.sink, arguments.rounds)
    );

    let runs = |one| arguments.only.is_none_or(|only| only == one);
    let mut misses = Vec::new();
    if runs(Only::Postgres) {
        misses.extend(from_postgres(&arguments, &contest)?);
    }
    if runs(Only::Sqlite) {
        misses.extend(from_sqlite(&arguments, &contest)?);
    }
    if runs(Only::Files) {
        misses.extend(from_a_file(&arguments, &contest)?);
    }
    for miss in &misses {
        println!("MISSED: {miss}");
    }
    Ok(if misses.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The goals that were missed; so do the others.
fn from_postgres(arguments: &Arguments, contest: &Contest) -> Result<Vec<String>> {
    let data = std::path::absolute(&arguments.data)?;
    let server = Server::start(&data.join("postgres"), &database(&data))?;
    let serving = Serving::new(&server, &arguments.carryall, &data, &contest.subject);
    let standings = serving.run(&arguments.sink, arguments.rounds)?;
    println!("{}", standings.table());
    Ok(standings.misses(arguments.smoke))
}

fn from_sqlite(arguments: &Arguments, contest: &Contest) -> Result<Vec<String>> {
    let mut misses = Vec::new();
    for part in [Part::Text, Part::WithFiles] {
        let standings = contest.run(part, arguments.rounds)?;
        println!("{}", report::table(part, &standings));
        misses.extend(goals::misses(part, &standings, arguments.smoke));
    }
    let first_record = contest.first_record(arguments.rounds)?;
    println!(
        "First record after {:.1} ms.\n",
        first_record.as_secs_f64() * 1e3
    );
    misses.extend(goals::late(first_record, arguments.smoke));
    Ok(misses)
}

fn from_a_file(arguments: &Arguments, contest: &Contest) -> Result<Vec<String>> {
    let mut misses = Vec::new();
    for (part, name) in [(Part::Text, "text.json"), (Part::WithFiles, "full.json")] {
        let export = reading::export(contest.export(part), arguments.data.join(name))?;
        let reading = reading::run(
            &arguments.carryall,
            &export,
            part,
            &arguments.sink,
            arguments.rounds,
        )?;
        println!("{}", reading.table());
        misses.extend(reading.misses(arguments.smoke));
        if part == Part::Text {
            let (program, rounds) = (&arguments.carryall, arguments.rounds.min(ROUNDS_OF_FORMATS));
            let converting = converting::run(program, &export, &arguments.data, rounds)?;
            println!("{}", converting.table());
            misses.extend(converting.misses(arguments.smoke));
        }
    }
    Ok(misses)
}

fn make_data(arguments: &Arguments) -> Result<()> {
    if database(&arguments.data).exists() {
        return Ok(());
    }
    let made = Command::new(&arguments.carryall)
        .args(["demo", "--dir"])
        .arg(&arguments.data)
        .args(["--messages", &arguments.messages.to_string()])
        .args(["--file-bytes", &arguments.file_bytes.to_string()])
        .status()
        .with_context(|| format!("start {}", arguments.carryall.display()))?;
    ensure!(made.success(), "`carryall demo` failed: {made}");
    Ok(())
}

fn database(data: &Path) -> PathBuf {
    data.join("isms-copilot.db")
}
