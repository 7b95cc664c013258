//! A product's PostgreSQL database, read and nothing else.
//!
//! Promises: everything is read in one READ ONLY, REPEATABLE READ transaction, so that a
//! [`Snapshot`] is one moment; a row that row-level security would hide is an error, never a row less; values
//! are bound, never written into SQL.

mod address;
mod along;
mod bind;
mod claims;
mod copying;
mod decode;
mod failure;
mod kept;
mod opening;
mod pooler;
pub(crate) mod query;
mod serving;
pub(crate) mod session;
mod tap;
mod tls;
mod wire;

use std::time::{Duration, Instant};

pub use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

pub use self::address::parse as parse_address;
pub use self::claims::{Claims, ClaimsError};
pub use self::failure::advice_on_tls;
pub(crate) use self::failure::from_database as database_error;
use self::opening::{Limit, Opening};
use self::session::Session;
pub use self::tls::Tls;
use crate::connect::Reading;
use crate::error::SourceError;
use crate::snapshot::Snapshot;

/// How long a server may take to answer the call.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the product's database is. Cheap to clone; every snapshot opens a connection of its own.
#[derive(Debug, Clone)]
pub struct Postgres {
    config: Config,
    tls: Tls,
    /// As it may be shown.
    address: String,
    schemas: Vec<String>,
    reading: Reading,
}

impl Postgres {
    /// Connects once, to see that it can be read. `password` is used when the address has none.
    pub fn open(
        address: &str,
        password: Option<&str>,
        schemas: &[String],
        reading: &Reading,
    ) -> Result<Postgres, SourceError> {
        let shown = crate::connect::without_password(address);
        let unusable = |detail: String| SourceError::Unreachable {
            database: shown.clone(),
            detail,
        };
        let (mut config, tls) = address::parse(address).map_err(unusable)?;
        if let Some(password) = password.filter(|_| config.get_password().is_none()) {
            config.password(password);
        }
        config.application_name("carryall");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        let schemas = if schemas.is_empty() {
            vec!["public".to_owned()]
        } else {
            schemas.to_vec()
        };
        let postgres = Postgres {
            config,
            tls,
            address: shown,
            schemas,
            reading: reading.clone(),
        };
        if !reading.is_plain {
            pooler::refuse(&postgres.opening(None))?;
        }
        postgres.snapshot()?;
        Ok(postgres)
    }

    /// Fixes one moment of the database.
    pub fn snapshot(&self) -> Result<Snapshot, SourceError> {
        self.snapshot_of(Session::start(self.opening(None))?)
    }

    /// The same moment on as many connections as an export of the person with this key may use. They are closed
    /// when it was held for as long as it may.
    pub fn snapshots(&self, key: &str) -> Result<Vec<Snapshot>, SourceError> {
        let claimed = match self.reading.claims.as_ref().map(|claims| claims.of(key)) {
            Some(None) => return Err(SourceError::ClaimsOfAnother),
            claimed => claimed.flatten(),
        };
        let limit = self.reading.max_duration.map(|length| Limit {
            until: Instant::now() + length,
            length,
        });
        let opening = Opening {
            claimed,
            ..self.opening(limit)
        };
        let mut sessions = vec![Session::start(opening.clone())?];
        let others = usize::from(self.reading.connections.get()) - 1;
        if others > 0 && !self.reading.is_plain {
            let names = sessions[0].simple(
                "share the moment with a second connection",
                "SELECT pg_export_snapshot()",
            )?;
            for _ in 0..others {
                let shared = names.first().cloned();
                sessions.push(Session::start(Opening {
                    shared,
                    ..opening.clone()
                })?);
            }
        }
        sessions
            .into_iter()
            .map(|session| self.snapshot_of(session))
            .collect()
    }

    /// Not before its moment was shared, which PostgreSQL refuses once there is a savepoint.
    fn snapshot_of(&self, session: Session) -> Result<Snapshot, SourceError> {
        session.simple("begin to read the database", "SAVEPOINT carryall")?;
        Ok(Snapshot::of_postgres(session, self.schemas.clone()))
    }

    /// The schemas of the data map, as SQL.
    pub(crate) fn search_path(&self) -> String {
        let quoted: Vec<_> = self
            .schemas
            .iter()
            .map(|name| crate::plan::quote(name))
            .collect();
        quoted.join(", ")
    }

    /// A connection of its own, for whoever writes.
    pub(crate) fn connect(&self) -> Result<postgres::Client, SourceError> {
        call(&self.config, &self.tls).map_err(|error| failure::not_connected(&error, &self.address))
    }

    fn opening(&self, limit: Option<Limit>) -> Opening {
        Opening {
            config: self.config.clone(),
            tls: self.tls.clone(),
            address: self.address.clone(),
            search_path: format!("SET LOCAL search_path = {}", self.search_path()),
            shared: None,
            claimed: None,
            limit,
            is_plain: self.reading.is_plain,
        }
    }
}

/// Connects, over TLS as the address asked for it, for code that blocks.
pub fn call(config: &Config, tls: &Tls) -> Result<postgres::Client, postgres::Error> {
    let call = |config: &Config| postgres::Config::from(config.clone()).connect(tls.clone());
    match call(config) {
        // As libpq does: who prefers TLS takes a connection without.
        Err(error)
            if config.get_ssl_mode() == SslMode::Prefer && failure::of_tls(&error).is_some() =>
        {
            call(config.clone().ssl_mode(SslMode::Disable))
        }
        connected => connected,
    }
}

/// How the server would carry a statement out for anybody's key, line by line.
///
/// On a small table a scan is quicker than an index, and says nothing of a large one: the planner is asked to
/// do without scans and without what needs them.
pub(crate) fn explain(session: &Session, sql: &str) -> Result<Vec<String>, SourceError> {
    const PURPOSE: &str = "explain a statement";
    // Prepared alone first: then it is one SELECT, and nothing can stand behind it.
    let prepared = session.prepare(PURPOSE, sql)?;
    let unbound = vec!["NULL"; prepared.parameter_types().len()].join(", ");
    let unbound = if unbound.is_empty() {
        unbound
    } else {
        format!("({unbound})")
    };
    session.simple(
        PURPOSE,
        &format!(
            "SET LOCAL plan_cache_mode = force_generic_plan;
             SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off;
             SET LOCAL enable_mergejoin = off; SET LOCAL enable_sort = off;
             PREPARE carryall_explained AS {sql}"
        ),
    )?;
    let lines = session.simple(
        PURPOSE,
        &format!("EXPLAIN EXECUTE carryall_explained{unbound}"),
    );
    session.simple(
        PURPOSE,
        "DEALLOCATE carryall_explained;
         SET LOCAL plan_cache_mode = auto;
         SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on;
         SET LOCAL enable_mergejoin = on; SET LOCAL enable_sort = on",
    )?;
    lines
}
