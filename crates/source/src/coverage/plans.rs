//! How each statement would run, and whether that is bounded by the person's own rows.
//!
//! Bounded means: found through an index on the owner or the parent, and not sorted as a whole. A
//! product may lack an index on a table that stays small, so a scan is a warning up to a size and
//! refused beyond it. Functions such as `json_each` scan one value, not a table.
//!
//! Which table a scan reads is taken from the compiled program: the words of `EXPLAIN QUERY PLAN`
//! name the alias only.

mod postgres;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::error::SourceError;
use crate::plan::Dialect;
use crate::snapshot::{Row, Snapshot};
use crate::value::Value;

/// Rows above which a whole table may not be read or sorted for one person.
const LARGE_TABLE_ROWS: u64 = 100_000;
/// The same for a statement that runs once for each thread.
const LARGE_TABLE_ROWS_EACH_THREAD: u64 = 1_000;

/// A statement to judge.
#[derive(Debug, Clone, Copy)]
pub struct PlanStatement<'a> {
    /// What it reads, for people: "messages from `chat_message`".
    pub purpose: &'a str,
    /// The SELECT; its parameters stay unbound.
    pub sql: &'a str,
    /// Whether it runs once for each thread, and so sorts no more than one thread.
    pub each_thread: bool,
}

/// How a statement would run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanVerdict {
    /// What it reads.
    pub purpose: String,
    /// SQLite's words.
    pub lines: Vec<String>,
    /// The judgement.
    pub verdict: Verdict,
    /// Why it is not bounded, and the fix.
    pub reasons: Vec<String>,
}

/// Whether a statement is bounded by the person's own rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is.
    Bounded,
    /// It is not, on a table that is small.
    Warned,
    /// It is not, and would read or sort everybody's rows.
    Refused,
}

