//! A server that ends what it should not: the export is tried again from a new snapshot, a few times, and what it
//! leaves is a whole file or none.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use carryall_source::error::SourceError;

use crate::postgres::{connected, reader};
use crate::postgres_server::{Server, demo_on, demo_on_both, demo_with_on};
use crate::product::{MARTA, Product};
use crate::program::{FAILED, Outcome, carryall, command};
use crate::servers::Postgres;

/// How long a test waits for a state that must come.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where the map lets a test put a condition.
const CONDITION: &str = "where   = \"disconnected_at IS NULL\"";

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How many sessions of exports wait for a lock that the test holds, or do anything at all.
fn sessions(server: &Server, condition: &str) -> i64 {
    server.number(&format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'carryall' AND {condition}"
    ))
}

/// A server that writes nothing by itself.
fn quiet() -> Server {
    Server::of(Postgres::start_with(None, &["autovacuum=off"], |_| {}))
}

fn started(product: &Product, out: &Path, flags: &[&str]) -> Child {
    let mut export = command(product.export_arguments(MARTA, out, flags));
    let export = export.stdout(Stdio::null()).stderr(Stdio::piped());
    export.spawn().unwrap()
}

#[track_caller]
fn assert_whole(outcome: Outcome, file: &Path) {
    let outcome = outcome.ended_with(0);
    assert!(
        outcome.stderr.contains("trying again from a new snapshot"),
        "{}",
        outcome.stderr
    );
    carryall(["verify".as_ref(), file.as_os_str()]).ended_with(0);
}

#[test]
fn what_a_server_ends_once_is_tried_again_from_a_new_snapshot() {
    let (_, postgres, server) = demo_on(quiet());
    // A transaction that may write nothing can still make the log longer, which the next one sees.
    server.sql(
        "CREATE SCHEMA test; CREATE TABLE test.fault (lsn pg_lsn, code text);
         CREATE FUNCTION once() RETURNS boolean LANGUAGE plpgsql AS $$
         DECLARE fault test.fault;
         BEGIN
             SELECT * INTO fault FROM test.fault;
             IF pg_current_wal_insert_lsn() < fault.lsn THEN
                 PERFORM pg_logical_emit_message(false, 'fault', repeat('x', 8000000));
                 RAISE EXCEPTION 'as the test says' USING ERRCODE = fault.code;
             END IF;
             RETURN true;
         END $$",
    );
    let postgres = postgres.with_map_changed(
        CONDITION,
        "where   = { sqlite = \"disconnected_at IS NULL\", postgres = \"disconnected_at IS NULL AND once()\" }",
    );
    for code in [
        "40001", "57014", "25P03", "57P01", "57P02", "57P03", "08006",
    ] {
        server.sql(&format!(
            "DELETE FROM test.fault; INSERT INTO test.fault SELECT pg_current_wal_insert_lsn() + 4000000, '{code}'"
        ));
        let (outcome, file) = postgres.try_export(MARTA, &[]);
        assert_whole(outcome, &file);
    }
    // What is wrong with the statement stays wrong.
    server.sql("DELETE FROM test.fault; INSERT INTO test.fault SELECT pg_current_wal_insert_lsn() + 4000000, '22012'");
    let said = postgres.export_fails(MARTA, &[]);
    assert!(!said.contains("trying again"), "{said}");
}

#[test]
fn a_role_that_may_not_take_as_long_is_told_what_to_set() {
    let (_, mut postgres, server) = demo_on_both();
    postgres.server = Some(reader(&server));
    server.sql("ALTER ROLE reader SET statement_timeout = '100ms'");
    let postgres = postgres.with_map_changed(
        CONDITION,
        "where   = { sqlite = \"true\", postgres = \"pg_sleep(60) IS NOT NULL\" }",
    );
    let said = postgres.export_fails(MARTA, &[]);
    assert!(said.contains("tried 4 times"), "{said}");
    assert!(said.contains("SET statement_timeout = 0"), "{said}");
}

