//! A ledger looked at from outside, for `carryall doctor`: nothing is made, changed or brought up to date.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OpenFlags};

use super::sql::postgres::Pool;
use super::{LedgerError, engines, file, is_postgres};
use crate::clock::Clock;

/// How a ledger stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// Its tables.
    pub tables: Tables,
    /// What its server's clock says more than ours; none where there is no other clock.
    pub skew: Option<SignedDuration>,
}

/// The tables of a ledger, beside those that this program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tables {
    /// As this program wants them.
    UpToDate,
    /// There are none: the first start makes them, if it may.
    None {
        /// Whether it may.
        can_be_made: bool,
    },
    /// The next start brings them up to date, if it may.
    Older {
        /// Whether it may.
        can_be_made: bool,
    },
    /// A newer version of this program made them.
    Newer,
}

const VERSIONS: &str = "SELECT version FROM refinery_schema_history";
const HAS_HISTORY: &str = "SELECT to_regclass('refinery_schema_history') IS NOT NULL,
    has_schema_privilege(current_schema(), 'CREATE'),
    CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)";

/// Looks at the ledger at `sqlite:PATH` or `postgres://…`. Blocks.
pub fn examine(
    address: &str,
    password: Option<&str>,
    clock: &Clock,
) -> Result<Examined, LedgerError> {
    if is_postgres(address) {
        return on_postgres(&Pool::new(address, password)?, clock);
    }
    Ok(Examined {
        tables: on_sqlite(file(address)?)?,
        skew: None,
    })
}

fn on_postgres(pool: &Pool, clock: &Clock) -> Result<Examined, LedgerError> {
    let mut client = pool.call()?;
    // The first question of a connection takes longer than the others.
    client.query_one(HAS_HISTORY, &[])?;
    let before = clock.now();
    let row = client.query_one(HAS_HISTORY, &[])?;
    let ours = before + clock.now().duration_since(before) / 2;
    let (has_history, can_be_made): (bool, Option<bool>) = (row.get(0), row.get(1));
    let theirs = Timestamp::from_millisecond(row.get(2)).unwrap_or(Timestamp::MAX);
    let can_be_made = can_be_made.unwrap_or(false);
    let applied = if has_history {
        let rows = client.query(VERSIONS, &[])?;
        rows.iter()
            .map(|row| i64::from(row.get::<_, i32>(0)))
            .collect()
    } else {
        BTreeSet::new()
    };
    Ok(Examined {
        tables: compared(&applied, &engines::postgres_migrations(), can_be_made),
        skew: Some(theirs.duration_since(ours)),
    })
}

fn on_sqlite(path: &Path) -> Result<Tables, LedgerError> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let can_be_made = rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok();
    if !path.exists() {
        return Ok(Tables::None { can_be_made });
    }
    let opened = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let connection = opened.map_err(|source| LedgerError::Open {
        path: path.to_owned(),
        source,
    })?;
    let has_history = "SELECT count(*) FROM sqlite_schema WHERE name = 'refinery_schema_history'";
    let has_history: i64 = connection.query_row(has_history, (), |row| row.get(0))?;
    let mut applied = BTreeSet::new();
    if has_history > 0 {
        let mut versions = connection.prepare(VERSIONS)?;
        for version in versions.query_map((), |row| row.get::<_, i64>(0))? {
            applied.insert(version?);
        }
    }
    Ok(compared(
        &applied,
        &engines::sqlite_migrations(),
        can_be_made,
    ))
}

fn compared(applied: &BTreeSet<i64>, runner: &refinery::Runner, can_be_made: bool) -> Tables {
    let known = runner.get_migrations().iter();
    let known: BTreeSet<_> = known.map(|known| i64::from(known.version())).collect();
    if applied.is_empty() {
        Tables::None { can_be_made }
    } else if !applied.is_subset(&known) {
        Tables::Newer
    } else if *applied == known {
        Tables::UpToDate
    } else {
        Tables::Older { can_be_made }
    }
}
