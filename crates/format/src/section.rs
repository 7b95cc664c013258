//! The one table of sections, fields and references.
//!
//! The JSON Schema, the writer's order, the checks of a data map and the verifier all read this
//! table, so a field exists in every one of them or in none. Field order here is the order in the
//! file.

mod account_fields;
mod fields;

/// What a value is, and so how it is written and checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Opaque string, unique in its section.
    Id,
    /// The id of a record in another section, or null.
    Ref(Section),
    /// A list of ids of records in another section.
    Refs(Section),
    /// The subject's own id as it is; anybody else's as a pseudonym, stable within one file.
    Person,
    /// Unicode text.
    Text,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// RFC 3339 in UTC with `Z`.
    Timestamp,
    /// RFC 3339 full-date.
    Date,
    /// `true` or `false`.
    Boolean,
    /// Integer within +-2^53; a larger one is a string and a gap.
    Integer,
    /// Finite number.
    Number,
    /// Any JSON, filtered key by key by the data map.
    Json,
    /// One nested object with these fields.
    Object(&'static [Field]),
    /// A list of nested objects with these fields.
    Objects(&'static [Field]),
}

/// A named field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The key in the file.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether null is never allowed and the key always present.
    pub required: bool,
    /// What it means, for the schema.
    pub what: &'static str,
}

/// How a section stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One object.
    Object,
    /// A list of records, one a line.
    List,
}

/// A section of personal data, in file order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(usize)]
pub enum Section {
    /// Who the person is to the product, and how it is set up for them.
    AccountSettings,
    /// Containers for a client, framework or project.
    Workspaces,
    /// Conversations.
    Threads,
    /// What was said in them.
    Messages,
    /// Files that the person uploaded.
    UploadedFiles,
    /// Documents that the product made for the person.
    GeneratedDocuments,
    /// Facts remembered within one workspace.
    WorkspaceMemories,
    /// Facts remembered outside workspaces.
    UserMemories,
    /// Personal plan and team seat.
    Subscriptions,
    /// Everything else that is about the person.
    OtherRecords,
    /// Bytes of files and documents, in parts.
    FileContents,
}

impl Section {
    /// Every section of personal data, in file order.
    pub const ALL: [Section; 11] = [
        Section::AccountSettings,
        Section::Workspaces,
        Section::Threads,
        Section::Messages,
        Section::UploadedFiles,
        Section::GeneratedDocuments,
        Section::WorkspaceMemories,
        Section::UserMemories,
        Section::Subscriptions,
        Section::OtherRecords,
        Section::FileContents,
    ];

    /// The key in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Section::AccountSettings => "account_settings",
            Section::Workspaces => "workspaces",
            Section::Threads => "threads",
            Section::Messages => "messages",
            Section::UploadedFiles => "uploaded_files",
            Section::GeneratedDocuments => "generated_documents",
            Section::WorkspaceMemories => "workspace_memories",
            Section::UserMemories => "user_memories",
            Section::Subscriptions => "subscriptions",
            Section::OtherRecords => "other_records",
            Section::FileContents => "file_contents",
        }
    }

    /// The name for people, as the help page says it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Section::AccountSettings => "Account settings",
            Section::Workspaces => "Workspaces",
            Section::Threads => "Conversation threads",
            Section::Messages => "Messages",
            Section::UploadedFiles => "Uploaded files",
            Section::GeneratedDocuments => "Generated documents",
            Section::WorkspaceMemories => "Workspace memories",
            Section::UserMemories => "User memories",
            Section::Subscriptions => "Subscriptions",
            Section::OtherRecords => "Other records",
            Section::FileContents => "File contents",
        }
    }

    /// Its fields, in file order.
    #[must_use]
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Section::AccountSettings => account_fields::ACCOUNT_SETTINGS,
            Section::Workspaces => fields::WORKSPACES,
            Section::Threads => fields::THREADS,
            Section::Messages => fields::MESSAGES,
            Section::UploadedFiles => fields::UPLOADED_FILES,
            Section::GeneratedDocuments => fields::GENERATED_DOCUMENTS,
            Section::WorkspaceMemories => fields::WORKSPACE_MEMORIES,
            Section::UserMemories => fields::USER_MEMORIES,
            Section::Subscriptions => fields::SUBSCRIPTIONS,
            Section::OtherRecords => fields::OTHER_RECORDS,
            Section::FileContents => fields::FILE_CONTENTS,
        }
    }

    /// Whether it is one object or a list.
    #[must_use]
    pub const fn shape(self) -> Shape {
        match self {
            Section::AccountSettings => Shape::Object,
            _ => Shape::List,
        }
    }

    /// The section with this key.
    #[must_use]
    pub fn named(name: &str) -> Option<Section> {
        Section::ALL
            .into_iter()
            .find(|section| section.name() == name)
    }

    /// The field with this name.
    #[must_use]
    pub fn field(self, name: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.name == name)
    }

    /// Whether it is about the account as a whole, and so left out of an extract for one client.
    #[must_use]
    pub const fn is_account_wide(self) -> bool {
        matches!(
            self,
            Section::AccountSettings | Section::UserMemories | Section::Subscriptions
        )
    }

    /// Whether its records can have contents in `file_contents`.
    #[must_use]
    pub const fn has_contents(self) -> bool {
        matches!(self, Section::UploadedFiles | Section::GeneratedDocuments)
    }
}
