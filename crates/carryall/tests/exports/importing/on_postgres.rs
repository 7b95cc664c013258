//! The same on PostgreSQL, and from one engine into the other.

use serde_json::Value;

use super::stage::{arguments, assert_same, expected, files, found, import, sum, try_import};
use crate::postgres_server::{Server, demo_on_both};
use crate::product::{DEMO_PEOPLE, KENJI, MARTA, Product};
use crate::program::{FAILED, carryall, command};

/// A database of the server with the demo's tables and this person's row.
fn empty_for(server: &Server, from: &Product, who: &str) -> Product {
    let name = format!("empty_{}", who.split('@').next().unwrap());
    let mut empty = Product::empty();
    empty.server = Some(server.empty_demo(&name, &from.key(who), who));
    empty
}

#[test]
fn an_export_of_either_engine_imported_into_an_empty_database_comes_out_the_same() {
    let (sqlite, postgres, server) = demo_on_both();
    for who in DEMO_PEOPLE {
        let empty = empty_for(&server, &sqlite, who);
        let first = postgres.export(who);
        let report = import(&empty, &first.path, &[]);
        let second = empty.export(who);
        carryall(["verify".as_ref(), second.path.as_os_str()]).ended_with(0);
        assert_same(&found(&second), &expected(&first));
        assert_eq!(second.gaps(), Vec::<String>::new(), "{who}");
        assert_eq!(report["files"]["restored"], second.contents().len());
        // The other engine's file of the same person is the same rows.
        let again = import(&empty, &sqlite.export(who).path, &[]);
        assert_eq!(sum(&again, "added"), 0, "{again:#}");
        assert!(sum(&again, "kept") == sum(&report, "added"), "{again:#}");
    }
}

#[test]
fn ids_of_somebody_else_are_remapped_and_a_dry_run_changes_nothing() {
    let (_, postgres, server) = demo_on_both();
    let export = postgres.export(MARTA);
    let before: Vec<Value> = DEMO_PEOPLE
        .map(|who| without_head(&postgres.export(who).json))
        .into();
    server.sql(
        "INSERT INTO auth.users (id) VALUES ('11111111-1111-4111-8111-111111111111');
         INSERT INTO users (id, email, auth_providers, is_active, unsubscribe_token, created_at, updated_at)
         VALUES ('11111111-1111-4111-8111-111111111111', 'nora@example.com', '[]', true, 'x', now(), now())",
    );
    let as_nora = ["--as", "nora@example.com"];
    let dry = import(
        &postgres,
        &export.path,
        &["--dry-run", "--as", "nora@example.com"],
    );
    assert_eq!(
        postgres.export("nora@example.com").list("messages").len(),
        0
    );
    let files_before = files(&postgres.files);
    let report = import(&postgres, &export.path, &as_nora);
    assert_eq!(report["records"], dry["records"]);
    let nora = postgres.export("nora@example.com");
    carryall(["verify".as_ref(), nora.path.as_os_str()]).ended_with(0);
    assert_eq!(
        nora.list("messages").len(),
        expected(&export)["messages"].as_array().unwrap().len()
    );
    assert!(nora.ids("messages").is_disjoint(&export.ids("messages")));
    assert_eq!(nora.contents().len(), nora.list("file_contents").len());
    assert!(files(&postgres.files).len() > files_before.len());
    let after: Vec<Value> = DEMO_PEOPLE
        .map(|who| without_head(&postgres.export(who).json))
        .into();
    assert_eq!(after, before);
    let again = import(&postgres, &export.path, &as_nora);
    assert_eq!(sum(&again, "added"), 0, "{again:#}");
}

fn without_head(export: &Value) -> Value {
    let mut export = export.clone();
    for part in ["export", "summary", "integrity"] {
        export.as_object_mut().unwrap().remove(part);
    }
    export
}

