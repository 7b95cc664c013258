//! An export, back in a product's database and files.
//!
//! Promises: everything or nothing, in one transaction; a row that is there is never changed, whoever has it; people,
//! passwords and tokens are never made; doing it twice is doing it once; what has no place is in the report. Memory is
//! bounded by the largest record, a batch of rows, and a few bytes for each record and file.
//!
//! The file is read several times: for its head, for its ids, and to write the rows, tables after those that they
//! refer to.

mod columns;
mod contents;
mod database;
mod encode;
mod error;
mod fates;
mod files;
mod head;
mod ids;
mod plan;
mod postgres;
mod report;
mod sqlite;
mod values;
mod write;

use std::path::Path;

use carryall_format::original::Original;

use self::database::Database;
use self::encode::Making;
pub use self::error::ImportError;
use self::fates::Fates;
use self::files::Restored;
use self::head::Head;
use self::ids::Ids;
use self::plan::Plan;
use self::report::Counting;
pub use self::report::{Counts, FileCounts, Line, Report};
use self::values::Cell;
use self::write::Writing;
use crate::check::check_against;
use crate::connect::{Source, SourceOptions, without_password};
use crate::data_map::DataMap;
use crate::error::SourceError;
use crate::files::FilePlace;
use crate::subject::{Subject, find_subject, find_subject_by_key};
use crate::value::Value;

/// What is imported, where to, and for whom.
pub struct ImportOrder<'a> {
    /// How the product holds it.
    pub map: &'a DataMap,
    /// An export that was found sound.
    pub file: &'a Original,
    /// The product's database.
    pub into: &'a SourceOptions,
    /// Where the product's files are, unless their bytes stay out.
    pub files: Option<&'a FilePlace>,
    /// Key or e-mail address of the person; without it the one whom the file names.
    pub person: Option<&'a str>,
    /// Whether everything is undone at the end.
    pub dry_run: bool,
}

/// An import whose person is known, before anything is written.
pub struct Import<'a> {
    order: &'a ImportOrder<'a>,
    head: Head,
    person: Subject,
}

/// An import that is written and not yet permanent. Dropped, it is undone.
pub struct Written {
    database: Box<dyn Database>,
    files: Option<Restored>,
    report: Report,
}

impl<'a> Import<'a> {
    /// Reads whose the file is, and looks for the person.
    ///
    /// # Errors
    /// Nothing can be imported.
    pub fn prepare(order: &'a ImportOrder<'a>) -> Result<Import<'a>, ImportError> {
        if let Some(reason) = &order.map.import.refused {
            return Err(ImportError::Refused {
                product: order.map.product.clone(),
                reason: reason.clone(),
            });
        }
        let head = Head::read(order.file)?;
        let person = person(order, &head)?;
        Ok(Import {
            order,
            head,
            person,
        })
    }

    /// Who gets everything.
    #[must_use]
    pub fn person(&self) -> &Subject {
        &self.person
    }

    /// The id that the file has.
    #[must_use]
    pub fn export_id(&self) -> &str {
        &self.head.export_id
    }

    /// Writes everything. `advanced` hears what is being done and how many bytes of the file were read for it.
    ///
    /// # Errors
    /// Nothing was imported, and nothing was left behind.
    pub fn write(
        self,
        advanced: &mut dyn FnMut(&'static str, u64),
    ) -> Result<Written, ImportError> {
        let Import {
            order,
            head,
            person,
        } = self;
        let mut database = begin(order)?;
        let plan = Plan::new(order.map, &mut *database)?;
        let files = match order.files {
            Some(place) if plan.has_contents() => Some(Restored::into_place(place, order.dry_run)?),
            _ => None,
        };
        let mut counting = Counting::default();
        let mut making = Making {
            person: match person.key.value() {
                Value::Integer(integer) => Cell::Integer(integer),
                _ => Cell::Text(person.key.as_str().to_owned()),
            },
            subject_id: head.subject_id,
            snapshot_at: head.snapshot_at,
            ids: Ids::of(person.key.as_str()),
            contents: std::collections::HashMap::new(),
        };
        Fates {
            map: order.map,
            plan: &plan,
            person: person.key.as_str(),
            database: &mut *database,
            making: &mut making,
            counting: &mut counting,
            takes_contents: files.is_some(),
            waiting: Vec::new(),
        }
        .read(order.file, &mut |at| advanced("comparing", at))?;
        let mut writing = Writing::new(&plan, &mut *database, &mut making, &mut counting, files);
        writing.everything(order.file, &mut |at| advanced("importing", at))?;
        let files = writing.into_files();
        let report = counting.finish(Report {
            from_product: head.product,
            person: person.key.as_str().to_owned(),
            dry_run: order.dry_run,
            ..Report::default()
        });
        Ok(Written {
            database,
            files,
            report,
        })
    }
}

impl Written {
    /// What there will be.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Makes it permanent, or undoes what only was tried. Files first: should the rows not become permanent, the files go
    /// again.
    ///
    /// # Errors
    /// Nothing was imported, and nothing was left behind.
    pub fn finish(mut self) -> Result<Report, ImportError> {
        if self.report.dry_run {
            self.database.roll_back()?;
            return Ok(self.report);
        }
        let Some(mut files) = self.files else {
            self.database.commit()?;
            return Ok(self.report);
        };
        files.publish()?;
        let committed = self.database.commit();
        // Whether a server took it before it was gone is not known: rather files without rows than rows without files.
        if matches!(
            committed,
            Ok(()) | Err(ImportError::Database(SourceError::Lost { .. }))
        ) {
            files.keep();
        }
        committed?;
        Ok(self.report)
    }
}

/// Who gets everything, and whether this is the product's database.
fn person(order: &ImportOrder<'_>, head: &Head) -> Result<Subject, ImportError> {
    let source = Source::connect(&SourceOptions {
        files: None,
        ..order.into.clone()
    })?;
    let snapshot = source.glance()?;
    let problems = check_against(order.map, &snapshot.catalog()?);
    if !problems.is_empty() {
        return Err(ImportError::Map(problems));
    }
    Ok(match order.person {
        Some(who) => find_subject(&snapshot, order.map, who)?,
        None => find_subject_by_key(&snapshot, order.map, &head.subject_id).or_else(|unknown| {
            let email = head.email.as_deref().ok_or(unknown)?;
            find_subject(&snapshot, order.map, email)
        })?,
    })
}

fn begin(order: &ImportOrder<'_>) -> Result<Box<dyn Database>, ImportError> {
    let address = &order.into.database;
    if let Some(path) = address.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return Ok(Box::new(sqlite::SqliteDatabase::begin(Path::new(path))?));
    }
    let password = order.into.password.as_deref();
    Ok(Box::new(postgres::PostgresDatabase::begin(
        address,
        password,
        &order.into.schemas,
        without_password(address),
    )?))
}
