//! The gate on small databases, each made for one question.

use std::path::PathBuf;

use carryall_source::coverage::{
    PlanStatement, Report, Verdict, check_plans, coverage, unmapped_columns,
};
use carryall_source::data_map::DataMap;
use carryall_source::snapshot::Snapshot;
use carryall_source::sqlite::Sqlite;
use rusqlite::Connection;

/// A database that the test may change, and the map that is held against it.
struct Product {
    folder: tempfile::TempDir,
    map: String,
}

impl Product {
    /// People with notes.
    fn small(schema: &str) -> Product {
        let map = r#"
            map_version = 1
            product = "Small"
            file_prefix = "small"
            controller = { name = "Example", contact = "privacy@example.com" }
            [subject]
            table = "users"
            key = "id"
            [[export]]
            section = "account_settings"
            table = "users"
            owner = "id"
            fields.user_id = "id"
            [[export]]
            section = "user_memories"
            table = "notes"
            owner = "user_id"
            fields.id = "id"
            fields.content = "body"
            json.meta.keep = ["tags"]
        "#;
        let folder = tempfile::tempdir().unwrap();
        let product = Product {
            folder,
            map: map.to_owned(),
        };
        product.sql("CREATE TABLE users (id TEXT PRIMARY KEY);");
        product.sql(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id TEXT, body TEXT, meta JSON);",
        );
        product.sql(schema);
        product
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("product.db")
    }

    fn sql(&self, sql: &str) {
        Connection::open(self.path())
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }

    fn snapshot(&self) -> Snapshot {
        Sqlite::open(&self.path()).unwrap().snapshot().unwrap()
    }

    fn map(&self) -> DataMap {
        DataMap::parse(&self.map, "data-map.toml").unwrap()
    }

    fn report(&self, with_data: bool) -> Report {
        coverage(&self.snapshot(), &self.map(), with_data).unwrap()
    }

    /// `table.column path: problem` of each finding.
    fn found(&self, with_data: bool) -> Vec<String> {
        let name = |text: &Option<String>| text.clone().unwrap_or_default();
        self.report(with_data)
            .findings
            .iter()
            .map(|finding| {
                let place = format!(
                    "{}.{} {}",
                    finding.table,
                    name(&finding.column),
                    name(&finding.path)
                );
                format!("{place}: {}", finding.problem)
            })
            .collect()
    }
}

#[test]
fn a_table_added_fails_the_gate() {
    let product =
        Product::small("CREATE TABLE diary (id TEXT PRIMARY KEY, user_id TEXT, entry TEXT)");
    assert_eq!(
        product.found(false),
        ["diary. : the map does not name this table (3 columns)"]
    );
    assert!(
        product
            .report(false)
            .to_string()
            .contains("owner = \"user_id\"")
    );
}

#[test]
fn a_key_inside_what_a_query_shows_is_found() {
    let mut product = Product::small(
        r#"INSERT INTO notes VALUES (1, 'a', 'b', '{"stars":[{"by":"x","mood":"sk-hidden"}]}');"#,
    );
    product.map += r#"
        [[export]]
        section = "other_records"
        collection = "star"
        owner = "user_id"
        query = "SELECT t.id || '-' || e.key AS id, t.user_id, e.value AS star FROM notes AS t, json_each(t.meta, '$.stars') AS e"
        covers = { "notes.meta" = ["stars[]"] }
        fields.id = "id"
        json.star.keep = ["by"]
    "#;
    let place = "[[export]] 3 (section other_records, collection star, a query)";
    assert_eq!(
        product.found(true),
        [format!("{place}.star mood: the map does not name this key")]
    );
    let report = product.report(true);
    assert!(
        !report.to_string().contains("sk-hidden"),
        "no value is ever shown"
    );
    assert!(
        !serde_json::to_string(&report)
            .unwrap()
            .contains("sk-hidden"),
        "no value is ever shown"
    );
}

