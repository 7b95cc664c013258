//! The ledger in a PostgreSQL database.
//!
//! Promises: a few connections, each used by one verb at a time; one that was lost is opened anew, and a verb
//! that had not begun never notices; a verb that had begun fails as a whole. A node that is stopped in the middle
//! of a verb is cut off by the server, so that it holds up nobody else.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::postgres::error::SqlState;
use ::postgres::fallible_iterator::FallibleIterator as _;
use ::postgres::types::ToSql;
use ::postgres::{Client, Statement};
use carryall_source::postgres::{Config, Tls, call, parse_address};

use super::{LedgerError, Named, Row, Tx};
use crate::ledger::engines::{self, Effect};

/// Verbs take a millisecond or two: more would only wait for each other on the server.
const CONNECTIONS: usize = 8;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEPALIVE: Duration = Duration::from_secs(30);
/// Bytes that nobody acknowledges for so long went nowhere.
const UNANSWERED: Duration = Duration::from_secs(10);
/// How long a verb waits for a connection of this process's.
const PATIENCE: Duration = Duration::from_secs(10);
/// The first is for a node that was stopped in the middle of a verb: a lease is longer.
const SESSION: &str = "
    SET idle_in_transaction_session_timeout = '5s';
    SET lock_timeout = '10s';
    SET statement_timeout = '30s';";

/// Connections to one database.
pub(in crate::ledger) struct Pool {
    config: Config,
    tls: Tls,
    /// As it may be shown.
    address: String,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    open: usize,
}

struct Connection {
    client: Client,
    statements: HashMap<String, Prepared>,
}

#[derive(Clone)]
struct Prepared {
    statement: Statement,
    names: Vec<String>,
}

impl Pool {
    /// Connects, and brings the tables up to date. `password` is used when the address has none.
    pub(in crate::ledger) fn open(
        address: &str,
        password: Option<&str>,
    ) -> Result<Pool, LedgerError> {
        let pool = Pool::new(address, password)?;
        let mut first = pool.call()?;
        engines::migrate_postgres(&mut first, &pool.address)?;
        Ok(pool)
    }

    /// Nothing is connected yet.
    pub(in crate::ledger) fn new(
        address: &str,
        password: Option<&str>,
    ) -> Result<Pool, LedgerError> {
        let shown = carryall_source::connect::without_password(address);
        let (mut config, tls) = parse_address(address).map_err(|detail| LedgerError::Address {
            address: shown.clone(),
            detail: Some(detail),
        })?;
        if let Some(password) = password.filter(|_| config.get_password().is_none()) {
            config.password(password);
        }
        config.application_name("carryall ledger");
        config.keepalives_idle(KEEPALIVE);
        config.tcp_user_timeout(UNANSWERED);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        Ok(Pool {
            config,
            tls,
            address: shown,
            state: Mutex::default(),
            freed: Condvar::new(),
        })
    }

    /// A new connection.
    pub(in crate::ledger) fn call(&self) -> Result<Client, LedgerError> {
        let mut client =
            call(&self.config, &self.tls).map_err(|error| LedgerError::unreachable(&error))?;
        client.batch_execute(SESSION)?;
        Ok(client)
    }

    fn connect(&self) -> Result<Connection, LedgerError> {
        Ok(Connection {
            client: self.call()?,
            statements: HashMap::new(),
        })
    }

    /// Runs a verb in a transaction.
    pub(in crate::ledger) fn run<T>(
        &self,
        effect: Effect,
        verb: impl FnOnce(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let mut taken = self.begin(engines::begin(effect))?;
        let connection = taken.connection.as_mut().ok_or(LedgerError::Stopped)?;
        let (answer, is_spoiled) = {
            let tx = Tx::postgres(Open {
                client: &mut connection.client,
                statements: &mut connection.statements,
                is_spoiled: false,
            });
            (verb(&tx), tx.is_spoiled())
        };
        let answer = match answer {
            Ok(answer) if !is_spoiled => connection
                .client
                .batch_execute("COMMIT")
                .map(|()| answer)
                .map_err(LedgerError::from),
            Ok(_) => Err(LedgerError::Stopped),
            Err(error) => Err(error),
        };
        if answer.is_err() && connection.client.batch_execute("ROLLBACK").is_err() {
            taken.connection = None;
        }
        answer
    }

    /// Calls `told` at once and at each notification, until `is_over` or the connection is lost.
    pub(in crate::ledger) fn listen(
        &self,
        channel: &str,
        glance: Duration,
        is_over: &dyn Fn() -> bool,
        told: &dyn Fn(),
    ) -> Result<(), LedgerError> {
        let mut client = self.call()?;
        client.batch_execute(&format!("LISTEN {channel}"))?;
        // What was said while nobody listened.
        told();
        while !is_over() {
            let heard = client.notifications().timeout_iter(glance).next()?;
            if heard.is_some() {
                told();
            } else if client.is_closed() {
                return Err(LedgerError::Unreachable {
                    detail: "the connection is closed".to_owned(),
                });
            }
        }
        Ok(())
    }

    /// A connection in its transaction. What has stood idle may be dead, and nobody knows before it is used.
    fn begin(&self, begin: &str) -> Result<Taken<'_>, LedgerError> {
        loop {
            let mut taken = self.take()?;
            let connection = match &mut taken.connection {
                Some(connection) => connection,
                none => {
                    let connection = none.insert(self.connect()?);
                    if let Err(error) = connection.client.batch_execute(begin) {
                        taken.connection = None;
                        return Err(error.into());
                    }
                    return Ok(taken);
                }
            };
            match connection.client.batch_execute(begin) {
                Ok(()) => return Ok(taken),
                Err(error) => {
                    taken.connection = None;
                    // It lives, and somebody else has the lock for too long.
                    if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
                        return Err(error.into());
                    }
                }
            }
        }
    }

    /// A place, with an idle connection if there is one.
    fn take(&self) -> Result<Taken<'_>, LedgerError> {
        let is_full = |state: &mut State| state.idle.is_empty() && state.open >= CONNECTIONS;
        let waited = self
            .freed
            .wait_timeout_while(self.state(), PATIENCE, is_full);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(LedgerError::Busy);
        }
        let connection = state.idle.pop();
        if connection.is_none() {
            state.open += 1;
        }
        Ok(Taken {
            pool: self,
            connection,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let idle = std::mem::take(&mut self.state().idle);
        // A connection says good-bye on a runtime of its own, which must not happen on a thread of another.
        if !idle.is_empty() {
            let _ = std::thread::Builder::new().spawn(move || drop(idle));
        }
    }
}

