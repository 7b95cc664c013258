//! What the tests know of the demo's columns by themselves: which are secret, which hold nothing
//! personal, and what stands in the JSON ones. A column that is in none of these lists must come out.

use crate::owners::Column;

/// Tables about nobody.
pub const NOTHING_PERSONAL: [&str; 5] = [
    "schema_migrations",
    "plans",
    "frameworks",
    "framework_controls",
    "system_prompts",
];

/// Columns that never leave, whoever's row it is.
pub const SECRET: [(&str, &[&str]); 17] = [
    (
        "users",
        &[
            "password_hash",
            "totp_secret",
            "stripe_customer_id",
            "unsubscribe_token",
        ],
    ),
    (
        "oauth_accounts",
        &["access_token", "refresh_token", "id_token"],
    ),
    ("sessions", &["token_hash", "csrf_secret"]),
    ("one_time_tokens", &["token_hash"]),
    ("organizations", &["stripe_customer_id"]),
    ("invitations", &["token_hash"]),
    ("messages", &["provider_request_id", "injected_context"]),
    (
        "moderation_flags",
        &["raw_score", "reviewed_by", "reviewer_note"],
    ),
    ("uploaded_files", &["storage_key"]),
    ("generated_documents", &["storage_key", "generation_prompt"]),
    ("workspace_memories", &["embedding"]),
    ("user_memories", &["embedding"]),
    ("subscriptions", &["stripe_subscription_id"]),
    ("invoices", &["stripe_invoice_id", "hosted_url"]),
    ("stripe_events", &["payload"]),
    ("email_events", &["provider_message_id"]),
    ("slack_connections", &["bot_token"]),
];

/// Every key of every JSON column. `+` is a value that leaves and `-` one that does not: `+t` text, `+n`
/// a number. `true` leaves.
pub const JSON: [(&str, &str, &str); 10] = [
    ("users", "auth_providers", r#"["+t","+t"]"#),
    (
        "user_settings",
        "preferences",
        r#"{"theme":"+t","density":"+t","editor":{"enter_sends":true,"font_size":"+n"},
            "onboarding":{"completed":["+t","+t"]},"experiments":{"composer":"-t","sidebar":"-n"}}"#,
    ),
    (
        "sign_ins",
        "risk_signals",
        r#"{"new_device":true,"new_country":true,"score":"-n","rules":["-t","-t"]}"#,
    ),
    (
        "messages",
        "content_parts",
        r#"[{"type":"+t","text":"+t"},{"type":"+t","name":"+t","arguments":{"format":"+t","rows":"+n"}}]"#,
    ),
    (
        "messages",
        "sources",
        r#"[{"title":"+t","reference":"+t"}]"#,
    ),
    (
        "messages",
        "moderation_detail",
        r#"{"categories":["+t"],"scores":{"malware":"-n","self_harm":"-n"},"policy":"-t","request_id":"-t"}"#,
    ),
    (
        "uploaded_files",
        "scan",
        r#"{"verdict":"+t","scanned_at":"+t","engine":"-t","signature":"-t"}"#,
    ),
    (
        "subscriptions",
        "credits",
        r#"{"limit_per_session":"+n","window_hours":"+n"}"#,
    ),
    (
        "stripe_events",
        "payload",
        r#"{"object":"-t","api_key_hint":"-t","data":{"amount":"-n","cancel_at_period_end":"-t"}}"#,
    ),
    (
        "slack_connections",
        "settings",
        r#"{"notify_on":["+t"],"quiet_hours":{"from":"+t","to":"+t"},"signing_secret":"-t"}"#,
    ),
];

/// References that the schema does not declare. Like declared ones they are not planted: what they hold
/// now must come out.
pub const ALSO_REFERENCES: [(&str, &str); 5] = [
    ("threads", "current_message_id"),
    ("messages", "parent_id"),
    ("messages", "author_user_id"),
    ("messages", "file_ids"),
    ("messages", "generated_document_ids"),
];

/// Columns that decide what a person meets, so that each is planted alone.
pub const DECIDES: [(&str, &str); 4] = [
    ("workspaces", "created_at"),
    ("organization_members", "role"),
    ("organization_members", "removed_at"),
    ("slack_connections", "disconnected_at"),
];

/// What is left of a row that a person meets as a frame: its name or title.
pub const FRAME: [(&str, &str); 3] = [
    ("workspaces", "name"),
    ("threads", "title"),
    ("organizations", "name"),
];

/// The price of a team's plan is its owner's business.
pub const OWNERS_OF_TEAMS_ONLY: [&str; 3] = ["unit_amount_minor", "currency", "seats"];

/// Times in text that are not named `…_at`.
pub const TIMES: [&str; 4] = [
    "older_than",
    "keep_until",
    "current_period_start",
    "current_period_end",
];

fn is_secret(table: &str, column: &str) -> bool {
    let mut tables = SECRET.iter().filter(|(of, _)| *of == table);
    tables.any(|(_, columns)| columns.contains(&column))
}

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Secret,
    /// Names a row.
    Reference,
    /// Planted alone.
    Decides,
    Planted,
}

pub fn fate(table: &str, column: &Column) -> Fate {
    let place = (table, column.name.as_str());
    if is_secret(table, &column.name) {
        Fate::Secret
    } else if column.is_key || column.is_reference || ALSO_REFERENCES.contains(&place) {
        Fate::Reference
    } else if DECIDES.contains(&place) {
        Fate::Decides
    } else {
        Fate::Planted
    }
}
