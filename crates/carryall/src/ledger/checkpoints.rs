//! Where the audit log was shortened because its time was up, with a signature for each time.
//!
//! Promises: only a beginning is ever removed, in one step with its checkpoint, which names the last event that
//! went and its hash, and with an event that says so. The ledger itself lets nothing go that no checkpoint
//! covers; that the checkpoint is ours, its signature shows.

use carryall_format::sign::{IntegritySignature, KnownKeys, SignatureCheck, SigningKey};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::audit::append;
use super::audit_chain::Chain;
use super::engines::Effect;
use super::sql::{Row, Tx, named_params};
use super::{Caller, Event, Kind, Ledger, LedgerError};

/// What became of old events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The number of the last event that was removed.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The key that signed, by its id.
    pub key_id: String,
    /// The signature, in base64.
    pub signature: String,
}

/// A removal of old events.
pub struct Prune {
    /// Events from before then go.
    pub before: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// What signs the checkpoint.
    pub key: SigningKey,
    /// What the record says of who did it: an object.
    pub facts: Value,
}

/// Nobody waits for a removal of more at a time.
const AT_ONCE: i64 = 100_000;

const ALL: &str = "SELECT * FROM audit_checkpoints ORDER BY seq";
const FIRST: &str = "SELECT seq FROM audit ORDER BY seq LIMIT 1";
const LAST: &str = "SELECT seq FROM audit ORDER BY seq DESC LIMIT 1";
const YOUNG: &str = "SELECT seq FROM audit WHERE at >= :before ORDER BY seq LIMIT 1";
const HASH: &str = "SELECT hash FROM audit WHERE seq = :seq";
const DUE: &str = "SELECT count(*) FROM audit
    WHERE seq = (SELECT min(seq) FROM audit) AND at < :before
        AND NOT EXISTS (SELECT 1 FROM audit_checkpoints WHERE at > :lately)";
const ADD: &str = "INSERT INTO audit_checkpoints (seq, hash, at, key_id, signature)
    VALUES (:seq, :hash, :at, :key, :signature)";
const REMOVE: &str = "DELETE FROM audit WHERE seq <= :seq";
const FORGET_NOTICES: &str = "DELETE FROM notices WHERE seq <= :seq";

impl Checkpoint {
    fn from_row(row: &Row<'_>) -> Result<Checkpoint, LedgerError> {
        Ok(Checkpoint {
            seq: row.get("seq")?,
            hash: row.get("hash")?,
            at: row.get("at")?,
            key_id: row.get("key_id")?,
            signature: row.get("signature")?,
        })
    }

    fn signed(seq: i64, hash: String, at: Timestamp, key: &SigningKey) -> Checkpoint {
        let at = at.as_millisecond();
        let signature = key.sign_text(&signed_text(seq, &hash, at));
        Checkpoint {
            seq,
            hash,
            at,
            key_id: signature.key_id().to_string(),
            signature: signature.to_base64(),
        }
    }

    /// What is wrong with its signature, if anything.
    pub(super) fn is_unsigned(&self, keys: &KnownKeys) -> Option<Chain> {
        let Ok(signature) = IntegritySignature::from_text(&self.key_id, &self.signature) else {
            return Some(Chain::CheckpointForged(self.seq));
        };
        match keys.check_text(&signed_text(self.seq, &self.hash, self.at), &signature) {
            SignatureCheck::Good(_) => None,
            SignatureCheck::Bad => Some(Chain::CheckpointForged(self.seq)),
            SignatureCheck::UnknownKey => Some(Chain::CheckpointOfUnknownKey(
                self.seq,
                signature.key_id().clone(),
            )),
        }
    }
}

/// What a checkpoint signs. The hash is that of a chain with random ids in it: it fits no other ledger.
fn signed_text(seq: i64, hash: &str, at: i64) -> String {
    format!("carryall-audit-v1 removed-up-to {seq} {hash} at {at}\n")
}

impl Ledger {
    /// Every checkpoint, the oldest first. Blocks: for commands.
    pub fn checkpoints(&self) -> Result<Vec<Checkpoint>, LedgerError> {
        self.block(|tx| tx.all(ALL, named_params! {}, Checkpoint::from_row))
    }

    /// Whether the first event is from before then, and no checkpoint is younger than `lately`.
    pub async fn audit_is_due(
        &self,
        before: Timestamp,
        lately: Timestamp,
    ) -> Result<bool, LedgerError> {
        self.run(move |tx| {
            let params = named_params! {
                ":before": before.as_millisecond(), ":lately": lately.as_millisecond(),
            };
            let due: Option<i64> = tx.one(DUE, params, |row| row.get(0))?;
            Ok(due.is_some_and(|count| count > 0))
        })
        .await
    }

    /// Removes old events behind a checkpoint, a hundred thousand at most; the answer is none when nothing is so
    /// old. Blocks: for commands.
    pub fn prune_audit_now(&self, prune: &Prune) -> Result<Option<Checkpoint>, LedgerError> {
        self.0.run(Effect::Record, |tx| removed(tx, prune))
    }

    /// The same away from the threads that serve requests.
    pub async fn prune_audit(&self, prune: Prune) -> Result<Option<Checkpoint>, LedgerError> {
        self.write(move |tx| removed(tx, &prune)).await
    }
}

fn removed(tx: &Tx<'_>, prune: &Prune) -> Result<Option<Checkpoint>, LedgerError> {
    let number = |sql: &str| tx.one(sql, named_params! {}, |row| row.get::<i64>(0));
    let (Some(first), Some(last)) = (number(FIRST)?, number(LAST)?) else {
        return Ok(None);
    };
    // Clocks of several nodes differ: what stands behind a young event stays, however old it says it is.
    let params = named_params! { ":before": prune.before.as_millisecond() };
    let young: Option<i64> = tx.one(YOUNG, params, |row| row.get(0))?;
    let seq = young.map_or(last, |young| young - 1);
    let seq = seq.min(first + AT_ONCE - 1);
    if seq < first {
        return Ok(None);
    }
    let named = named_params! { ":seq": seq };
    let hash: Option<String> = tx.one(HASH, named, |row| row.get(0))?;
    let hash = hash.ok_or(LedgerError::Stopped)?;
    let checkpoint = Checkpoint::signed(seq, hash, prune.now, &prune.key);
    let mut facts = json!({ "up_to": seq, "events": seq - first + 1, "key": checkpoint.key_id });
    if let (Some(facts), Some(more)) = (facts.as_object_mut(), prune.facts.as_object()) {
        facts.extend(more.clone());
    }
    // First, so that the log is never empty.
    let event = Event::new(Kind::AuditPruned, None, &Caller::default()).with(facts);
    append(tx, prune.now, &event)?;
    let params = named_params! {
        ":seq": seq, ":hash": checkpoint.hash, ":at": checkpoint.at, ":key": checkpoint.key_id,
        ":signature": checkpoint.signature,
    };
    tx.execute(ADD, params)?;
    tx.execute(REMOVE, named)?;
    tx.execute(FORGET_NOTICES, named)?;
    Ok(Some(checkpoint))
}
