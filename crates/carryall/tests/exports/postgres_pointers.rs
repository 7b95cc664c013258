//! What threads point at, which a server is asked for once.

use std::fs;

use crate::postgres::comparable_parts;
use crate::postgres_server::{Server, demo_on};
use crate::product::MARTA;
use crate::servers::Postgres;

#[test]
fn what_threads_point_at_is_asked_for_once_and_judged_as_on_sqlite() {
    let settings = ["logging_collector=on", "log_statement=all"];
    let server = Server::of(Postgres::start_with(None, &settings, |_| {}));
    let (sqlite, postgres, server) = demo_on(server);
    let key = sqlite.key(MARTA);
    let threads: Vec<String> = sqlite
        .text(&format!(
            "SELECT group_concat(id) FROM (SELECT DISTINCT thread_id AS id FROM messages
             WHERE author_user_id = '{key}' ORDER BY id LIMIT 2)"
        ))
        .split(',')
        .map(str::to_owned)
        .collect();
    let of_another = sqlite.text(&format!(
        "SELECT t.id || ' ' || m.id FROM messages AS m JOIN threads AS t ON t.id = m.thread_id
         WHERE t.user_id = '{key}' AND m.author_user_id <> '{key}' ORDER BY m.id LIMIT 1"
    ));
    let (shared, of_another) = of_another.split_once(' ').unwrap();
    let elsewhere = sqlite.text(&format!(
        "SELECT id FROM messages WHERE thread_id = '{}' LIMIT 1",
        threads[1]
    ));
    // A message of another thread of hers, one that is gone, and one that somebody else wrote.
    let gone = "00000000-0000-7000-8000-000000000000";
    let changed = [
        (&*threads[0], &*elsewhere),
        (&threads[1], gone),
        (shared, of_another),
    ]
    .map(|(thread, message)| {
        format!("UPDATE threads SET current_message_id = '{message}' WHERE id = '{thread}';")
    })
    .concat();
    sqlite.sql(&changed);
    server.sql(&changed);
    for flags in [&[][..], &["--read", "cursor"], &["--since", "2025-01-01"]] {
        let (_, expected) = comparable_parts(&sqlite, MARTA, flags);
        let (_, found) = comparable_parts(&postgres, MARTA, flags);
        assert_eq!(found["threads"], expected["threads"], "{flags:?}");
        assert_eq!(found["gaps"], expected["gaps"], "{flags:?}");
        // What a part of the account does not show may be in another.
        if !flags.contains(&"--since") {
            let gaps = expected["gaps"].as_array().unwrap();
            for thread in &threads {
                assert!(gaps.iter().any(|gap| gap["id"] == **thread), "{gaps:?}");
            }
        }
    }
    let logs = fs::read_dir(server.folder().join("data/log")).unwrap();
    let all: String = logs
        .map(|log| fs::read_to_string(log.unwrap().path()).unwrap())
        .collect();
    let asked = |what: &str| all.lines().filter(|line| line.contains(what)).count();
    assert!(asked("carryall_thread.message") > 0, "{all}");
    // Of three exports, two each: what points at nothing of its thread is looked up by itself.
    assert_eq!(asked(r#"AND t."id" = $2"#), 6, "{all}");
}
