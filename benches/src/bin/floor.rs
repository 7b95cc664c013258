//! No peer but the floor: the rows of an export read through `carryall-source`, thread by thread, and
//! nothing done with them. What an export takes beyond it is encoding, hashing and writing.

use std::hint::black_box;
use std::time::Instant;

use carryall_benches::{MESSAGE_COLUMNS, PeerArguments};
use carryall_source::error::SourceError;
use carryall_source::sqlite::Sqlite;
use carryall_source::value::Value;
use clap::Parser;

fn main() -> anyhow::Result<()> {
    let arguments = PeerArguments::parse();
    let start = Instant::now();
    let snapshot = Sqlite::open(&arguments.database)?.snapshot()?;
    let opened = start.elapsed();
    let columns = MESSAGE_COLUMNS.join(", ");
    let mut threads = snapshot.prepare("SELECT id FROM threads WHERE user_id = ?1")?;
    let mut messages = snapshot.prepare(&format!(
        "SELECT {columns} FROM messages WHERE thread_id = ?1 ORDER BY created_at, id"
    ))?;
    let (mut runs, mut rows, mut bytes) = (0_u64, 0_u64, 0_usize);
    threads.for_each(&[Value::from(arguments.subject.as_str())], |thread| {
        runs += 1;
        messages.for_each(&[thread.value(0)], |row| {
            rows += 1;
            for column in 0..MESSAGE_COLUMNS.len() {
                bytes += black_box(row.value(column)).bytes().map_or(8, <[u8]>::len);
            }
            Ok::<(), SourceError>(())
        })
    })?;
    println!(
        "{rows} rows of {runs} threads, {bytes} bytes of values: opened in {opened:?}, {:?} in all",
        start.elapsed()
    );
    Ok(())
}
