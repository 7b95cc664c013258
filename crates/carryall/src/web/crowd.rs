//! How many requests one address may send, so that nobody keeps a node busy all alone.
//!
//! A bucket for each address, in memory, for each node by itself: what has to hold over all nodes and restarts
//! are the limits in the ledger, and this one only keeps what leads to them cheap. The memory is the same whatever
//! the number of addresses; which addresses share a bucket, nobody outside can find out.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::Web;
use super::api;
use super::client_address::network_of;
use super::errors::PageError;
use crate::ledger::Caller;
use crate::random::Randomness;

/// Eight bytes each.
const BUCKETS: usize = 1 << 16;
const MINUTE_MICROS: i64 = 60_000_000;
/// So much of what is allowed may come at once: half of a minute's.
const AT_ONCE_MICROS: i64 = MINUTE_MICROS / 2;

/// The buckets of one node.
pub struct Crowd {
    /// How long a request takes to drip out of its bucket.
    each_micros: i64,
    /// When a bucket is empty again, in microseconds since 1970.
    empty_at: Box<[AtomicI64]>,
    /// What no address can be chosen against.
    seed: [u8; 32],
}

impl Crowd {
    /// Lets each address send so many requests a minute.
    pub fn new(per_minute: u32, random: &Randomness) -> Crowd {
        Crowd {
            each_micros: MINUTE_MICROS / i64::from(per_minute.max(1)),
            empty_at: (0..BUCKETS).map(|_| AtomicI64::new(0)).collect(),
            seed: *random.seed(),
        }
    }

    /// Counts a request; when there were too many, the answer is when the next one is possible.
    fn admit(&self, network: &str, now: Timestamp) -> Result<(), Timestamp> {
        let now = now.as_microsecond();
        let bucket = &self.empty_at[self.place(network)];
        let counted = bucket.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |empty_at| {
            let empty_at = self.of_now(empty_at, now);
            (empty_at - now <= AT_ONCE_MICROS).then_some(empty_at + self.each_micros)
        });
        counted.map(drop).map_err(|empty_at| {
            let next = self.of_now(empty_at, now) - AT_ONCE_MICROS;
            Timestamp::from_microsecond(next).unwrap_or(Timestamp::MAX)
        })
    }

    /// A bucket that is empty is so from now on; one that is fuller than any can be is of a clock that was wrong.
    fn of_now(&self, empty_at: i64, now: i64) -> i64 {
        let is_possible = empty_at - now <= AT_ONCE_MICROS + self.each_micros;
        if is_possible { empty_at.max(now) } else { now }
    }

    fn place(&self, network: &str) -> usize {
        let digest = Sha256::new()
            .chain_update(self.seed)
            .chain_update(network)
            .finalize();
        usize::from(u16::from_be_bytes([digest[0], digest[1]]))
    }
}

/// Whether a request is counted: what may change something, and whatever asks the API. A page that is looked at is
/// not, nor is the file of an export, which a browser fetches in as many parts as the way there needs.
fn costs(request: &Request) -> bool {
    let (method, path) = (request.method(), request.uri().path());
    let looks = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    !looks || (path.starts_with(api::ROOT) && !path.ends_with("/file"))
}

/// Refuses who sends too many requests, before anything is done for them.
pub async fn limit(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let Some(crowd) = web.crowd.as_ref().filter(|_| costs(&request)) else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    let Ok(caller) = Caller::from_request_parts(&mut parts, &web).await;
    let now = web.exports.clock.now();
    match crowd.admit(&network_of(caller.address), now) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(next) => {
            tracing::debug!("too many requests from one address");
            let refusal = PageError::TooMany { next, now };
            if parts.uri.path().starts_with(api::ROOT) {
                api::refused(refusal)
            } else {
                refusal.into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + millisecond).expect("a moment")
    }

    #[test]
    fn half_of_a_minute_s_requests_may_come_at_once_and_then_one_after_the_other() {
        let crowd = Crowd::new(60, &Randomness::system());
        let admit = |millisecond| crowd.admit("203.0.113.7", at(millisecond));
        // Thirty, and the one that drips while they come.
        for _ in 0..31 {
            assert_eq!(admit(0), Ok(()));
        }
        assert_eq!(admit(0), Err(at(1_000)));
        assert_eq!(admit(999), Err(at(1_000)));
        assert_eq!(admit(1_000), Ok(()));
        assert_eq!(admit(1_000), Err(at(2_000)));
        let sent = (1..=600).filter(|tenth| admit(1_000 + tenth * 100).is_ok());
        assert_eq!(sent.count(), 60, "in the next minute");
        // Who has rested may send many at once again.
        let sent = (0..100).filter(|_| admit(500_000).is_ok());
        assert_eq!(sent.count(), 31);
    }

    #[test]
    fn one_address_holds_up_no_other_and_a_million_of_them_take_no_more_memory() {
        let crowd = Crowd::new(60, &Randomness::system());
        while crowd.admit("203.0.113.7", at(0)).is_ok() {}
        let others = (0..1_000_u32).map(|number| Ipv4Addr::from(number).to_string());
        let held_up = others.filter(|other| crowd.admit(other, at(0)).is_err());
        assert!(held_up.count() <= 2, "who shares a bucket by chance");
        for number in 0..100_000_u32 {
            let _ = crowd.admit(&Ipv4Addr::from(number).to_string(), at(0));
        }
        assert_eq!(crowd.empty_at.len(), BUCKETS);
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let crowd = Crowd::new(60, &Randomness::system());
        while crowd.admit("203.0.113.7", at(3_600_000)).is_ok() {}
        assert_eq!(crowd.admit("203.0.113.7", at(0)), Ok(()));
    }
}
