//! The flags that say what is logged, and how.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What goes to standard error.
#[derive(Debug, Clone, clap::Args)]
pub struct LogArgs {
    /// What to log: error, warn, info, debug; or directives as `carryall=debug,hyper=info`
    #[arg(
        long,
        value_name = "LEVEL",
        env = "CARRYALL_LOG",
        default_value = "info"
    )]
    log: String,
    /// How a line of the log looks: text, or json
    #[arg(
        long,
        value_name = "FORMAT",
        env = "CARRYALL_LOG_FORMAT",
        default_value = "text"
    )]
    log_format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl LogArgs {
    /// Begins to log.
    pub fn start(&self) -> anyhow::Result<()> {
        let filter = EnvFilter::try_new(directives(&self.log))
            .with_context(|| format!("`--log {}` is not a level", self.log))?;
        let lines = tracing_subscriber::fmt()
            .with_env_filter(filter)
            // Colours are for a terminal; in a file or a journal they are rubbish.
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr);
        match self.log_format {
            Format::Text => lines.finish().with(filter_fn(holds_no_value)).init(),
            Format::Json => lines
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(true)
                .finish()
                .with(filter_fn(holds_no_value))
                .init(),
        }
        Ok(())
    }
}

/// A level is that of our own words. What libraries say below a warning may name addresses and objects.
fn directives(log: &str) -> String {
    if log.contains(['=', ',']) {
        return log.to_owned();
    }
    let ours = ["carryall", "carryall_source", "carryall_bucket"];
    let ours = ours.map(|name| format!("{name}={log}"));
    format!("warn,{}", ours.join(","))
}

/// Whatever is asked for: below `info` the driver of PostgreSQL tells with which values it runs each statement, and
/// those are of people, or keys.
fn holds_no_value(line: &Metadata<'_>) -> bool {
    !line.target().starts_with("tokio_postgres") || *line.level() <= Level::INFO
}
