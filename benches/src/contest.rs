//! Who takes part, and the rounds.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use carryall_benches::{MESSAGE_COLUMNS, messages_sql};
use rusqlite::{Connection, OpenFlags};

use crate::database;
use crate::measure::{self, Run};

/// Exit codes of a whole export, and of one that was delivered with gaps.
const DELIVERED: [i32; 2] = [0, 3];

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything but the bytes of files.
    Text,
    /// Everything.
    WithFiles,
}

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contestant {
    /// The product.
    Carryall,
    /// `SELECT json_object(…)` in the sqlite3 shell.
    Shell,
    /// sqlx as it comes, typed rows as a stream, `serde_json`.
    Sqlx,
    /// The same with a bigger buffer between its threads, which few know of.
    SqlxTuned,
    /// rusqlite, typed rows as a stream, `serde_json`.
    Rusqlite,
    /// Reading the rows and nothing else.
    Floor,
}

impl Contestant {
    /// In words, for the table.
    pub fn title(self) -> &'static str {
        match self {
            Contestant::Carryall => "**carryall export**",
            Contestant::Shell => "sqlite3 shell, `json_object` rows",
            Contestant::Sqlx => "sqlx stream + serde_json",
            Contestant::SqlxTuned => "sqlx stream + serde_json, row buffer 1,000",
            Contestant::Rusqlite => "rusqlite row stream + serde_json",
            Contestant::Floor => "floor: rows read, nothing written",
        }
    }
}

/// What somebody reached.
#[derive(Debug)]
pub struct Standing {
    /// Who.
    pub contestant: Contestant,
    /// What was written, by a run of its own.
    pub bytes: u64,
    /// One for each round.
    pub runs: Vec<Run>,
}

/// The account, and the programs.
pub struct Contest {
    carryall: PathBuf,
    data: PathBuf,
    sink: PathBuf,
    /// Its key.
    pub subject: String,
    /// How many messages the account has.
    pub messages: i64,
    /// Which sqlite3 shell this is.
    pub shell_version: String,
}

impl Contest {
    /// Finds the biggest account.
    pub fn open(carryall: &Path, data: &Path, sink: &Path) -> Result<Self> {
        let path = database(data);
        let product = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .with_context(|| format!("open {}", path.display()))?;
        let sql = "SELECT t.user_id, count(*) FROM threads AS t JOIN messages AS m \
                   ON m.thread_id = t.id GROUP BY t.user_id ORDER BY 2 DESC LIMIT 1";
        let (subject, messages) = product
            .query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?)))
            .context("find the biggest account")?;
        let version = Command::new("sqlite3").arg("--version").output();
        let version = version
            .context("start sqlite3 (Debian: apt-get install sqlite3)")?
            .stdout;
        Ok(Contest {
            carryall: carryall.to_owned(),
            data: data.to_owned(),
            sink: sink.to_owned(),
            subject,
            messages,
            shell_version: String::from_utf8_lossy(&version)
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
        })
    }

    /// Lets everybody take their turn in each round.
    pub fn run(&self, part: Part, rounds: usize) -> Result<Vec<Standing>> {
        let mut standings = Vec::new();
        for contestant in contestants(part) {
            let bytes = measure::count_bytes(&mut self.command(contestant, part)?, &DELIVERED)?;
            standings.push(Standing {
                contestant,
                bytes,
                runs: Vec::new(),
            });
        }
        for _ in 0..rounds {
            for standing in &mut standings {
                let mut command = self.command(standing.contestant, part)?;
                standing
                    .runs
                    .push(measure::run(&mut command, &self.sink, &DELIVERED)?);
            }
        }
        Ok(standings)
    }

    /// The median time until an export has written its first record.
    pub fn first_record(&self, rounds: usize) -> Result<Duration> {
        let mut times = Vec::new();
        for _ in 0..rounds.max(5) {
            let mut command = self.command(Contestant::Carryall, Part::WithFiles)?;
            times.push(measure::until_first_record(&mut command)?);
        }
        times.sort();
        Ok(times[times.len() / 2])
    }

    fn command(&self, contestant: Contestant, part: Part) -> Result<Command> {
        Ok(match contestant {
            Contestant::Carryall => self.export(part),
            Contestant::Shell => self.shell(),
            Contestant::Sqlx => self.peer("peer-sqlx", part)?,
            Contestant::SqlxTuned => {
                let mut command = self.peer("peer-sqlx", part)?;
                command.args(["--row-buffer", "1000"]);
                command
            }
            Contestant::Rusqlite => self.peer("peer-rusqlite", part)?,
            Contestant::Floor => self.peer("floor", part)?,
        })
    }

    /// The product's own export, to standard output.
    pub fn export(&self, part: Part) -> Command {
        let mut command = Command::new(&self.carryall);
        command
            .args([
                "export",
                "--product",
                "isms-copilot",
                "--out",
                "-",
                "--source",
            ])
            .arg(format!("sqlite:{}", database(&self.data).display()))
            .arg("--files")
            .arg(self.data.join("files"))
            .args(["--subject", &self.subject]);
        if part == Part::Text {
            command.arg("--without-file-contents");
        }
        command
    }

    fn shell(&self) -> Command {
        let pairs = MESSAGE_COLUMNS
            .map(|column| format!("'{column}', m.{column}"))
            .join(", ");
        let literal = format!("'{}'", self.subject.replace('\'', "''"));
        let sql = messages_sql(&format!("json_object({pairs})")).replace("?1", &literal);
        let mut command = Command::new("sqlite3");
        command.arg("-readonly").arg(database(&self.data)).arg(sql);
        command
    }

    fn peer(&self, name: &str, part: Part) -> Result<Command> {
        let beside = std::env::current_exe()?.with_file_name(name);
        let mut command = Command::new(beside);
        command.arg(database(&self.data)).arg(&self.subject);
        if part == Part::WithFiles {
            command.arg("--files").arg(self.data.join("files"));
        }
        Ok(command)
    }
}

/// The shell has no base64 and the floor no files.
fn contestants(part: Part) -> Vec<Contestant> {
    use Contestant::{Carryall, Floor, Rusqlite, Shell, Sqlx, SqlxTuned};
    match part {
        Part::Text => vec![Carryall, Shell, Sqlx, SqlxTuned, Rusqlite, Floor],
        Part::WithFiles => vec![Carryall, Sqlx, SqlxTuned, Rusqlite],
    }
}
