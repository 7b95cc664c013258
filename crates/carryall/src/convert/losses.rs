//! What a conversion could not carry over: counts in are counts out and losses, kind by kind.

use std::collections::{BTreeMap, BTreeSet};

use carryall_format::section::Section;

use super::fields::{Record, is_something};

/// What each format is documented to lose, format by format.
const DOCUMENTATION: &str = include_str!("../../../../docs/CONVERT.md");

/// What every format of conversations has a place for in a thread, and in a message. A format names what
/// it keeps beyond that.
const KEPT: [(Section, &[&str]); 2] = [
    (
        Section::Threads,
        &[
            "id",
            "workspace_id",
            "title",
            "current_message_id",
            "pinned",
            "created_at",
            "updated_at",
        ],
    ),
    (
        Section::Messages,
        &[
            "id",
            "thread_id",
            "parent_id",
            "role",
            "content",
            "file_ids",
            "created_at",
        ],
    ),
];

/// Counts of one conversion.
#[derive(Debug, Default)]
pub struct Losses {
    /// Section: records read, records written.
    pub records: BTreeMap<Section, (u64, u64)>,
    /// Records that were lost, by section.
    lost: BTreeMap<Section, u64>,
    /// Fields that were lost, by section and name.
    fields: BTreeMap<Section, BTreeMap<String, u64>>,
}

impl Losses {
    /// A record was met.
    pub fn read(&mut self, section: Section) {
        self.records.entry(section).or_default().0 += 1;
    }

    /// It was written.
    pub fn wrote(&mut self, section: Section) {
        self.records.entry(section).or_default().1 += 1;
    }

    /// It has no place in the format.
    pub fn lost(&mut self, section: Section) {
        *self.lost.entry(section).or_default() += 1;
    }

    /// It was written, with these of its fields and those that every format keeps.
    pub fn wrote_fields(&mut self, section: Section, record: &Record<'_>, also_kept: &[&str]) {
        self.wrote(section);
        let kept = KEPT.iter().find(|(of, _)| *of == section);
        let kept = kept.map_or(&[][..], |(_, fields)| fields);
        for (field, value) in record.iter() {
            if is_something(value) && !kept.contains(&field) && !also_kept.contains(&field) {
                self.lost_field(section, field);
            }
        }
    }

    /// One field of it has no place, or not in this record.
    pub fn lost_field(&mut self, section: Section, field: &str) {
        let fields = self.fields.entry(section).or_default();
        match fields.get_mut(field) {
            Some(count) => *count += 1,
            None => drop(fields.insert(field.to_owned(), 1)),
        }
    }

    /// Those of another part of the conversion.
    pub fn add(&mut self, other: Losses) {
        for (section, (read, written)) in other.records {
            let counts = self.records.entry(section).or_default();
            *counts = (counts.0 + read, counts.1 + written);
        }
        for (section, count) in other.lost {
            *self.lost.entry(section).or_default() += count;
        }
        for (section, counts) in other.fields {
            let fields = self.fields.entry(section).or_default();
            for (field, count) in counts {
                *fields.entry(field).or_default() += count;
            }
        }
    }

    /// How many records of a section have no place.
    pub fn lost_records(&self, section: Section) -> u64 {
        self.lost.get(&section).copied().unwrap_or(0)
    }

    /// What was lost, and how often: a section, or a field of one in records that were written.
    pub fn kinds(&self) -> BTreeMap<String, u64> {
        let sections = self.lost.iter();
        let sections = sections.map(|(section, count)| (section.name().to_owned(), *count));
        let fields = self.fields.iter().flat_map(|(section, fields)| {
            let name = |field: &String| format!("{}.{field}", section.name());
            fields
                .iter()
                .map(move |(field, count)| (name(field), *count))
        });
        sections.chain(fields).collect()
    }

    /// Every record went somewhere. If not, the converter is wrong, and says so instead of hiding it.
    pub fn check(&self) -> anyhow::Result<()> {
        for (section, (read, written)) in &self.records {
            let lost = self.lost_records(*section);
            anyhow::ensure!(
                *read == written + lost,
                "{}: {read} records were read, {written} written and {lost} counted as lost; this is a fault of the converter",
                section.name()
            );
        }
        Ok(())
    }

    /// Kinds that the documentation of the format does not list.
    pub fn unlisted(&self, format: &str) -> Vec<String> {
        let listed = listed(format);
        let kinds = self.kinds().into_keys();
        kinds
            .filter(|kind| !listed.contains(kind.as_str()))
            .collect()
    }
}

/// What the documentation says that a format loses: the words in backticks under `Lost:`.
pub fn listed(format: &str) -> BTreeSet<&'static str> {
    let heading = format!("\n## `{format}`");
    let Some((_, text)) = DOCUMENTATION.split_once(heading.as_str()) else {
        return BTreeSet::new();
    };
    let section = text.split("\n## ").next().unwrap_or(text);
    let Some((_, list)) = section.split_once("\nLost:") else {
        return BTreeSet::new();
    };
    let list = list.split("\n\n").next().unwrap_or(list);
    list.split('`').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_documentation_lists_is_listed_and_nothing_else() {
        let mut losses = Losses::default();
        losses.lost(Section::Subscriptions);
        losses.lost_field(Section::Messages, "sources");
        assert!(losses.unlisted("chatgpt").is_empty());
        losses.lost_field(Section::Messages, "content");
        assert_eq!(losses.unlisted("chatgpt"), ["messages.content"]);
        assert_eq!(losses.unlisted("no-such-format").len(), 3);
        assert!(listed("jsonl").is_empty(), "it keeps everything");
    }

    #[test]
    fn a_record_that_went_nowhere_is_a_fault() {
        let mut losses = Losses::default();
        losses.read(Section::Threads);
        assert!(losses.check().is_err());
        losses.wrote(Section::Threads);
        assert!(losses.check().is_ok());
    }

    #[test]
    fn every_listed_loss_is_a_section_or_a_field_of_one() {
        for format in ["chatgpt", "claude", "open-webui", "librechat"] {
            let kinds = listed(format);
            assert!(kinds.len() > 20, "{format}");
            for kind in kinds {
                let (section, field) = kind.split_once('.').unwrap_or((kind, ""));
                let known = Section::named(section).unwrap_or_else(|| panic!("{kind}"));
                let fields = known.fields().iter().map(|field| field.name);
                assert!(
                    ["", "extra"].contains(&field) || fields.into_iter().any(|name| name == field),
                    "{kind}"
                );
            }
        }
    }
}
