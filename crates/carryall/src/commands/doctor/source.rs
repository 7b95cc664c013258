//! The product: its data map, its database, the rights on it, its files.

use carryall_source::catalog::Catalog;
use carryall_source::check::check_against;
use carryall_source::connect::{Source, SourceOptions};
use carryall_source::coverage::{PlanVerdict, Verdict};
use carryall_source::data_map::DataMap;
use carryall_source::grants::{Excess, excess};
use carryall_source::snapshot::Snapshot;

use super::finding::Finding;
use crate::commands::coverage::checked;
use crate::commands::origin::with_hint;
use crate::commands::serve::Serve;

const MAP: &str = "data map";
const DATABASE: &str = "source";
const RIGHTS: &str = "grants";
const FILES: &str = "files";

/// Looks at all of it, as far as one thing leads to the next.
pub fn look(node: &Serve) -> Vec<Finding> {
    let map = match node.product.load() {
        Ok(map) => map,
        Err(error) => return vec![Finding::failed(MAP, &error)],
    };
    let source = match connected(node, &map, false) {
        Ok(source) => source,
        Err(error) => return vec![Finding::failed(DATABASE, &error)],
    };
    let mut findings = match source.snapshot() {
        Ok(snapshot) => of_database(&snapshot, &map),
        Err(error) => vec![Finding::failed(DATABASE, &with_hint(&error, error.hint()))],
    };
    findings.push(of_files(node, &map));
    findings
}

fn connected(node: &Serve, map: &DataMap, with_files: bool) -> anyhow::Result<Source> {
    let files = if with_files {
        node.files.place(&node.store.reach)?
    } else {
        None
    };
    let options = SourceOptions {
        database: node.source.clone().unwrap_or_default(),
        password: node.password.read()?,
        schemas: map.database.schemas.clone(),
        files,
        reading: node.reading.reading(),
    };
    Source::connect(&options).map_err(|error| with_hint(&error, error.hint()))
}

fn of_database(snapshot: &Snapshot, map: &DataMap) -> Vec<Finding> {
    let catalog = match snapshot.catalog() {
        Ok(catalog) => catalog,
        Err(error) => return vec![Finding::failed(DATABASE, &with_hint(&error, error.hint()))],
    };
    let mut findings = vec![Finding::ok(DATABASE, "answers, and can be read")];
    findings.extend(of_map(snapshot, map, &catalog));
    match excess(snapshot) {
        Ok(None) => {}
        Ok(Some(Excess::Superuser)) => findings.push(Finding::advice(
            RIGHTS,
            "the role is a superuser, and may read and write everything",
            "connect as a role of its own, with the rights that `carryall grants` prints",
        )),
        Ok(Some(Excess::MayWrite { tables })) => findings.push(Finding::advice(
            RIGHTS,
            format!("the role may write {tables} of the product's tables"),
            "take INSERT, UPDATE and DELETE from it: Carryall only reads",
        )),
        Err(error) => findings.push(Finding::failed(RIGHTS, &with_hint(&error, error.hint()))),
    }
    findings
}

/// Whether the map fits, says everything, and every statement of an export may be run.
fn of_map(snapshot: &Snapshot, map: &DataMap, catalog: &Catalog) -> Vec<Finding> {
    let problems = check_against(map, catalog);
    if !problems.is_empty() {
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        return vec![Finding::fix(
            MAP,
            format!("does not fit this database:\n{}", problems.join("\n")),
            "is this the product's database? After an upgrade of the product, run `carryall coverage` and mend the map",
        )];
    }
    // Asks how each statement would run, for which it must be allowed.
    let report = match checked(snapshot, map, false) {
        Ok(report) => report,
        Err(error) => return vec![Finding::failed(RIGHTS, &error)],
    };
    let mut findings = Vec::new();
    let unsaid = report.findings.iter().filter(|found| found.blocks).count();
    if unsaid > 0 {
        findings.push(Finding::fix(
            MAP,
            format!("leaves {unsaid} things of the database unsaid"),
            "run `carryall coverage` and add what it lists",
        ));
    }
    let refused = report.plans.iter();
    findings.extend(
        refused
            .filter(|plan| plan.verdict == Verdict::Refused)
            .map(of_plan),
    );
    let has = |check: &str| findings.iter().any(|found| found.check == check);
    let (is_unsaid, is_refused) = (has(MAP), has(RIGHTS));
    if !is_unsaid {
        let found = format!("names everything that {} holds", map.product);
        findings.push(Finding::ok(MAP, found));
    }
    if !is_refused {
        findings.push(Finding::ok(
            RIGHTS,
            "every statement of an export may be run",
        ));
    }
    findings
}

/// A statement that cannot be run, or not for everybody.
fn of_plan(plan: &PlanVerdict) -> Finding {
    let found = format!("{}: {}", plan.purpose, plan.reasons.join("; "));
    if found.contains("permission denied") {
        let fix = "run what `carryall grants` prints, as the owner of the tables";
        return Finding::fix(RIGHTS, found, fix);
    }
    if found.contains("rows would be left out") {
        let fix = "read as a role that policies do not apply to: ALTER ROLE … BYPASSRLS";
        return Finding::fix(RIGHTS, found, fix);
    }
    Finding::fix(
        MAP,
        found,
        "`carryall coverage` says how the statement would run",
    )
}

fn of_files(node: &Serve, map: &DataMap) -> Finding {
    let Some(place) = &node.files.files else {
        return Finding::advice(
            FILES,
            "nobody said where the product's files are",
            "say it with `--files`; an export with files in it fails until then",
        );
    };
    match connected(node, map, true) {
        Ok(_) => Finding::ok(FILES, format!("{} can be read", place.display())),
        Err(error) => Finding::failed(FILES, &error),
    }
}
