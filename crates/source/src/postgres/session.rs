//! One connection in one transaction, on a thread of its own.
//!
//! Promises: every statement reads the same moment; several may stand open at once, each fetched in
//! pieces that are bounded in bytes; what somebody no longer wants is cancelled on the server.
//!
//! A thread, because a transaction borrows its connection: neither could be kept in a [`Snapshot`]
//! (`crate::snapshot`) otherwise. It also reads and decodes while the caller encodes.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::Type;
use postgres::{Client, Portal, Statement, Transaction};

use super::bind::Bound;
use super::decode::{Decode, Raw};
use super::failure::{Failure, unknown_type};
use super::tls::Tls;
use crate::batch::{BATCH_BYTES, Batch, Mark};
use crate::error::SourceError;

/// To where the transaction had done nothing but begin.
const BACK: &str = "ROLLBACK TO SAVEPOINT carryall";
/// Rows of the first piece; the next are as many as fill a batch.
const FIRST_ROWS: i32 = 32;
const MOST_ROWS: i32 = 4096;

/// The caller's end.
pub(crate) struct Session {
    commands: Option<Sender<Command>>,
    thread: Option<JoinHandle<()>>,
    cancel: Cancel,
    address: String,
}

/// Ends what a connection is doing, over one of its own.
#[derive(Clone)]
pub(crate) struct Cancel {
    token: postgres::CancelToken,
    tls: Tls,
}

impl Cancel {
    /// A server that cannot be reached runs nothing for us any more.
    pub(crate) fn now(&self) {
        let _ = self.token.cancel_query(self.tls.clone());
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// A prepared statement.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    statement: Statement,
    decodes: Vec<Decode>,
}

impl Prepared {
    pub(crate) fn column_names(&self) -> Vec<String> {
        let columns = self.statement.columns().iter();
        columns.map(|column| column.name().to_owned()).collect()
    }

    pub(crate) fn column_count(&self) -> usize {
        self.decodes.len()
    }