/// One of the pool's places; given back when dropped, with its connection if that is still good.
struct Taken<'p> {
    pool: &'p Pool,
    connection: Option<Connection>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // In the middle of a panic the transaction still stands open.
        let connection = self.connection.take().filter(|_| !std::thread::panicking());
        let mut state = self.pool.state();
        match connection {
            Some(connection) if !connection.client.is_closed() => state.idle.push(connection),
            _ => state.open -= 1,
        }
        drop(state);
        self.pool.freed.notify_one();
    }
}

/// A connection inside its transaction.
pub(in crate::ledger) struct Open<'t> {
    client: &'t mut Client,
    statements: &'t mut HashMap<String, Prepared>,
    is_spoiled: bool,
}

impl Open<'_> {
    pub(super) fn is_spoiled(&self) -> bool {
        self.is_spoiled
    }

    pub(super) fn execute(
        &mut self,
        sql: &str,
        params: &[Named<'_>],
    ) -> Result<usize, LedgerError> {
        let prepared = self.prepared(sql, params)?;
        let values = prepared.values(sql, params)?;
        let changed = self.client.execute(&prepared.statement, &values);
        let changed = changed.inspect_err(|_| self.is_spoiled = true)?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    pub(super) fn each(
        &mut self,
        sql: &str,
        params: &[Named<'_>],
        visit: &mut dyn FnMut(&Row<'_>) -> Result<bool, LedgerError>,
    ) -> Result<(), LedgerError> {
        let prepared = self.prepared(sql, params)?;
        let values = prepared.values(sql, params)?;
        let rows = self.client.query_raw(&prepared.statement, values);
        let mut rows = rows.inspect_err(|_| self.is_spoiled = true)?;
        loop {
            match rows.next() {
                Ok(Some(row)) if visit(&Row::Postgres(&row))? => {}
                Ok(_) => return Ok(()),
                Err(error) => {
                    self.is_spoiled = true;
                    return Err(error.into());
                }
            }
        }
    }

    fn prepared(&mut self, sql: &str, params: &[Named<'_>]) -> Result<Prepared, LedgerError> {
        if let Some(prepared) = self.statements.get(sql) {
            return Ok(prepared.clone());
        }
        let (numbered, names) = super::names::numbered(sql);
        let of = |name: &String| params.iter().find(|(given, _)| given == name);
        let types: Vec<_> = names
            .iter()
            .filter_map(of)
            .map(|(_, value)| value.postgres_type())
            .collect();
        let statement = self
            .client
            .prepare_typed(&numbered, &types)
            .inspect_err(|_| self.is_spoiled = true)?;
        let prepared = Prepared { statement, names };
        self.statements.insert(sql.to_owned(), prepared.clone());
        Ok(prepared)
    }
}

impl Prepared {
    /// The values in the order of their numbers: as many as there are names, and no other.
    fn values<'v>(
        &self,
        sql: &str,
        params: &'v [Named<'_>],
    ) -> Result<Vec<&'v (dyn ToSql + Sync)>, LedgerError> {
        let of = |name: &String| params.iter().find(|(given, _)| given == name);
        let values: Vec<_> = self
            .names
            .iter()
            .filter_map(of)
            .map(|(_, value)| value as &(dyn ToSql + Sync))
            .collect();
        if values.len() == self.names.len() && values.len() == params.len() {
            Ok(values)
        } else {
            Err(LedgerError::Parameters {
                sql: sql.trim().to_owned(),
            })
        }
    }
}
