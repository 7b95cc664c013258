//! Out and in again: the same records, once, however often.

use serde_json::Value;

use super::stage::{assert_same, counts, dump, empty_for, expected, files, found, import, sum};
use crate::product::{DEMO_PEOPLE, KENJI, MARTA, Product};
use crate::program::carryall;

#[test]
fn an_export_imported_into_an_empty_database_comes_out_the_same() {
    let product = Product::demo();
    for who in DEMO_PEOPLE {
        let first = product.export(who);
        let empty = empty_for(&product, who);
        let report = import(&empty, &first.path, &[]);
        let second = empty.export(who);
        carryall(["verify".as_ref(), second.path.as_os_str()]).ended_with(0);
        assert_same(&found(&second), &expected(&first));
        assert_eq!(second.gaps(), Vec::<String>::new(), "{who}");
        let own: Vec<_> = ["uploaded_files", "generated_documents"]
            .map(|section| second.ids(section))
            .into();
        let mut contents = first.contents();
        contents.retain(|(_, id), _| own.iter().any(|ids| ids.contains(id)));
        assert_eq!(second.contents(), contents, "{who}");
        assert_eq!(
            report["files"]["restored"],
            contents.len(),
            "{who}: {report:#}"
        );
        let imported = expected(&first);
        let records = imported.values().filter_map(Value::as_array).map(Vec::len);
        // And the settings.
        assert_eq!(
            sum(&report, "added"),
            records.sum::<usize>() as u64 + 1,
            "{report:#}"
        );
        assert_eq!(
            sum(&report, "remapped") + sum(&report, "kept"),
            0,
            "{report:#}"
        );
    }
}

#[test]
fn importing_again_and_importing_where_everything_is_already_change_nothing() {
    let product = Product::demo();
    let export = product.export(MARTA);
    let before = (dump(&product), files(&product.files));
    let report = import(&product, &export.path, &[]);
    for (table, rows) in dump(&product) {
        assert_eq!(rows, before.0[&table], "{table}");
    }
    assert_eq!(files(&product.files), before.1);
    assert_eq!(sum(&report, "added"), 0, "{report:#}");
    assert_eq!(report["files"]["restored"], 0);

    let empty = empty_for(&product, MARTA);
    import(&empty, &export.path, &[]);
    let once = (dump(&empty), files(&empty.files));
    let again = import(&empty, &export.path, &[]);
    assert_eq!((dump(&empty), files(&empty.files)), once);
    assert_eq!(sum(&again, "added"), 0, "{again:#}");
    assert_eq!(again["files"]["kept"], export.contents().len(), "{again:#}");
}

#[test]
fn what_could_grant_something_is_never_imported_and_is_told() {
    let product = Product::demo();
    let export = product.export(MARTA);
    let empty = empty_for(&product, MARTA);
    let people = dump(&empty)["users"].clone();
    let report = import(&empty, &export.path, &[]);
    let rows = dump(&empty);
    assert_eq!(rows["users"], people);
    for table in [
        "sessions",
        "oauth_accounts",
        "one_time_tokens",
        "organizations",
        "organization_members",
        "invitations",
        "subscriptions",
        "invoices",
        "consents",
        "email_events",
        "slack_connections",
        "credit_sessions",
    ] {
        assert!(rows[table].is_empty(), "{table}");
    }
    let told: Vec<_> = report["without_place"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["what"].as_str().unwrap())
        .collect();
    for what in [
        "account_settings (users)",
        "account_settings (consents)",
        "account_settings (organization)",
        "subscriptions",
        "other_records/sessions",
        "other_records/email_engagement",
        "other_records/team_memberships",
        "workspaces",
        "workspaces.organization_id",
        "workspaces.is_shared",
    ] {
        assert!(told.contains(&what), "{what}: {told:?}");
    }
    // Everything in the file is added, kept or told.
    for line in report["records"].as_array().unwrap() {
        let number = |what: &str| line[1][what].as_u64().unwrap();
        assert_eq!(
            number("read"),
            number("added") + number("kept") + number("not_imported"),
            "{line}"
        );
    }
    assert_eq!(counts(&report, "other_records/sessions")["added"], 0);
}

#[test]
fn a_dry_run_reports_the_same_and_changes_nothing() {
    let product = Product::demo();
    let export = product.export(KENJI);
    let empty = empty_for(&product, KENJI);
    let before = (dump(&empty), files(&empty.files));
    let mut dry = import(&empty, &export.path, &["--dry-run"]);
    assert_eq!((dump(&empty), files(&empty.files)), before);
    assert_eq!(dry["dry_run"], true);
    dry["dry_run"] = false.into();
    assert_eq!(import(&empty, &export.path, &[]), dry);
    assert!(sum(&dry, "added") > 10);
}

#[test]
fn an_encrypted_export_and_a_part_of_one_are_imported() {
    let product = Product::demo();
    let passphrase = product.folder.path().join("passphrase");
    std::fs::write(&passphrase, "correct horse battery staple\n").unwrap();
    let flag = passphrase.to_str().unwrap();
    let encrypted = product.try_export(KENJI, &["--passphrase-file", flag]);
    encrypted.0.ended_with(0);
    let empty = empty_for(&product, KENJI);
    let report = import(&empty, &encrypted.1, &["--passphrase-file", flag]);
    assert!(sum(&report, "added") > 10);

    let whole = product.export(MARTA);
    let workspace = whole.list("workspaces")[0]["id"].as_str().unwrap();
    let part = product.export_with(MARTA, &["--workspace", workspace]);
    let empty = empty_for(&product, MARTA);
    import(&empty, &part.path, &[]);
    // The rest comes from the whole; what is there stays.
    let report = import(&empty, &whole.path, &[]);
    assert!(sum(&report, "kept") > 0);
    let second = empty.export(MARTA);
    for section in ["workspaces", "threads", "messages", "user_memories"] {
        assert_eq!(
            second.list(section).len(),
            expected(&whole)[section].as_array().unwrap().len()
        );
    }
}
