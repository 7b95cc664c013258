//! A data map that is wrong about whose a row is does not get anybody else's rows into a file, and does
//! not lose rows without a word.

use crate::product::{DEMO_PEOPLE, KENJI, MARTA, Product};
use crate::program::WITH_GAPS;

crate::on_both_engines![
    a_filter_that_breaks_out_of_its_parentheses_is_stopped_by_the_writer,
    a_query_that_cuts_its_filter_off_is_stopped,
    a_query_that_says_that_every_row_is_the_persons_is_stopped_by_what_follows_from_it,
    a_wrong_owner_column_loses_rows_only_with_a_gap_that_names_the_right_one,
    a_wrong_parent_column_is_refused,
    a_parent_that_is_not_in_the_file_is_stopped_by_the_writer,
];

/// The export of Marta through a map with one text replaced.
fn fails_with(made: fn() -> Product, from: &str, to: &str) -> String {
    made().with_map_changed(from, to).export_fails(MARTA, &[])
}

fn a_filter_that_breaks_out_of_its_parentheses_is_stopped_by_the_writer(made: fn() -> Product) {
    let entries = [
        (
            "account_settings",
            "table   = \"consents\"\nowner   = \"user_id\"",
        ),
        (
            "workspaces",
            "table   = \"workspaces\"\nowner   = \"owner_user_id\"",
        ),
        ("threads", "table   = \"threads\"\nowner   = \"user_id\""),
        ("messages", "table   = \"messages\""),
        (
            "uploaded_files",
            "table   = \"uploaded_files\"\nowner   = \"user_id\"",
        ),
        (
            "generated_documents",
            "table   = \"generated_documents\"\nowner   = \"user_id\"",
        ),
        ("workspace_memories", "table   = \"workspace_memories\""),
        (
            "user_memories",
            "table   = \"user_memories\"\nowner   = \"user_id\"",
        ),
        (
            "subscriptions",
            "table   = \"subscriptions\"\nowner   = \"user_id\"",
        ),
        (
            "other_records",
            "table      = \"sign_ins\"\nowner      = \"user_id\"",
        ),
    ];
    for (section, entry) in entries {
        let broken = format!("{entry}\nwhere = \"1=1) OR (1=1\"");
        // The demo's documents are all Marta's.
        let who = if section == "generated_documents" {
            KENJI
        } else {
            MARTA
        };
        let product = made().without_import().with_map_changed(entry, &broken);
        let said = product.export_fails(who, &[]);
        assert!(said.contains(&format!("`{section}`")), "{section}: {said}");
    }
}

fn a_query_that_cuts_its_filter_off_is_stopped(made: fn() -> Product) {
    let said = fails_with(
        made,
        "table   = \"user_memories\"\nowner   = \"user_id\"",
        "query   = \"SELECT *, NULL AS nothing FROM user_memories) AS t --\"\nowner   = \"user_id\"",
    );
    assert!(said.contains("user_memories"), "{said}");
}

fn a_query_that_says_that_every_row_is_the_persons_is_stopped_by_what_follows_from_it(
    made: fn() -> Product,
) {
    // Every memory of a workspace is said to be Marta's; whose the workspaces are, the writer knows.
    let product = made();
    let key = product.key(MARTA);
    let product = product.with_map_changed(
        "SELECT t.id AS id, t.workspace_id AS workspace_id, t.title AS title, p.user_id AS subject_id\nFROM thread_participants AS p JOIN threads AS t ON t.id = p.thread_id\nWHERE t.user_id <> p.user_id",
        &format!("SELECT t.id AS id, t.workspace_id AS workspace_id, t.title AS title, '{key}' AS subject_id FROM threads AS t"),
    );
    let said = product.export_fails(MARTA, &[]);
    assert!(said.contains("`threads`"), "{said}");
}

fn a_wrong_owner_column_loses_rows_only_with_a_gap_that_names_the_right_one(made: fn() -> Product) {
    let columns = [
        (
            "table   = \"user_memories\"\nowner   = \"user_id\"",
            "id",
            "user_memories.user_id",
        ),
        (
            "table      = \"sign_ins\"\nowner      = \"user_id\"",
            "ip_address",
            "sign_ins.user_id",
        ),
        (
            "table   = \"uploaded_files\"\nowner   = \"user_id\"",
            "name",
            "uploaded_files.user_id",
        ),
    ];
    for (entry, wrong, named) in columns {
        let changed = entry.replace("\"user_id\"", &format!("\"{wrong}\""));
        let file = made().with_map_changed(entry, &changed).export(MARTA);
        assert_eq!(file.outcome.code, WITH_GAPS);
        let gaps = file.gaps();
        let is_told = gaps
            .iter()
            .any(|gap| gap.starts_with("unmapped_column") && gap.ends_with(named));
        assert!(is_told, "{named}: {gaps:?}");
        assert!(
            file.outcome.stderr.contains(named),
            "{}",
            file.outcome.stderr
        );
    }
}

fn a_wrong_parent_column_is_refused(made: fn() -> Product) {
    for (section, right, wrong) in [
        (
            "messages",
            "section = \"threads\", column = \"thread_id\"",
            "parent_id",
        ),
        (
            "workspace_memories",
            "section = \"workspaces\", column = \"workspace_id\"",
            "source_thread_id",
        ),
    ] {
        let column = right.rsplit('"').nth(1).unwrap();
        let said = fails_with(
            made,
            right,
            &right.replace(&format!("\"{column}\""), &format!("\"{wrong}\"")),
        );
        assert!(
            said.contains(section) && said.contains(wrong) && said.contains(column),
            "{said}"
        );
    }
}

fn a_parent_that_is_not_in_the_file_is_stopped_by_the_writer(made: fn() -> Product) {
    let entry = "table   = \"workspace_memories\"\nparent  = { section = \"workspaces\", column = \"workspace_id\" }";
    let broken = format!("{entry}\nwhere = \"1=1) OR (1=1\"");
    let said = made()
        .without_import()
        .with_map_changed(entry, &broken)
        .export_fails(DEMO_PEOPLE[3], &[]);
    assert!(
        said.contains("`workspace_memories`") && said.contains("`workspaces`"),
        "{said}"
    );
    assert!(said.contains("hint:"), "{said}");
}
