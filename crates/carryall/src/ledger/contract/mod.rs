//! What every ledger must do, whatever its engine. These tests are compiled once for each.

mod chain;
mod codes;
mod fairness;
mod files;
mod jobs;
mod letters;
mod record;
mod retention;
mod sessions;
mod sign_ins;
mod tries;

use std::time::Duration;

use super::contract_stage::{Stage, aside};
use super::leases::LeaseLost;
use super::*;
use crate::clock::{Clock, ClockHand, later};
use crate::product::Scope;
use crate::random::Randomness;

const LEASE: Duration = Duration::from_secs(10);

struct Story {
    ledger: Ledger,
    clock: Clock,
    hand: ClockHand,
    random: Randomness,
    stage: Stage,
}

impl Story {
    fn begin() -> Story {
        // The name that `ledger` gave this module.
        let stage = if module_path!().contains("on_postgres") {
            Stage::postgres()
        } else {
            Stage::sqlite()
        };
        let (clock, hand) = ClockHand::at("2026-11-23T10:00:00Z");
        Story {
            ledger: stage.open(),
            clock,
            hand,
            random: Randomness::system(),
            stage,
        }
    }

    /// Signs in with this token.
    async fn sign_in(&self, who: &SubjectKey, token: &str) {
        let now = self.clock.now();
        let new = NewSession {
            token: token.to_owned(),
            id: format!("id of {token}"),
            subject_key: who.clone(),
            proved_at: now,
            how: "password",
            address: from_home().address,
            browser: "Firefox on Linux".to_owned(),
            now,
            expires_at: later(now, Duration::from_hours(12)),
            replaces: None,
        };
        self.ledger.create_session(new).await.expect("answers");
    }

    fn look(&self) -> Look {
        Look {
            now: self.clock.now(),
            idle: Duration::from_mins(30),
            is_use: true,
        }
    }

    async fn session(&self, token: &str) -> Option<Session> {
        let found = self.ledger.find_session(token, self.look()).await;
        found.expect("answers")
    }

    async fn request(&self, who: &SubjectKey) -> Requested {
        let now = self.clock.now();
        let new = NewExport {
            id: ExportId(self.random.uuid(now)),
            subject_key: who.clone(),
            by: from_home(),
            scope: Scope {
                file_contents: true,
                ..Scope::default()
            },
            protected: None,
            now,
            per_day: 20,
            per_hour: None,
        };
        self.ledger.request_export(new).await.expect("answers")
    }

    async fn claim(&self) -> Option<Lease> {
        self.claim_up_to(None).await
    }

    async fn claim_up_to(&self, most_bytes: Option<u64>) -> Option<Lease> {
        let claim = Claim {
            owner: "worker".to_owned(),
            token: self.random.token(),
            artifact_key: self.random.artifact_key(),
            artifact_secret: ArtifactSecret(self.random.seed()),
            now: self.clock.now(),
            lease: LEASE,
            max_attempts: 3,
            most_bytes,
        };
        let claimed = self.ledger.claim_next_export(claim).await;
        claimed.expect("answers").lease
    }

    async fn publish(&self, lease: &Lease) -> Result<(), LeaseLost> {
        let artifact = Artifact {
            key: lease.artifact_key.clone(),
            file_name: "product-export-2026-11-23.json".to_owned(),
            size_bytes: 12,
            sha256: "ab".repeat(32),
            signed_by: Some("0123456789abcdef".to_owned()),
            gap_count: 1,
            counts: [("threads".to_owned(), 2)].into(),
        };
        let now = self.clock.now();
        let expires = later(now, Duration::from_hours(24));
        self.ledger
            .publish_artifact(lease, artifact, now, expires)
            .await
            .expect("answers")
    }

    async fn fail(&self, lease: &Lease) -> Result<(), LeaseLost> {
        let now = self.clock.now();
        self.ledger
            .fail_export(lease, "disk_full", now)
            .await
            .expect("answers")
    }

    async fn status(&self, who: &SubjectKey, id: ExportId) -> Status {
        self.ledger
            .find_export(who, id)
            .await
            .expect("answers")
            .expect("known")
            .status
    }
}

fn anna() -> SubjectKey {
    SubjectKey("anna's key; \"quoted\" :: \\ '--".to_owned())
}

fn ben() -> SubjectKey {
    SubjectKey("ben".to_owned())
}

/// A session of the person's, from an address of the documentation's.
fn from_home() -> Caller {
    Caller {
        session_id: Some("5e5510".to_owned()),
        address: Some("203.0.113.7".parse().expect("an address")),
    }
}
