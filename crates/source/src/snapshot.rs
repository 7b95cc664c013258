//! One moment of the database, and the rows in it.
//!
//! Promises: every read sees the same moment; values are borrowed, from SQLite or from a batch read ahead; a
//! statement is compiled once and run as often as there are threads of messages; parameters are
//! bound, never written into the SQL.

mod compiled;
mod forward;
mod pieces;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, InterruptHandle};

use self::compiled::Compiled;
use self::forward::Forward;
pub use self::pieces::BlobReader;
use crate::batch::{Batch, Start};
use crate::error::SourceError;
use crate::plan::Dialect;
use crate::postgres::query::Query;
use crate::postgres::session::{Cancel, Flow, Session};
use crate::value::Value;

/// A read transaction that lasts as long as this value. Belongs to one thread at a time.
#[derive(Debug)]
pub struct Snapshot {
    engine: Engine,
    path: PathBuf,
}

/// The database beneath.
#[derive(Debug)]
enum Engine {
    Sqlite {
        /// Before the connection, so that it goes first.
        forward: Option<Forward>,
        connection: Connection,
    },
    Postgres {
        session: Session,
        schemas: Vec<String>,
    },
}

impl Snapshot {
    /// `connection` is in a transaction that has read.
    pub(crate) fn new(connection: Connection, path: &Path) -> Self {
        Snapshot {
            engine: Engine::Sqlite {
                forward: None,
                connection,
            },
            path: path.to_owned(),
        }
    }

    /// A PostgreSQL transaction that has read.
    pub(crate) fn of_postgres(session: Session, schemas: Vec<String>) -> Self {
        Snapshot {
            path: PathBuf::from(session.address()),
            engine: Engine::Postgres { session, schemas },
        }
    }

    /// Made for reading much, once, from front to back: reads in long pieces, and keeps few pages.
    pub(crate) fn forward(mut self) -> Result<Self, SourceError> {
        if let Engine::Sqlite {
            forward,
            connection,
        } = &mut self.engine
        {
            // Pages that are read once and no more stay in the processor's cache, if they are few: 1 MiB
            // instead of 4 takes 4 % off the processor time of an export of a million messages.
            connection
                .execute_batch("PRAGMA cache_size = -1024")
                .map_err(|error| {
                    SourceError::from_sqlite(&error, &self.path, "open the database")
                })?;
            if forward.is_none() {
                *forward = Some(Forward::start(connection)?);
            }
        }
        Ok(self)
    }

    /// How it reads the file, when it was made for reading much.
    #[cfg(test)]
    fn reads_forward(&self) -> Option<&Forward> {
        match &self.engine {
            Engine::Sqlite { forward, .. } => forward.as_ref(),
            Engine::Postgres { .. } => None,
        }
    }

    /// The moment that is read, by the clock of a server; a file has none.
    pub fn moment(&self) -> Option<jiff::Timestamp> {
        self.postgres()?.0.begun().moment
    }

    /// How long before its moment the newest change was made that a replica knows; none for a database that is
    /// written itself. Where nobody writes it grows, so it is the most that the replica may be behind.
    pub fn replica_lag(&self) -> Option<std::time::Duration> {
        self.postgres()?.0.begun().lag
    }

    /// Whether a whole result can be sent along while it is read.
    pub(crate) fn can_stream(&self) -> bool {
        self.postgres()
            .is_some_and(|(session, _)| !session.begun().is_plain)
    }

