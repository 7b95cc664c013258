//! The fields of every section but the account's settings, in file order.

use super::Kind::{Boolean, Id, Integer, Json, Number, OneOf, Person, Ref, Refs, Text, Timestamp};
use super::{Field, Kind, Section};

pub(super) const fn required(name: &'static str, kind: Kind, what: &'static str) -> Field {
    Field {
        name,
        kind,
        required: true,
        what,
    }
}

pub(super) const fn field(name: &'static str, kind: Kind, what: &'static str) -> Field {
    Field {
        name,
        kind,
        required: false,
        what,
    }
}

pub(super) const CREATED_AT: Field = field("created_at", Timestamp, "When it was made.");
pub(super) const UPDATED_AT: Field = field("updated_at", Timestamp, "When it was last changed.");
pub(super) const DELETED_AT: Field = field(
    "deleted_at",
    Timestamp,
    "When the person deleted it; the product still holds it.",
);
const ACCESS: Field = field(
    "access",
    OneOf(&["own", "shared"]),
    "`shared`: somebody else's, of which only the frame is exported.",
);
const WORKSPACE_ID: Field = field(
    "workspace_id",
    Ref(Section::Workspaces),
    "The workspace it belongs to.",
);
const THREAD_ID: Field = field(
    "thread_id",
    Ref(Section::Threads),
    "The thread it belongs to.",
);
const MESSAGE_ID: Field = field(
    "message_id",
    Ref(Section::Messages),
    "The message it belongs to.",
);
const NAME: Field = field("name", Text, "Its name.");
const MEDIA_TYPE: Field = field("media_type", Text, "RFC 6838 media type.");
const SIZE_BYTES: Field = field(
    "size_bytes",
    Integer,
    "Size of its contents in bytes, as the product states it.",
);
const SHA256: Field = field(
    "sha256",
    Text,
    "SHA-256 of its contents in hex, as the product states it.",
);
const EXTRACTED_TEXT: Field = field(
    "extracted_text",
    Text,
    "The text that the product read out of it.",
);

pub(super) const WORKSPACES: &[Field] = &[
    required("id", Id, "Referred to by every `workspace_id`."),
    NAME,
    ACCESS,
    field(
        "parent_id",
        Ref(Section::Workspaces),
        "The workspace that it stands in.",
    ),
    field("description", Text, "What it is for."),
    field(
        "project_instructions",
        Text,
        "Instructions applied to its conversations.",
    ),
    field("default_persona", Text, "The persona of its new threads."),
    field(
        "is_default",
        Boolean,
        "Whether it is the one that came with the account.",
    ),
    field("is_shared", Boolean, "Whether a team can see it."),
    field(
        "organization_id",
        Text,
        "The organisation that it is shared with.",
    ),
    field("owner_user_id", Person, "Whose it is."),
    CREATED_AT,
    UPDATED_AT,
    DELETED_AT,
];

pub(super) const THREADS: &[Field] = &[
    required("id", Id, "Referred to by every `thread_id`."),
    field(
        "workspace_id",
        Ref(Section::Workspaces),
        "The workspace it belongs to; null outside workspaces.",
    ),
    field("title", Text, "Its title."),
    ACCESS,
    field("persona", Text, "The persona it was held with."),
    field("status", Text, "Its state in the product."),
    field(
        "current_message_id",
        Ref(Section::Messages),
        "The last message of the branch that the product shows.",
    ),
    field("created_by_user_id", Person, "Who started it."),
    field("archived", Boolean, "Whether it is archived."),
    field("pinned", Boolean, "Whether it is pinned."),
    CREATED_AT,
    UPDATED_AT,
    field(
        "last_message_at",
        Timestamp,
        "When its last message was written.",
    ),
    field("expires_at", Timestamp, "When retention will delete it."),
    DELETED_AT,
];

pub(super) const MESSAGES: &[Field] = &[
    required("id", Id, "Unique among the messages."),
    required(
        "thread_id",
        Ref(Section::Threads),
        "The thread it belongs to.",
    ),
    field(
        "parent_id",
        Ref(Section::Messages),
        "The message it follows; null for the first of a thread.",
    ),
    field("role", Text, "`user`, `assistant`, `system` or `tool`."),
    field(
        "author_user_id",
        Person,
        "Who wrote it, or whom the assistant answered.",
    ),
    field(
        "content",
        Text,
        "The text as the person reads it, Markdown.",
    ),
    field(
        "content_parts",
        Json,
        "Blocks behind the text: reasoning, tool calls, images.",
    ),
    field(
        "file_ids",
        Refs(Section::UploadedFiles),
        "Files sent with it.",
    ),
    field(
        "generated_document_ids",
        Refs(Section::GeneratedDocuments),
        "Documents made in it.",
    ),
    field("sources", Json, "What the answer rests on."),
    field("persona", Text, "The persona that answered."),
    field("ai_provider", Text, "Who ran the model."),
    field("model", Text, "Which model answered."),
    field(
        "advanced_data_protection",
        Boolean,
        "Whether it was processed in the EU with no retention by the provider.",
    ),
    field("credits_used", Number, "What it cost in credits."),
    field("usage", Json, "Tokens counted for it."),
    field("feedback", Json, "The person's rating of it."),
    field("moderation_outcome", Text, "What moderation decided."),
    field("moderated_at", Timestamp, "When moderation decided."),
    CREATED_AT,
    UPDATED_AT,
    DELETED_AT,
];

