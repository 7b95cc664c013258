//! The connection's thread: it carries out one order after another, in one transaction.
//!
//! Promises: when the time that the snapshot may be held is over, the statement that runs is cancelled and
//! the connection closed, whoever waits for what; a statement that fails leaves the others as they were.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;

use futures_util::TryStreamExt as _;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Portal, SimpleQueryMessage, Transaction};

use super::along::{Along, push_found, push_row};
use super::bind::Bound;
use super::copying::{self, Rows};
use super::decode::Raw;
use super::failure::Failure;
use super::opening::{Begun, Driver, Limit, Opening};
use super::session::{Answer, Cancel, Command, Flow, Open, Piece, Prepared, Rest};
use super::tap::Data;
use crate::batch::{BATCH_BYTES, Batch};
use crate::error::SourceError;

/// To where the transaction had done nothing but begin.
const BACK: &str = "ROLLBACK TO SAVEPOINT carryall";
/// Rows of the first piece; the next are as many as fill a batch.
const FIRST_ROWS: i32 = 32;
const MOST_ROWS: i32 = 4096;

type Started = Result<(Cancel, Begun), SourceError>;

/// Connects, begins, says so, and serves until nobody asks any more.
pub(super) fn run(
    opening: Opening,
    started: &SyncSender<Started>,
    orders: UnboundedReceiver<Command>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(connect_and_serve(opening, started, orders)),
        Err(error) => drop(started.send(Err(SourceError::Sql {
            purpose: "start a thread to read with".to_owned(),
            detail: error.to_string(),
        }))),
    }
}

async fn connect_and_serve(
    opening: Opening,
    started: &SyncSender<Started>,
    mut orders: UnboundedReceiver<Command>,
) {
    let mut late = None;
    // Nobody waits for a start when the caller has gone.
    let (mut client, mut driver, way) = match opening.connect().await {
        Ok(connected) => connected,
        Err(error) => return drop(started.send(Err(error))),
    };
    let cancel = Cancel::new(client.cancel_token(), way);
    match opening.begin(&mut client).await {
        Ok((open, begun)) => {
            let _ = started.send(Ok((cancel.clone(), begun)));
            let server = Server {
                open,
                driver: &mut driver,
                cancel,
                limit: opening.limit,
                is_plain: opening.is_plain,
                cursors: 0,
            };
            late = server.serve(&mut orders).await;
        }
        Err(failure) => {
            let purpose = "begin to read the database";
            let _ = started.send(Err(failure.into_error(purpose, &opening.address, false)));
        }
    }
    drop(client);
    // It says goodbye; a server that is gone does not hear it.
    let _ = driver.last_word().await;
    if let Some(limit) = late {
        refuse(orders, limit).await;
    }
}

struct Server<'c> {
    open: Transaction<'c>,
    driver: &'c mut Driver,
    cancel: Cancel,
    limit: Option<Limit>,
    /// Cursors instead of portals.
    is_plain: bool,
    cursors: u64,
}

