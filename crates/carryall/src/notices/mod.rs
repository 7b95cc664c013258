//! Tells people by e-mail, and the operator by a webhook, what happened with exports.
//!
//! What is told comes from the audit log through a queue in the ledger. Each channel sends one notice at a
//! time; what fails is tried again, ever more rarely, for a day, and then given up, on the record. A
//! notice holds nothing of anybody's data and no way in: whoever reads another's mail gains nothing.

mod letter;
pub mod mail;
pub mod webhook;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::{Clock, later};
use crate::exports::Exports;
use crate::ledger::{Channel, LedgerError, Notice};
use mail::Mail;
use webhook::Webhook;

/// How often the log is looked at.
const GLANCE: Duration = Duration::from_secs(1);
/// What nobody could be told within a day is not news any more.
const NEWS: SignedDuration = SignedDuration::from_hours(24);
/// Before each further try; the last one stays.
const PAUSES: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(1),
];

/// How a try to tell somebody ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// It was taken over.
    Sent,
    /// Not this time, for this reason.
    Later(String),
    /// Never: the word goes on the record.
    Never(&'static str),
}

/// The ways that are set up.
#[derive(Default)]
pub struct Ways {
    /// To the person.
    pub mail: Option<Mail>,
    /// To the operator.
    pub webhook: Option<Webhook>,
}

/// One way, with what it needs.
enum Way {
    Mail(Box<Mail>),
    Webhook(Box<Webhook>),
}

/// Sends what is to be told one way.
struct Post {
    exports: Arc<Exports>,
    clock: Clock,
    way: Way,
    /// How long one try may take.
    patience: Duration,
}

/// The running posts.
pub struct Running {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Ways {
    /// Starts telling what happens from now on. Nothing runs for a way that is not set up.
    pub async fn start(self, exports: &Arc<Exports>) -> Result<Running, LedgerError> {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let mail = self.mail.map(|mail| Way::Mail(Box::new(mail)));
        let webhook = self.webhook.map(|webhook| Way::Webhook(Box::new(webhook)));
        for way in [mail, webhook].into_iter().flatten() {
            let post = Post::new(exports, way, Duration::from_secs(30));
            // Before anything happens, so that the first event is told.
            post.gather().await?;
            tasks.spawn(post.run(stop.clone()));
        }
        tasks.close();
        Ok(Running { tasks, stop })
    }
}

impl Running {
    /// Stops; what is being sent is sent again by the next process.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Post {
    fn new(exports: &Arc<Exports>, way: Way, patience: Duration) -> Post {
        Post {
            exports: Arc::clone(exports),
            clock: exports.clock.clone(),
            way,
            patience,
        }
    }

    async fn run(self, stop: CancellationToken) {
        let round = async {
            loop {
                if let Err(error) = self.round().await {
                    tracing::error!(error = %error, "notices cannot be read");
                }
                tokio::time::sleep(GLANCE).await;
            }
        };
        stop.run_until_cancelled(round).await;
    }

    /// Looks at the log, and sends what is due.
    async fn round(&self) -> Result<(), LedgerError> {
        self.gather().await?;
        while let Some(notice) = self.claim().await? {
            self.tell(&notice).await?;
        }
        Ok(())
    }

    async fn gather(&self) -> Result<(), LedgerError> {
        let now = self.clock.now();
        let oldest = now.checked_sub(NEWS).unwrap_or(Timestamp::MIN);
        let ledger = &self.exports.ledger;
        ledger.gather_notices(self.channel(), oldest, now).await
    }

    async fn claim(&self) -> Result<Option<Notice>, LedgerError> {
        // Longer than a try: while it lasts, no other process takes the same one.
        let lease = self.patience * 2;
        let (ledger, now) = (&self.exports.ledger, self.clock.now());
        ledger.claim_notice(self.channel(), lease, now).await
    }

    fn channel(&self) -> Channel {
        match self.way {
            Way::Mail(_) => Channel::Mail,
            Way::Webhook(_) => Channel::Webhook,
        }
    }

    async fn tell(&self, notice: &Notice) -> Result<(), LedgerError> {
        let told = tokio::time::timeout(self.patience, self.send(notice)).await;
        let told = told.unwrap_or_else(|_| Told::Later("no answer in time".to_owned()));
        let (ledger, now) = (&self.exports.ledger, self.clock.now());
        let (channel, event, tries) = (notice.channel.name(), notice.entry.seq, notice.attempt);
        match told {
            Told::Sent => {
                tracing::info!(channel, event, tries, "told");
                ledger.settle_notice(notice, None, now).await
            }
            Told::Never(why) => {
                tracing::warn!(channel, event, tries, why, "cannot be told");
                ledger.settle_notice(notice, Some(why), now).await
            }
            Told::Later(why) => {
                let due = later(now, pause(tries));
                tracing::warn!(channel, event, tries, %why, "not told yet");
                if is_old(notice, due) {
                    return ledger.settle_notice(notice, Some("too_late"), now).await;
                }
                ledger.postpone_notice(notice, due).await
            }
        }
    }

    async fn send(&self, notice: &Notice) -> Told {
        match &self.way {
            Way::Webhook(webhook) => webhook.send(&notice.entry, self.clock.now()).await,
            Way::Mail(mail) => match letter::write(&self.exports, &notice.entry).await {
                Ok(letter) => mail.send(&letter, self.clock.now()).await,
                Err(told) => told,
            },
        }
    }
}

/// Before the next try, after so many.
fn pause(tries: u32) -> Duration {
    let place = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
    PAUSES[place.min(PAUSES.len() - 1)]
}

/// Whether the next try would come when it is no news any more.
fn is_old(notice: &Notice, due: Timestamp) -> bool {
    Timestamp::from_millisecond(notice.entry.at).map_or(true, |at| due - at > NEWS)
}
