//! `carryall serve` with a bucket for its finished exports: killed, downloaded in parts, worn.
//!
//! Two servers of S3's kind that have no line in common.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use carryall_bucket::server::{Moto, Server as Store};

use crate::server::{Demo, PATIENCE, Server};

/// What a server may hold that keeps exports in a bucket: an export's three parts of 8 MiB beside what it
/// holds in any case (`soak.rs`).
const HELD_BYTES: u64 = 100 << 20;

/// The flags, with the keys in files.
fn flags(demo: &Demo, endpoint: &str, id: &str, secret: &str) -> Vec<String> {
    let file = |name: &str, text: &str| {
        let path = demo.folder.path().join(name);
        fs::write(&path, format!("{text}\n")).expect("writes");
        path.display().to_string()
    };
    let (id, secret) = (file("id", id), file("secret", secret));
    [
        "--s3-endpoint",
        endpoint,
        "--s3-access-key-file",
        &id,
        "--s3-secret-key-file",
        &secret,
    ]
    .map(str::to_owned)
    .to_vec()
}

fn start(demo: &Demo, flags: &[String]) -> Server {
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    Server::start_at(demo, Path::new("s3://exports/kept"), &flags, &[])
}

fn objects(store: &Store) -> usize {
    fs::read_dir(store.objects().join("kept")).map_or(0, Iterator::count)
}

/// Asks for an export of everything, downloads it whole and its end once more, and deletes it.
fn export_once(server: &Server, cookie: &str) {
    let form = "choice=everything&file_contents=yes";
    let asked = server.send("POST", "/exports", cookie, form);
    let page = asked.header("location").expect("goes back to the page");
    let (_, id) = page.split_once("export=").expect("names the export");
    let whole = server.download(cookie, id);
    let file: serde_json::Value = serde_json::from_slice(&whole.body).expect("whole JSON");
    assert_eq!(file["export"]["id"].as_str(), Some(id));
    let middle = whole.body.len() / 2;
    let download = format!("/exports/{id}/download");
    let end = server.part(&download, cookie, middle);
    assert!(end.head.starts_with("HTTP/1.1 206"), "{}", end.head);
    assert!(end.body == whole.body[middle..]);
    let deleted = server.send("POST", &format!("/exports/{id}/delete"), cookie, "");
    assert!(deleted.head.starts_with("HTTP/1.1 303"), "{}", deleted.head);
}

#[test]
fn another_server_of_s3_s_kind_keeps_exports_too() {
    let moto = Moto::start(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let demo = Demo::write(&["--messages", "30000"]);
    let flags = flags(&demo, &format!("http://{}", moto.address()), "any", "any");
    let server = start(&demo, &flags);
    let cookie = server.sign_in(&demo);
    export_once(&server, &cookie);
    let kept = moto.bucket("s3://exports/kept");
    kept.each_name(|name| panic!("{name} is left over"))
        .expect("lists");
}

#[test]
fn memory_stays_flat_and_no_object_is_left_over() {
    let store = Store::start();
    let demo = Demo::write(&["--messages", "30000"]);
    let (endpoint, id, secret) = store.credentials();
    let server = start(&demo, &flags(&demo, &endpoint, id, secret));
    let cookie = server.sign_in(&demo);
    let mut resident = Vec::new();
    for _ in 0..8 {
        export_once(&server, &cookie);
        resident.push(server.rss_bytes());
    }
    assert_eq!((objects(&store), store.unfinished()), (0, 0));
    let (settled, most) = (resident[..4].iter().max(), resident[4..].iter().max());
    assert!(
        most.expect("exports") <= &HELD_BYTES
            && most.expect("exports") <= &(settled.expect("exports") + (16 << 20)),
        "{resident:?}"
    );
    assert!(server.peak_bytes() <= HELD_BYTES, "{}", server.peak_bytes());
}

#[test]
fn an_export_whose_process_is_killed_while_it_uploads_is_ended_by_the_next_one_and_leaves_nothing_behind()
 {
    let store = Store::start();
    let demo = Demo::write(&["--messages", "60000"]);
    let (endpoint, id, secret) = store.credentials();
    let flags = flags(&demo, &endpoint, id, secret);
    let server = start(&demo, &flags);
    let cookie = server.sign_in(&demo);
    // The click itself waits, and is cut off by the kill.
    let _click = server.post("/exports", &cookie, "choice=everything&file_contents=yes");
    let deadline = Instant::now() + PATIENCE;
    while objects(&store) == 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(server);
    assert_eq!(
        (objects(&store), store.unfinished()),
        (1, 1),
        "a note, and what was sent"
    );

    let server = start(&demo, &flags);
    let page = server.send("GET", "/settings/data-protection", &cookie, "");
    let page = String::from_utf8(page.body).expect("text");
    let (_, rest) = page.split_once("data-status=\"/exports/").expect("it runs");
    let (id, _) = rest.split_once("/status").expect("its address");
    let download = server.download(&cookie, id);
    let file: serde_json::Value = serde_json::from_slice(&download.body).expect("whole JSON");
    assert_eq!(file["export"]["id"].as_str(), Some(id));
    assert_eq!((objects(&store), store.unfinished()), (1, 0));
}
