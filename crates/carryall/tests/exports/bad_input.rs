//! A mistake in a data map, or a person whose name looks like one: exit code 2, words that name the thing
//! and the fix, nothing written.

use crate::product::{MARTA, Product, TOMAS};

#[track_caller]
pub fn assert_says(said: &str, words: &[&str]) {
    assert!(said.starts_with("error: "), "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is missing: {said}");
    }
}

/// Changes to the demo's map, and what is said of each.
const MISTAKES: [(&str, &str, &[&str]); 13] = [
    (
        "section = \"user_memories\"",
        "section = \"user_memory\"",
        &["no section `user_memory`", "did you mean `user_memories`?"],
    ),
    (
        "table   = \"user_memories\"",
        "table   = \"user_memmories\"",
        &["no table `user_memmories`", "did you mean `user_memories`?"],
    ),
    (
        "= \"display_name\"\nfields.auth",
        "= \"display_nam\"\nfields.auth",
        &[
            "fields.display_name",
            "`users` has no column `display_nam`",
            "did you mean `display_name`?",
        ],
    ),
    (
        "fields.display_name ",
        "fields.dispaly_name ",
        &[
            "table users",
            "fields.dispaly_name",
            "did you mean `display_name`?",
        ],
    ),
    (
        "extra = [\"extension\"]",
        "extra = [\"extention\"]",
        &[
            "`uploaded_files` has no column `extention`",
            "did you mean `extension`?",
        ],
    ),
    (
        "file_prefix = ",
        "file_sufix = \"x\"\nfile_prefix = ",
        &["no key `file_sufix`", "did you mean `file_prefix`?"],
    ),
    (
        "WHERE w.owner_user_id <> m",
        "WERE w.owner_user_id <> m",
        &[
            "workspaces from a query",
            "near \"WERE\"",
            "correct the statement in the data map",
        ],
    ),
    (
        "\"disconnected_at IS NULL\"",
        "\"disconnected_at IZ NULL\"",
        &[
            "`slack_connections`",
            "near \"IZ\"",
            "correct the statement in the data map",
        ],
    ),
    (
        "\"disconnected_at IS NULL\"",
        "\"disconected_at IS NULL\"",
        &["`slack_connections`", "disconected_at"],
    ),
    (
        "reason = \"it belongs to the provider's own set of rules\"",
        "reason = \"\"",
        &[
            "moderation_detail.withheld.\"policy\"",
            "`reason` is empty",
            "say it in plain words",
        ],
    ),
    (
        ", reason = \"it belongs to the provider's own set of rules\"",
        "",
        &["line ", "missing field `reason`"],
    ),
    (
        "json.sources.keep = [\"[].title\"",
        "json.sources.keep = [\"[].title.*\"",
        &[
            "json.sources.keep \"[].title.*\"",
            "without a `reason`",
            "{ path = \"[].title.*\", reason = \"…\" }",
        ],
    ),
    (
        "map_version = 1",
        "map_version = = 1",
        &["line ", "extra `=`"],
    ),
];

#[test]
fn a_mistake_in_a_data_map_is_named_with_its_fix() {
    for (right, wrong, words) in MISTAKES {
        let product = Product::demo().with_map_changed(right, wrong);
        assert_says(&product.export_fails(MARTA, &[]), words);
    }
}

#[test]
fn a_withheld_column_without_a_reason_never_leaves_by_accident() {
    let line = "withheld.unsubscribe_token  = { ground = \"secret\", what = \"the key in the unsubscribe link of our e-mails\", reason = \"whoever has it can change your e-mail choices; the choice itself is in this file\" }";
    let product = Product::demo().with_map_changed(line, "");
    let file = product.export(MARTA);
    assert_eq!(
        file.gaps(),
        ["unmapped_column account_settings - users.unsubscribe_token"]
    );
}

#[test]
fn somebody_unknown_is_named_whatever_they_are_called() {
    let product = Product::demo();
    for who in [
        "nobody@example.com",
        "' OR '1'='1",
        "\"; DROP TABLE users; --",
        "a::b",
        "\\",
        "%",
        "_",
        "",
        "\u{1}\u{2028}",
        "MARTA@northbridge.example ",
    ] {
        let said = product.export_fails(who, &[]);
        assert_says(
            &said,
            &[
                &format!("the person `{who}`"),
                "`users`",
                "hint: check the spelling",
            ],
        );
    }
    product.export(MARTA);
}

#[test]
fn a_key_that_looks_like_sql_is_exported_like_any_other() {
    let keys = [
        "o'brien",
        "a\"b",
        "back\\slash",
        "a::b::c",
        "'; DROP TABLE users; --",
        "?1",
        "%_*",
        "new\nline\t\u{1}",
        "ключ 🔑 \u{202e}",
    ];
    let product = Product::demo();
    let key = product.key(TOMAS);
    for (place, strange) in keys.into_iter().enumerate() {
        product.sql(&format!(
            "CREATE TEMP TABLE k AS SELECT '{}' AS key;
             INSERT INTO users SELECT key, 'key{place}@example.com', email_confirmed_at, display_name, password_hash, totp_secret, auth_providers,
                 is_active, terms_accepted_at, dpa_accepted_at, last_login_at, NULL, unsubscribe_token || key, created_at, updated_at, NULL
             FROM users, k WHERE id = '{key}';
             INSERT INTO user_memories SELECT 'memory{place}', key, 'only ' || key, 'manual', NULL, NULL, '2026-01-01T00:00:00Z',
                 '2026-01-01T00:00:00Z', NULL FROM k;",
            strange.replace('\'', "''")
        ));
        let file = product.export(strange);
        assert_eq!(file.json["export"]["subject_id"], strange);
        assert_eq!(file.json["account_settings"]["user_id"], strange);
        assert_eq!(file.ids("user_memories").len(), 1);
        assert_eq!(
            file.list("user_memories")[0]["content"],
            format!("only {strange}")
        );
        assert_eq!(file.outcome.code, 0, "{}", file.outcome.stderr);
        crate::layout::check_lines(&file);
    }
    assert!(product.export(TOMAS).ids("user_memories").is_empty());
}
