//! A product's PostgreSQL database, read and nothing else.
//!
//! Promises: everything is read in one READ ONLY, REPEATABLE READ transaction, so that a
//! [`Snapshot`] is one moment; a row that row-level security would hide is an error, never a row less; values
//! are bound, never written into SQL.

mod address;
mod bind;
mod decode;
mod failure;
pub(crate) mod query;
pub(crate) mod session;
mod tls;

use std::time::Duration;

use postgres::config::SslMode;
use postgres::{Client, Config};

pub use self::address::parse as parse_address;
pub use self::failure::advice_on_tls;
pub(crate) use self::failure::from_database as database_error;
use self::session::Session;
pub use self::tls::Tls;
use crate::error::SourceError;
use crate::snapshot::Snapshot;

/// How long a server may take to answer the call.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Said at the start of each transaction.
///
/// `row_security = off` turns a read that a policy would filter into an error. Texts and lists of numbers
/// come in binary, so that of the settings only these change what is read. Parallel workers
/// would mix rows that have to come in order.
const READING: &str = "
    SET LOCAL row_security = off;
    SET LOCAL max_parallel_workers_per_gather = 0;
    SET LOCAL TimeZone = 'UTC';
";

/// Where the product's database is. Cheap to clone; every snapshot opens a connection of its own.
#[derive(Debug, Clone)]
pub struct Postgres {
    config: Config,
    tls: Tls,
    /// As it may be shown.
    address: String,
    schemas: Vec<String>,
}

impl Postgres {
    /// Connects once, to see that it can be read. `password` is used when the address has none.
    pub fn open(
        address: &str,
        password: Option<&str>,
        schemas: &[String],
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
        };
        postgres.snapshot()?;
        Ok(postgres)
    }

    /// Fixes one moment of the database.
    pub fn snapshot(&self) -> Result<Snapshot, SourceError> {
        self.snapshot_of(self.session(None)?)
    }

    /// The same moment on two connections.
    pub fn twin_snapshots(&self) -> Result<(Snapshot, Option<Snapshot>), SourceError> {
        let one = self.session(None)?;
        let names = one.simple(
            "share the moment with a second connection",
            "SELECT pg_export_snapshot()",
        )?;
        let two = match names.first() {
            Some(name) => Some(self.session(Some(name))?),
            None => None,
        };
        let two = two.map(|session| self.snapshot_of(session)).transpose()?;
        Ok((self.snapshot_of(one)?, two))
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

    fn session(&self, of: Option<&str>) -> Result<Session, SourceError> {
        let client = self.connect()?;
        let begin = match of {
            Some(name) => format!("SET TRANSACTION SNAPSHOT '{}';", name.replace('\'', "''")),
            None => String::new(),
        };
        // Only the first read fixes the moment.
        let begin = format!(
            "{begin}{READING}SET LOCAL search_path = {}; SELECT 1;",
            self.search_path()
        );
        Session::start((client, self.tls.clone()), begin, self.address.clone())
    }

    /// A connection of its own, for whoever writes.
    pub(crate) fn connect(&self) -> Result<Client, SourceError> {
        call(&self.config, &self.tls).map_err(|error| failure::not_connected(&error, &self.address))
    }
}

/// Connects, over TLS as the address asked for it.
pub fn call(config: &Config, tls: &Tls) -> Result<Client, postgres::Error> {
    match config.connect(tls.clone()) {
        // As libpq does: who prefers TLS takes a connection without.
        Err(error)
            if config.get_ssl_mode() == SslMode::Prefer && failure::of_tls(&error).is_some() =>
        {
            let mut config = config.clone();
            config.ssl_mode(SslMode::Disable).connect(tls.clone())
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
