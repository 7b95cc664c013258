//! Opening the ledger: what is wrong is named, several nodes may start at once, and both engines have the same
//! tables.

use std::collections::BTreeSet;

use super::contract_stage::{Stage, aside};
use super::engines::{postgres_migrations, sqlite_migrations};
use super::sql::named_params;
use super::*;

#[test]
fn a_ledger_that_cannot_be_opened_says_which_and_what_to_do() {
    let refused = |address: &str| match Ledger::open(address) {
        Err(error) => (error.to_string(), error.hint().unwrap_or_default()),
        Ok(_) => panic!("opened"),
    };
    let (said, hint) = refused("sqlite:/nowhere/at/all/carryall.db");
    assert_eq!(said, "open the ledger /nowhere/at/all/carryall.db");
    assert!(hint.contains("--ledger"));
    let (said, _) = refused("mysql://me:secret@here/db");
    assert!(said.contains("mysql://…@here/db"), "{said}");
    let (said, hint) = refused("postgres://me:secret@127.0.0.1:1/db");
    assert!(said.starts_with("reach the ledger:"), "{said}");
    assert!(!said.contains("secret") && hint.contains("--ledger-password-file"));
    let (said, _) = refused("postgres://me:secret@here/db?sslmode=perhaps");
    assert!(said.contains("postgres://…@here/db") && !said.contains("secret"));
}

#[test]
fn both_engines_know_the_same_versions() {
    let versions = |runner: refinery::Runner| {
        let all = runner.get_migrations().iter();
        all.map(|migration| (migration.version(), migration.name().to_owned()))
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(
        versions(sqlite_migrations()),
        versions(postgres_migrations())
    );
}

const ON_SQLITE: &str =
    "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY 1";
const ON_POSTGRES: &str = "SELECT CAST(table_name || '.' || column_name AS text)
    FROM information_schema.columns WHERE table_schema = 'public'";
const INDEXES_ON_SQLITE: &str =
    "SELECT name FROM sqlite_schema WHERE type = 'index' AND name NOT LIKE 'sqlite%'";
const INDEXES_ON_POSTGRES: &str = "SELECT CAST(indexname AS text) FROM pg_indexes
    WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey'";

#[test]
fn both_engines_have_the_same_tables_columns_and_indexes() {
    let (sqlite, postgres) = (Stage::sqlite(), Stage::postgres());
    for (there, here) in [
        (ON_SQLITE, ON_POSTGRES),
        (INDEXES_ON_SQLITE, INDEXES_ON_POSTGRES),
    ] {
        let names = |stage: &Stage, sql: &str| -> BTreeSet<String> {
            let found = stage
                .open()
                .block(|tx| tx.all(sql, named_params! {}, |row| row.get(0)));
            found.expect("answers").into_iter().collect()
        };
        let names = |stage, sql| aside(|| names(stage, sql));
        assert_eq!(names(&sqlite, there), names(&postgres, here));
    }
}

#[test]
fn nodes_that_start_at_once_on_an_empty_database_all_find_their_tables() {
    let stage = Stage::postgres();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| drop(stage.open()));
        }
    });
}

#[tokio::test]
async fn a_connection_that_was_lost_is_opened_anew() {
    let stage = Stage::postgres();
    let ledger = stage.open();
    for _ in 0..3 {
        assert!(ledger.look().await.is_ok());
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        stage.tamper(others).expect("cuts");
    }
    assert!(ledger.look().await.is_ok());
}
