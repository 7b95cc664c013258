//! `carryall coverage`: the completeness gate.

use std::process::ExitCode;

use carryall_format::section::Section;
use carryall_source::check::check_against;
use carryall_source::coverage::{PlanStatement, Report, check_plans, coverage};
use carryall_source::data_map::DataMap;
use carryall_source::plan::Plan;
use carryall_source::snapshot::Snapshot;

use super::origin::{SourceArgs, with_hint};
use super::printed::printed;

/// Check that the data map names everything that the database holds
///
/// Reads the database's catalogue and lists every column that the map neither exports nor withholds on
/// a ground. Exit code 0: complete; 1: something is not named, or a plan is unbounded; 2: could not be
/// checked.
#[derive(Debug, clap::Args)]
pub struct Coverage {
    #[command(flatten)]
    source: SourceArgs,
    /// Also read every JSON column, and list the keys that the map does not name
    #[arg(long)]
    data: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// The gate's report, with the plans where the map fits the database well enough to have some.
pub fn checked(snapshot: &Snapshot, map: &DataMap, with_data: bool) -> anyhow::Result<Report> {
    let report =
        coverage(snapshot, map, with_data).map_err(|error| with_hint(&error, error.hint()))?;
    let catalog = snapshot
        .catalog()
        .map_err(|error| with_hint(&error, error.hint()))?;
    if !check_against(map, &catalog).is_empty() {
        return Ok(report);
    }
    let plan = Plan::new(map, &catalog)?;
    let statements: Vec<_> = plan
        .entries
        .iter()
        .map(|entry| PlanStatement {
            purpose: &entry.purpose,
            sql: &entry.sql,
            each_thread: entry.section == Section::Messages,
        })
        .collect();
    let plans =
        check_plans(snapshot, &statements).map_err(|error| with_hint(&error, error.hint()))?;
    Ok(report.with_plans(plans))
}

impl Coverage {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let map = self.source.product.load()?;
        let source = self.source.connect(&map, None)?;
        let snapshot = source
            .snapshot()
            .map_err(|error| with_hint(&error, error.hint()))?;
        if let Some(lag) = snapshot.replica_lag() {
            eprintln!(
                "note: this is a replica; the newest change there was made {:.1} s ago",
                lag.as_secs_f64()
            );
        }
        let report = checked(&snapshot, &map, self.data)?;
        let text = if self.json {
            format!("{}\n", serde_json::to_string_pretty(&report)?)
        } else {
            report.to_string()
        };
        printed(|out| out.write_all(text.as_bytes()))?;
        Ok(if report.is_complete() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
