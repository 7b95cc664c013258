//! Small accounts that nobody would think of.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::stage::{assert_same, dump, empty_for, expected, found, import, sum};
use crate::product::Product;

const ANN: &str = "ann@example.com";

/// A message: which thread, which of those before it it follows, role, text.
type Message = (usize, usize, usize, String);

#[derive(Debug, Clone)]
struct Account {
    workspaces: Vec<String>,
    /// In which workspace, if any; title.
    threads: Vec<(usize, String)>,
    messages: Vec<Message>,
    memories: Vec<(usize, String)>,
}

fn account() -> impl Strategy<Value = Account> {
    let text = || {
        prop_oneof![
            ".{0,12}",
            "[\\PC\\n\\t\\u{1}]{0,40}",
            Just("\u{0}".to_owned()),
            Just(String::new())
        ]
    };
    (
        prop::collection::vec(text(), 0..3),
        prop::collection::vec((0..4usize, text()), 0..4),
        prop::collection::vec((0..4usize, 0..6usize, 0..3usize, text()), 0..10),
        prop::collection::vec((0..4usize, text()), 0..3),
    )
        .prop_map(|(workspaces, threads, messages, memories)| Account {
            workspaces,
            threads,
            messages,
            memories,
        })
}

fn id(kind: u8, number: usize) -> String {
    format!("0000000{kind}-0000-4000-8000-{number:012x}")
}

fn moment(number: usize) -> String {
    format!(
        "2026-01-01T00:00:{:02}.{:03}Z",
        number % 60,
        number * 37 % 1000
    )
}

impl Account {
    fn write(&self, product: &Product) {
        let connection = product.connection();
        let run = |sql: &str, values: &[&str]| {
            connection
                .execute(sql, rusqlite::params_from_iter(values))
                .unwrap();
        };
        let ann = id(1, 1);
        run(
            "INSERT INTO users (id, email, auth_providers, unsubscribe_token, created_at, updated_at) VALUES (?1, ?2, '[]', 'x', ?3, ?3)",
            &[&ann, ANN, &moment(0)],
        );
        for (number, name) in self.workspaces.iter().enumerate() {
            run(
                "INSERT INTO workspaces (id, owner_user_id, name, default_persona, is_default, is_shared, created_at, updated_at) VALUES (?1, ?2, ?3, 'default', 0, 0, ?4, ?4)",
                &[&id(2, number), &ann, name, &moment(number)],
            );
        }
        let workspace = |number: usize| {
            if number < self.workspaces.len() {
                id(2, number)
            } else {
                String::new()
            }
        };
        for (number, (of, title)) in self.threads.iter().enumerate() {
            run(
                "INSERT INTO threads (id, user_id, workspace_id, title, persona, status, created_at, updated_at) VALUES (?1, ?2, nullif(?3, ''), ?4, 'default', 'active', ?5, ?5)",
                &[
                    &id(3, number),
                    &ann,
                    &workspace(*of),
                    title,
                    &moment(number),
                ],
            );
            run(
                "INSERT INTO thread_participants (thread_id, user_id, joined_at) VALUES (?1, ?2, ?3)",
                &[&id(3, number), &ann, &moment(number)],
            );
        }
        let mut of_thread: Vec<Vec<usize>> = vec![Vec::new(); self.threads.len()];
        for (number, (thread, parent, role, content)) in self.messages.iter().enumerate() {
            let Some(before) = of_thread.get_mut(*thread) else {
                continue;
            };
            let parent = before
                .get(*parent)
                .map(|parent| id(4, *parent))
                .unwrap_or_default();
            before.push(number);
            run(
                "INSERT INTO messages (id, thread_id, parent_id, role, author_user_id, content, advanced_data_protection, created_at) VALUES (?1, ?2, nullif(?3, ''), ?4, ?5, ?6, 0, ?7)",
                &[
                    &id(4, number),
                    &id(3, *thread),
                    &parent,
                    ["user", "assistant", "system"][*role],
                    &ann,
                    content,
                    &moment(number),
                ],
            );
        }
        for (number, (of, content)) in self.memories.iter().enumerate() {
            let (table, columns, whose) = if *of < self.workspaces.len() {
                (
                    "workspace_memories",
                    "workspace_id, created_by_user_id",
                    [id(2, *of), ann.clone()],
                )
            } else {
                (
                    "user_memories",
                    "user_id, source_thread_id",
                    [ann.clone(), String::new()],
                )
            };
            run(
                &format!(
                    "INSERT INTO {table} (id, {columns}, content, source, created_at, updated_at) VALUES (?1, ?2, nullif(?3, ''), ?4, 'auto', ?5, ?5)"
                ),
                &[
                    &id(5, number),
                    &whose[0],
                    &whose[1],
                    content,
                    &moment(number),
                ],
            );
        }
    }
}

fn check(account: &Account) {
    let schema = std::fs::read_to_string(
        crate::product::repository().join("products/isms-copilot/schema.sqlite.sql"),
    )
    .unwrap();
    let product = Product::empty();
    product.sql(&schema);
    account.write(&product);
    let first = product.export(ANN);
    let empty = empty_for(&product, ANN);
    import(&empty, &first.path, &[]);
    assert_same(&found(&empty.export(ANN)), &expected(&first));
    // For somebody else, in the same database.
    product.sql(
        "INSERT INTO users (id, email, auth_providers, unsubscribe_token, created_at, updated_at)
         VALUES ('00000009-0000-4000-8000-000000000009', 'ben@example.com', '[]', 'x', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')",
    );
    let before = dump(&product);
    let report = import(&product, &first.path, &["--as", "ben@example.com"]);
    let after = dump(&product);
    for (table, rows) in &before {
        assert!(rows.is_subset(&after[table]), "{table}");
    }
    assert_eq!(
        product.export("ben@example.com").list("messages").len(),
        first.list("messages").len()
    );
    assert_eq!(product.export(ANN).json["messages"], first.json["messages"]);
    let again = import(&product, &first.path, &["--as", "ben@example.com"]);
    assert_eq!((sum(&again, "added"), dump(&product)), (0, after));
    assert_eq!(sum(&again, "kept"), sum(&report, "added"));
}

#[test]
fn any_small_account_comes_back_and_stands_beside_its_original() {
    let mut runner = TestRunner::new(Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&account(), |account| {
            check(&account);
            Ok(())
        })
        .unwrap();
}
