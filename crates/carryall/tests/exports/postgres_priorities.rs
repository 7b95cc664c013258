//! With one connection and two processors, whoever receives from the server goes before who encodes and who hashes.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::process::{Child, Stdio};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use crate::postgres_server::{Server, demo_with_on};
use crate::product::{MARTA, Product};
use crate::program::command;

/// How nice a process's own thread, those that receive and the one that hashes are (proc(5), the 19th field of `stat`).
fn niceness(process: u32) -> [BTreeSet<i32>; 3] {
    let tasks = format!("/proc/{process}/task");
    let stats: Vec<_> = fs::read_dir(tasks)
        .unwrap()
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("stat")).ok())
        .collect();
    let main = format!(" {process} (");
    [main.as_str(), "(source-connecti)", "(export-writer)"].map(|which| {
        let of_it = stats
            .iter()
            .filter(|stat| format!(" {stat}").contains(which));
        let behind_its_name = |stat: &String| stat.rsplit(')').next().unwrap().to_owned();
        of_it
            .map(|stat| {
                behind_its_name(stat)
                    .split(' ')
                    .nth(17)
                    .unwrap()
                    .parse()
                    .unwrap()
            })
            .collect()
    })
}

/// Reads until messages come, and then no more: the export waits in the middle of them.
fn into_messages(export: &mut Child) {
    let out = export.stdout.as_mut().unwrap();
    let (mut seen, mut piece) = (Vec::new(), vec![0; 1 << 20]);
    while !seen.windows(12).any(|bytes| bytes == b"\n\"messages\":") {
        out.read_exact(&mut piece).unwrap();
        seen.extend_from_slice(&piece);
    }
    // What was handed over before them is behind whoever writes.
    for _ in 0..5 {
        out.read_exact(&mut piece).unwrap();
    }
}

/// Waits in the middle of an export until its threads are as nice as that: the encoder, who receives, who hashes.
fn waited_for(product: &Product, connections: &str, expected: [i32; 3]) {
    let mut export = command(["export", "--subject", MARTA, "--out", "-"])
        .args(["--connections", connections])
        .args(product.source())
        .arg("--files")
        .arg(&product.files)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    into_messages(&mut export);
    let expected = expected.map(|nice| BTreeSet::from([nice]));
    let began = Instant::now();
    let mut found = niceness(export.id());
    while found != expected && began.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
        found = niceness(export.id());
    }
    export.kill().unwrap();
    export.wait().unwrap();
    assert_eq!(found, expected, "{connections} connections");
}

#[test]
fn who_receives_on_one_connection_goes_before_who_encodes_and_who_hashes() {
    let (_, postgres, _server) = demo_with_on(&["--messages", "12000"], Server::start());
    let [own, ..] = niceness(std::process::id());
    let own = own.into_iter().min().unwrap();
    let [below, last] = if available_parallelism().unwrap().get() <= 2 {
        [5, 15]
    } else {
        [0, 0]
    };
    let nicer = |by: i32| (own + by).min(19);
    waited_for(&postgres, "1", [nicer(below), own, nicer(last)]);
    // Two keep both busy.
    waited_for(&postgres, "2", [own; 3]);
}
