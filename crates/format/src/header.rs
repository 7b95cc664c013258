//! What is known before the first row: the `export` object.

use serde::{Deserialize, Serialize};

use crate::section::Section;

/// The word by which a reader knows the format.
pub const FORMAT: &str = "carryall-export";
/// Changes only where an older reader would misread.
pub const VERSION: u32 = 1;
/// Counts additions that older readers may ignore.
pub const REVISION: u32 = 0;

/// Why something is not exported. The list is closed within a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// It would open a door: hashes, tokens, links.
    Secret,
    /// The same value stands elsewhere in the file.
    Duplicate,
    /// It is another person's (GDPR Art. 15(4), 20(4)).
    RightsOfOthers,
    /// It would help an attacker of the product.
    Security,
    /// A law forbids or reserves it.
    LegalDuty,
    /// It says nothing about the person.
    NotAboutPerson,
}

impl Ground {
    /// Every ground.
    pub const ALL: [Ground; 6] = [
        Ground::Secret,
        Ground::Duplicate,
        Ground::RightsOfOthers,
        Ground::Security,
        Ground::LegalDuty,
        Ground::NotAboutPerson,
    ];

    /// The word in the file and in a data map.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Ground::Secret => "secret",
            Ground::Duplicate => "duplicate",
            Ground::RightsOfOthers => "rights_of_others",
            Ground::Security => "security",
            Ground::LegalDuty => "legal_duty",
            Ground::NotAboutPerson => "not_about_person",
        }
    }

    /// The ground with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Ground> {
        Ground::ALL.into_iter().find(|ground| ground.name() == name)
    }
}

/// The `export` object, in file order.
#[derive(Debug, Clone, Serialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// [`REVISION`].
    pub revision: u32,
    /// Which schema describes the file.
    pub schema: SchemaRef,
    /// UUID v7 of this export.
    pub id: String,
    /// The product's name.
    pub product: String,
    /// The person's key in the product.
    pub subject_id: String,
    /// When the export was started, RFC 3339.
    pub created_at: String,
    /// The one moment that all rows come from, RFC 3339.
    pub snapshot_at: String,
    /// What wrote the file.
    pub generator: Generator,
    /// Language of the plain words in the file, BCP 47.
    pub locale: String,
    /// What was asked for.
    pub scope: ScopeHeader,
    /// What stays, on which ground.
    pub withheld: Vec<WithheldHeader>,
    /// GDPR Art. 15(1).
    pub processing: ProcessingHeader,
}

/// The schema that describes a file.
#[derive(Debug, Clone, Serialize)]
pub struct SchemaRef {
    /// SHA-256 in hex of the schema as `carryall schema` prints it.
    pub sha256: String,
    /// How to get it.
    pub location: String,
}

/// The program that wrote a file.
#[derive(Debug, Clone, Serialize)]
pub struct Generator {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What was asked for. All null and `true`: everything.
#[derive(Debug, Clone, Serialize)]
pub struct ScopeHeader {
    /// One workspace only.
    pub workspace_id: Option<String>,
    /// Messages from this moment on, RFC 3339.
    pub since: Option<String>,
    /// Messages before this moment, RFC 3339.
    pub until: Option<String>,
    /// Whether the bytes of files are included.
    pub file_contents: bool,
    /// The export that an extract was cut from.
    pub derived_from: Option<DerivedFrom>,
}

/// The export that an extract was cut from.
#[derive(Debug, Clone, Serialize)]
pub struct DerivedFrom {
    /// Its id.
    pub export_id: String,
    /// Its SHA-256 in hex.
    pub sha256: String,
}

/// Something that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithheldHeader {
    /// The section it would stand in.
    pub section: String,
    /// What it is.
    pub what: String,
    /// Why, in one word.
    pub ground: Ground,
    /// Why, in a sentence.
    pub reason: String,
}

/// GDPR Art. 15(1), in plain words.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProcessingHeader {
    /// Who answers for the data.
    pub controller: String,
    /// Where to turn with a question.
    pub contact: String,
    /// What the data is used for.
    pub purposes: Vec<String>,
    /// Who receives it.
    pub recipients: Vec<String>,
    /// How long it is kept.
    pub retention: Option<String>,
    /// What the person can ask for.
    pub rights: Option<String>,
}

/// How a section came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has records.
    Included,
    /// The product has this section; this person has nothing in it.
    Empty,
    /// The product has no such thing.
    Unavailable,
    /// It was not asked for.
    OutOfScope,
}

/// The `summary` object.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Summary {
    pub sections: serde_json::Map<String, serde_json::Value>,
    pub left_out: Vec<LeftOutCount>,
    pub totals: Totals,
}

/// One section in the summary.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct SectionSummary {
    pub status: Status,
    /// Records; 1 for an object.
    pub count: u64,
    /// Byte offset of the value in the file.
    pub offset: u64,
    /// Bytes of the value.
    pub length: u64,
}

/// Records left out, by section and ground.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOutCount {
    /// Key of the section.
    pub section: &'static str,
    /// Why.
    pub ground: Ground,
    /// What they are, in plain words.
    pub what: String,
    /// How many.
    pub count: u64,
}

/// Totals of the file.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Totals {
    pub records: u64,
    pub file_bytes: u64,
    pub gaps: u64,
}

impl Section {
    /// A section without a single mapped export is not something the product has.
    #[must_use]
    pub const fn status_when(self, is_mapped: bool, is_in_scope: bool) -> Status {
        match (is_mapped, is_in_scope) {
            (_, false) => Status::OutOfScope,
            (true, true) => Status::Empty,
            (false, true) => Status::Unavailable,
        }
    }
}