impl Server<'_> {
    /// The limit, when that ended it.
    async fn serve(mut self, orders: &mut UnboundedReceiver<Command>) -> Option<Limit> {
        loop {
            let next = async { Ok::<_, Failure>(orders.recv().await) };
            let has_time = match within(self.limit, next).await {
                Ok(Some(order)) => self.carry_out(order).await,
                Ok(None) => return None,
                Err(_) => false,
            };
            if !has_time {
                // The snapshot goes with the connection.
                self.cancel.ask().await;
                return self.limit;
            }
        }
    }

    /// False when there is no time left. Whoever asked may have gone: then nobody needs the answer.
    async fn carry_out(&mut self, order: Command) -> bool {
        let limit = self.limit;
        match order {
            Command::Prepare(sql, answer) => {
                let prepared = within(limit, self.open.prepare(&sql)).await;
                let prepared = self.or_back(prepared).await;
                self.reply(&answer, prepared).await
            }
            Command::Few(prepared, params, answer) => {
                let rows = within(limit, self.few(&prepared, &params)).await;
                self.reply(&answer, rows).await
            }
            Command::Open(prepared, params, answer) => {
                let piece = within(limit, self.first_piece(&prepared, &params)).await;
                self.reply(&answer, piece).await
            }
            Command::Fetch(prepared, rest, answer) => {
                let piece = within(limit, self.fetch(&prepared, rest)).await;
                self.reply(&answer, piece).await
            }
            Command::Simple(sql, answer) => {
                let answered = within(limit, self.simple(&sql)).await;
                let answered = self.or_back(answered).await;
                self.reply(&answer, answered).await
            }
            Command::Stream(prepared, params, mut flow) => {
                let streamed = within(limit, self.stream(&prepared, &params, &mut flow)).await;
                let streamed = self.explained(streamed).await;
                let has_time = !matches!(streamed, Err(Failure::TooLong(_)));
                let end = streamed.map_err(|failure| {
                    failure.into_error(&flow.purpose, "the database", self.cancel.is_asked())
                });
                self.cancel.is_streaming.store(false, Ordering::Relaxed);
                let _ = flow.end.send(end);
                has_time
            }
        }
    }

    /// After an error PostgreSQL answers nothing more until it may forget the statement. The gate goes on:
    /// a query of the map that cannot be prepared is a finding.
    async fn or_back<T>(&self, answer: Result<T, Failure>) -> Result<T, Failure> {
        if matches!(answer, Err(Failure::Database(_))) {
            // Should this fail too, the next statement says why.
            let _ = within(self.limit, self.open.batch_execute(BACK)).await;
        }
        answer
    }

    /// False when there is no time left.
    async fn reply<T>(&mut self, answer: &Answer<T>, reply: Result<T, Failure>) -> bool {
        let has_time = !matches!(reply, Err(Failure::TooLong(_)));
        let _ = answer.send(self.explained(reply).await);
        has_time
    }

    /// Why the connection is closed, instead of that it is.
    async fn explained<T>(&mut self, reply: Result<T, Failure>) -> Result<T, Failure> {
        match reply {
            Err(Failure::Database(error)) if error.is_closed() => {
                let why = self.driver.last_word().await;
                Err(Failure::Database(why.unwrap_or(error)))
            }
            reply => reply,
        }
    }

    async fn simple(&self, sql: &str) -> Result<Vec<String>, Failure> {
        let answered = self.open.simple_query(sql).await?;
        Ok(answered
            .into_iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            })
            .collect())
    }

    /// All rows, in one round trip. Portals and cursors take three.
    async fn few(&self, prepared: &Prepared, params: &[Bound]) -> Result<Batch, Failure> {
        let mut batch = Batch::default();
        let mut rows = pin!(self.open.query_raw(&prepared.statement, params).await?);
        while let Some(row) = rows.try_next().await? {
            batch.begin_row(0);
            push_row(&mut batch, prepared, row)?;
        }
        Ok(batch)
    }

    async fn first_piece(
        &mut self,
        prepared: &Prepared,
        params: &[Bound],
    ) -> Result<Piece, Failure> {
        let given: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
        let from = if self.is_plain {
            self.cursors += 1;
            let name = format!("carryall_{}", self.cursors);
            let sql = format!("DECLARE {name} NO SCROLL CURSOR FOR {}", prepared.sql());
            let types = prepared.parameter_types();
            let declared = self.open.prepare_typed(&sql, types).await?;
            self.open.execute(&declared, &given).await?;
            Open::Cursor(name)
        } else {
            Open::Portal(self.open.bind(&prepared.statement, &given).await?)
        };
        let rows = FIRST_ROWS;
        self.fetch(prepared, Rest { from, rows }).await
    }

    async fn fetch(&self, prepared: &Prepared, rest: Rest) -> Result<Piece, Failure> {
        let mut batch = Batch::default();
        let count = match &rest.from {
            Open::Portal(portal) => {
                self.fetch_past(prepared, portal, rest.rows, &mut batch)
                    .await?
            }
            Open::Cursor(name) => {
                let sql = format!("FETCH FORWARD {} FROM {name}", rest.rows);
                let none: [(&(dyn ToSql + Sync), _); 0] = [];
                let mut rows = pin!(self.open.query_typed_raw(&sql, none).await?);
                let mut count = 0;
                while let Some(row) = rows.try_next().await? {
                    batch.begin_row(0);
                    push_row(&mut batch, prepared, row)?;
                    count += 1;
                }
                count
            }
        };
        if count < rest.rows {
            if let Open::Cursor(name) = &rest.from {
                self.open.batch_execute(&format!("CLOSE {name}")).await?;
            }
            return Ok(Piece { batch, rest: None });
        }
        let row_bytes = batch.size_bytes() / usize::try_from(count).unwrap_or(1).max(1) + 1;
        let next = i32::try_from(BATCH_BYTES / row_bytes).unwrap_or(MOST_ROWS);
        let rest = Rest {
            from: rest.from,
            rows: next.clamp(1, MOST_ROWS),
        };
        Ok(Piece {
            batch,
            rest: Some(rest),
        })
    }

    /// Fetches so many rows of a portal past the driver; how many came.
    async fn fetch_past(
        &self,
        prepared: &Prepared,
        portal: &Portal,
        most: i32,
        batch: &mut Batch,
    ) -> Result<i32, Failure> {
        let mut sent = self.driver.tap.open(Data::Rows);
        let end = self.open.query_portal_raw(portal, most).await?;
        let (mut rows, mut count, mut pushed) = (Rows::of_portal(), 0, Ok(()));
        while let Some(piece) = sent.next().await {
            for bytes in piece.data() {
                // What comes after a failure is not another statement's.
                if pushed.is_ok() {
                    pushed = rows.take(bytes, &mut |row| {
                        batch.begin_row(0);
                        count += 1;
                        push_found(batch, prepared, row)
                    });
                }
            }
            sent.give_back(piece);
        }
        // The rows came past the driver, which knows how they ended.
        pin!(end).try_next().await?;
        pushed.map(|()| count)
    }

    /// Sends a whole result along: by COPY, or as rows where a parameter cannot be a setting.
    async fn stream(
        &self,
        prepared: &Prepared,
        params: &[Bound],
        flow: &mut Flow,
    ) -> Result<(), Failure> {
        let mut along = Along::new(prepared, flow);
        if let Some(copy) = self.copy_statement(prepared, params).await? {
            let mut copied = self.driver.tap.open(Data::Copy);
            let end = self.open.copy_out(&*copy).await?;
            let mut rows = Rows::default();
            while let Some(piece) = copied.next().await {
                for bytes in piece.data() {
                    rows.take(bytes, &mut |row| along.take(row))?;
                }
                copied.give_back(piece);
                along.hand_over().await?;
                if rows.is_within_long() {
                    along.wait_for_room().await?;
                }
            }
            // The data came past the driver, which knows how it ended.
            pin!(end).try_next().await?;
        } else {
            let rows = self.open.query_raw(&prepared.statement, params).await?;
            let mut rows = pin!(rows);
            while let Some(row) = rows.try_next().await? {
                along.push(|column| row.get::<_, Raw<'_>>(column).0)?;
                along.hand_over().await?;
            }
        }
        along.finish().await
    }

    async fn copy_statement(
        &self,
        prepared: &Prepared,
        params: &[Bound],
    ) -> Result<Option<String>, Failure> {
        let settings: Option<Vec<_>> = params.iter().map(copying::as_setting).collect();
        let copy = copying::statement(prepared.sql(), prepared.parameter_types());
        let (Some(settings), Some(copy)) = (settings, copy) else {
            return Ok(None);
        };
        for (index, value) in settings.iter().enumerate() {
            let name = copying::setting(index + 1);
            let set = "SELECT set_config($1, $2, true)";
            self.open
                .query_typed(set, &[(&name, Type::TEXT), (value, Type::TEXT)])
                .await?;
        }
        Ok(Some(copy))
    }
}

/// What comes of it before the time is over.
async fn within<T, E: Into<Failure>>(
    limit: Option<Limit>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    let Some(limit) = limit else {
        return work.await.map_err(Into::into);
    };
    match tokio::time::timeout_at(limit.until.into(), work).await {
        Ok(done) => done.map_err(Into::into),
        Err(_) => Err(Failure::TooLong(limit.length)),
    }
}

/// Answers everybody that the time is over.
async fn refuse(mut orders: UnboundedReceiver<Command>, limit: Limit) {
    let over = || Failure::TooLong(limit.length);
    while let Some(order) = orders.recv().await {
        match order {
            Command::Prepare(_, answer) => drop(answer.send(Err(over()))),
            Command::Few(_, _, answer) => drop(answer.send(Err(over()))),
            Command::Open(_, _, answer) | Command::Fetch(_, _, answer) => {
                drop(answer.send(Err(over())));
            }
            Command::Simple(_, answer) => drop(answer.send(Err(over()))),
            Command::Stream(_, _, flow) => {
                let over = over().into_error(&flow.purpose, "the database", false);
                drop(flow.end.send(Err(over)));
            }
        }
    }
}
