//! Memory does not grow with the account or its largest file.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::importing::stage::{arguments, empty_for};
use crate::postgres_server::{Server, demo_on_both};
use crate::product::{MARTA, Product};
use crate::program::{carryall, command};

/// The most that an export may hold at any size, in KiB.
const GOAL_KIB: u64 = 48 << 10;
/// Of age's own documentation; its private half is nobody's.
const PUBLIC_KEY: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// `VmHWM` of a running process, in KiB: the most that it has ever held (proc(5)).
fn peak_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[test]
fn an_export_of_many_messages_and_a_large_file_stays_under_48_mib() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let size = ["--messages", "40000", "--file-bytes", "120000000"];
    carryall(
        ["demo", "--dir", demo.to_str().unwrap()]
            .into_iter()
            .chain(size),
    )
    .ended_with(0);
    let database = format!("sqlite:{}", demo.join("isms-copilot.db").display());
    let files = demo.join("files");
    let arguments = [
        "export",
        "--source",
        &database,
        "--files",
        files.to_str().unwrap(),
        "--subject",
        MARTA,
    ];
    let to_key = ["--recipient", PUBLIC_KEY];
    for flags in [&[][..], &to_key] {
        let out = ["--out", "/dev/null"]
            .into_iter()
            .chain(flags.iter().copied());
        assert_stays_under(GOAL_KIB, command(arguments.into_iter().chain(out)));
    }
}

/// Of a text that is much larger than a buffer.
const CHARACTERS: u64 = 80_000_000;

/// An export of Marta's from a server.
fn from_server(product: &Product, connections: &str) -> Vec<OsString> {
    let mut arguments = vec!["export".into()];
    arguments.extend(product.source());
    let files = product.files.as_os_str().to_owned();
    arguments.extend(["--files".into(), files]);
    let flags = ["--connections", connections, "--subject", MARTA];
    arguments.extend(flags.map(OsString::from));
    arguments
}

#[track_caller]
fn assert_holds_it_once(product: &Product) {
    for connections in ["1", "2"] {
        let out = ["--out", "/dev/null"].map(OsString::from);
        let command = command(from_server(product, connections).into_iter().chain(out));
        assert_stays_under((64 << 10) + CHARACTERS / 1024, command);
    }
}

#[test]
fn a_huge_text_outside_messages_is_held_once_beside_64_mib() {
    let (_, mut postgres, server) = demo_on_both();
    server.sql(&format!(
        "ALTER TABLE workspaces ALTER project_instructions SET STORAGE EXTERNAL;
         UPDATE workspaces SET project_instructions = repeat(E'0123456789abcde\n', {CHARACTERS} / 16)
         WHERE id = (
             SELECT w.id FROM workspaces AS w JOIN users AS u ON u.id = w.owner_user_id
             WHERE u.email LIKE 'marta@%' ORDER BY w.created_at, w.id LIMIT 1)"
    ));
    postgres.server = Some(server.address("postgres"));
    assert_holds_it_once(&postgres);
    let file = postgres.export(MARTA);
    let text = "0123456789abcde\n".repeat(usize::try_from(CHARACTERS / 16).unwrap());
    let whole = |record: &&Value| record["project_instructions"] == text;
    assert_eq!(file.list("workspaces").iter().filter(whole).count(), 1);
}

#[test]
fn a_huge_message_of_a_server_is_held_once_beside_64_mib() {
    let (_, mut postgres, server) = demo_on_both();
    // Nothing to unpack.
    server.sql("ALTER TABLE messages ALTER content SET STORAGE EXTERNAL");
    let of_marta = "(SELECT id FROM users WHERE email LIKE 'marta@%')";
    let huge = format!("repeat(E'0123456789abcde\n', {CHARACTERS} / 16)");
    server.sql(&format!(
        "UPDATE messages SET content = {huge} WHERE id = (
             SELECT m.id FROM messages AS m JOIN threads AS t ON t.id = m.thread_id
             WHERE t.user_id = {of_marta} AND m.author_user_id = {of_marta} AND m.parent_id IS NULL
             ORDER BY m.id LIMIT 1)"
    ));
    postgres.server = Some(server.address("postgres"));
    assert_holds_it_once(&postgres);
    let file = postgres.export(MARTA);
    let text = "0123456789abcde\n".repeat(usize::try_from(CHARACTERS / 16).unwrap());
    let whole = |record: &&Value| record["content"] == text;
    assert_eq!(file.list("messages").iter().filter(whole).count(), 1);
}

