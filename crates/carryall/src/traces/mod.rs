//! Spans of requests and exports for an OpenTelemetry collector, if one is named: OTLP over HTTP, as JSON
//! (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>), with the HTTP client that is here anyway.
//!
//! Promises: nobody waits for the collector; while it is away, spans are dropped and counted. A span holds the
//! route as the program knows it, ids, numbers and words of the program, and nothing of a person.
//!
//! The trace of an export is its own id, so that its tries on all nodes are in one, without a word in the ledger;
//! the request that asked for it, in the caller's trace, links to it.

mod context;
mod wire;

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use tokio::sync::mpsc::{Receiver, Sender, channel};

pub use context::{Context, Parent};

use crate::ledger::ExportId;

/// Spans that wait; more are dropped.
const WAITING: usize = 4_096;
/// Spans of one request to the collector, and how long the first of them may wait.
const BATCH: usize = 512;
const PAUSE: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why there are no traces.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// Not an address of a collector.
    #[error("`{endpoint}` is not an address of a collector such as http://127.0.0.1:4318")]
    Address {
        /// What was given.
        endpoint: String,
    },
    /// The client cannot be made.
    #[error("spans cannot be sent: {0}")]
    Client(reqwest::Error),
}

/// What happened, from when to when.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Its trace, and itself.
    pub context: Context,
    /// The span that it is a part of.
    pub parent: Option<String>,
    /// The trace of an export that came of it.
    pub link: Option<Context>,
    /// Words of the program.
    pub name: String,
    /// Whether somebody outside asked for it.
    pub is_server: bool,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Words and numbers.
    pub attributes: Vec<(&'static str, Attribute)>,
    /// Whether it did not end well.
    pub has_failed: bool,
}

/// A word or a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// A word.
    Word(String),
    /// A number.
    Number(u64),
}

/// Where spans go. Clones go to the same place; the default is nowhere.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    sender: Option<Sender<Span>>,
    dropped: Arc<AtomicU64>,
}

impl Traces {
    /// To the collector at `ENDPOINT/v1/traces`, once what comes with them runs.
    pub fn to(endpoint: &str) -> Result<(Traces, Sending), TracesError> {
        let wrong = || TracesError::Address {
            endpoint: endpoint.to_owned(),
        };
        let address = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let address = Url::parse(&address).map_err(|_| wrong())?;
        if !matches!(address.scheme(), "http" | "https") || !address.has_host() {
            return Err(wrong());
        }
        // `main` does it for the program; a second time changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .map_err(TracesError::Client)?;
        let (sender, spans) = channel(WAITING);
        let traces = Traces {
            sender: Some(sender),
            dropped: Arc::default(),
        };
        let sending = Sending {
            address,
            client,
            spans,
            dropped: Arc::clone(&traces.dropped),
        };
        Ok((traces, sending))
    }

    /// Whether anybody wants to know.
    pub fn are_wanted(&self) -> bool {
        self.sender.is_some()
    }

    /// How many spans the collector did not get; none where there is no collector.
    pub fn dropped(&self) -> Option<u64> {
        self.are_wanted()
            .then(|| self.dropped.load(Ordering::Relaxed))
    }

    /// Passes a span on, or drops it.
    pub fn note(&self, span: Span) {
        if let Some(sender) = &self.sender
            && sender.try_send(span).is_err()
        {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Sends what is noted.
pub struct Sending {
    address: Url,
    client: Client,
    spans: Receiver<Span>,
    dropped: Arc<AtomicU64>,
}

impl Sending {
    /// Until every clone of the traces is gone.
    pub async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut was_away = false;
        while self.spans.recv_many(&mut batch, BATCH).await > 0 {
            tokio::time::sleep(PAUSE).await;
            while batch.len() < BATCH {
                let Ok(span) = self.spans.try_recv() else {
                    break;
                };
                batch.push(span);
            }
            let sent = self.send(wire::body(&batch)).await;
            if let Err(error) = &sent {
                self.dropped
                    .fetch_add(batch.len() as u64, Ordering::Relaxed);
                if !was_away {
                    tracing::warn!(%error, "the collector takes no spans: they are dropped");
                }
            }
            was_away = sent.is_err();
            batch.clear();
        }
    }

    async fn send(&self, body: String) -> Result<(), reqwest::Error> {
        let request = self.client.post(self.address.clone());
        let request = request
            .header("content-type", "application/json")
            .body(body);
        let answer = request.send().await.map_err(reqwest::Error::without_url)?;
        answer
            .error_for_status()
            .map(drop)
            .map_err(reqwest::Error::without_url)
    }
}

tokio::task_local! {
    /// The export that the request at hand has begun.
    static BEGUN: Cell<Option<ExportId>>;
}

/// Runs a request; the answer and the export that it began.
pub async fn watching<T>(request: impl Future<Output = T>) -> (T, Option<ExportId>) {
    let both = async {
        let answer = request.await;
        (answer, BEGUN.with(Cell::get))
    };
    BEGUN.scope(Cell::new(None), both).await
}

/// Says that the request at hand has begun this export.
pub fn begun(export: ExportId) {
    // Who asks outside a request has nobody to tell.
    let _ = BEGUN.try_with(|begun| begun.set(Some(export)));
}
