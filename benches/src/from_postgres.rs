//! Reading a big account from PostgreSQL, beside those who only read it and those who write less.
//!
//! Server and client share the machine, so what the server does counts for everybody. All of them read the same
//! columns of the same rows by the same SQL: thread by thread, through the product's indexes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use carryall_benches::{message_columns, messages_by_thread_sql};

use crate::measure;
use crate::race::{Entrant, Race};
use crate::server::Server;

/// Exit codes of a whole export, and of one that was delivered with gaps.
const DELIVERED: [i32; 2] = [0, 3];
/// Peak memory of an export of any size.
const PEAK_RSS_BYTES: u64 = 64 << 20;

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// The product on one connection.
    One,
    /// The product on two.
    Two,
    /// sqlx as it comes, typed rows as a stream, `serde_json`.
    Sqlx,
    /// What a server can send at most: binary, and nobody writes JSON.
    Binary,
    /// JSON that the server writes.
    Json,
}

const READERS: [Reader; 5] = [
    Reader::One,
    Reader::Two,
    Reader::Sqlx,
    Reader::Binary,
    Reader::Json,
];
/// How many times as fast as a peer an export has to be.
const GOALS: [(Reader, Reader, f64); 4] = [
    (Reader::One, Reader::Sqlx, 1.15),
    (Reader::Two, Reader::Sqlx, 1.6),
    (Reader::Two, Reader::Binary, 1.4),
    (Reader::Two, Reader::Json, 4.0),
];

impl Entrant for Reader {
    fn title(self) -> &'static str {
        match self {
            Reader::One => "**carryall export**, one connection",
            Reader::Two => "**carryall export**, two connections",
            Reader::Sqlx => "sqlx stream + serde_json",
            Reader::Binary => "psql, `COPY … (FORMAT binary)`",
            Reader::Json => "psql, `COPY (SELECT row_to_json …)`",
        }
    }
}

/// The account, the server and the programs.
pub struct Serving<'c> {
    server: &'c Server,
    carryall: PathBuf,
    files: PathBuf,
    subject: String,
}

/// What everybody reached.
#[derive(Debug)]
pub struct Standings {
    version: String,
    bytes: Vec<(Reader, u64)>,
    race: Race<Reader>,
}

impl<'c> Serving<'c> {
    /// The biggest account, `subject`, of the demo in `data`.
    pub fn new(server: &'c Server, carryall: &Path, data: &Path, subject: &str) -> Self {
        Serving {
            server,
            carryall: carryall.to_owned(),
            files: data.join("files"),
            subject: subject.to_owned(),
        }
    }

    /// Lets everybody take their turn in each round.
    pub fn run(&self, sink: &Path, rounds: usize) -> Result<Standings> {
        let mut bytes = Vec::new();
        for reader in READERS {
            let mut command = self.command(reader)?;
            bytes.push((reader, measure::count_bytes(&mut command, &DELIVERED)?));
        }
        let mut race = Race::of(READERS, [Reader::One, Reader::Two]);
        for _ in 0..rounds {
            for (reader, runs) in &mut race.runs {
                runs.push(measure::run(&mut self.command(*reader)?, sink, &DELIVERED)?);
            }
        }
        Ok(Standings {
            version: self.server.version()?,
            bytes,
            race,
        })
    }

    fn command(&self, reader: Reader) -> Result<Command> {
        let literal = format!("'{}'", self.subject.replace('\'', "''"));
        let select = |columns: &str| messages_by_thread_sql(columns, &literal);
        Ok(match reader {
            Reader::One => self.export("1"),
            Reader::Two => self.export("2"),
            Reader::Sqlx => {
                let beside = std::env::current_exe()?.with_file_name("peer-sqlx-postgres");
                let mut command = Command::new(beside);
                command.arg(self.server.address()).arg(&self.subject);
                command
            }
            Reader::Binary => self.copy(&format!(
                "COPY ({}) TO STDOUT (FORMAT binary)",
                select(&message_columns())
            )),
            Reader::Json => {
                let rows = select(&message_columns());
                self.copy(&format!(
                    "COPY (SELECT row_to_json(r) FROM ({rows}) AS r) TO STDOUT"
                ))
            }
        })
    }

    fn copy(&self, sql: &str) -> Command {
        let mut command = self.server.psql();
        command.args(["-c", sql]);
        command
    }

    fn export(&self, connections: &str) -> Command {
        let mut command = Command::new(&self.carryall);
        command
            .args(["export", "--product", "isms-copilot", "--out", "-"])
            .args(["--without-file-contents", "--connections", connections])
            .args(["--subject", &self.subject, "--source"])
            .arg(self.server.address())
            .arg("--files")
            .arg(&self.files);
        command
    }
}

impl Standings {
    /// As Markdown.
    pub fn table(&self) -> String {
        let written = |reader| {
            let found = self.bytes.iter().find(|(of, _)| *of == reader);
            found.map_or(0, |(_, bytes)| *bytes)
        };
        format!(
            "### From PostgreSQL\n\nServer {} on a socket of the same machine. CPU s are the client's; MB/s of what it \
             wrote.\n\n\
             | what | wall s [min-max] | CPU s | MB/s | peak RSS MiB | one connection is | two are |\n\
             |---|---|---|---|---|---|---|\n{}",
            self.version,
            self.race.rows(written)
        )
    }

    /// Goals that were missed.
    pub fn misses(&self, smoke: bool) -> Vec<String> {
        self.race
            .misses(&GOALS, PEAK_RSS_BYTES, "from PostgreSQL", smoke)
    }
}
