//! Memory does not grow with the account or its largest file.

use std::time::Duration;

use crate::product::MARTA;
use crate::program::{carryall, command};

/// The most that an export may hold at any size, in KiB.
const GOAL_KIB: u64 = 48 << 10;

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
    let mut export = command(arguments.into_iter().chain(["--out", "/dev/null"]))
        .spawn()
        .unwrap();
    let mut peak = 0;
    let ended = loop {
        peak = peak_kib(export.id()).unwrap_or(peak);
        if let Some(ended) = export.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(ended.success());
    assert!(
        (1 << 10..=GOAL_KIB).contains(&peak),
        "{peak} KiB at the most"
    );
}