    /// Which SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        match self.engine {
            Engine::Sqlite { .. } => Dialect::Sqlite,
            Engine::Postgres { .. } => Dialect::Postgres,
        }
    }

    /// The PostgreSQL connection and the schemas that the map speaks of.
    pub(crate) fn postgres(&self) -> Option<(&Session, &[String])> {
        match &self.engine {
            Engine::Sqlite { .. } => None,
            Engine::Postgres { session, schemas } => Some((session, schemas)),
        }
    }

    /// The product's database, also when what is read is a copy.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Compiles a SELECT.
    pub fn prepare(&self, sql: &str) -> Result<Statement<'_>, SourceError> {
        self.prepare_for("read the database", sql)
    }

    /// Compiles a SELECT; `purpose`, a verb phrase, begins the text of its errors.
    pub fn prepare_for(&self, purpose: &str, sql: &str) -> Result<Statement<'_>, SourceError> {
        let connection = match &self.engine {
            Engine::Sqlite { connection, .. } => connection,
            Engine::Postgres { session, .. } => {
                let query = Query::new(session, purpose, sql)?;
                return Statement::of_postgres(query, &self.path, purpose);
            }
        };
        let failed = |error| SourceError::from_sqlite(&error, &self.path, purpose);
        let checked = connection.prepare(sql).map_err(failed)?;
        if checked.column_count() == 0 || !checked.readonly() {
            return Err(not_a_select(purpose));
        }
        Ok(Statement {
            engine: Prepared::Sqlite(Compiled::new(connection, sql).map_err(failed)?),
            column_names: checked
                .column_names()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            parameter_count: checked.parameter_count(),
            path: &self.path,
            purpose: purpose.to_owned(),
        })
    }

    /// How SQLite would carry the statement out: the details of EXPLAIN QUERY PLAN, line by line.
    pub fn explain(&self, sql: &str) -> Result<Vec<String>, SourceError> {
        if let Some((session, _)) = self.postgres() {
            return crate::postgres::explain(session, sql);
        }
        let mut details = Vec::new();
        let mut plan =
            self.prepare_for("explain a statement", &format!("EXPLAIN QUERY PLAN {sql}"))?;
        let unbound = vec![Value::Null; plan.parameter_count()];
        plan.for_each(&unbound, |row| {
            let detail = row.value(3).bytes().unwrap_or_default();
            details.push(String::from_utf8_lossy(detail).into_owned());
            Ok::<(), SourceError>(())
        })?;
        Ok(details)
    }

    /// Lets another thread end what this snapshot is doing.
    pub fn interrupt_handle(&self) -> Interrupt {
        Interrupt {
            handle: Arc::new(match &self.engine {
                Engine::Sqlite { connection, .. } => {
                    Handle::Sqlite(connection.get_interrupt_handle())
                }
                Engine::Postgres { session, .. } => Handle::Postgres(session.cancel()),
            }),
        }
    }
}

/// Ends a running statement of a snapshot with [`SourceError::Interrupted`].
#[derive(Clone)]
pub struct Interrupt {
    handle: Arc<Handle>,
}

enum Handle {
    Sqlite(InterruptHandle),
    Postgres(Cancel),
}

impl Interrupt {
    /// Does nothing when no statement is running, or when the snapshot has gone.
    pub fn interrupt(&self) {
        match &*self.handle {
            Handle::Sqlite(handle) => handle.interrupt(),
            Handle::Postgres(cancel) => cancel.now(),
        }
    }
}

/// A compiled SELECT.
#[derive(Debug)]
pub struct Statement<'s> {
    engine: Prepared<'s>,
    column_names: Vec<String>,
    parameter_count: usize,
    path: &'s Path,
    purpose: String,
}