/// Chats whose JSON repeats the rows of `said` and the chat's own title.
fn chats() -> Product {
    let mut product = Product::small(
        r#"CREATE TABLE chats (id TEXT PRIMARY KEY, user_id TEXT, title TEXT, chat JSON);
           CREATE TABLE said (id TEXT PRIMARY KEY, chat_id TEXT, at INTEGER, body JSON, done BOOLEAN);
           INSERT INTO chats VALUES ('c1', 'a', 'Hello',
             '{"title":"Hello","all":{"m1":{"text":"Hi","at":7,"done":true,"more":{"x":[1,"two"]}},
                                      "m2":{"text":"Ł","at":8,"done":false,"more":null}}}');
           INSERT INTO chats VALUES ('c2', 'b', 'Other', '{"title":"Other","all":{}}');
           INSERT INTO said VALUES ('m1', 'c1', 7, '{"text":"Hi","x":[1,"two"]}', 1),
                                   ('m2', 'c1', 8, '{"text":"Ł"}', 0), ('m3', 'c2', 9, '{"text":"Elsewhere"}', 1);"#,
    );
    product.map += r#"
        [[export]]
        section = "threads"
        table = "chats"
        owner = "user_id"
        fields.id = "id"
        fields.title = "title"
        json.chat.same_as = { title = "threads.title", "all.*.text" = "messages.content", "all.*.at" = "messages.created_at", "all.*.done" = "messages.done", "all.*.more.*" = "messages.content" }
        [[export]]
        section = "messages"
        table = "said"
        parent = { section = "threads", column = "chat_id" }
        fields.id = "id"
        fields.content = { column = "body", json = "text" }
        fields.created_at = { column = "at", unit = "s" }
        extra = ["done"]
        json.body.keep = ["x"]
    "#;
    product
}

#[test]
fn a_claim_that_a_value_stands_elsewhere_holds() {
    assert_eq!(chats().found(true), Vec::<String>::new());
}

#[test]
fn a_claim_that_does_not_hold_fails_the_gate() {
    let product = chats();
    product.sql(
        r#"UPDATE said SET body = '{"text":"changed","x":[1]}', at = 70 WHERE id = 'm1';
           UPDATE chats SET title = 'changed' WHERE id = 'c2'"#,
    );
    let report = product.report(true);
    assert!(!report.is_complete());
    let found: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (finding.path.as_deref().unwrap(), finding.count))
        .collect();
    let missing = [
        ("all.*.at", Some(1)),
        ("all.*.more.*", Some(1)),
        ("all.*.text", Some(1)),
        ("title", Some(1)),
    ];
    assert_eq!(found, missing, "{report}");
}

#[test]
fn a_value_in_another_thread_does_not_make_a_claim_hold() {
    let product = chats();
    product.sql("UPDATE said SET chat_id = 'c2'");
    let found = product.found(true);
    assert!(
        found
            .iter()
            .any(|line| line.contains("all.*.text: these values do not stand")),
        "{found:?}"
    );
}

#[test]
fn what_holds_nothing_of_its_own_needs_no_entry() {
    let product = Product::small(
        "CREATE VIEW titles AS SELECT id, body FROM notes;
         CREATE VIEW broken AS SELECT * FROM gone;
         ALTER TABLE notes ADD COLUMN shout TEXT GENERATED ALWAYS AS (upper(body)) VIRTUAL;
         CREATE VIRTUAL TABLE note_search USING fts5(body, content='notes', content_rowid='id');",
    );
    let report = product.report(true);
    assert!(report.is_complete(), "{report}");
    let derived: Vec<_> = report
        .derived
        .iter()
        .map(|part| part.name.as_str())
        .collect();
    for name in [
        "titles",
        "broken",
        "note_search",
        "note_search_data",
        "notes.shout",
    ] {
        assert!(derived.contains(&name), "{name} in {derived:?}");
    }
    assert_eq!(
        unmapped_columns(&product.map(), &product.snapshot().catalog().unwrap()),
        []
    );
}