/// Runs it to its end, which must be a good one, and watches its memory.
#[track_caller]
pub fn assert_stays_under(goal_kib: u64, command: Command) {
    assert!(ended_under(goal_kib, command).success());
}

/// Runs it to its end and watches its memory.
#[track_caller]
fn ended_under(goal_kib: u64, mut command: Command) -> ExitStatus {
    let mut running = command.spawn().unwrap();
    let mut peak = 0;
    let ended = loop {
        peak = peak_kib(running.id()).unwrap_or(peak);
        if let Some(ended) = running.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(
        (1 << 10..=goal_kib).contains(&peak),
        "{peak} KiB at the most"
    );
    ended
}

#[test]
fn a_tree_of_a_large_export_stays_under_32_mib_and_an_extract_under_96() {
    let size = ["--messages", "40000", "--file-bytes", "60000000"];
    let product = Product::demo_with(&size);
    let workspace = product.text(
        "SELECT workspace_id FROM threads WHERE workspace_id IS NOT NULL
         GROUP BY workspace_id ORDER BY count(*) DESC LIMIT 1",
    );
    product.sql(&format!(
        "UPDATE uploaded_files SET workspace_id = '{workspace}' WHERE size_bytes > 1000000"
    ));
    let export = product.export(MARTA);
    assert!(export.bytes.len() > 100 << 20);
    let out = export.path.with_file_name("extract.json");
    let trace = |flags: &[&str]| {
        let mut command = command([Path::new("trace"), &export.path]);
        command.arg(&workspace).args(flags).stdout(Stdio::null());
        command
    };
    assert_stays_under(32 << 10, trace(&[]));
    // Checking that the original is sound is most of it.
    assert_stays_under(96 << 10, trace(&["--extract", out.to_str().unwrap()]));
    assert!(std::fs::metadata(&out).unwrap().len() > 60 << 20);
}

#[test]
fn an_import_of_many_messages_and_a_large_file_stays_under_96_mib_on_both_engines() {
    let product = Product::demo_with(&["--messages", "40000", "--file-bytes", "60000000"]);
    let export = product.export(MARTA);
    let server = Server::start();
    let mut on_postgres = Product::empty();
    on_postgres.server = Some(server.empty_demo("large", &product.key(MARTA), MARTA));
    let on_sqlite = empty_for(&product, MARTA);
    for empty in [&on_sqlite, &on_postgres] {
        let mut import = command(arguments(empty, &export.path, &["--json"]));
        import.stdout(Stdio::null());
        // It begins with `verify`, which takes the most. What refers to somebody else's shared workspace has no place.
        assert_eq!(ended_under(96 << 10, import).code(), Some(1));
    }
    let messages = on_sqlite.text("SELECT CAST(count(*) AS TEXT) FROM messages");
    assert!(messages.parse::<u32>().unwrap() > 40_000);
    server.sql_in(
        "large",
        &format!("SELECT 1 / (count(*) = {messages})::int FROM messages"),
    );
}

#[test]
fn every_format_of_a_large_export_stays_under_96_mib() {
    let product = Product::demo_with(&["--messages", "15000", "--file-bytes", "20000000"]);
    let export = product.export(MARTA);
    assert!(
        std::fs::metadata(&export.path).unwrap().len() > 40_000_000,
        "what was held in memory would show"
    );
    let file = export.path.to_str().unwrap();
    for format in [
        "html",
        "markdown",
        "csv",
        "jsonl",
        "sqlite",
        "parquet",
        "chatgpt",
        "claude",
        "open-webui",
        "librechat",
    ] {
        let out = export.path.with_extension(format);
        let arguments = [
            "convert",
            file,
            "--to",
            format,
            "--out",
            out.to_str().unwrap(),
        ];
        assert_stays_under(96 << 10, command(arguments));
    }
}
