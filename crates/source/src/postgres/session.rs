//! One connection in one transaction, on a thread of its own: the caller's end.
//!
//! Promises: every statement reads the same moment; several may stand open at once, each fetched in
//! pieces that are bounded in bytes; what somebody no longer wants is cancelled on the server.
//!
//! A thread, because a transaction borrows its connection: neither could be kept in a [`Snapshot`]
//! (`crate::snapshot`) otherwise. It also reads and decodes while the caller encodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::{Sender, UnboundedSender, unbounded_channel};
use tokio_postgres::types::Type;
use tokio_postgres::{CancelToken, Portal, Statement};

use super::bind::Bound;
use super::decode::Decode;
use super::failure::{Failure, unknown_type};
use super::opening::{Begun, Opening};
use super::serving;
use super::wire::Way;
use crate::batch::Batch;
use crate::error::SourceError;

/// How long a server may take to hear that a statement is not wanted any more.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// The caller's end.
pub(crate) struct Session {
    commands: Option<UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
    cancel: Cancel,
    begun: Begun,
    address: String,
}

/// Ends what a connection is doing, over one of its own.
#[derive(Clone)]
pub(crate) struct Cancel {
    token: CancelToken,
    way: Way,
    /// Told from a statement that somebody else cancelled.
    is_asked: Arc<AtomicBool>,
    /// Something runs that nobody waits for.
    pub(super) is_streaming: Arc<AtomicBool>,
}

impl Cancel {
    pub(super) fn new(token: CancelToken, way: Way) -> Cancel {
        Cancel {
            token,
            way,
            is_asked: Arc::default(),
            is_streaming: Arc::default(),
        }
    }

    /// A server that cannot be reached runs nothing for us any more.
    pub(crate) fn now(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        if let Ok(runtime) = runtime {
            runtime.block_on(self.ask());
        }
    }

    pub(super) async fn ask(&self) {
        self.is_asked.store(true, Ordering::Relaxed);
        let asked = self.way.cancel(&self.token);
        let _ = tokio::time::timeout(CANCEL_TIMEOUT, asked).await;
    }

    pub(super) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
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
    pub(super) statement: Statement,
    pub(super) decodes: Arc<[Decode]>,
    sql: Arc<str>,
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

    pub(super) fn sql(&self) -> &str {
        &self.sql
    }
}

/// A piece of a result, and where the next one comes from.
pub(super) struct Piece {
    pub(super) batch: Batch,
    pub(super) rest: Option<Rest>,
}

/// A result that has more rows.
pub(super) struct Rest {
    pub(super) from: Open,
    pub(super) rows: i32,
}

/// What stands open on the server.
pub(super) enum Open {
    Portal(Portal),
    /// The name of a cursor.
    Cursor(String),
}

pub(super) type Answer<T> = SyncSender<Result<T, Failure>>;

/// What the thread is asked for.
pub(super) enum Command {
    Prepare(String, Answer<Statement>),
    Few(Prepared, Vec<Bound>, Answer<Batch>),
    Open(Prepared, Vec<Bound>, Answer<Piece>),
    Fetch(Prepared, Rest, Answer<Piece>),
    Simple(String, Answer<Vec<String>>),
    Stream(Prepared, Vec<Bound>, Box<Flow>),
}

/// Where the rows of a whole result go.
pub(crate) struct Flow {
    pub(crate) full: Sender<Batch>,
    /// Batches that were looked at, to be filled again.
    pub(crate) empty: std::sync::mpsc::Receiver<Batch>,
    pub(crate) end: SyncSender<Result<(), SourceError>>,
    pub(crate) purpose: String,
}

impl Session {
    /// Connects and begins.
    pub(super) fn start(opening: Opening) -> Result<Session, SourceError> {
        const PURPOSE: &str = "begin to read the database";
        let address = opening.address.clone();
        let (commands, orders) = unbounded_channel();
        let (started, ready) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("source-connection".to_owned())
            .spawn(move || serving::run(opening, &started, orders))
            .map_err(|error| SourceError::Sql {
                purpose: "start a thread to read with".to_owned(),
                detail: error.to_string(),
            })?;
        match ready.recv() {
            Ok(Ok((cancel, begun))) => Ok(Session {
                commands: Some(commands),
                thread: Some(thread),
                cancel,
                begun,
                address,
            }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(gone(PURPOSE, &address)),
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// What the transaction knew when it began.
    pub(crate) fn begun(&self) -> &Begun {
        &self.begun
    }

    pub(crate) fn prepare(&self, purpose: &str, sql: &str) -> Result<Prepared, SourceError> {
        let statement = self.ask(purpose, |answer| Command::Prepare(sql.to_owned(), answer))?;
        let decodes = statement
            .columns()
            .iter()
            .map(|column| {
                Decode::of(column.type_())
                    .ok_or_else(|| unknown_type(purpose, column.name(), column.type_()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Prepared {
            statement,
            decodes,
            sql: sql.into(),
        })
    }

    /// All rows of a result that has few.
    pub(super) fn few(
        &self,
        purpose: &str,
        prepared: &Prepared,
        params: Vec<Bound>,
    ) -> Result<Batch, SourceError> {
        self.ask(purpose, |answer| {
            Command::Few(prepared.clone(), params, answer)
        })
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
        })
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
        })
    }

    /// Runs SQL that takes no parameters and is the program's own; the first column of each row.
    pub(crate) fn simple(&self, purpose: &str, sql: &str) -> Result<Vec<String>, SourceError> {
        self.ask(purpose, |answer| Command::Simple(sql.to_owned(), answer))
    }

    /// Sends a whole result along, in order, as it comes.
    pub(super) fn stream(&self, prepared: &Prepared, params: Vec<Bound>, flow: Flow) {
        if let Some(commands) = &self.commands {
            self.cancel.is_streaming.store(true, Ordering::Relaxed);
            // Without its thread `flow` is dropped, which tells the receiving end.
            let _ = commands.send(Command::Stream(prepared.clone(), params, Box::new(flow)));
        }
    }

    fn ask<T>(
        &self,
        purpose: &str,
        command: impl FnOnce(Answer<T>) -> Command,
    ) -> Result<T, SourceError> {
        let (answer, answered) = sync_channel(1);
        let sent = self.commands.as_ref().map(|to| to.send(command(answer)));
        match sent {
            Some(Ok(())) => match answered.recv() {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(failure)) => {
                    Err(failure.into_error(purpose, &self.address, self.cancel.is_asked()))
                }
                Err(_) => Err(gone(purpose, &self.address)),
            },
            _ => Err(gone(purpose, &self.address)),
        }
    }
}

fn gone(purpose: &str, address: &str) -> SourceError {
    Failure::Gone.into_error(purpose, address, false)
}

impl Drop for Session {
    fn drop(&mut self) {
        self.commands = None;
        let Some(thread) = self.thread.take() else {
            return;
        };
        // What still runs would be read to its end first. Nothing else does: others wait for their answers.
        if self.cancel.is_streaming.load(Ordering::Relaxed) {
            self.cancel.now();
        }
        let _ = thread.join();
    }
}
