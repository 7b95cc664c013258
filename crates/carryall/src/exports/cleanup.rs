//! Removes what nobody may have any more: expired files, files of closed accounts, files that a dead
//! worker left.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Exports;
use super::artifacts::Artifacts;
use super::failure::ExportsError;
use crate::ledger::{Look, Prune};
use crate::product::ProductError;
use crate::totp::step_at;

/// No limit looks back further.
const TRIES_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// A code is taken one step late, and nodes' clocks differ.
const STEPS_KEPT: i64 = 10;
/// More checkpoints would only be more to check.
const EACH_DAY: SignedDuration = SignedDuration::from_hours(24);

impl Exports {
    /// Cleans at the start and then again and again, until the program ends.
    pub(super) async fn keep_clean(self: Arc<Self>) {
        loop {
            if let Err(error) = self.clean().await {
                tracing::error!(error = %error, "clean-up of exports failed");
            }
            tokio::select! {
                () = tokio::time::sleep(self.settings.cleanup) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// One round.
    pub(super) async fn clean(&self) -> Result<(), ExportsError> {
        let now = self.clock.now();
        for key in self.ledger.expire_due(now).await? {
            self.remove_file(key).await;
        }
        let look = Look {
            now,
            idle: self.settings.idle_after,
            is_use: false,
        };
        self.ledger.delete_expired_sessions(look).await?;
        self.ledger.forget_tries(now - TRIES_KEPT).await?;
        self.ledger.forget_codes(step_at(now) - STEPS_KEPT).await?;
        self.close_accounts_that_are_gone().await?;
        self.sweep().await?;
        self.prune_audit().await?;
        Ok(self.ledger.empty_journal().await?)
    }

    /// A deleted or disabled account takes its files and sessions with it.
    async fn close_accounts_that_are_gone(&self) -> Result<(), ExportsError> {
        for subject in self.ledger.present_subjects().await? {
            let key = subject.clone();
            let found = self
                .product
                .ask(move |product| product.find_active_subject(&key))
                .await;
            // A database that does not answer says nothing about the account.
            if let Err(ProductError::NoAccount) = found {
                tracing::info!("an account is gone: its sessions and exports are removed");
                for key in self
                    .ledger
                    .close_account(&subject, self.clock.now())
                    .await?
                {
                    self.remove_file(key).await;
                }
            }
        }
        Ok(())
    }

    /// Removes events whose time is up, once a day.
    async fn prune_audit(&self) -> Result<(), ExportsError> {
        let Some(keep) = self.settings.audit_keep else {
            return Ok(());
        };
        let now = self.clock.now();
        let before = now.checked_sub(keep).unwrap_or(Timestamp::MIN);
        let lately = now - EACH_DAY;
        if !self.ledger.audit_is_due(before, lately).await? {
            return Ok(());
        }
        // Without a signature nothing may go.
        let key = match self.keys.signing_key() {
            Ok(key) => key,
            Err(error) => {
                tracing::error!(error = %error, "the audit log is not shortened");
                return Ok(());
            }
        };
        loop {
            let prune = Prune {
                before,
                now,
                key: key.clone(),
                facts: json!({}),
            };
            let Some(checkpoint) = self.ledger.prune_audit(prune).await? else {
                return Ok(());
            };
            tracing::info!(up_to = checkpoint.seq, key = %checkpoint.key_id, "old events of the audit log are removed");
        }
    }

    /// Removes files that no export needs.
    ///
    /// The files are listed first: a file is only begun after the ledger names it, so whatever is
    /// listed and not named afterwards is nobody's.
    pub(super) async fn sweep(&self) -> Result<(), ExportsError> {
        let found = self.artifacts.ask(Artifacts::keys).await?;
        let kept = self.ledger.kept_artifacts().await?;
        for key in found.difference(&kept) {
            self.remove_file(key.clone()).await;
        }
        Ok(())
    }

    /// Removes a file; one that cannot be removed now is found again by the next round.
    pub(super) async fn remove_file(&self, key: String) {
        let removed = self.artifacts.ask(move |artifacts| artifacts.remove(&key));
        if let Err(error) = removed.await {
            tracing::warn!(error = %error, "cannot remove an artifact");
        }
    }
}
