//! The SQL of the map itself: that it can be run, and that it shows the columns that are spoken of.

use super::Finding;
use crate::check::{MapProblem, columns_of, did_you_mean, place_of};
use crate::data_map::{DataMap, ExportEntry, Sql};
use crate::snapshot::Snapshot;

pub(super) fn check_queries(snapshot: &Snapshot, map: &DataMap) -> Vec<Finding> {
    let mut problems = Vec::new();
    for (index, entry) in map.exports.iter().enumerate() {
        let place = place_of(map, index);
        if let Some(query) = &entry.query {
            match result_columns(snapshot, query) {
                Ok(names) => problems.extend(missing_columns(entry, &place, &names)),
                Err(problem) => problems.push(MapProblem {
                    place: format!("{place}, query"),
                    ..problem
                }),
            }
        }
    }
    for (index, left_out) in map.left_out.iter().enumerate() {
        let place = format!("[[left_out]] {}, query", index + 1);
        match result_columns(snapshot, &left_out.query) {
            Ok(names)
                if !names
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(&left_out.owner)) =>
            {
                problems.push(missing(&place, &left_out.owner, &names));
            }
            Ok(_) => {}
            Err(problem) => problems.push(MapProblem { place, ..problem }),
        }
    }
    problems.into_iter().map(Finding::from).collect()
}

fn result_columns(snapshot: &Snapshot, query: &Sql) -> Result<Vec<String>, MapProblem> {
    let problem = |problem: String, fix: &str| MapProblem {
        place: String::new(),
        problem,
        fix: fix.to_owned(),
    };
    let dialect = snapshot.dialect();
    let Ok(sql) = dialect.of(query) else {
        return Err(problem(
            format!("it has no form for {}", dialect.title()),
            &format!("add `query.{} = \"…\"`", dialect.name()),
        ));
    };
    let statement = snapshot
        .prepare_for("compile the query", &format!("SELECT * FROM ({sql}) AS t"))
        .map_err(|error| {
            problem(
                error.to_string(),
                "correct the SQL: one SELECT without parameters",
            )
        })?;
    if statement.parameter_count() > 0 {
        let fix = "remove it: the person is chosen by `owner` or `parent`";
        return Err(problem("it has a parameter".to_owned(), fix));
    }
    Ok(statement.column_names())
}

fn missing_columns(entry: &ExportEntry, place: &str, names: &[String]) -> Vec<MapProblem> {
    columns_of(entry, place)
        .into_iter()
        .filter(|(_, column)| !names.iter().any(|name| name.eq_ignore_ascii_case(column)))
        .map(|(place, column)| missing(&place, column, names))
        .collect()
}

fn missing(place: &str, column: &str, names: &[String]) -> MapProblem {
    MapProblem {
        place: place.to_owned(),
        problem: format!("the query shows no column `{column}`"),
        fix: did_you_mean(column, names.iter().map(String::as_str))
            .unwrap_or_else(|| format!("it shows {}", names.join(", "))),
    }
}
