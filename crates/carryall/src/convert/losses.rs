//! What a conversion could not carry over: counts in are counts out and losses, kind by kind.

use std::collections::{BTreeMap, BTreeSet};

use carryall_format::section::Section;

use super::fields::{Record, is_something};

/// What each format is documented to lose, format by format.
const DOCUMENTATION: &str = include_str!("../../../../docs/CONVERT.md");

/// Counts of one conversion.
#[derive(Debug, Default)]
pub struct Losses {
    /// Section: records read, records written.
    pub records: BTreeMap<Section, (u64, u64)>,
    /// Kind: how often. A kind is a section, of which records were lost, or a field of one.
    pub kinds: BTreeMap<String, u64>,
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
        *self.kinds.entry(section.name().to_owned()).or_default() += 1;
    }

    /// It was written, with these of its fields.
    pub fn wrote_fields(&mut self, section: Section, record: &Record, kept: &[&str]) {
        self.wrote(section);
        for (field, value) in record {
            if is_something(value) && !kept.contains(&field.as_str()) {
                self.lost_field(section, field);
            }
        }
    }

    /// One field of it has no place, or not in this record.
    pub fn lost_field(&mut self, section: Section, field: &str) {
        let kind = format!("{}.{field}", section.name());
        *self.kinds.entry(kind).or_default() += 1;
    }

    /// How many records of a section have no place.
    pub fn lost_records(&self, section: Section) -> u64 {
        self.kinds.get(section.name()).copied().unwrap_or(0)
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
    pub fn unlisted(&self, format: &str) -> Vec<&str> {
        let listed = listed(format);
        let kinds = self.kinds.keys().map(String::as_str);
        kinds.filter(|kind| !listed.contains(kind)).collect()
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
