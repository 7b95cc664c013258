//! One command, one file.

mod audit;
mod convert;
mod coverage;
mod demo;
mod destination;
mod doctor;
mod export;
mod given;
mod grants;
mod host;
mod import;
mod keys;
mod ledger;
mod log_args;
mod notice_args;
mod oidc_args;
mod on_record;
mod origin;
mod plain;
mod printed;
mod progress;
mod protecting;
mod reading;
mod schema;
mod serve;
mod stores;
mod trace;
mod values;
mod verify;
mod view;
mod worker;

use std::process::ExitCode;

/// What the program can do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    // Boxed: those with the most flags.
    Export(Box<export::Export>),
    Coverage(coverage::Coverage),
    Grants(grants::Grants),
    Schema(schema::Schema),
    Keys(keys::Keys),
    Audit(Box<audit::Audit>),
    Demo(demo::Demo),
    Serve(Box<serve::Serve>),
    Worker(Box<worker::Worker>),
    Doctor(Box<doctor::Doctor>),
    Verify(verify::Verify),
    Trace(trace::Trace),
    View(view::View),
    Convert(convert::Convert),
    Import(Box<import::Import>),
}

impl Command {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Command::Export(export) => export.run(),
            Command::Coverage(coverage) => coverage.run(),
            Command::Grants(grants) => grants.run(),
            Command::Schema(schema) => schema.run(),
            Command::Keys(keys) => keys.run(),
            Command::Audit(audit) => audit.run(),
            Command::Demo(demo) => demo.run(),
            Command::Serve(serve) => serve.run(),
            Command::Worker(worker) => worker.run(),
            Command::Doctor(doctor) => doctor.run(),
            Command::Verify(verify) => verify.run(),
            Command::Trace(trace) => trace.run(),
            Command::View(view) => view.run(),
            Command::Convert(convert) => convert.run(),
            Command::Import(import) => import.run(),
        }
    }
}