#[test]
fn a_snapshot_that_rested_for_too_long_is_told_as_that() {
    let (_, mut postgres, server) = demo_on_both();
    postgres.server = Some(reader(&server));
    let source = connected(&postgres);
    server.sql("ALTER ROLE reader SET idle_in_transaction_session_timeout = '50ms'");
    let snapshot = source.snapshot().unwrap();
    wait_until("the server ended it", || sessions(&server, "true") == 0);
    let error = snapshot.prepare("SELECT id FROM threads").unwrap_err();
    assert!(matches!(error, SourceError::Lost { .. }), "{error}");
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("idle_in_transaction_session_timeout = 0"),
        "{error}: {hint}"
    );
    assert!(error.may_pass(false));
}

#[test]
fn an_export_ends_when_it_held_its_snapshot_for_as_long_as_it_may() {
    let (_, postgres, server) = demo_on_both();
    let postgres = postgres.with_map_changed(
        CONDITION,
        "where   = { sqlite = \"true\", postgres = \"pg_sleep(600) IS NOT NULL\" }",
    );
    let said = postgres.export_fails(MARTA, &["--max-duration", "1s"]);
    assert!(said.contains("longer than 1 s"), "{said}");
    assert!(said.contains("--max-duration"), "{said}");
    assert!(!said.contains("trying again"), "{said}");
    wait_until("nothing of it runs", || sessions(&server, "true") == 0);
}

#[test]
fn a_snapshot_is_let_go_in_time_though_nobody_takes_the_file() {
    let (_, postgres, server) = demo_with_on(&["--messages", "12000"], Server::start());
    let pipe = postgres.folder.path().join("pipe");
    crate::servers::ran(std::process::Command::new("mkfifo").arg(&pipe));
    let mut export = started(&postgres, &pipe, &["--max-duration", "2s"]);
    // Open, and not read: it writes until the pipe is full.
    let mut reading = std::fs::File::open(&pipe).unwrap();
    wait_until("it has begun", || sessions(&server, "true") > 1);
    wait_until("its connections are closed", || {
        sessions(&server, "true") == 0
    });
    assert!(export.try_wait().unwrap().is_none(), "it still writes");
    let mut file = Vec::new();
    reading.read_to_end(&mut file).unwrap();
    let outcome = Outcome::from(export.wait_with_output().unwrap()).ended_with(FAILED);
    assert!(
        outcome.stderr.contains("longer than 2 s"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn an_export_from_a_replica_survives_its_primarys_vacuum_and_says_how_old_it_is() {
    let (_, mut postgres, primary) = demo_on(quiet());
    let replica = primary.replica();
    // It stands where the primary does: everything that was written before is there.
    wait_until("the replica has everything", || {
        replica.number("SELECT count(*) FROM users") == primary.number("SELECT count(*) FROM users")
    });
    let mut holder = replica.client();
    holder.batch_execute("SELECT pg_advisory_lock(42)").unwrap();
    postgres.server = Some(replica.address("postgres"));
    let postgres = postgres.with_map_changed(
        CONDITION,
        "where   = { sqlite = \"true\", postgres = \"pg_advisory_lock_shared(42) IS NOT NULL\" }",
    );
    let out = postgres.folder.path().join("from-a-replica.json");
    let export = started(&postgres, &out, &[]);
    wait_until("the export waits, with its snapshot", || {
        sessions(&replica, "wait_event = 'advisory'") == 1
    });
    let first =
        replica.number("SELECT max(pid) FROM pg_stat_activity WHERE wait_event = 'advisory'");
    primary.sql("UPDATE sign_ins SET country = 'NL'");
    primary.sql("VACUUM sign_ins");
    wait_until("the replica ended it for the vacuum's sake", || {
        replica.number(&format!(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = {first} AND wait_event = 'advisory'"
        )) == 0
    });
    holder
        .batch_execute("SELECT pg_advisory_unlock(42)")
        .unwrap();
    let outcome = Outcome::from(export.wait_with_output().unwrap());
    assert!(
        outcome.stderr.contains("hot_standby_feedback = on"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("read from a replica"),
        "{}",
        outcome.stderr
    );
    assert_whole(outcome, &out);
}
