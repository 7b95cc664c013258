//! A product's database and files, read through its data map: the one place of the web that calls
//! `carryall-source`, and that sorts its errors by what can be done about them.

use std::io::{self, Write};

use carryall_format::write::WriteError;
use carryall_source::check::check_against;
use carryall_source::connect::Source;
use carryall_source::counts::count;
use carryall_source::credentials::{self, find_credentials, find_credentials_by_key};
use carryall_source::data_map::DataMap;
use carryall_source::error::SourceError;
use carryall_source::export::{ExportError, ExportOrder, account_settings, export};
use carryall_source::files::FileStore;
use carryall_source::snapshot::Snapshot;
use carryall_source::subject::{
    self, SubjectError, find_subject, find_subject_by_address, find_subject_by_key,
};

use super::{Cause, Credentials, Order, ProductError, Subject};
use crate::clock::Clock;
use crate::ledger::SubjectKey;

pub use carryall_source::counts::{Counts, WorkspaceCounts};
pub use carryall_source::export::{Exported, Progress};
pub use carryall_source::scope::Scope;

/// The database, the files and the data map.
pub struct Connected {
    map: DataMap,
    source: Source,
    clock: Clock,
}

impl Connected {
    /// A product, once its map was seen to fit its database.
    pub fn new(map: &DataMap, source: Source, clock: Clock) -> Result<Connected, ExportError> {
        let catalog = source.glance()?.catalog()?;
        let map = map.on(catalog.dialect);
        let problems = check_against(&map, &catalog);
        if problems.is_empty() {
            Ok(Connected { map, source, clock })
        } else {
            Err(ExportError::MapDoesNotFit { problems })
        }
    }

    /// Its data map.
    pub fn map(&self) -> &DataMap {
        &self.map
    }

    /// Looks whether its database, and its files if there are any, can be read.
    pub fn look(&self) -> Result<(), ProductError> {
        self.glance()?;
        let files = self.source.files().map(FileStore::look);
        files
            .transpose()
            .map(drop)
            .map_err(|error| ProductError::FilesUnavailable(Box::new(error)))
    }

    /// The person with this key.
    pub fn find_subject(&self, key: &SubjectKey) -> Result<Option<Subject>, ProductError> {
        one(find_subject_by_key(&self.glance()?, &self.map, &key.0))
    }

    /// The person with this key or e-mail address.
    pub fn find_person(&self, who: &str) -> Result<Option<Subject>, ProductError> {
        one(find_subject(&self.glance()?, &self.map, who))
    }

    /// The one person with this address, in any case; nobody where several have it.
    pub fn find_by_address(&self, address: &str) -> Result<Option<Subject>, ProductError> {
        one(find_subject_by_address(&self.glance()?, &self.map, address))
    }

    /// What it keeps to recognise the person with this login.
    pub fn find_credentials(&self, login: &str) -> Result<Option<Credentials>, ProductError> {
        known(find_credentials(&self.glance()?, &self.map, login))
    }

    /// What it keeps to recognise the person with this key.
    pub fn find_credentials_of(
        &self,
        key: &SubjectKey,
    ) -> Result<Option<Credentials>, ProductError> {
        known(find_credentials_by_key(&self.glance()?, &self.map, &key.0))
    }

    /// How much it holds on the person.
    pub fn count(&self, key: &SubjectKey) -> Result<Counts, ProductError> {
        let snapshot = self.glance()?;
        let subject = self.active(&snapshot, key)?;
        Ok(count(&snapshot, &self.map, &subject)?)
    }

    /// Writes one export.
    pub fn export(
        &self,
        order: &Order,
        out: impl Write + Send + 'static,
        progress: &dyn Progress,
    ) -> Result<Exported, ProductError> {
        let subject = self.active(&self.glance()?, &order.subject_key)?;
        let order = ExportOrder {
            map: &self.map,
            subject: &subject,
            scope: &order.scope,
            export_id: &order.export_id,
            signing_key: Some(&order.signing_key),
            clock: &|| self.clock.now(),
            generator_version: env!("CARGO_PKG_VERSION"),
        };
        Ok(export(&self.source, &order, out, progress)?)
    }