#[test]
fn a_history_with_ids_that_are_no_uuids_and_a_character_that_no_text_holds_comes_in() {
    let (sqlite, postgres, _server) = demo_on_both();
    sqlite.sql(&format!(
        "UPDATE messages SET id = 'message-' || id, content = content || char(0) || '!' WHERE thread_id IN
             (SELECT id FROM threads WHERE user_id = '{}')",
        sqlite.key(KENJI)
    ));
    let export = sqlite.export(KENJI);
    let report = import(&postgres, &export.path, &[]);
    let messages = super::stage::counts(&report, "messages");
    assert!(messages["remapped"].as_u64() > Some(0), "{report:#}");
    let told = report["without_place"].to_string();
    assert!(told.contains("U+FFFD"), "{told}");
    let found = postgres.export(KENJI);
    assert!(
        found
            .list("messages")
            .iter()
            .any(|message| message["content"].as_str().unwrap().ends_with("\u{fffd}!"))
    );
    let again = import(&postgres, &export.path, &[]);
    assert_eq!(sum(&again, "added"), 0, "{again:#}");
}

#[test]
fn a_role_that_may_not_write_is_told_what_it_needs() {
    let (_, mut postgres, server) = demo_on_both();
    let export = postgres.export(MARTA);
    let grants = carryall(["grants", "--role", "reader"]).ended_with(0);
    server.sql(&format!(
        "CREATE ROLE reader LOGIN BYPASSRLS; {}",
        grants.text()
    ));
    server.sql("DELETE FROM user_memories");
    postgres.server = Some(server.address("reader"));
    let outcome = try_import(&postgres, &export.path, &[]).ended_with(FAILED);
    assert!(
        outcome.stderr.contains("permission denied") && outcome.stderr.contains("INSERT"),
        "{}",
        outcome.stderr
    );
}

/// A table that somebody holds keeps the import in the middle for as long as the test likes.
#[test]
fn a_killed_import_and_one_whose_connection_is_cut_leave_nothing() {
    let (sqlite, postgres, server) = demo_on_both();
    let export = postgres.export(MARTA);
    for cut in [false, true] {
        let who = if cut { "cut" } else { "killed" };
        let mut empty = Product::empty();
        empty.server = Some(server.empty_demo(who, &sqlite.key(MARTA), MARTA));
        let held = server.hold(who, "feedback");
        let mut running = command(arguments(&empty, &export.path, &[]))
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        server.wait_for_a_waiting_lock(who);
        if cut {
            server.sql(&format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{who}' AND wait_event_type = 'Lock'"
            ));
        } else {
            running.kill().unwrap();
        }
        let ended = running.wait_with_output().unwrap();
        drop(held);
        if cut {
            let said = String::from_utf8(ended.stderr).unwrap();
            assert_eq!(ended.status.code(), Some(FAILED), "{said}");
            assert!(
                said.contains("feedback") && !said.contains("hint: correct"),
                "{said}"
            );
        }
        assert!(files(&empty.files).is_empty());
        let report = import(&empty, &export.path, &[]);
        assert_eq!(sum(&report, "kept"), 0, "{report:#}");
        assert!(sum(&report, "added") > 50);
    }
}

/// A check of the product's own runs at the commit, and waits for a table that the test holds: files have their names
/// then, and rows are not permanent.
#[test]
fn killed_between_names_and_commit_it_leaves_files_that_no_row_names_and_the_next_import_uses() {
    let (sqlite, postgres, server) = demo_on_both();
    let export = postgres.export(MARTA);
    let mut empty = Product::empty();
    empty.server = Some(server.empty_demo("late", &sqlite.key(MARTA), MARTA));
    server.sql_in(
        "late",
        "CREATE TABLE held ();
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql
             AS $$ BEGIN INSERT INTO held DEFAULT VALUES; RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER late AFTER INSERT ON uploaded_files
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();",
    );
    let held = server.hold("late", "held");
    let mut running = command(arguments(&empty, &export.path, &[]))
        .spawn()
        .unwrap();
    server.wait_for_a_waiting_lock("late");
    running.kill().unwrap();
    running.wait().unwrap();
    let left = files(&empty.files);
    let named = left.keys().filter(|path| !path.ends_with('/')).count();
    assert_eq!(named, export.contents().len());
    server.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'late' AND wait_event_type = 'Lock'",
    );
    drop(held);
    let report = import(&empty, &export.path, &[]);
    assert_eq!(sum(&report, "kept"), 0, "{report:#}");
    assert_eq!(files(&empty.files), left);
}