    pub(crate) fn parameter_types(&self) -> &[Type] {
        self.statement.params()
    }
}

/// A piece of a result, and where the next one comes from.
pub(super) struct Piece {
    pub(super) batch: Batch,
    pub(super) rest: Option<Rest>,
}

/// A result that has more rows.
pub(super) struct Rest {
    portal: Portal,
    rows: i32,
}

type Answer<T> = Result<T, postgres::Error>;

/// What the thread is asked for.
enum Command {
    Prepare(String, SyncSender<Answer<Statement>>),
    Open(Prepared, Vec<Bound>, SyncSender<Result<Piece, Failure>>),
    Fetch(Prepared, Rest, SyncSender<Result<Piece, Failure>>),
    Simple(String, SyncSender<Answer<Vec<String>>>),
    Stream(Prepared, Vec<Bound>, Flow),
}

/// Where the rows of a whole result go.
pub(crate) struct Flow {
    pub(crate) full: SyncSender<Batch>,
    pub(crate) end: SyncSender<Result<(), SourceError>>,
    pub(crate) purpose: String,
}

impl Session {
    /// Takes over a connection that is in its transaction.
    pub(super) fn start(
        (mut client, tls): (Client, Tls),
        begin: String,
        address: String,
    ) -> Result<Session, SourceError> {
        let (commands, orders) = channel();
        let (started, ready) = sync_channel(1);
        let cancel = Cancel {
            token: client.cancel_token(),
            tls,
        };
        let thread = std::thread::Builder::new()
            .name("source-connection".to_owned())
            .spawn(move || {
                let opened = client
                    .build_transaction()
                    .isolation_level(postgres::IsolationLevel::RepeatableRead)
                    .read_only(true)
                    .start();
                match opened.and_then(|mut open| open.batch_execute(&begin).map(|()| open)) {
                    Ok(open) => {
                        let _ = started.send(Ok(()));
                        serve(open, &orders);
                    }
                    // Nobody waits for it when the caller has gone.
                    Err(error) => drop(started.send(Err(error))),
                }
            })
            .map_err(|error| SourceError::Sql {
                purpose: "start a thread to read with".to_owned(),
                detail: error.to_string(),
            })?;
        let session = Session {
            commands: Some(commands),
            thread: Some(thread),
            cancel,
            address,
        };
        match ready.recv() {
            Ok(Ok(())) => Ok(session),
            Ok(Err(error)) => Err(session.failed(error, "begin to read the database")),
            Err(_) => Err(session.gone("begin to read the database")),
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    pub(crate) fn prepare(&self, purpose: &str, sql: &str) -> Result<Prepared, SourceError> {
        let statement = self
            .ask(purpose, |answer| Command::Prepare(sql.to_owned(), answer))?
            .map_err(|error| self.failed(error, purpose))?;
        let decodes = statement
            .columns()
            .iter()
            .map(|column| {
                Decode::of(column.type_())
                    .ok_or_else(|| unknown_type(purpose, column.name(), column.type_()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Prepared { statement, decodes })
    }

    /// The first piece of a result.
    pub(super) fn open(
        &self,
        purpose: &str,
        prepared: &Prepared,
        params: Vec<Bound>,
    ) -> Result<Piece, SourceError> {
        self.ask(purpose, |answer| {
            Command::Open(prepared.clone(), params, answer)
        })?
        .map_err(|failure| failure.into_error(purpose, &self.address))
    }

    /// The next piece.
    pub(super) fn fetch(
        &self,
        purpose: &str,
        prepared: &Prepared,
        rest: Rest,
    ) -> Result<Piece, SourceError> {
        self.ask(purpose, |answer| {
            Command::Fetch(prepared.clone(), rest, answer)
        })?
        .map_err(|failure| failure.into_error(purpose, &self.address))
    }

    /// Runs SQL that takes no parameters and is the program's own; the first column of each row.
    pub(crate) fn simple(&self, purpose: &str, sql: &str) -> Result<Vec<String>, SourceError> {
        self.ask(purpose, |answer| Command::Simple(sql.to_owned(), answer))?
            .map_err(|error| self.failed(error, purpose))
    }

    /// Sends a whole result along, in order, as it comes.
    pub(super) fn stream(&self, prepared: &Prepared, params: Vec<Bound>, flow: Flow) {
        if let Some(commands) = &self.commands {
            // Without its thread `flow` is dropped, which tells the receiving end.
            let _ = commands.send(Command::Stream(prepared.clone(), params, flow));
        }
    }

    fn ask<T>(
        &self,
        purpose: &str,
        command: impl FnOnce(SyncSender<T>) -> Command,
    ) -> Result<T, SourceError> {
        let (answer, answered) = sync_channel(1);
        let sent = self.commands.as_ref().map(|to| to.send(command(answer)));
        match sent {
            Some(Ok(())) => answered.recv().map_err(|_| self.gone(purpose)),
            _ => Err(self.gone(purpose)),
        }
    }

    fn failed(&self, error: postgres::Error, purpose: &str) -> SourceError {
        Failure::Database(error).into_error(purpose, &self.address)
    }

    fn gone(&self, purpose: &str) -> SourceError {
        SourceError::Lost {
            purpose: purpose.to_owned(),
            database: self.address.clone(),
            detail: "the connection is closed".to_owned(),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.commands = None;
        let Some(thread) = self.thread.take() else {
            return;
        };
        if !thread.is_finished() {
            // What still runs would be read to its end first.
            self.cancel.now();
        }
        let _ = thread.join();
    }
}

fn serve(mut open: Transaction<'_>, orders: &Receiver<Command>) {
    // Whoever asked may have gone: then nobody needs the answer.
    for order in orders {
        match order {
            Command::Prepare(sql, answer) => {
                let prepared = open.prepare(&sql);
                let prepared = or_back(&mut open, prepared);
                drop(answer.send(prepared));
            }
            Command::Open(prepared, params, answer) => {
                let _ = answer.send(open_portal(&mut open, &prepared, &params));
            }
            Command::Fetch(prepared, rest, answer) => {
                let _ = answer.send(fetch(&mut open, &prepared, rest));
            }
            Command::Simple(sql, answer) => {
                let answered = simple(&mut open, &sql);
                let answered = or_back(&mut open, answered);
                drop(answer.send(answered));
            }
            Command::Stream(prepared, params, flow) => {
                let end = stream(&mut open, &prepared, &params, &flow.full);
                let _ = flow
                    .end
                    .send(end.map_err(|failure| failure.into_error(&flow.purpose, "")));
            }
        }
    }
}

/// After an error PostgreSQL answers nothing more until it may forget the statement. The gate goes on:
/// a query of the map that cannot be prepared is a finding.
fn or_back<T>(open: &mut Transaction<'_>, answer: Answer<T>) -> Answer<T> {
    if answer.is_err() {
        // Should this fail too, the next statement says why.
        let _ = open.batch_execute(BACK);
    }
    answer
}

fn simple(open: &mut Transaction<'_>, sql: &str) -> Answer<Vec<String>> {
    let answered = open.simple_query(sql)?;
    Ok(answered
        .into_iter()
        .filter_map(|message| match message {
            postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .collect())
}

fn open_portal(
    open: &mut Transaction<'_>,
    prepared: &Prepared,
    params: &[Bound],
) -> Result<Piece, Failure> {
    let given: Vec<&(dyn postgres::types::ToSql + Sync)> =
        params.iter().map(|param| param as _).collect();
    let portal = open.bind(&prepared.statement, &given)?;
    let rows = FIRST_ROWS;
    fetch(open, prepared, Rest { portal, rows })
}

fn fetch(open: &mut Transaction<'_>, prepared: &Prepared, rest: Rest) -> Result<Piece, Failure> {
    let mut batch = Batch::default();
    let mut rows = open.query_portal_raw(&rest.portal, rest.rows)?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        batch.mark(Mark::Inner);
        push(&mut batch, prepared, &row)?;
        count += 1;
    }
    drop(rows);
    if count < rest.rows {
        return Ok(Piece { batch, rest: None });
    }
    let row_bytes = batch.size_bytes() / usize::try_from(count).unwrap_or(1).max(1) + 1;
    let next = i32::try_from(BATCH_BYTES / row_bytes).unwrap_or(MOST_ROWS);
    let rest = Rest {
        portal: rest.portal,
        rows: next.clamp(1, MOST_ROWS),
    };
    Ok(Piece {
        batch,
        rest: Some(rest),
    })
}

/// Rows whose first column says to which outer row they belong; rows of one stand together.
fn stream(
    open: &mut Transaction<'_>,
    prepared: &Prepared,
    params: &[Bound],
    full: &SyncSender<Batch>,
) -> Result<(), Failure> {
    let mut rows = open.query_raw(&prepared.statement, params)?;
    let mut batch = Batch::default();
    let mut at: Option<Vec<u8>> = None;
    while let Some(row) = rows.next()? {
        let outer = row.get::<_, Raw<'_>>(0).0.unwrap_or_default();
        if at.as_deref() != Some(outer) {
            if at.is_some() {
                batch.mark(|_| Mark::End);
            }
            batch.mark(Mark::Outer);
            at = Some(outer.to_owned());
        }
        batch.mark(|cell| Mark::Inner(cell + 1));
        push(&mut batch, prepared, &row)?;
        if batch.is_full() && full.send(std::mem::take(&mut batch)).is_err() {
            return Err(Failure::Unwanted);
        }
    }
    if at.is_some() {
        batch.mark(|_| Mark::End);
    }
    let _ = full.send(batch);
    Ok(())
}

fn push(batch: &mut Batch, prepared: &Prepared, row: &postgres::Row) -> Result<(), Failure> {
    for (column, decode) in prepared.decodes.iter().enumerate() {
        let raw: Raw<'_> = row.get(column);
        decode
            .push(batch, raw.0)
            .map_err(|_| Failure::Undecodable(row.columns()[column].name().to_owned()))?;
    }
    Ok(())
}