pub(super) const UPLOADED_FILES: &[Field] = &[
    required("id", Id, "Referred to by `file_ids` and `file_contents`."),
    WORKSPACE_ID,
    THREAD_ID,
    MESSAGE_ID,
    NAME,
    MEDIA_TYPE,
    SIZE_BYTES,
    SHA256,
    field("status", Text, "Its state in the product."),
    EXTRACTED_TEXT,
    CREATED_AT,
    UPDATED_AT,
    field("expires_at", Timestamp, "When retention will delete it."),
    DELETED_AT,
];

pub(super) const GENERATED_DOCUMENTS: &[Field] = &[
    required(
        "id",
        Id,
        "Referred to by `generated_document_ids` and `file_contents`.",
    ),
    WORKSPACE_ID,
    THREAD_ID,
    MESSAGE_ID,
    NAME,
    field("title", Text, "Its title."),
    field("format", Text, "md, docx, pdf, xlsx or another."),
    MEDIA_TYPE,
    SIZE_BYTES,
    SHA256,
    field("version", Integer, "Which version of it."),
    field("content", Text, "Its text, where it is text."),
    EXTRACTED_TEXT,
    CREATED_AT,
    UPDATED_AT,
    DELETED_AT,
];

const SOURCE: Field = field(
    "source",
    OneOf(&["manual", "auto"]),
    "Whether the person or the product wrote it.",
);
const SOURCE_THREAD_ID: Field = field(
    "source_thread_id",
    Ref(Section::Threads),
    "The thread it was detected in.",
);
const CREATED_BY: Field = field("created_by_user_id", Person, "Who made it.");

pub(super) const WORKSPACE_MEMORIES: &[Field] = &[
    required("id", Id, "Unique among the workspace memories."),
    required(
        "workspace_id",
        Ref(Section::Workspaces),
        "The workspace it belongs to.",
    ),
    field("content", Text, "The fact or rule."),
    SOURCE,
    SOURCE_THREAD_ID,
    CREATED_BY,
    CREATED_AT,
    UPDATED_AT,
    DELETED_AT,
];

pub(super) const USER_MEMORIES: &[Field] = &[
    required("id", Id, "Unique among the user memories."),
    field("content", Text, "The fact or rule."),
    SOURCE,
    SOURCE_THREAD_ID,
    CREATED_AT,
    UPDATED_AT,
    DELETED_AT,
];

pub(super) const SUBSCRIPTIONS: &[Field] = &[
    required("id", Id, "Unique among the subscriptions."),
    field(
        "scope",
        OneOf(&["personal", "organization"]),
        "A plan of one's own, or a seat in a team.",
    ),
    field("plan", Text, "free, plus, pro_unlimited, team."),
    field("status", Text, "active, trialing, past_due, canceled."),
    field("billing_provider", Text, "Who takes the payment."),
    field("billing_interval", OneOf(&["month", "year"]), "How often."),
    field(
        "unit_amount_minor",
        Integer,
        "Price in the currency's smallest unit.",
    ),
    field("currency", Text, "ISO 4217 code."),
    field(
        "price_locked",
        Boolean,
        "Whether the price stays while the subscription is active.",
    ),
    field(
        "seats",
        Integer,
        "Seats paid for; the owner of a team only.",
    ),
    field(
        "organization_id",
        Text,
        "The organisation that the seat belongs to.",
    ),
    field(
        "current_period_start",
        Timestamp,
        "Start of the period paid for.",
    ),
    field(
        "current_period_end",
        Timestamp,
        "End of the period paid for.",
    ),
    field("cancel_at_period_end", Boolean, "Whether it ends then."),
    field("canceled_at", Timestamp, "When it was cancelled."),
    field("credits", Json, "Credits: limit, used, when they reset."),
    field("invoices", Json, "Invoices: number, date, amount, status."),
    CREATED_AT,
    UPDATED_AT,
];

pub(super) const OTHER_RECORDS: &[Field] = &[
    required("id", Id, "The collection, `:` and the product's id."),
    required("collection", Text, "The product's word for what it is."),
    WORKSPACE_ID,
    THREAD_ID,
    MESSAGE_ID,
    CREATED_AT,
];

pub(super) const FILE_CONTENTS: &[Field] = &[
    required(
        "section",
        OneOf(&["uploaded_files", "generated_documents"]),
        "Where the file's record stands.",
    ),
    required("file_id", Text, "The id of that record."),
    required("part", Integer, "Counts from 0."),
    required("last", Boolean, "Whether it is the last part."),
    required("base64", Text, "RFC 4648 section 4, of at most 3 MiB."),
    field(
        "size_bytes",
        Integer,
        "Size of the whole file; on the last part.",
    ),
    field(
        "sha256",
        Text,
        "SHA-256 of the whole file in hex; on the last part.",
    ),
    field(
        "complete",
        Boolean,
        "Whether every byte could be read; on the last part.",
    ),
];
