//! Whether what a node needs answers: the ledger, the product's database and files, the place of finished files.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::exports::Exports;
use crate::exports::artifacts::Artifacts;
use crate::product::Product;

/// A store is asked again for longer than this; whoever routes requests wants to know now.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a report is good for.
const FRESH: Duration = Duration::from_secs(2);

/// What was looked at, and what is wrong with it.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its name, and why it does not answer.
    pub checks: [(&'static str, Option<String>); 3],
}

impl Report {
    /// Whether everything answers.
    pub fn is_ready(&self) -> bool {
        self.checks.iter().all(|(_, wrong)| wrong.is_none())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, wrong) in &self.checks {
            match wrong {
                None => writeln!(formatter, "{name}: ok")?,
                Some(wrong) => writeln!(formatter, "{name}: {}", wrong.replace('\n', " "))?,
            }
        }
        Ok(())
    }
}

/// Looks, and remembers for a moment.
pub struct Checks {
    exports: Arc<Exports>,
    last: Mutex<Option<(Instant, Report)>>,
}

impl Checks {
    /// Nothing was looked at yet.
    pub fn new(exports: Arc<Exports>) -> Checks {
        Checks {
            exports,
            last: Mutex::default(),
        }
    }

    /// How it stands. Who comes while somebody looks gets the same answer.
    pub async fn report(&self) -> Report {
        let mut last = self.last.lock().await;
        if let Some((at, report)) = last.as_ref()
            && at.elapsed() < FRESH
        {
            return report.clone();
        }
        let report = self.look().await;
        *last = Some((Instant::now(), report.clone()));
        report
    }

    async fn look(&self) -> Report {
        let Exports {
            ledger,
            product,
            artifacts,
            ..
        } = &*self.exports;
        let ledger = wrong(ledger.look());
        let source = wrong(product.ask(Product::look));
        let storage = wrong(artifacts.ask(Artifacts::look));
        let (ledger, source, storage) = tokio::join!(ledger, source, storage);
        Report {
            checks: [("ledger", ledger), ("source", source), ("storage", storage)],
        }
    }
}

/// Why it does not answer, in the words of the error and of everything below it.
async fn wrong<E: std::error::Error + 'static>(
    look: impl Future<Output = Result<(), E>>,
) -> Option<String> {
    match tokio::time::timeout(PATIENCE, look).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            let error: &dyn std::error::Error = &error;
            let words = std::iter::successors(Some(error), |error| error.source());
            let words: Vec<_> = words.map(ToString::to_string).collect();
            Some(words.join(": "))
        }
        Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}
