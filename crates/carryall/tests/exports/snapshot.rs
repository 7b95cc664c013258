//! A file is one moment of the database, whatever is written meanwhile.
//!
//! A writer stamps a rising generation into rows of many sections, in one transaction each, and keeps
//! exactly the rows of the last ten. A file that read at two moments would show two generations.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::export_file::ExportFile;
use crate::layout::{check_directory, check_lines};
use crate::product::{MARTA, Product};
use crate::program::{Outcome, command};
use crate::reading_order::assert_order;
use crate::references::assert_references;

/// How many generations of rows stand at any moment.
const KEPT: i64 = 10;

/// When each generation began and was committed.
type Commits = Vec<(Timestamp, Timestamp)>;

#[expect(
    clippy::disallowed_methods,
    reason = "the file's moment is held against the clock on the wall"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

/// One transaction: what `generation` changes, adds and deletes.
fn write_generation(connection: &Connection, key: &str, thread: &str, generation: i64) {
    let time = "2026-11-01T00:00:00.000Z";
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    for sql in [
        "UPDATE users SET display_name = 'generation ' || ?1 WHERE id = ?2",
        "UPDATE workspaces SET description = 'generation ' || ?1 WHERE owner_user_id = ?2",
        "UPDATE user_memories SET content = 'generation ' || ?1 WHERE user_id = ?2 AND id NOT LIKE 'g%'",
        "UPDATE sessions SET user_agent = 'generation ' || ?1 WHERE user_id = ?2",
    ] {
        connection
            .prepare_cached(sql)
            .unwrap()
            .execute(params![generation, key])
            .unwrap();
    }
    let id = format!("g{generation:09}");
    let memory = "INSERT INTO user_memories VALUES (?1, ?2, 'new', 'auto', ?3, NULL, ?4, ?4, NULL)";
    connection
        .execute(memory, params![id, key, thread, time])
        .unwrap();
    let message = "INSERT INTO messages (id, thread_id, role, author_user_id, content, advanced_data_protection, created_at)
                   VALUES (?1, ?2, 'user', ?3, 'new', 0, ?4)";
    connection
        .execute(message, params![id, thread, key, time])
        .unwrap();
    connection
        .execute(
            "UPDATE threads SET title = 'generation ' || ?1, current_message_id = ?2 WHERE id = ?3",
            params![generation, id, thread],
        )
        .unwrap();
    let old = format!("g{:09}", generation - KEPT);
    for table in ["messages", "user_memories"] {
        connection
            .execute(&format!("DELETE FROM {table} WHERE id = ?1"), [&old])
            .unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
}

/// Writes generations until told to stop, and says how many.
fn write(
    product: &Product,
    key: &str,
    thread: &str,
    (stop, written): (&AtomicBool, &AtomicI64),
) -> Commits {
    let connection = product.connection();
    connection.busy_timeout(Duration::from_secs(30)).unwrap();
    let mut commits = Commits::new();
    while !stop.load(Ordering::Relaxed) {
        let generation = i64::try_from(commits.len()).unwrap();
        let begun = now();
        write_generation(&connection, key, thread, generation);
        commits.push((begun, now()));
        written.store(generation, Ordering::Relaxed);
        if generation % 7 == 0 {
            let mut checkpoint = connection
                .prepare("PRAGMA wal_checkpoint(TRUNCATE)")
                .unwrap();
            checkpoint.query_row((), |_| Ok(())).unwrap();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    commits
}

/// The generation that every stamped row of the file shows.
#[track_caller]
fn the_one_generation(file: &ExportFile, thread: &str) -> usize {
    let mut stamps: BTreeSet<&str> = BTreeSet::new();
    stamps.insert(
        file.json["account_settings"]["display_name"]
            .as_str()
            .unwrap(),
    );
    stamps.insert(file.record("threads", thread)["title"].as_str().unwrap());
    let own = |record: &&serde_json::Value| record["access"] == "own";
    for workspace in file.list("workspaces").iter().filter(own) {
        stamps.insert(workspace["description"].as_str().unwrap());
    }
    for memory in file
        .list("user_memories")
        .iter()
        .filter(|memory| memory["content"] != "new")
    {
        stamps.insert(memory["content"].as_str().unwrap());
    }
    for session in file.collection("sessions") {
        stamps.insert(session["extra"]["user_agent"].as_str().unwrap());
    }
    assert_eq!(stamps.len(), 1, "{stamps:?}");
    let generation = stamps
        .pop_first()
        .unwrap()
        .strip_prefix("generation ")
        .unwrap();
    generation.parse().unwrap()
}

/// Exports again and again while the writer writes; the files, each with the commits known at its end.
fn export_while_writing(product: &Product) {
    let key = product.key(MARTA);
    // The last thread of the file, so that its messages are read as late as can be.
    let thread = product.export(MARTA).list("threads").last().unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (stop, written) = (AtomicBool::new(false), AtomicI64::new(0));
    let (files, commits) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| write(product, &key, &thread, (&stop, &written)));
        for _ in 0..30_000 {
            if written.load(Ordering::Relaxed) > 2 * KEPT {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let files: Vec<ExportFile> = (0..3)
            .map(|number| {
                let out = product.folder.path().join(format!("during-{number}.json"));
                let mut export =
                    command(product.export_arguments(MARTA, &out, &["--without-file-contents"]));
                let output = export.stdout(Stdio::null()).output().unwrap();
                ExportFile::read(&out, Outcome::from(output).ended_with(0))
            })
            .collect();
        stop.store(true, Ordering::Relaxed);
        (files, writer.join().unwrap())
    });
    for file in &files {
        let generation = the_one_generation(file, &thread);
        check_moment(file, generation, &commits);
        let last: BTreeSet<String> = (0..KEPT)
            .map(|back| format!("g{:09}", i64::try_from(generation).unwrap() - back))
            .collect();
        for section in ["messages", "user_memories"] {
            let mut ids = file.ids(section);
            ids.retain(|id| id.starts_with('g'));
            assert_eq!(ids, last, "{section}");
        }
        check_lines(file);
        check_directory(file);
        assert_references(file);
        assert_order(file);
    }
}

/// The file's moment lies where its generation was the last one, and others followed before the file was
/// done.
#[track_caller]
fn check_moment(file: &ExportFile, generation: usize, commits: &Commits) {
    let moment: Timestamp = file.json["export"]["snapshot_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let (begun, _) = commits[generation];
    assert!(
        begun <= moment,
        "{moment} is before generation {generation}"
    );
    // The clock is read after the first read; a commit may fall between the two.
    if let Some((_, committed)) = commits.get(generation + 2) {
        assert!(
            *committed > moment,
            "{moment} is after generation {}",
            generation + 2
        );
    }
    let later = commits.len() - generation;
    assert!(later > 3, "nothing was written during the export: {later}");
}

#[test]
fn a_writer_changes_nothing_in_a_file_that_is_being_written() {
    export_while_writing(&Product::demo_with(&["--messages", "20000"]));
}

#[test]
fn a_writer_changes_nothing_in_a_file_from_a_database_without_wal() {
    let product = Product::demo_with(&["--messages", "5000"]);
    product
        .connection()
        .query_row("PRAGMA journal_mode = delete", (), |_| Ok(()))
        .unwrap();
    export_while_writing(&product);
}
