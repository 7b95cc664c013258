//! Bytes of files, part by part.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carryall_format::section::Section;
use serde::Deserialize;

use super::error::ImportError;
use super::fates::parsed;
use super::ids::Fate;
use super::write::Writing;

#[derive(Deserialize)]
struct PartOfFile<'t> {
    #[serde(borrow)]
    section: std::borrow::Cow<'t, str>,
    #[serde(borrow)]
    file_id: std::borrow::Cow<'t, str>,
    part: u64,
    last: bool,
    #[serde(borrow)]
    base64: std::borrow::Cow<'t, str>,
}

impl Writing<'_> {
    /// A part of a file, whose row is there by now or never.
    pub(super) fn contents(&mut self, text: &[u8]) -> Result<(), ImportError> {
        self.flush()?;
        let part: PartOfFile<'_> = parsed(text)?;
        let Some(section) = Section::named(&part.section) else {
            return Ok(());
        };
        let id = part.file_id.into_owned();
        if part.part == 0 {
            let is_kept = self
                .making
                .ids
                .fate(section, &id)
                .is_some_and(|fate| matches!(fate, Fate::Kept | Fate::KeptRemapped));
            let contents = self.making.contents.get(&(section, id));
            let key = contents.and_then(|contents| contents.key.as_deref());
            self.restoring = key.is_some();
            match (&mut self.files, key) {
                (Some(files), Some(key)) => files.begin(key)?,
                _ if is_kept => self.counting.files.kept += 1,
                _ => self.counting.files.not_restored += 1,
            }
        }
        if let Some(files) = self.files.as_mut().filter(|_| self.restoring) {
            let bytes = STANDARD
                .decode(part.base64.as_bytes())
                .map_err(|_| ImportError::Changed)?;
            files.write(&bytes)?;
            self.counting.files.size_bytes += bytes.len() as u64;
            self.counting.files.restored += u64::from(part.last);
        }
        Ok(())
    }
}