    /// The account's facts, as the export holds them.
    pub fn account_settings(&self, key: &SubjectKey) -> Result<serde_json::Value, ProductError> {
        let snapshot = self.glance()?;
        let subject = self.active(&snapshot, key)?;
        let scope = Scope {
            file_contents: false,
            ..Scope::default()
        };
        let order = ExportOrder {
            map: &self.map,
            subject: &subject,
            scope: &scope,
            export_id: "",
            signing_key: None,
            clock: &|| self.clock.now(),
            generator_version: env!("CARGO_PKG_VERSION"),
        };
        Ok(account_settings(&snapshot, &order)?)
    }

    fn glance(&self) -> Result<Snapshot, ProductError> {
        Ok(self.source.glance()?)
    }

    fn active(
        &self,
        snapshot: &Snapshot,
        key: &SubjectKey,
    ) -> Result<subject::Subject, ProductError> {
        Ok(find_subject_by_key(snapshot, &self.map, &key.0)?.require_active()?)
    }
}

fn one(found: Result<subject::Subject, SubjectError>) -> Result<Option<Subject>, ProductError> {
    match found {
        Ok(found) => Ok(Some(Subject {
            key: SubjectKey(found.key.as_str().to_owned()),
            email: found.email,
            name: found.name,
            active: found.active,
        })),
        Err(SubjectError::Unknown { .. } | SubjectError::Ambiguous { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn known(
    found: Result<Option<credentials::Credentials>, SubjectError>,
) -> Result<Option<Credentials>, ProductError> {
    let found = match found {
        // Several people with one login: nobody can be told from the others.
        Err(SubjectError::Ambiguous { .. }) => None,
        found => found?,
    };
    Ok(found.map(|found| Credentials {
        subject_key: SubjectKey(found.subject_key.as_str().to_owned()),
        password_hash: found.password_hash,
        totp_secret: found.totp_secret,
        active: found.active,
        needs_product_sign_in: found.uses_own_sign_in,
    }))
}

/// With what to do about it, for the log.
fn advised(error: SourceError) -> Cause {
    match error.hint() {
        Some(hint) => format!("{error} (hint: {hint})").into(),
        None => Box::new(error),
    }
}

impl From<SourceError> for ProductError {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Locked { .. } | SourceError::Lost { .. } => {
                ProductError::Busy(advised(error))
            }
            SourceError::Interrupted { .. } => ProductError::Cancelled,
            SourceError::NoSpace { .. } => {
                ProductError::Output(Box::new(io::Error::new(io::ErrorKind::StorageFull, error)))
            }
            SourceError::Missing { .. }
            | SourceError::Sql { .. }
            | SourceError::NotGranted { .. }
            | SourceError::Filtered { .. }
            | SourceError::UnknownType { .. } => ProductError::Refused(advised(error)),
            SourceError::TooLong { .. } => ProductError::TooLong(advised(error)),
            error => ProductError::Unavailable(advised(error)),
        }
    }
}

impl From<SubjectError> for ProductError {
    fn from(error: SubjectError) -> Self {
        match error {
            SubjectError::Unknown { .. }
            | SubjectError::Ambiguous { .. }
            | SubjectError::Disabled => ProductError::NoAccount,
            SubjectError::Source(error) => error.into(),
            error @ SubjectError::NotAKey { .. } => ProductError::Refused(Box::new(error)),
        }
    }
}

impl From<ExportError> for ProductError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Source(error) => error.into(),
            ExportError::Files(error) => ProductError::FilesUnavailable(Box::new(error)),
            ExportError::Write(WriteError::Output(error)) => ProductError::Output(Box::new(error)),
            ExportError::UnknownWorkspace { .. } => ProductError::NoWorkspace,
            ExportError::Cancelled => ProductError::Cancelled,
            error => ProductError::Refused(Box::new(error)),
        }
    }
}
