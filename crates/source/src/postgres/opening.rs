//! How a connection begins: connected, in its transaction, with the moment that it reads.
//!
//! Promises: the moment is told by the statement that fixes it, so that nothing committed before the
//! moment is missing; what row-level security would hide is an error, unless claims were given that ask for
//! exactly that. That holds also for an engine without the setting for it, if only statements and cursors are used.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, IsolationLevel, SimpleQueryMessage, Transaction};

use super::claims::Claimed;
use super::failure::{self, Failure};
use super::tap::Tap;
use super::tls::Tls;
use super::wire::{self, Moving, NotConnected, Way};
use crate::error::SourceError;

/// Said at the start of each transaction. Texts and lists of numbers come in binary, so that of the settings only
/// these change what is read.
const READING: &str = "SET LOCAL TimeZone = 'UTC';";

/// Workers that read side by side would mix rows that have to come in order.
const PARALLEL: (&str, &str) = ("max_parallel_workers_per_gather", "0");

/// Turns a read that a policy would filter into an error.
const UNFILTERED: (&str, &str) = ("row_security", "off");

/// What stands for that where the engine has no such setting: no table may have policies, for a role that they
/// apply to.
const GUARDED_TABLES: &str = "SELECT n.nspname || '.' || c.relname
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relrowsecurity AND n.nspname = ANY (current_schemas(false)) AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user AND (r.rolsuper OR r.rolbypassrls))
    ORDER BY 1";

/// The first statement that reads: it takes the snapshot. Its own time is the one of its arrival, before that.
const MOMENT: &str = "SELECT (extract(epoch FROM statement_timestamp()) * 1000000)::bigint";

/// How long ago the last change that a replica knows was made on its primary. Not how far it is behind: where
/// nobody writes it grows.
const LAG: &str = "SELECT (extract(epoch FROM statement_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint
    WHERE pg_is_in_recovery()";

/// For the transaction alone. The role goes last: it may not be one that reads settings.
const CLAIM: &str =
    "SELECT set_config('request.jwt.claims', $1, true), set_config('role', $2, true)";

/// How long a connection may take to end.
const GOODBYE: Duration = Duration::from_secs(1);

/// Until when a snapshot may be held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) until: Instant,
    pub(super) length: Duration,
}

/// What the transaction knew when it began.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Begun {
    /// The moment that is read, by the server's clock.
    pub(crate) moment: Option<Timestamp>,
    /// How long before that the newest change was made, when the server is a replica.
    pub(crate) lag: Option<Duration>,
    /// Nothing but plain statements and cursors may be used.
    pub(crate) is_plain: bool,
}

/// The task that moves a connection's bytes, and the tap on them.
pub(super) struct Driver {
    moving: Option<Moving>,
    pub(super) tap: Tap,
}

impl Driver {
    /// What the server said last, when the connection has ended: of one that rested, nobody else hears it.
    pub(super) async fn last_word(&mut self) -> Option<tokio_postgres::Error> {
        let ended = tokio::time::timeout(GOODBYE, self.moving.take()?).await;
        ended.ok()?.ok()?.err()
    }
}

/// What a connection needs to begin.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) config: Config,
    pub(super) tls: Tls,
    /// As it may be shown.
    pub(super) address: String,
    /// `SET LOCAL search_path = …`
    pub(super) search_path: String,
    /// The name of a moment that another connection shares.
    pub(super) shared: Option<String>,
    /// Whose rows policies let through; without it they must let all through.
    pub(super) claimed: Option<Claimed>,
    pub(super) limit: Option<Limit>,
    pub(super) is_plain: bool,
}

impl Opening {
    /// The client, what moves its bytes, and the way that whoever cancels goes.
    pub(super) async fn connect(&self) -> Result<(Client, Driver, Way), SourceError> {
        let connected = wire::connect(&self.config, &self.tls).await;
        let connected = connected.map_err(|error| match error {
            NotConnected::Driver(error) => failure::not_connected(&error, &self.address),
            NotConnected::Socket(error) => SourceError::Unreachable {
                database: self.address.clone(),
                detail: format!("error connecting to server: {error}"),
            },
        })?;
        let driver = Driver {
            moving: Some(connected.moving),
            tap: connected.tap,
        };
        Ok((connected.client, driver, connected.way))
    }

    /// Begins the transaction and fixes its moment.
    pub(super) async fn begin<'c>(
        &self,
        client: &'c mut Client,
    ) -> Result<(Transaction<'c>, Begun), Failure> {
        // What the engine knows is asked before, because the first statement of the transaction fixes its moment.
        let mut settings = String::from(READING);
        self.add_setting(PARALLEL, client, &mut settings).await?;
        let is_guarded =
            self.claimed.is_none() && !self.add_setting(UNFILTERED, client, &mut settings).await?;
        let open = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await?;
        let share = match &self.shared {
            Some(name) => format!("SET TRANSACTION SNAPSHOT '{}';", name.replace('\'', "''")),
            None => String::new(),
        };
        open.batch_execute(&format!("{share}{settings}{}", self.search_path))
            .await?;
        let moment = number(&open, MOMENT).await?;
        if is_guarded && let Some(table) = first(&open.simple_query(GUARDED_TABLES).await?) {
            return Err(Failure::Filtered(format!(
                "the server has no setting `{}`, and `{table}` has row-level security",
                UNFILTERED.0
            )));
        }
        let mut begun = Begun {
            moment: moment.and_then(|micros| Timestamp::from_microsecond(micros).ok()),
            lag: None,
            is_plain: self.is_plain,
        };
        if !self.is_plain {
            let lag = number(&open, LAG).await?;
            let lag = lag.and_then(|millis| u64::try_from(millis).ok());
            begun.lag = lag.map(Duration::from_millis);
        }
        if let Some(Claimed { role, json }) = &self.claimed {
            open.query_typed(CLAIM, &[(json, Type::TEXT), (role, Type::TEXT)])
                .await?;
        }
        Ok((open, begun))
    }

    /// Adds a setting of the transaction; false for one that an engine with PostgreSQL's protocol does not know.
    async fn add_setting(
        &self,
        (name, value): (&str, &str),
        client: &Client,
        settings: &mut String,
    ) -> Result<bool, Failure> {
        if self.is_plain {
            let asked = format!("SELECT current_setting('{name}', true)");
            if first(&client.simple_query(&asked).await?).is_none() {
                return Ok(false);
            }
        }
        // Writing to a String cannot fail.
        let _ = write!(settings, "SET LOCAL {name} = {value};");
        Ok(true)
    }
}

/// The number that a statement answers with.
async fn number(open: &Transaction<'_>, sql: &str) -> Result<Option<i64>, Failure> {
    Ok(first(&open.simple_query(sql).await?).and_then(|text| text.parse().ok()))
}

/// The first value of an answer.
fn first(answered: &[SimpleQueryMessage]) -> Option<String> {
    answered.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    })
}
