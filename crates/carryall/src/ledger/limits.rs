//! How often somebody may try something, whatever the number of processes and restarts.
//!
//! A try is counted before it is made, in one step with the check, so that many at once do not slip
//! through; one that went well is taken back. Nobody is shut out for longer than the time in which tries
//! count.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::audit::append;
use super::sql::{Tx, named_params};
use super::{Event, Ledger, LedgerError};
use crate::clock::later;
use crate::random::hex;

/// One limit, for one account or address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Which limit.
    pub name: &'static str,
    /// Whom it concerns; only its digest is kept.
    pub who: String,
    /// How many tries.
    pub tries: u32,
    /// Within which time.
    pub within: Duration,
}

/// Whether something may be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It may, and is counted.
    Admitted(Tries),
    /// Not before then.
    TooMany {
        /// When the next try is possible.
        next: Timestamp,
    },
}

/// Tries that were counted, to be taken back when they went well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tries(Vec<i64>);

// The oldest of the last so many: when it counts no more, there is room for one.
const LIMITING: &str = "SELECT at FROM tries
    WHERE limit_name = :name AND who = :who AND at > :since
    ORDER BY at DESC LIMIT 1 OFFSET :tries - 1";
const COUNT: &str =
    "INSERT INTO tries (limit_name, who, at) VALUES (:name, :who, :now) RETURNING id";
const TAKE_BACK: &str = "DELETE FROM tries WHERE id = :id";
const WAS_TOLD: &str = "SELECT count(*) FROM tries
    WHERE limit_name = :name AND who = :who AND at > :since";
const FORGET: &str = "DELETE FROM tries WHERE at <= :before";

impl Ledger {
    /// Counts a try against each of these limits, unless one of them is reached.
    ///
    /// `refusal` is noted once in the time of the limit: who goes on trying must not fill the disk.
    pub async fn admit(
        &self,
        limits: Vec<Limit>,
        refusal: Event,
        now: Timestamp,
    ) -> Result<Admission, LedgerError> {
        self.write(move |tx| {
            for limit in &limits {
                let Some(next) = limit.next(tx, now)? else {
                    continue;
                };
                limit.note_once(tx, &refusal, now)?;
                return Ok(Admission::TooMany { next });
            }
            let counted = limits
                .iter()
                .map(|limit| count(tx, limit.name, &limit.who(), now));
            Ok(Admission::Admitted(Tries(
                counted.collect::<Result<_, _>>()?,
            )))
        })
        .await
    }

    /// Takes tries back that went well.
    pub async fn forgive(&self, tries: Tries) -> Result<(), LedgerError> {
        self.change(move |tx| {
            for id in tries.0 {
                tx.execute(TAKE_BACK, named_params! { ":id": id })?;
            }
            Ok(())
        })
        .await
    }

    /// Forgets tries that are older than any limit looks back.
    pub async fn forget_tries(&self, before: Timestamp) -> Result<(), LedgerError> {
        self.run(move |tx| {
            tx.execute(FORGET, named_params! { ":before": before.as_millisecond() })
                .map(drop)
        })
        .await
    }
}

impl Limit {
    fn who(&self) -> String {
        hex(&Sha256::digest(self.who.as_bytes()))
    }

    fn since(&self, now: Timestamp) -> i64 {
        let within = SignedDuration::try_from(self.within).unwrap_or(SignedDuration::MAX);
        now.checked_sub(within)
            .unwrap_or(Timestamp::MIN)
            .as_millisecond()
    }

    /// When the next try is possible; none when it is now.
    fn next(&self, tx: &Tx<'_>, now: Timestamp) -> Result<Option<Timestamp>, LedgerError> {
        let params = named_params! {
            ":name": self.name, ":who": self.who(), ":since": self.since(now),
            ":tries": self.tries.max(1),
        };
        let at: Option<i64> = tx.one(LIMITING, params, |row| row.get(0))?;
        let at = at.and_then(|at| Timestamp::from_millisecond(at).ok());
        Ok(at.map(|at| later(at, self.within)))
    }

    /// Notes the refusal, unless that was done within the time of the limit.
    pub(super) fn note_once(
        &self,
        tx: &Tx<'_>,
        refusal: &Event,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let told = format!("{}, told", self.name);
        let params = named_params! { ":name": told, ":who": self.who(), ":since": self.since(now) };
        let was_told: Option<u32> = tx.one(WAS_TOLD, params, |row| row.get(0))?;
        if was_told.is_some_and(|times| times > 0) {
            return Ok(());
        }
        count(tx, &told, &self.who(), now)?;
        append(tx, now, &refusal.clone().ended(self.name))
    }
}

fn count(tx: &Tx<'_>, name: &str, who: &str, now: Timestamp) -> Result<i64, LedgerError> {
    let params = named_params! { ":name": name, ":who": who, ":now": now.as_millisecond() };
    let counted = tx.one(COUNT, params, |row| row.get(0))?;
    counted.ok_or(LedgerError::Stopped)
}
