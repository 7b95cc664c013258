//! The flags that say how much of the product's database an export may take.

use std::num::NonZeroU8;
use std::time::Duration;

use carryall_source::connect::Reading;
use carryall_source::postgres::Claims;

use super::values::length_of_time;

/// How the product's database is read.
#[derive(Debug, Clone, clap::Args)]
pub struct ReadingArgs {
    /// Connections of one export to a PostgreSQL server, which share one snapshot
    #[arg(long, value_name = "N", env = "CARRYALL_CONNECTIONS", default_value = "2", value_parser = clap::value_parser!(u8).range(1..=16))]
    connections: u8,
    /// How long an export may hold its snapshot of the database before it is ended: 90m, 2h
    #[arg(long, value_name = "TIME", env = "CARRYALL_MAX_DURATION", value_parser = length_of_time)]
    max_duration: Option<Duration>,
    /// Claims for row-level security: `{"role": "authenticated"}` or a file; `sub` is the person's key
    #[arg(long, value_name = "JSON|FILE", env = "CARRYALL_RLS_CLAIMS", value_parser = claims)]
    rls_claims: Option<Claims>,
    /// How rows are read: copy, or cursor for a server that only speaks PostgreSQL's protocol
    #[arg(
        long,
        value_name = "WAY",
        env = "CARRYALL_READ",
        default_value = "copy"
    )]
    read: Way,
}

/// How rows come from a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Way {
    /// Streamed, on connections that share a snapshot.
    Copy,
    /// In pieces from cursors, on one connection.
    Cursor,
}

fn claims(given: &str) -> Result<Claims, String> {
    if given.trim_start().starts_with('{') {
        return Claims::parse(given).map_err(|error| error.to_string());
    }
    let text = std::fs::read_to_string(given)
        .map_err(|error| format!("the file `{given}` cannot be read: {error}"))?;
    Claims::parse(&text).map_err(|error| format!("{given}: {error}"))
}

impl ReadingArgs {
    pub fn reading(&self) -> Reading {
        Reading {
            connections: NonZeroU8::new(self.connections).unwrap_or(NonZeroU8::MIN),
            max_duration: self.max_duration,
            is_plain: self.read == Way::Cursor,
            claims: self.rls_claims.clone(),
        }
    }
}
