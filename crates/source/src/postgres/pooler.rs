//! Whether a pooler stands before the server that gives each transaction another connection.
//!
//! Behind one, prepared statements of others turn up and ours get lost, so it is told before anything is read. A
//! pooler that keeps a connection for a session is as good as the server.

use std::time::Duration;

use tokio_postgres::{Client, SimpleQueryMessage};

use super::opening::Opening;
use crate::error::SourceError;

/// How long a pooler may let us wait for a connection of its own.
const PATIENCE: Duration = Duration::from_secs(10);

/// Two connections that are open at once have two processes of the server, each always the same one. A pooler that
/// shares them gives one's process to the other, or another one to the first while that is taken.
pub(super) fn refuse(opening: &Opening) -> Result<(), SourceError> {
    let looked = std::thread::scope(|scope| scope.spawn(|| look(opening)).join());
    match looked {
        Ok(Ok(false)) => Ok(()),
        Ok(Ok(true)) => Err(SourceError::Pooled {
            database: opening.address.clone(),
        }),
        Ok(Err(error)) => Err(error),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

fn look(opening: &Opening) -> Result<bool, SourceError> {
    let unreachable = |detail: String| SourceError::Unreachable {
        database: opening.address.clone(),
        detail,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| unreachable(error.to_string()))?;
    runtime.block_on(async {
        let (one, ..) = opening.connect().await?;
        let (two, ..) = opening.connect().await?;
        let compared = tokio::time::timeout(PATIENCE, are_shared(&one, &two)).await;
        match compared {
            Ok(Ok(are_shared)) => Ok(are_shared),
            // Of a pooler that gives each statement another one.
            Ok(Err(error)) if super::failure::with_causes(&error).contains("statement pooling") => {
                Ok(true)
            }
            Ok(Err(error)) => Err(unreachable(super::failure::with_causes(&error))),
            Err(_) => Err(unreachable("it has no second connection for us".to_owned())),
        }
    })
}

async fn are_shared(one: &Client, two: &Client) -> Result<bool, tokio_postgres::Error> {
    let first = process(one).await?;
    two.batch_execute("BEGIN READ ONLY").await?;
    let taken = process(two).await?;
    // One that shares a single connection has none for the first meanwhile.
    let is_shared = first == taken || first != process(one).await?;
    two.batch_execute("ROLLBACK").await?;
    Ok(is_shared)
}

/// Which process of the server carries the statement out.
async fn process(client: &Client) -> Result<Option<String>, tokio_postgres::Error> {
    let answered = client.simple_query("SELECT pg_backend_pid()").await?;
    Ok(answered.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}
