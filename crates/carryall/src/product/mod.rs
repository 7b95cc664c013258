//! The product whose data is exported, as the program sees it.
//!
//! Everything here blocks: callers use [`Product::ask`] or a thread of their own. Errors are sorted by
//! what can be done about them, because that is what the job and the pages decide on.

mod connected;
#[cfg(test)]
pub mod scripted;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use carryall_format::section::Section;
use carryall_format::sign::SigningKey;
use carryall_source::data_map::{DataMap, Withheld};
use jiff::Timestamp;

use crate::ledger::SubjectKey;

pub use connected::{Connected, Counts, Exported, Progress, Scope, WorkspaceCounts};

/// A person whom the product knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The product's key.
    pub key: SubjectKey,
    /// Where mail reaches them.
    pub email: Option<String>,
    /// What to call them.
    pub name: Option<String>,
    /// False when the product has disabled the account.
    pub active: bool,
}

/// How a credential of somebody else names a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By the product's key.
    Key(String),
    /// By an e-mail address.
    Address(String),
}

/// What the product keeps to recognise a person.
#[derive(Clone)]
pub struct Credentials {
    /// Whose they are.
    pub subject_key: SubjectKey,
    /// argon2 (PHC string) or bcrypt.
    pub password_hash: String,
    /// The secret of an authenticator app in base32; none where none is set up.
    pub totp_secret: Option<String>,
    /// False when the product has disabled the account.
    pub active: bool,
    /// Set when only the product's own sign-in will do, a second factor for example.
    pub needs_product_sign_in: bool,
}

impl Credentials {
    /// Whether a password alone does not show who somebody is.
    pub fn has_second_factor(&self) -> bool {
        self.needs_product_sign_in || self.totp_secret.is_some()
    }
}

/// One export to write.
#[derive(Debug, Clone)]
pub struct Order {
    /// Its id, for the file's head.
    pub export_id: String,
    /// Whose data.
    pub subject_key: SubjectKey,
    /// Which part.
    pub scope: Scope,
    /// What signs the file.
    pub signing_key: SigningKey,
}

