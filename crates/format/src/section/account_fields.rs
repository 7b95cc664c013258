//! The fields of the account's settings, in file order.

use super::Field;
use super::Kind::{Boolean, Date, Id, Integer, Json, Object, Objects, OneOf, Text, Timestamp};
use super::fields::{CREATED_AT, DELETED_AT, UPDATED_AT, field, required};

pub(super) const ACCOUNT_SETTINGS: &[Field] = &[
    required("user_id", Id, "The person's id."),
    field("email", Text, "The address that the person signs in with."),
    field(
        "email_confirmed_at",
        Timestamp,
        "When the address was confirmed.",
    ),
    field("display_name", Text, "The name shown in the product."),
    field(
        "auth_providers",
        Json,
        "How the person signs in: email, google, microsoft.",
    ),
    CREATED_AT,
    UPDATED_AT,
    field(
        "last_login_at",
        Timestamp,
        "When the person last signed in.",
    ),
    field(
        "language",
        Text,
        "BCP 47 language tag of the product's pages.",
    ),
    field("time_zone", Text, "IANA time zone."),
    field("date_of_birth", Date, "Date of birth."),
    field(
        "terms_accepted_at",
        Timestamp,
        "When the terms were accepted.",
    ),
    field(
        "dpa_accepted_at",
        Timestamp,
        "When the data processing agreement was accepted.",
    ),
    field(
        "retention",
        Object(&[
            field(
                "mode",
                OneOf(&["days", "forever"]),
                "Whether conversations are deleted by age.",
            ),
            field("days", Integer, "After how many days."),
        ]),
        "How long conversations and files are kept.",
    ),
    field(
        "advanced_data_protection",
        Boolean,
        "Whether messages are processed in the EU with no retention by the provider.",
    ),
    field("default_persona", Text, "The persona of new threads."),
    field(
        "memory",
        Object(&[
            field(
                "general_detection",
                Boolean,
                "Save new facts outside workspaces.",
            ),
            field(
                "general_injection",
                Boolean,
                "Use saved facts outside workspaces.",
            ),
            field(
                "workspace_detection",
                Boolean,
                "Save new facts in workspaces.",
            ),
            field(
                "workspace_injection",
                Boolean,
                "Use saved facts in workspaces.",
            ),
        ]),
        "The four memory settings.",
    ),
    field(
        "product_email_opt_in",
        Boolean,
        "Whether the person wants product e-mails.",
    ),
    field("mfa_enabled", Boolean, "Whether a second factor is set up."),
    field("role", Text, "The person's role in the product."),
    field(
        "organization",
        Object(&[
            required("id", Text, "Its id."),
            field("name", Text, "Its name."),
            field("role", Text, "The person's role in it."),
            field("joined_at", Timestamp, "Since when."),
        ]),
        "The organisation that the person belongs to.",
    ),
    field(
        "consents",
        Objects(&[
            required("kind", Text, "What was agreed to."),
            field("version", Text, "Which version of it."),
            field("granted", Boolean, "Whether it was given."),
            field("decided_at", Timestamp, "When."),
        ]),
        "What the person agreed to.",
    ),
    field(
        "integrations",
        Objects(&[
            required("kind", Text, "Which service."),
            field("connected_at", Timestamp, "Since when."),
        ]),
        "Services that the person connected.",
    ),
    field(
        "usage_statistics",
        Object(&[
            field("messages_sent", Integer, "Messages sent."),
            field("conversations", Integer, "Conversations started."),
            field("documents_generated", Integer, "Documents generated."),
        ]),
        "The lifetime counts that the product shows.",
    ),
    DELETED_AT,
];
