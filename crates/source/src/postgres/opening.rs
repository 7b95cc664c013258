//! How a connection begins: connected, in its transaction, with the moment that it reads.
//!
//! Promises: the moment is told by the statement that fixes it, so that nothing committed before the
//! moment is missing; what row-level security would hide is an error, unless claims were given that ask for
//! exactly that.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, IsolationLevel, SimpleQueryMessage, Transaction};

use super::claims::Claimed;
use super::failure::{self, Failure};
use super::tls::Tls;
use crate::error::SourceError;

/// Said at the start of each transaction.
///
/// Texts and lists of numbers come in binary, so that of the settings only these change what is read. Parallel
/// workers would mix rows that have to come in order.
const READING: &str = "
    SET LOCAL max_parallel_workers_per_gather = 0;
    SET LOCAL TimeZone = 'UTC';
";

/// Turns a read that a policy would filter into an error.
const UNFILTERED: &str = "SET LOCAL row_security = off;";

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

/// The task that moves a connection's bytes.
pub(super) struct Driver(Option<JoinHandle<Result<(), tokio_postgres::Error>>>);

impl Driver {
    /// What the server said last, when the connection has ended: of one that rested, nobody else hears it.
    pub(super) async fn last_word(&mut self) -> Option<tokio_postgres::Error> {
        let ended = tokio::time::timeout(GOODBYE, self.0.take()?).await;
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
    /// The client, and the task that moves its bytes; it ends with why the connection did.
    pub(super) async fn connect(&self) -> Result<(Client, Driver), SourceError> {
        let connected = match self.config.connect(self.tls.clone()).await {
            // As libpq does: who prefers TLS takes a connection without.
            Err(error)
                if self.config.get_ssl_mode() == SslMode::Prefer
                    && failure::of_tls(&error).is_some() =>
            {
                let mut config = self.config.clone();
                config.ssl_mode(SslMode::Disable);
                config.connect(self.tls.clone()).await
            }
            connected => connected,
        };
        let (client, connection) =
            connected.map_err(|error| failure::not_connected(&error, &self.address))?;
        Ok((client, Driver(Some(tokio::spawn(connection)))))
    }

    /// Begins the transaction and fixes its moment.
    pub(super) async fn begin<'c>(
        &self,
        client: &'c mut Client,
    ) -> Result<(Transaction<'c>, Begun), Failure> {
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
        let unfiltered = self.claimed.as_ref().map_or(UNFILTERED, |_| "");
        open.batch_execute(&format!("{share}{READING}{unfiltered}{}", self.search_path))
            .await?;
        let moment = number(&open, MOMENT).await?;
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
}

/// The number that a statement answers with.
async fn number(open: &Transaction<'_>, sql: &str) -> Result<Option<i64>, Failure> {
    let answered = open.simple_query(sql).await?;
    let row = answered.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(row.and_then(|text| text.parse().ok()))
}
