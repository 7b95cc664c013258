//! Where the demo is written: the database, the files and the list of owners, together.
//!
//! The database and the list get their names only when they are whole, so that nobody opens half of
//! them.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, Statement, params_from_iter};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::owners::{Owners, Whose};

const SCHEMA: &str = include_str!("../schema.sqlite.sql");
const DATABASE: &str = "isms-copilot.db";
const OWNERS: &str = "owners.jsonl";
const ROWS_A_TRANSACTION: u64 = 20_000;

/// A column and its value.
pub type Cell<'a> = (&'a str, SqlValue);

/// A column and its value, from whatever the value is.
pub fn cell(name: &'static str, value: impl Into<SqlValue>) -> Cell<'static> {
    (name, value.into())
}

/// A column and a text.
#[expect(
    clippy::needless_pass_by_value,
    reason = "texts, references and moments come in place"
)]
pub fn text(name: &'static str, value: impl ToString) -> Cell<'static> {
    (name, SqlValue::Text(value.to_string()))
}

/// A column and a text that may be missing.
pub fn maybe(name: &'static str, value: Option<impl ToString>) -> Cell<'static> {
    (
        name,
        value.map_or(SqlValue::Null, |value| SqlValue::Text(value.to_string())),
    )
}

/// What the product counts for each person and shows under Settings > Stats.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    /// Messages that the person wrote.
    pub messages_sent: i64,
    /// Threads that the person started.
    pub conversations: i64,
    /// Documents made for the person.
    pub documents_generated: i64,
}

/// The demo, while it is written.
#[derive(Debug)]
pub struct Book {
    db: Connection,
    owners: Owners,
    folder: PathBuf,
    rows: u64,
    tallies: BTreeMap<String, Tally>,
}

impl Book {
    /// Starts an empty demo in a folder that holds none yet.
    pub fn create(folder: &Path) -> Result<Self> {
        let database = folder.join(DATABASE);
        if database.exists() {
            bail!(
                "{} is already there; name another folder or remove it",
                database.display()
            );
        }
        fs::create_dir_all(folder.join("files"))
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let partial = partial(folder, DATABASE);
        if partial.exists() {
            fs::remove_file(&partial)?;
        }
        let db = Connection::open(&partial)
            .with_context(|| format!("cannot write {}", partial.display()))?;
        db.execute_batch(SCHEMA)?;
        // Nothing is lost if the machine stops here: the demo is then made again from the start.
        // References are free to point ahead; a test checks all of them in what comes out.
        db.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN",
        )?;
        let owners = Owners::create(&self::partial(folder, OWNERS))?;
        let (folder, tallies) = (folder.to_owned(), BTreeMap::new());
        Ok(Self {
            db,
            owners,
            folder,
            rows: 0,
            tallies,
        })
    }

    /// Inserts a row and notes whose it is. The columns of its primary key come first.
    pub fn insert(&mut self, table: &str, row: &[Cell<'_>], whose: &Whose) -> Result<()> {
        self.insert_all(table, &[row], whose)
    }

    /// Inserts rows that are the same people's. Each statement is prepared once for all of them.
    pub fn insert_all<'a, R: AsRef<[Cell<'a>]>>(
        &mut self,
        table: &str,
        rows: &[R],
        whose: &Whose,
    ) -> Result<()> {
        let mut statements: HashMap<Vec<&str>, Statement<'_>> = HashMap::new();
        for row in rows {
            let row = row.as_ref();
            let names: Vec<&str> = row.iter().map(|(name, _)| *name).collect();
            let statement = match statements.entry(names) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let sql = insert_sql(table, new.key());
                    new.insert(self.db.prepare(&sql)?)
                }
            };
            statement
                .execute(params_from_iter(row.iter().map(|(_, value)| value)))
                .with_context(|| format!("cannot insert into {table}"))?;
            self.owners.add(table, &key(table, row)?, whose)?;
        }
        drop(statements);
        self.rows += rows.len() as u64;
        if self.rows >= ROWS_A_TRANSACTION {
            self.rows = 0;
            self.db.execute_batch("COMMIT; BEGIN")?;
        }
        Ok(())
    }

    /// Writes a file into the store.
    pub fn store(&self, key: &str, bytes: &[u8]) -> Result<()> {
        let path = self.file_path(key)?;
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Where a storage key stands; its folder is made.
    pub fn file_path(&self, key: &str) -> Result<PathBuf> {
        let path = self.folder.join("files").join(key);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot make the folder {}", parent.display()))?;
        }
        Ok(path)
    }

    /// The counts of a person, to be added to.
    pub fn tally(&mut self, email: &str) -> &mut Tally {
        self.tallies.entry(email.to_owned()).or_default()
    }

    /// Closes everything and gives the files their names.
    pub fn finish(self) -> Result<()> {
        self.owners.finish()?;
        self.db.execute_batch("COMMIT; PRAGMA journal_mode = WAL")?;
        self.db.close().map_err(|(_, error)| error)?;
        for name in [OWNERS, DATABASE] {
            fs::rename(partial(&self.folder, name), self.folder.join(name))?;
        }
        Ok(())
    }
}

/// The name of a file that is not whole yet.
fn partial(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.partial"))
}

fn insert_sql(table: &str, names: &[&str]) -> String {
    let marks = vec!["?"; names.len()].join(",");
    format!("INSERT INTO {table} ({}) VALUES ({marks})", names.join(","))
}

/// The primary key as the list of owners shows it: a value, or a list of them.
fn key(table: &str, row: &[Cell<'_>]) -> Result<Value> {
    let columns = match table {
        "consents" => 3,
        "framework_controls"
        | "organization_members"
        | "system_prompts"
        | "thread_participants" => 2,
        _ => 1,
    };
    let parts: Vec<Value> = row
        .iter()
        .take(columns)
        .map(json_of)
        .collect::<Result<_>>()?;
    Ok(if columns == 1 {
        parts.into_iter().next().unwrap_or_default()
    } else {
        json!(parts)
    })
}

fn json_of((name, value): &Cell<'_>) -> Result<Value> {
    match value {
        SqlValue::Integer(number) => Ok(json!(number)),
        SqlValue::Text(text) => Ok(json!(text)),
        other => bail!("{name} holds {other:?}, which cannot be a key"),
    }
}

/// The SHA-256 of some bytes in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
