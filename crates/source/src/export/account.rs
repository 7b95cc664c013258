//! `account_settings`: one object, put together from the entries that feed it.

use std::collections::BTreeMap;

use carryall_format::section::{Kind, Section};
use carryall_format::write::Proof;

use super::ExportError;
use super::run::{Run, read};
use crate::plan::EntryPlan;
use crate::record::{self, Earlier, as_text};
use crate::snapshot::Row;

/// Encoded values by field.
#[derive(Default)]
struct Parts {
    fields: BTreeMap<String, Vec<u8>>,
    /// Members of lists by field.
    lists: BTreeMap<String, Vec<Vec<u8>>>,
    /// Members of `extra`, without the braces.
    extra: Vec<u8>,
}

impl Parts {
    /// What an entry without rows gives; how many members its list has already.
    fn begin(&mut self, entry: &EntryPlan) -> usize {
        let Some(into) = &entry.into else { return 0 };
        if is_list(into) {
            return self.lists.entry(into.clone()).or_default().len();
        }
        let nothing = || b"null".to_vec();
        self.fields.entry(into.clone()).or_insert_with(nothing);
        0
    }

    /// Rows of a query have no key to go by: they are put in the order of what they say.
    fn sort_from(&mut self, known: usize, entry: &EntryPlan) {
        if let Some(into) = &entry.into
            && let Some(members) = self.lists.get_mut(into)
            && !entry.is_ordered
        {
            members[known..].sort_unstable();
        }
    }

    fn close_lists(&mut self) {
        for (field, members) in std::mem::take(&mut self.lists) {
            let list = [b"[".as_slice(), &members.join(&b','), b"]"].concat();
            self.fields.insert(field, list);
        }
    }
}

impl Run<'_> {
    pub(super) fn write_account(&mut self) -> Result<(), ExportError> {
        let plan = self.plan;
        let mut parts = Parts::default();
        for entry in plan.of(Section::AccountSettings) {
            let known = parts.begin(entry);
            let mut rows = self.snapshot.prepare_for(&read(entry), &entry.in_order)?;
            rows.for_each(&[self.subject.key.value()], |row| {
                self.add_account_row(&mut parts, entry, row)
            })?;
            parts.sort_from(known, entry);
        }
        parts.close_lists();
        if parts.fields.is_empty() {
            return Ok(());
        }
        let id = self.subject.key.as_str().to_owned().into_bytes();
        let out = self
            .writer
            .begin_record(Section::AccountSettings, Proof::Owner(&id), &id)?;
        for field in Section::AccountSettings.fields() {
            if let Some(value) = parts.fields.get(field.name) {
                out.extend_from_slice(if out.ends_with(b"{") { b"\"" } else { b",\"" });
                out.extend_from_slice(field.name.as_bytes());
                out.extend_from_slice(b"\":");
                out.extend_from_slice(value);
            }
        }
        if !parts.extra.is_empty() {
            out.extend_from_slice(b",\"extra\":{");
            out.extend_from_slice(&parts.extra);
            out.push(b'}');
        }
        self.writer.end_record()?;
        self.flush_issues(Section::AccountSettings, &id)
    }

    fn add_account_row(
        &mut self,
        parts: &mut Parts,
        entry: &EntryPlan,
        row: &Row<'_>,
    ) -> Result<(), ExportError> {
        let owner = as_text(row.value(entry.whose.column())).into_owned();
        self.writer
            .check(entry.section, entry.whose.proof(&owner))?;
        match &entry.into {
            Some(into) => {
                let mut object = vec![b'{'];
                self.encode_row(&mut object, entry, row, &mut Earlier::default())?;
                object.push(b'}');
                match parts.lists.get_mut(into) {
                    Some(members) => members.push(object),
                    None => drop(parts.fields.insert(into.clone(), object)),
                }
            }
            None => self.add_account_fields(parts, entry, row)?,
        }
        let mut issues = Vec::new();
        for field in &entry.audited {
            record::audit(field, row, &mut Vec::new(), &mut issues);
        }
        self.add_issues(issues);
        Ok(())
    }

    fn add_account_fields(
        &mut self,
        parts: &mut Parts,
        entry: &EntryPlan,
        row: &Row<'_>,
    ) -> Result<(), ExportError> {
        let mut issues = Vec::new();
        for field in &entry.fields {
            let mut value = Vec::new();
            record::encode_field(&mut value, field, row, self, &mut issues)?;
            parts.fields.insert(field.name.clone(), value);
        }
        record::encode_fields(&mut parts.extra, &entry.extra, row, self, &mut issues)?;
        self.add_issues(issues);
        Ok(())
    }
}

/// Whether `into` names a list, with one entry for each row.
fn is_list(into: &str) -> bool {
    Section::AccountSettings
        .field(into)
        .is_some_and(|field| matches!(field.kind, Kind::Objects(_)))
}