#[test]
fn a_full_text_index_that_keeps_its_own_text_needs_an_entry() {
    let product = Product::small("CREATE VIRTUAL TABLE search USING fts5(body);");
    let found = product.found(false);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("search. : the map does not name this table"),
        "{found:?}"
    );
}

#[test]
fn a_query_must_run_and_show_what_the_entry_names() {
    let mut product = Product::small("");
    let entry = |query: &str, column: &str| {
        format!(
            "[[export]]\nsection = \"other_records\"\ncollection = \"x\"\nowner = \"user_id\"\n\
             fields.id = \"{column}\"\nquery = \"{query}\"\n"
        )
    };
    let map = product.map.clone();
    product.map = map.clone() + &entry("SELECT id, user_id FROM notes", "idd");
    let found = product.found(true);
    assert!(
        found.len() == 1 && found[0].contains("the query shows no column `idd`"),
        "{found:?}"
    );
    product.map = map.clone() + &entry("SELEC 1", "id");
    assert!(product.found(true)[0].contains("syntax error"));
    product.map = map + &entry("SELECT id, user_id FROM notes WHERE id = ?", "id");
    assert!(product.found(true)[0].contains("it has a parameter"));
}

#[test]
fn what_is_no_json_is_told_and_does_not_fail_the_gate() {
    let product = Product::small(
        "INSERT INTO notes VALUES (1, 'a', 'b', '{oops'), (2, 'a', 'b', '{\"tags\":[\"x\"]}');",
    );
    let report = product.report(true);
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.findings.len(), 1);
    assert!(report.findings[0].problem.contains("no valid JSON"));
}

#[test]
fn another_products_database_is_refused() {
    let product = Product {
        folder: tempfile::tempdir().unwrap(),
        map: Product::small("").map,
    };
    product.sql("CREATE TABLE orders (id INTEGER PRIMARY KEY)");
    let found = product.found(true);
    assert!(
        found[0].contains("this is not the database of Small"),
        "{found:?}"
    );
}

fn verdict(product: &Product, sql: &str, each_thread: bool) -> (Verdict, Vec<String>) {
    let statement = PlanStatement {
        purpose: "memories",
        sql,
        each_thread,
    };
    let plans = check_plans(&product.snapshot(), &[statement]).unwrap();
    (plans[0].verdict, plans[0].reasons.clone())
}

#[test]
fn a_plan_is_bounded_warned_of_or_refused() {
    let product = Product::small("");
    let by_owner = "SELECT t.body FROM notes AS t WHERE t.user_id = ?1";
    assert_eq!(verdict(&product, by_owner, false).0, Verdict::Warned);
    product.sql(
        "INSERT INTO notes (user_id, body) SELECT 'a', 'b' FROM
           (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100001) SELECT i FROM n)",
    );
    let (refused, reasons) = verdict(&product, by_owner, false);
    assert_eq!(refused, Verdict::Refused);
    assert!(
        reasons[0].contains("it reads all of `notes`, more than 100000 rows"),
        "{reasons:?}"
    );
    product.sql("CREATE INDEX notes_of ON notes (user_id)");
    assert_eq!(
        verdict(&product, by_owner, false),
        (Verdict::Bounded, Vec::new())
    );
    let sorted = format!("{by_owner} ORDER BY t.body");
    assert_eq!(verdict(&product, &sorted, true).0, Verdict::Bounded);
    assert_eq!(verdict(&product, &sorted, false).0, Verdict::Refused);
    let inside = "SELECT e.value FROM notes AS t, json_each(t.meta) AS e WHERE t.user_id = ?1";
    assert_eq!(
        verdict(&product, inside, false),
        (Verdict::Bounded, Vec::new())
    );
    let (refused, reasons) = verdict(&product, "SELECT absent FROM notes", false);
    assert_eq!(refused, Verdict::Refused);
    assert!(reasons[0].contains("no column `absent`"), "{reasons:?}");
}