/// What the database made of it.
#[derive(Debug)]
enum Prepared<'s> {
    Sqlite(Compiled<'s>),
    Postgres(Query<'s>),
}

fn not_a_select(purpose: &str) -> SourceError {
    SourceError::Sql {
        purpose: purpose.to_owned(),
        detail: "the statement is not a SELECT".to_owned(),
    }
}

impl<'s> Statement<'s> {
    fn of_postgres(
        query: Query<'s>,
        path: &'s Path,
        purpose: &str,
    ) -> Result<Statement<'s>, SourceError> {
        if query.prepared.column_count() == 0 {
            return Err(not_a_select(purpose));
        }
        Ok(Statement {
            column_names: query.prepared.column_names(),
            parameter_count: query.prepared.parameter_types().len(),
            engine: Prepared::Postgres(query),
            path,
            purpose: purpose.to_owned(),
        })
    }

    /// Names of the result's columns, in order.
    pub fn column_names(&self) -> Vec<String> {
        self.column_names.clone()
    }

    /// How many parameters [`Statement::for_each`] wants.
    pub fn parameter_count(&self) -> usize {
        self.parameter_count
    }

    /// Runs it with `?1`, `?2`, … bound and shows each row to `visit`, until that fails. May be called
    /// again with other parameters: that costs no compilation.
    pub fn for_each<E>(
        &mut self,
        params: &[Value<'_>],
        visit: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E>
    where
        E: From<SourceError>,
    {
        self.check_count(params)?;
        let (path, purpose) = (self.path, &self.purpose);
        match &mut self.engine {
            Prepared::Postgres(query) => query.for_each(purpose, params, visit),
            Prepared::Sqlite(compiled) => {
                bind(compiled, params)
                    .map_err(|error| SourceError::from_sqlite(&error, path, purpose))?;
                let end = visit_rows(compiled, visit, |error| {
                    SourceError::from_sqlite(&error, path, purpose)
                });
                compiled.reset();
                end
            }
        }
    }

    /// The same for a result of few and short rows, which a server gives in one round trip.
    pub(crate) fn for_few<E: From<SourceError>>(
        &mut self,
        params: &[Value<'_>],
        visit: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Prepared::Postgres(query) = &self.engine {
            self.check_count(params)?;
            return query.for_few(&self.purpose, params, visit);
        }
        self.for_each(params, visit)
    }

    fn check_count(&self, params: &[Value<'_>]) -> Result<(), SourceError> {
        let (wanted, given) = (self.parameter_count, params.len());
        if given == wanted {
            return Ok(());
        }
        Err(SourceError::Sql {
            purpose: self.purpose.clone(),
            detail: format!("the statement has {wanted} parameters, not {given}"),
        })
    }

    /// Sends all rows along on a thread of their own; only PostgreSQL has one.
    pub(crate) fn stream(&self, params: &[Value<'_>], flow: Flow) {
        if let Prepared::Postgres(query) = &self.engine {
            query.stream(params, flow);
        }
    }
}

fn visit_rows<E: From<SourceError>>(
    compiled: &mut Compiled<'_>,
    mut visit: impl FnMut(&Row<'_>) -> Result<(), E>,
    failed: impl Fn(rusqlite::Error) -> SourceError,
) -> Result<(), E> {
    while compiled.step().map_err(&failed)? {
        visit(&Row {
            place: Place::Standing(compiled),
        })?;
    }
    Ok(())
}

fn bind(compiled: &mut Compiled<'_>, params: &[Value<'_>]) -> rusqlite::Result<()> {
    // After a visitor that panicked, and was caught, the statement would still stand on a row.
    compiled.reset();
    for (index, value) in params.iter().enumerate() {
        compiled.bind(index + 1, *value)?;
    }
    Ok(())
}

/// A row of a result.
#[derive(Debug)]
pub struct Row<'s> {
    place: Place<'s>,
}

/// Where a row's values are.
#[derive(Debug)]
enum Place<'s> {
    /// In SQLite, where its statement stands.
    Standing(&'s Compiled<'s>),
    /// In a batch that was read ahead.
    Ahead(&'s Batch, Start),
}

impl<'s> Row<'s> {
    /// The row of a batch that starts there.
    pub(crate) fn ahead(batch: &'s Batch, start: Start) -> Row<'s> {
        Row {
            place: Place::Ahead(batch, start),
        }
    }

    /// The value of one column, counted from 0.
    ///
    /// # Panics
    /// When the statement has no such column.
    #[inline]
    pub fn value(&self, column: usize) -> Value<'_> {
        match self.place {
            Place::Standing(compiled) => compiled.value(column),
            Place::Ahead(batch, start) => batch.value(start.cell, column),
        }
    }

    /// Which filling of which batch it stands in, and where.
    pub(crate) fn in_batch(&self) -> Option<(u64, Start)> {
        match self.place {
            Place::Standing(_) => None,
            Place::Ahead(batch, start) => Some((batch.filling(), start)),
        }
    }
}
