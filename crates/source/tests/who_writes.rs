//! With two processors, whoever reads and whoever encodes hash and write as well; with more, a thread of its own does.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::thread::available_parallelism;

use carryall_source::connect::{Source, SourceOptions};
use carryall_source::data_map::DataMap;
use carryall_source::export::{ExportOrder, Silent, export};
use carryall_source::scope::Scope;
use carryall_source::subject::find_subject;
use jiff::Timestamp;
use rusqlite::Connection;
use sha2::{Digest, Sha256};

const MAP: &str = r#"
map_version = 1
product = "Test"
file_prefix = "test"
controller = { name = "Test GmbH", contact = "privacy@example.com" }
subject = { table = "people", key = "id" }

[[export]]
section = "account_settings"
table = "people"
owner = "id"
fields.user_id = "id"

[[export]]
section = "threads"
table = "chats"
owner = "person"
fields.id = "id"

[[export]]
section = "messages"
table = "said"
parent = { section = "threads", column = "chat" }
fields.id = "id"
fields.thread_id = "chat"
fields.content = "body"
"#;

/// 24 MB of messages.
const ROWS: &str = r"
PRAGMA journal_mode = wal;
CREATE TABLE people(id TEXT PRIMARY KEY);
CREATE TABLE chats(id INTEGER PRIMARY KEY, person TEXT);
CREATE TABLE said(id INTEGER PRIMARY KEY, chat INTEGER, body TEXT);
CREATE INDEX said_in ON said(chat);
INSERT INTO people VALUES ('ann');
INSERT INTO chats WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) SELECT i, 'ann' FROM n;
INSERT INTO said WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    SELECT i, i % 40 + 1, printf('%d of them %s', i, hex(zeroblob(600))) FROM n;
";

/// What was written, and how much of it by which thread.
#[derive(Clone, Default)]
struct Record(Arc<Mutex<Written>>);

#[derive(Default)]
struct Written {
    file: Vec<u8>,
    by_thread: BTreeMap<String, usize>,
}

impl Write for Record {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut record = self.0.lock().unwrap();
        record.file.extend_from_slice(bytes);
        let name = std::thread::current().name().unwrap_or("").to_owned();
        *record.by_thread.entry(name).or_default() += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_thread_hashes_beside_two_that_have_all_processors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("product.db");
    let product = Connection::open(&path).unwrap();
    product.execute_batch(ROWS).unwrap();
    let map = DataMap::parse(MAP, "map").unwrap();
    let source = Source::connect(&SourceOptions {
        database: format!("sqlite:{}", path.display()),
        ..SourceOptions::default()
    })
    .unwrap();
    let subject = find_subject(&source.snapshot().unwrap(), &map, "ann").unwrap();
    let order = ExportOrder {
        map: &map,
        subject: &subject,
        scope: &Scope::default(),
        export_id: "01900000-0000-7000-8000-000000000000",
        signing_key: None,
        clock: &|| Timestamp::UNIX_EPOCH,
        generator_version: "0",
    };
    let record = Record::default();
    let exported = export(&source, &order, record.clone(), &Silent).unwrap();

    let Written { file, by_thread } = &*record.0.lock().unwrap();
    assert_eq!(exported.sha256, <[u8; 32]>::from(Sha256::digest(file)));
    serde_json::from_slice::<serde_json::Value>(file).unwrap();
    assert!(file.len() > 24_000_000, "{} bytes", file.len());
    let own = by_thread.get("export-writer").copied().unwrap_or(0);
    let by_others = file.len() - own;
    // What waits at the end, three buffers of 1 MiB and a little more, is written by whoever comes first.
    let at_the_end = 4 << 20;
    if available_parallelism().unwrap().get() <= 2 {
        assert!(own <= 2 * at_the_end, "{by_thread:?}");
    } else {
        assert!(by_others <= at_the_end, "{by_thread:?}");
    }
}
