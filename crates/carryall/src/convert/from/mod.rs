//! Exports of other products, as Carryall files: what people bring along.
//!
//! Promises: what a file is, is told from what stands in it and must be what the person says. It is read
//! conversation by conversation; memory is bounded by the largest of them and by a few hundred bytes for
//! each file. Keys that are not known are kept under `extra`; what cannot be taken over as it was is a gap.
//! One format, one file.

mod anythingllm;
mod bundle;
mod chatgpt;
mod claude;
mod clean;
mod detect;
mod draft;
mod elements;
mod error;
mod fields;
mod finish;
mod gather;
mod ids;
mod librechat;
mod open_webui;
mod raw;
mod spool;
mod tree;

use std::io::Write;
use std::path::Path;

use carryall_format::write::Written;
use serde_json::Value;

use self::bundle::{Bundle, Entry};
use self::clean::{Problems, clean};
pub use self::detect::Vendor;
use self::elements::Elements;
pub use self::error::FromError;
use self::fields::Fields;
use self::gather::Gathered;

/// What the new file says of itself. Time and id are arguments, so that a test can hold them still.
#[derive(Debug, Clone, Copy)]
pub struct NewFile<'a> {
    /// UUID v7.
    pub export_id: &'a str,
    /// RFC 3339.
    pub now: &'a str,
    /// Version of the program.
    pub generator_version: &'a str,
}

/// Reads the export of another product and writes a Carryall file. On an error `out` holds an unfinished
/// one, which the caller must not keep.
pub fn from(
    path: &Path,
    vendor: Vendor,
    person: Option<String>,
    order: &NewFile<'_>,
    out: impl Write + Send + 'static,
) -> Result<Written, FromError> {
    let mut bundle = Bundle::open(path)?;
    let shapes = detect::detect(&mut bundle, vendor)?;
    let mut gathered = Gathered::new(vendor, person);
    let mut read = Read {
        bundle: &mut bundle,
        shapes: &shapes,
        gathered: &mut gathered,
    };
    match vendor {
        Vendor::Chatgpt => chatgpt::read(&mut read)?,
        Vendor::Claude => claude::read(&mut read)?,
        Vendor::OpenWebui => open_webui::read(&mut read)?,
        Vendor::Librechat => librechat::read(&mut read)?,
        Vendor::Anythingllm => anythingllm::read(&mut read)?,
    }
    finish::write(gathered, &mut bundle, order, out)
}

/// Under way.
struct Read<'a> {
    bundle: &'a mut Bundle,
    shapes: &'a detect::Shapes,
    gathered: &'a mut Gathered,
}

/// An element that was read.
struct Element {
    /// Its file's name without folders.
    file: String,
    fields: Fields,
    problems: Problems,
}

impl Read<'_> {
    /// Entries with their places.
    fn entries(&self) -> Vec<(usize, Entry)> {
        self.bundle.entries.iter().cloned().enumerate().collect()
    }

    /// Each element of a file. What is no object stands in the new file as it is.
    fn each(
        &mut self,
        entry: &Entry,
        mut take: impl FnMut(&mut Gathered, Element) -> Result<(), FromError>,
    ) -> Result<(), FromError> {
        let gathered = &mut *self.gathered;
        let mut elements = Elements::of(self.bundle.read(entry)?, &entry.name);
        while let Some(text) = elements.next()? {
            match clean(&text) {
                Ok((Value::Object(members), problems)) => {
                    let element = Element {
                        file: entry.base_name().to_owned(),
                        fields: members.into(),
                        problems,
                    };
                    take(gathered, element)?;
                }
                Ok(_) => gathered.unreadable(&text, &entry.name, "it is no object")?,
                Err(error) => gathered.unreadable(&text, &entry.name, error.problem)?,
            }
        }
        Ok(())
    }
}

/// The name of a file without its ending: what its records are called.
fn collection(file: &str) -> String {
    let stem = file.split('.').next().unwrap_or(file);
    let plain: String = stem
        .chars()
        .map(|character| {
            if character.is_alphanumeric() {
                character
            } else {
                '_'
            }
        })
        .collect();
    if plain.is_empty() {
        "records".to_owned()
    } else {
        plain
    }
}

/// The bytes of a `data:` address, with their media type.
fn data_address(address: &str) -> Option<(String, Vec<u8>)> {
    use base64::Engine as _;
    let (head, data) = address.strip_prefix("data:")?.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(data.trim())
        .ok()?;
    Some((media_type.to_owned(), bytes))
}