/// Judges each statement. One that cannot be compiled is refused, with the reason.
pub fn check_plans(
    snapshot: &Snapshot,
    statements: &[PlanStatement<'_>],
) -> Result<Vec<PlanVerdict>, SourceError> {
    if snapshot.dialect() == Dialect::Postgres {
        return postgres::check_plans(snapshot, statements);
    }
    let owners = owners_of_pages(snapshot)?;
    let mut sizes = BTreeMap::new();
    let mut verdicts = Vec::new();
    for statement in statements {
        let mut plan = PlanVerdict {
            purpose: statement.purpose.to_owned(),
            lines: Vec::new(),
            verdict: Verdict::Bounded,
            reasons: Vec::new(),
        };
        match snapshot.explain(statement.sql) {
            Ok(lines) => {
                plan.lines = lines;
                for table in scanned_tables(snapshot, statement.sql, &owners)? {
                    let rows = rows_up_to_limit(snapshot, &table, &mut sizes)?;
                    judge_scan(&mut plan, &table, rows, statement.each_thread);
                }
                judge_sort(&mut plan, snapshot, statement, &owners, &mut sizes)?;
            }
            Err(error) => plan.add(Verdict::Refused, format!("it cannot be compiled: {error}")),
        }
        verdicts.push(plan);
    }
    Ok(verdicts)
}

impl PlanVerdict {
    fn add(&mut self, verdict: Verdict, reason: String) {
        self.verdict = self.verdict.max(verdict);
        self.reasons.push(reason);
    }

    /// A sort over tables of which the largest has so many rows.
    fn add_sort(&mut self, largest: u64) {
        let verdict = if largest > LARGE_TABLE_ROWS {
            Verdict::Refused
        } else {
            Verdict::Warned
        };
        let reason = "it sorts the whole section; remove its ORDER BY";
        self.add(verdict, reason.to_owned());
    }
}

fn judge_scan(plan: &mut PlanVerdict, table: &str, rows: u64, each_thread: bool) {
    let (limit, often) = if each_thread {
        (LARGE_TABLE_ROWS_EACH_THREAD, " for each thread")
    } else {
        (LARGE_TABLE_ROWS, "")
    };
    let fix = "an index on the column of the owner or parent would find the person's own";
    if rows > limit {
        plan.add(
            Verdict::Refused,
            format!("it reads all of `{table}`{often}, more than {limit} rows; {fix}"),
        );
    } else {
        plan.add(
            Verdict::Warned,
            format!("it reads all of `{table}`{often}, {rows} rows; {fix}"),
        );
    }
}

/// A sort holds back the first row and needs room for all of them.
fn judge_sort(
    plan: &mut PlanVerdict,
    snapshot: &Snapshot,
    statement: &PlanStatement<'_>,
    owners: &BTreeMap<i64, String>,
    sizes: &mut BTreeMap<String, u64>,
) -> Result<(), SourceError> {
    let sorts = plan
        .lines
        .iter()
        .any(|line| line.contains("USE TEMP B-TREE FOR ORDER BY"));
    if !sorts || statement.each_thread {
        return Ok(());
    }
    let mut largest = 0;
    for table in opened_tables(snapshot, statement.sql, owners)? {
        largest = largest.max(rows_up_to_limit(snapshot, &table, sizes)?);
    }
    plan.add_sort(largest);
    Ok(())
}

/// The table that each root page belongs to, its own or one of its indexes'.
fn owners_of_pages(snapshot: &Snapshot) -> Result<BTreeMap<i64, String>, SourceError> {
    let mut owners = BTreeMap::new();
    snapshot
        .prepare_for(
            "list the tables",
            "SELECT rootpage, tbl_name FROM sqlite_schema WHERE rootpage > 0",
        )?
        .for_each(&[], |row| {
            if let (Value::Integer(page), Some(name)) = (row.value(0), row.value(1).bytes()) {
                owners.insert(page, String::from_utf8_lossy(name).into_owned());
            }
            Ok::<(), SourceError>(())
        })?;
    Ok(owners)
}

/// Tables of which the program reads every row: a cursor on them is put to the first.
fn scanned_tables(
    snapshot: &Snapshot,
    sql: &str,
    owners: &BTreeMap<i64, String>,
) -> Result<BTreeSet<String>, SourceError> {
    let (opened, rewound) = cursors(snapshot, sql)?;
    let pages = rewound.iter().filter_map(|cursor| opened.get(cursor));
    Ok(pages.filter_map(|page| owners.get(page)).cloned().collect())
}

fn opened_tables(
    snapshot: &Snapshot,
    sql: &str,
    owners: &BTreeMap<i64, String>,
) -> Result<BTreeSet<String>, SourceError> {
    let (opened, _) = cursors(snapshot, sql)?;
    Ok(opened
        .values()
        .filter_map(|page| owners.get(page))
        .cloned()
        .collect())
}

/// The root page of each cursor, and the cursors that are put to the first row.
fn cursors(
    snapshot: &Snapshot,
    sql: &str,
) -> Result<(BTreeMap<i64, i64>, BTreeSet<i64>), SourceError> {
    let mut opened = BTreeMap::new();
    let mut rewound = BTreeSet::new();
    each_row(snapshot, &format!("EXPLAIN {sql}"), |row| {
        let (Value::Text(code), Value::Integer(cursor), Value::Integer(page)) =
            (row.value(1), row.value(2), row.value(3))
        else {
            return;
        };
        match code {
            b"OpenRead" | b"ReopenIdx" => {
                opened.insert(cursor, page);
            }
            b"Rewind" | b"Last" => {
                rewound.insert(cursor);
            }
            _ => {}
        }
    })?;
    Ok((opened, rewound))
}

fn each_row(
    snapshot: &Snapshot,
    sql: &str,
    mut visit: impl FnMut(&Row<'_>),
) -> Result<(), SourceError> {
    let mut statement = snapshot.prepare_for("explain a statement", sql)?;
    let unbound = vec![Value::Null; statement.parameter_count()];
    statement.for_each(&unbound, |row| {
        visit(row);
        Ok::<(), SourceError>(())
    })
}

/// Counts no further than what is too many.
fn rows_up_to_limit(
    snapshot: &Snapshot,
    table: &str,
    sizes: &mut BTreeMap<String, u64>,
) -> Result<u64, SourceError> {
    if let Some(rows) = sizes.get(table) {
        return Ok(*rows);
    }
    let limit = LARGE_TABLE_ROWS + 1;
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {limit}) AS some",
        snapshot.dialect().table(table)
    );
    let mut rows = 0;
    each_row(snapshot, &sql, |row| {
        if let Value::Integer(count) = row.value(0) {
            rows = u64::try_from(count).unwrap_or_default();
        }
    })?;
    sizes.insert(table.to_owned(), rows);
    Ok(rows)
}
