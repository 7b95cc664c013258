//! What has to be known of a file before anything else: where it comes from and whose it is.

use std::io;

use carryall_format::original::Original;
use carryall_format::read::{Part, each_record};
use carryall_format::section::Section;
use serde::Deserialize;

use super::error::ImportError;

/// The product and the person.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) export_id: String,
    pub(super) product: String,
    pub(super) subject_id: String,
    pub(super) snapshot_at: String,
    pub(super) email: Option<String>,
}

#[derive(Deserialize)]
struct Export {
    id: String,
    product: String,
    subject_id: String,
    snapshot_at: String,
}

#[derive(Deserialize)]
struct Account {
    email: Option<String>,
}

/// Ends a reading.
enum End {
    Enough,
    Failed(io::Error),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> End {
        End::Failed(error)
    }
}

impl Head {
    /// Reads as far as it must.
    pub(super) fn read(file: &Original) -> Result<Head, ImportError> {
        let mut head = Head::default();
        let mut met = (false, false);
        let read = each_record(
            file.from_start(),
            &mut |part, text| {
                match part {
                    Part::Export => {
                        let export: Export =
                            serde_json::from_slice(text).map_err(io::Error::from)?;
                        head.export_id = export.id;
                        head.product = export.product;
                        head.subject_id = export.subject_id;
                        head.snapshot_at = export.snapshot_at;
                        met.0 = true;
                    }
                    Part::Section(Section::AccountSettings) => {
                        let account: Account =
                            serde_json::from_slice(text).map_err(io::Error::from)?;
                        head.email = account.email;
                        met.1 = true;
                    }
                    _ => {}
                }
                if met == (true, true) {
                    Err(End::Enough)
                } else {
                    Ok(())
                }
            },
            &mut |_| {},
        );
        match read {
            Ok(()) | Err(End::Enough) if met.0 => Ok(head),
            Err(End::Failed(error)) => Err(ImportError::Read(error)),
            Ok(()) | Err(End::Enough) => Err(ImportError::Changed),
        }
    }
}
