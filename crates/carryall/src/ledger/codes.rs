//! Codes of authenticator apps that were used: none is good a second time, nor is one from before it.

use super::sql::named_params;
use super::{Ledger, LedgerError, SubjectKey};

const USE: &str = "INSERT INTO codes_used (subject_key, step) VALUES (:subject, :step)
    ON CONFLICT (subject_key) DO UPDATE SET step = excluded.step WHERE codes_used.step < excluded.step";
const FORGET: &str = "DELETE FROM codes_used WHERE step < :before";

impl Ledger {
    /// Uses up the code of this step of time; false when it, or a later one, was used already.
    pub async fn use_code(&self, who: &SubjectKey, step: i64) -> Result<bool, LedgerError> {
        let who = who.clone();
        self.run(move |tx| {
            let used = tx.execute(USE, named_params! { ":subject": who.0, ":step": step })?;
            Ok(used == 1)
        })
        .await
    }

    /// Forgets codes from before this step, which nobody takes any more.
    pub async fn forget_codes(&self, before: i64) -> Result<(), LedgerError> {
        self.run(move |tx| {
            tx.execute(FORGET, named_params! { ":before": before })
                .map(drop)
        })
        .await
    }
}
