//! What threads point at, which a server is asked for once.

use std::fs;

use crate::postgres::comparable_parts;
use crate::postgres_server::{Server, demo_on, demo_with_on};
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
    let all = log_of(&server);
    let asked = |what: &str| all.lines().filter(|line| line.contains(what)).count();
    assert!(asked("carryall_thread.message") > 0, "{all}");
    // Of three exports, two each: what points at nothing of its thread is looked up by itself.
    assert_eq!(asked(r#"AND t."id" = $2"#), 6, "{all}");
}

/// Everything that the server was asked so far.
fn log_of(server: &Server) -> String {
    let logs = fs::read_dir(server.folder().join("data/log")).unwrap();
    logs.map(|log| fs::read_to_string(log.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn a_narrow_range_asks_only_for_the_messages_of_threads_that_have_some_of_it() {
    // With statistics of another kind a server might like another join better, in which the order is lost.
    let settings = [
        "logging_collector=on",
        "log_statement=all",
        "enable_nestloop=off",
    ];
    let server = Server::of(Postgres::start_with(None, &settings, |_| {}));
    let (sqlite, postgres, server) = demo_with_on(&["--messages", "4000"], server);
    let last = "SELECT substr(max(m.created_at), 1, 10) FROM messages AS m JOIN threads AS t ON t.id = m.thread_id";
    let since = sqlite.text(&format!("{last} WHERE t.user_id = '{}'", sqlite.key(MARTA)));
    let flags = ["--since", &since];
    let (_, expected) = comparable_parts(&sqlite, MARTA, &flags);
    let (_, found) = comparable_parts(&postgres, MARTA, &flags);
    assert_eq!(found, expected);
    let threads = found["threads"].as_array().unwrap().len();
    let all = log_of(&server);
    let of_one_thread = |line: &&str| line.contains(r#"t."thread_id" = $1 ORDER BY"#);
    assert_eq!(all.lines().filter(of_one_thread).count(), threads);
    // Which threads these are is asked of all of them together: of those of one's own, and of those in shared workspaces.
    let whether_one_has_some =
        |line: &&str| line.contains(r#"t."thread_id" = $1"#) && !of_one_thread(line);
    assert_eq!(all.lines().filter(whether_one_has_some).count(), 0, "{all}");
    let of_all =
        |line: &&str| line.contains("WHERE n.place % 2 = 0") && !line.contains(r#"t."content""#);
    assert_eq!(all.lines().filter(of_all).count(), 2, "{all}");
    let whole = sqlite.export(MARTA);
    assert!(threads > 0 && whole.list("threads").len() > 4 * threads);
    let by_cursor = ["--since", &since, "--read", "cursor"];
    assert_eq!(comparable_parts(&postgres, MARTA, &by_cursor).1, expected);
}
