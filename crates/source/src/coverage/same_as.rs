//! `same_as`: that a value inside a JSON column stands elsewhere in the person's export.
//!
//! A claim holds when each scalar at its path is among the scalars of the target in the rows that
//! belong together: the same row, the record's own rows (a thread's messages), the record that a row
//! belongs to, or all rows of one person. Compared is what the product stores: before unit,
//! translation and prefix. Memory holds one row's JSON and the hashes of what belongs to it.

mod claim;

use carryall_format::json::values_at;

use super::Finding;
use super::leaves::{Leaves, add_column, each_scalar};
use crate::check::place_of;
use crate::data_map::DataMap;
use crate::error::SourceError;
use crate::snapshot::{Row, Snapshot, Statement};
use crate::value::Value;
use claim::{Claim, Claims, Target};

pub(super) fn check_claims(
    snapshot: &Snapshot,
    map: &DataMap,
) -> Result<Vec<Finding>, SourceError> {
    let mut findings = Vec::new();
    for (index, entry) in map.exports.iter().enumerate() {
        for (column, json) in entry
            .json
            .iter()
            .filter(|(_, json)| !json.same_as.is_empty())
        {
            let claims = Claims::new((map, snapshot.dialect()), entry, column, json);
            let misses = count_misses(snapshot, &claims)?;
            for (claim, missing) in claims.list.iter().zip(misses) {
                findings.extend(judge(&place_of(map, index), column, claim, missing));
            }
        }
    }
    Ok(findings)
}

fn judge(place: &str, column: &str, claim: &Claim, missing: u64) -> Option<Finding> {
    let (problem, fix) = if claim.parts.is_empty() {
        (
            format!(
                "nothing ties this row to `{}`, so the claim cannot be checked",
                claim.target
            ),
            "export it with `keep`, or withhold it with its ground".to_owned(),
        )
    } else if missing > 0 {
        (
            format!(
                "these values do not stand in `{}`, as the map says they do",
                claim.target
            ),
            format!(
                "json.{column}.keep = [\"{}\"] in place of `same_as`",
                claim.path
            ),
        )
    } else {
        return None;
    };
    Some(Finding {
        table: place.to_owned(),
        column: Some(column.to_owned()),
        path: Some(claim.path.clone()),
        count: (missing > 0).then_some(missing),
        example: None,
        problem,
        fix,
        blocks: true,
    })
}

/// How many values of each claim have no equal.
fn count_misses(snapshot: &Snapshot, claims: &Claims) -> Result<Vec<u64>, SourceError> {
    let mut misses = vec![0; claims.list.len()];
    let mut targets: Vec<Option<Statement<'_>>> = Vec::new();
    for target in &claims.targets {
        let sql = target.sql.as_deref();
        targets.push(
            sql.map(|sql| snapshot.prepare_for("read what a claim names", sql))
                .transpose()?,
        );
    }
    let mut rows = snapshot.prepare_for("read a JSON column", &claims.sql)?;
    rows.for_each(&[], |row| {
        let Some(text) = row.value(0).bytes() else {
            return Ok(());
        };
        let mut known: Vec<Vec<Leaves>> = Vec::new();
        for (target, statement) in claims.targets.iter().zip(&mut targets) {
            known.push(read_target(target, statement.as_mut(), row)?);
        }
        for (claim, misses) in claims.list.iter().zip(&mut misses) {
            *misses += missing(text, claim, &known);
        }
        Ok::<(), SourceError>(())
    })?;
    Ok(misses)
}

/// The scalars of each expression of a target, in the rows that belong to `row`.
fn read_target(
    target: &Target,
    statement: Option<&mut Statement<'_>>,
    row: &Row<'_>,
) -> Result<Vec<Leaves>, SourceError> {
    let mut known = vec![Leaves::default(); target.expressions.len()];
    let Some(statement) = statement else {
        for (place, (leaves, expression)) in known.iter_mut().zip(&target.expressions).enumerate() {
            add_column(
                leaves,
                row.value(target.first_column + place),
                expression.is_json,
            );
        }
        return Ok(known);
    };
    let key = row.value(target.first_column);
    if key == Value::Null {
        return Ok(known);
    }
    statement.for_each(&[key], |row| {
        for (place, (leaves, expression)) in known.iter_mut().zip(&target.expressions).enumerate() {
            add_column(leaves, row.value(place), expression.is_json);
        }
        Ok::<(), SourceError>(())
    })?;
    Ok(known)
}

fn missing(text: &[u8], claim: &Claim, known: &[Vec<Leaves>]) -> u64 {
    let mut missing = 0;
    let visited = values_at(text, &claim.json_path, |value| {
        each_scalar(&value, |scalar| {
            let mut parts = claim.parts.iter();
            let stands = parts.any(|(target, place)| known[*target][*place].contains(&scalar));
            missing += u64::from(!stands);
        });
    });
    // What is no JSON is reported where keys are read.
    if visited.is_err() { 0 } else { missing }
}
