//! A file is one moment of the database, whatever is written meanwhile.
//!
//! A writer stamps a rising generation into rows of many sections, in one transaction each, and keeps
//! exactly the rows of the last ten. A file that read at two moments would show two generations.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;

use crate::export_file::ExportFile;
use crate::layout::{check_directory, check_lines};
use crate::postgres_server::{Server, demo_with_on};
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

/// What writes.
enum Writer {
    Sqlite(Connection),
    Postgres(Box<postgres::Client>),
}

impl Writer {
    fn run(&mut self, sql: &str) {
        match self {
            Writer::Sqlite(connection) => connection.execute_batch(sql).unwrap(),
            Writer::Postgres(client) => client.batch_execute(sql).unwrap(),
        }
    }

    /// What a product's own server does now and then.
    fn tidy(&mut self) {
        match self {
            Writer::Sqlite(connection) => {
                let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
                connection.query_row(checkpoint, (), |_| Ok(())).unwrap();
            }
            Writer::Postgres(client) => client.batch_execute("VACUUM user_memories").unwrap(),
        }
    }
}

/// Ids that begin like no other.
const NEW: &str = "00000000-0000-4000-8000-";

fn new_id(generation: i64) -> String {
    format!("{NEW}{generation:012}")
}

/// One transaction: what `generation` changes, adds and deletes, in SQL that both engines speak.
fn write_generation(writer: &mut Writer, key: &str, thread: &str, generation: i64) {
    let time = "2026-11-01T00:00:00.000Z";
    let (id, word) = (new_id(generation), format!("generation {generation}"));
    let begin = match writer {
        Writer::Sqlite(_) => "BEGIN IMMEDIATE",
        Writer::Postgres(_) => "BEGIN",
    };
    writer.run(&format!(
        "{begin};
         UPDATE users SET display_name = '{word}' WHERE id = '{key}';
         UPDATE workspaces SET description = '{word}' WHERE owner_user_id = '{key}';
         UPDATE user_memories SET content = '{word}'
             WHERE user_id = '{key}' AND CAST(id AS TEXT) NOT LIKE '{NEW}%';
         UPDATE sessions SET user_agent = '{word}' WHERE user_id = '{key}';
         INSERT INTO user_memories VALUES
             ('{id}', '{key}', 'new', 'auto', '{thread}', NULL, '{time}', '{time}', NULL);
         INSERT INTO messages (id, thread_id, role, author_user_id, content, advanced_data_protection, created_at)
             VALUES ('{id}', '{thread}', 'user', '{key}', 'new', false, '{time}');
         UPDATE threads SET title = '{word}', current_message_id = '{id}' WHERE id = '{thread}';
         DELETE FROM messages WHERE id = '{old}';
         DELETE FROM user_memories WHERE id = '{old}';
         COMMIT",
        old = new_id((generation - KEPT).max(0) + if generation < KEPT { 900_000 } else { 0 }),
    ));
}

/// Writes generations until told to stop, and says how many.
fn write(
    mut writer: Writer,
    key: &str,
    thread: &str,
    (stop, written): (&AtomicBool, &AtomicI64),
) -> Commits {
    let mut commits = Commits::new();
    while !stop.load(Ordering::Relaxed) {
        let generation = i64::try_from(commits.len()).unwrap();
        let begun = now();
        write_generation(&mut writer, key, thread, generation);
        commits.push((begun, now()));
        written.store(generation, Ordering::Relaxed);
        if generation % 7 == 0 {
            writer.tidy();
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
fn export_while_writing(product: &Product, writer: Writer, flags: &[&str]) {
    let key = product.key(MARTA);
    // The last thread of the file, so that its messages are read as late as can be.
    let thread = product.export(MARTA).list("threads").last().unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (stop, written) = (AtomicBool::new(false), AtomicI64::new(0));
    let (files, commits) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| write(writer, &key, &thread, (&stop, &written)));
        for _ in 0..30_000 {
            if written.load(Ordering::Relaxed) > 2 * KEPT {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let files: Vec<ExportFile> = (0..3)
            .map(|number| {
                let out = product.folder.path().join(format!("during-{number}.json"));
                let flags = [flags, &["--without-file-contents"]].concat();
                let mut export = command(product.export_arguments(MARTA, &out, &flags));
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
            .map(|back| new_id(i64::try_from(generation).unwrap() - back))
            .collect();
        for section in ["messages", "user_memories"] {
            let mut ids = file.ids(section);
            ids.retain(|id| id.starts_with(NEW));
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
    // The clock and the first read are two moments; a commit may fall between them.
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

fn on_the_file(product: &Product) -> Writer {
    let connection = product.connection();
    connection.busy_timeout(Duration::from_secs(30)).unwrap();
    Writer::Sqlite(connection)
}

#[test]
fn a_writer_changes_nothing_in_a_file_that_is_being_written() {
    let product = Product::demo_with(&["--messages", "20000"]);
    export_while_writing(&product, on_the_file(&product), &[]);
}

#[test]
fn a_writer_changes_nothing_in_a_file_from_a_database_without_wal() {
    let product = Product::demo_with(&["--messages", "5000"]);
    product
        .connection()
        .query_row("PRAGMA journal_mode = delete", (), |_| Ok(()))
        .unwrap();
    export_while_writing(&product, on_the_file(&product), &[]);
}

#[test]
fn a_writer_changes_nothing_in_a_file_from_a_server_however_many_connections_read() {
    let messages = ["--messages", "5000"];
    let (_, product, server) = demo_with_on(&messages, Server::start());
    for connections in ["1", "2"] {
        let writer = Writer::Postgres(Box::new(server.client()));
        export_while_writing(&product, writer, &["--connections", connections]);
        server.sql(&format!(
            "DELETE FROM messages WHERE id::text LIKE '{NEW}%'"
        ));
        server.sql(&format!(
            "DELETE FROM user_memories WHERE id::text LIKE '{NEW}%'"
        ));
    }
}
