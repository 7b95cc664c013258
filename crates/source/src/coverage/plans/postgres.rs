//! The same judgement of a PostgreSQL plan, from the lines of EXPLAIN.
//!
//! The planner was asked to do without scans and sorts: what is left of them has no index to go by.

use std::collections::{BTreeMap, BTreeSet};

use super::{PlanStatement, PlanVerdict, Verdict, judge_scan, rows_up_to_limit};
use crate::error::SourceError;
use crate::snapshot::Snapshot;

pub(super) fn check_plans(
    snapshot: &Snapshot,
    statements: &[PlanStatement<'_>],
) -> Result<Vec<PlanVerdict>, SourceError> {
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
                judge(&mut plan, snapshot, statement, &mut sizes)?;
            }
            Err(error) => plan.add(Verdict::Refused, format!("it cannot be compiled: {error}")),
        }
        verdicts.push(plan);
    }
    Ok(verdicts)
}

fn judge(
    plan: &mut PlanVerdict,
    snapshot: &Snapshot,
    statement: &PlanStatement<'_>,
    sizes: &mut BTreeMap<String, u64>,
) -> Result<(), SourceError> {
    let scanned: BTreeSet<_> = plan
        .lines
        .iter()
        .filter_map(|line| relation(line, "Seq Scan on "))
        .collect();
    for table in scanned {
        let rows = rows_up_to_limit(snapshot, &table, sizes)?;
        judge_scan(plan, &table, rows, statement.each_thread);
    }
    let sorts = plan.lines.iter().any(|line| {
        line.trim_start_matches([' ', '-', '>'])
            .starts_with("Sort ")
    });
    if sorts && !statement.each_thread {
        let mut largest = 0;
        let read: BTreeSet<_> = plan
            .lines
            .iter()
            .filter_map(|line| relation(line, " on "))
            .collect();
        for table in read {
            largest = largest.max(rows_up_to_limit(snapshot, &table, sizes)?);
        }
        plan.add_sort(largest);
    }
    Ok(())
}

/// The table of a line such as `->  Seq Scan on messages t  (cost=…)`.
fn relation(line: &str, before: &str) -> Option<String> {
    if !line.contains("Scan") || line.contains("Bitmap Index Scan") {
        return None;
    }
    let (_, rest) = line.split_once(before)?;
    Some(rest.split(' ').next()?.replace('"', ""))
}