/// Why the product did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ProductError {
    /// It is in use and will answer again.
    #[error("read the product's database: it is busy")]
    Busy(#[source] Cause),
    /// It is gone, or cannot be read.
    #[error("read the product's database")]
    Unavailable(#[source] Cause),
    /// The place of its files does not answer, or not to us.
    #[error("read the product's files")]
    FilesUnavailable(#[source] Cause),
    /// There is no such account, or it is disabled.
    #[error("find the account: it is unknown or disabled")]
    NoAccount,
    /// The person has no such workspace.
    #[error("find the workspace")]
    NoWorkspace,
    /// The output could not be written.
    #[error("write the export")]
    Output(#[source] Cause),
    /// It took longer than the product's database may be held.
    #[error("read the product's database: it takes too long")]
    TooLong(#[source] Cause),
    /// Asked to stop.
    #[error("finish the export: it was cancelled")]
    Cancelled,
    /// A check of the export stopped it, or the data map does not fit the database.
    #[error("write the export: a check stopped it")]
    Refused(#[source] Cause),
}

/// What lies under a [`ProductError`].
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The product.
pub enum Product {
    /// A database, read through a data map.
    Connected(Box<Connected>),
    /// A play for the tests.
    #[cfg(test)]
    Scripted(Box<scripted::Scripted>),
}

impl Product {
    /// Its data map.
    pub fn map(&self) -> &DataMap {
        match self {
            Product::Connected(connected) => connected.map(),
            #[cfg(test)]
            Product::Scripted(scripted) => &scripted.map,
        }
    }

    /// Looks whether its database, and its files if there are any, can be read.
    pub fn look(&self) -> Result<(), ProductError> {
        match self {
            Product::Connected(connected) => connected.look(),
            #[cfg(test)]
            Product::Scripted(_) => Ok(()),
        }
    }

    /// Where to turn when something does not work.
    pub fn support_contact(&self) -> &str {
        let controller = &self.map().controller;
        controller.support.as_ref().unwrap_or(&controller.contact)
    }

    /// The person with exactly this key, if the account is there and active.
    pub fn find_active_subject(&self, key: &SubjectKey) -> Result<Subject, ProductError> {
        let found = match self {
            Product::Connected(connected) => connected.find_subject(key)?,
            #[cfg(test)]
            Product::Scripted(scripted) => scripted.find_subject(key)?,
        };
        // The look-up also takes e-mail addresses: one person's key may be another's address.
        found
            .filter(|subject| subject.key == *key && subject.active)
            .ok_or(ProductError::NoAccount)
    }

    /// The person with this key or e-mail address, if the account is there and active.
    pub fn find_person(&self, who: &str) -> Result<Subject, ProductError> {
        let found = match self {
            Product::Connected(connected) => connected.find_person(who)?,
            #[cfg(test)]
            Product::Scripted(scripted) => scripted.find_subject(&SubjectKey(who.to_owned()))?,
        };
        found
            .filter(|subject| subject.active)
            .ok_or(ProductError::NoAccount)
    }

    /// The account that a credential names, if it is there and active.
    pub fn find_named(&self, named: &Named) -> Result<Subject, ProductError> {
        let address = match named {
            Named::Key(key) => return self.find_active_subject(&SubjectKey(key.clone())),
            Named::Address(address) => address,
        };
        let found = match self {
            Product::Connected(connected) => connected.find_by_address(address)?,
            #[cfg(test)]
            Product::Scripted(scripted) => scripted.find_by_address(address)?,
        };
        found
            .filter(|subject| subject.active)
            .ok_or(ProductError::NoAccount)
    }

    /// What it keeps to recognise the person with this login.
    pub fn find_credentials(&self, login: &str) -> Result<Option<Credentials>, ProductError> {
        match self {
            Product::Connected(connected) => connected.find_credentials(login),
            #[cfg(test)]
            Product::Scripted(scripted) => scripted.find_credentials(login),
        }
    }

    /// What it keeps to recognise the person with this key.
    pub fn find_credentials_of(
        &self,
        key: &SubjectKey,
    ) -> Result<Option<Credentials>, ProductError> {
        match self {
            Product::Connected(connected) => connected.find_credentials_of(key),
            #[cfg(test)]
            Product::Scripted(scripted) => scripted.find_credentials_of(key),
        }
    }

    /// How much it holds on the person.
    pub fn count(&self, subject: &SubjectKey) -> Result<Counts, ProductError> {
        match self {
            Product::Connected(connected) => connected.count(subject),
            #[cfg(test)]
            Product::Scripted(scripted) => scripted.count(subject),
        }
    }

    /// The account's facts, as the export holds them.
    pub fn account_settings(
        &self,
        subject: &SubjectKey,
    ) -> Result<serde_json::Value, ProductError> {
        match self {
            Product::Connected(connected) => connected.account_settings(subject),
            #[cfg(test)]
            Product::Scripted(scripted) => scripted.account_settings(subject),
        }
    }

    /// Writes one export.
    pub fn export(
        &self,
        order: &Order,
        out: impl Write + Send + 'static,
        progress: &dyn Progress,
    ) -> Result<Exported, ProductError> {
        match self {
            Product::Connected(connected) => connected.export(order, out, progress),
            #[cfg(test)]
            Product::Scripted(scripted) => scripted.export(order, out, progress),
        }
    }

    /// The file's name for the person: PREFIX-export-YYYY-MM-DD.json.
    pub fn file_name(&self, snapshot_at: Timestamp) -> String {
        let date = snapshot_at.strftime("%Y-%m-%d");
        format!("{}-export-{date}.json", self.map().file_prefix)
    }

    /// What the data map keeps back, section by section, without repeats.
    pub fn withheld(&self) -> BTreeMap<Section, Vec<&Withheld>> {
        let mut sections: BTreeMap<Section, Vec<&Withheld>> = BTreeMap::new();
        for export in &self.map().exports {
            let Some(section) = Section::named(&export.section) else {
                continue;
            };
            let columns = export.withheld.values();
            let keys = export
                .json
                .values()
                .flat_map(|column| column.withheld.values());
            let list = sections.entry(section).or_default();
            for withheld in columns.chain(keys) {
                if !list.iter().any(|known| known.what == withheld.what) {
                    list.push(withheld);
                }
            }
        }
        sections.retain(|_, list| !list.is_empty());
        sections
    }

    /// Asks away from the threads that serve requests.
    pub async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Product) -> Result<T, ProductError> + Send + 'static,
    ) -> Result<T, ProductError> {
        let product = Arc::clone(self);
        tokio::task::spawn_blocking(move || question(&product))
            .await
            .unwrap_or_else(|panic| Err(ProductError::Refused(Box::new(panic))))
    }
}
