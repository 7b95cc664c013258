//! One export after another for as long as wanted, beside a product that goes on writing.
//!
//! `CARRYALL_SOAK_MINUTES` says how long; without it this takes seconds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::server::{Demo, Server};

/// Exports before memory is looked at: threads, caches and the allocator have then what they need.
const WARM_UP: usize = 4;
/// Of any run, however short.
const EXPORTS_AT_LEAST: usize = 12;
/// What the server may hold at most beyond what it held after the warm-up. One buffer of an export is a
/// MiB; with glibc's own settings a server grew by 17 MiB in 1,000 exports (`src/memory.rs`).
const GROWTH_BYTES: u64 = 6 << 20;
/// What it may hold at all, where exports are built one after another.
const HELD_BYTES: u64 = 40 << 20;
/// Somewhat less than a proof of who somebody is lasts.
const PROOF_LASTS: Duration = Duration::from_mins(8);
const MINUTES: &str = "CARRYALL_SOAK_MINUTES";

fn duration() -> Duration {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no flags; the check script says how long"
    )]
    let minutes = std::env::var(MINUTES).unwrap_or_else(|_| "0".to_owned());
    let minutes: f64 = minutes.parse().expect("minutes, as a number");
    Duration::from_secs_f64(minutes * 60.0)
}

/// Writes as a product does: a change, a commit, and now and then a checkpoint.
fn write_until(is_done: &AtomicBool, demo: &Demo) -> usize {
    let product = Connection::open(demo.database()).expect("opens");
    product
        .busy_timeout(Duration::from_secs(10))
        .expect("a number");
    let mut commits = 0;
    while !is_done.load(Ordering::Relaxed) {
        let sql = "UPDATE messages SET credits_used = credits_used + 1 \
                   WHERE rowid = 1 + abs(random()) % (SELECT max(rowid) FROM messages)";
        product.execute(sql, ()).expect("the product writes");
        commits += 1;
        if commits % 100 == 0 {
            let _ = product.query_row("PRAGMA wal_checkpoint(passive)", (), |_| Ok(()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    commits
}

/// Asks for an export, downloads it whole and deletes it.
fn export_once(server: &Server, cookie: &str) {
    let form = "choice=everything&file_contents=yes";
    let asked = server.send("POST", "/exports", cookie, form);
    let page = asked.header("location").expect("goes back to the page");
    let (_, id) = page.split_once("export=").expect("names the export");
    let download = server.download(cookie, id);
    let file: serde_json::Value = serde_json::from_slice(&download.body).expect("whole JSON");
    assert_eq!(file["export"]["id"].as_str(), Some(id));
    let deleted = server.send("POST", &format!("/exports/{id}/delete"), cookie, "");
    assert!(deleted.head.starts_with("HTTP/1.1 303"), "{}", deleted.head);
}

#[test]
fn memory_stays_flat_and_no_file_is_left_over_beside_a_product_that_writes() {
    let demo = Demo::write(&["--messages", "3000"]);
    let server = Server::start(&demo);
    let (mut cookie, mut proved) = (server.sign_in(&demo), Instant::now());
    let (is_done, start) = (AtomicBool::new(false), Instant::now());
    let mut resident = Vec::new();
    let commits = std::thread::scope(|scope| {
        let writer = scope.spawn(|| write_until(&is_done, &demo));
        let end = StopAtEnd(&is_done);
        while resident.len() < EXPORTS_AT_LEAST || start.elapsed() < duration() {
            if proved.elapsed() > PROOF_LASTS {
                (cookie, proved) = (server.sign_in(&demo), Instant::now());
            }
            export_once(&server, &cookie);
            resident.push(server.rss_bytes());
        }
        drop(end);
        writer.join().expect("the product was never locked out")
    });
    assert!(commits > resident.len(), "{commits} commits");
    assert_eq!(demo.artifact_count(), 0);
    let settled = resident[..WARM_UP].iter().max().expect("exports");
    let most = resident[WARM_UP..].iter().max().expect("exports");
    assert!(
        *most <= HELD_BYTES && *most <= settled + GROWTH_BYTES,
        "{} exports, memory grew from {settled} to {most} bytes: {resident:?}",
        resident.len()
    );
}

/// Lets the writer end also when the test fails.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
