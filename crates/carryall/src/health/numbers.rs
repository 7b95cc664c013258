//! What is read when somebody asks: the queue that all nodes share, the room that is left, this process.

use std::time::Duration;

use super::checks::Report;
use crate::exports::Exports;
use crate::exports::artifacts::Artifacts;
use crate::ledger::Queue;
use crate::metrics::Text;

/// Writes it down. What cannot be read is left out, and its check says why.
pub async fn write(exports: &Exports, report: &Report, text: &mut Text) {
    let answers = |name: &str| {
        report
            .checks
            .iter()
            .any(|(of, wrong)| *of == name && wrong.is_none())
    };
    for (name, wrong) in &report.checks {
        text.labelled(
            "carryall_check_ok",
            "Whether what this node needs answers, as /readyz says.",
            &format!("check=\"{name}\""),
            u8::from(wrong.is_none()),
        );
    }
    if answers("ledger")
        && let Ok(queue) = exports.ledger.queue(exports.clock.now()).await
    {
        write_queue(&queue, text);
    }
    if answers("storage")
        && let Ok(Some(free)) = exports.artifacts.ask(Artifacts::free_bytes).await
    {
        let help = "Room for finished exports, where they are kept in a folder.";
        text.gauge("carryall_storage_free_bytes", help, free);
    }
    if let Some(dropped) = exports.settings.traces.dropped() {
        let help = "Spans that the collector did not take.";
        text.counter("carryall_spans_dropped_total", help, dropped);
    }
    let help = "How many exports this node builds at the same time.";
    text.gauge("carryall_node_builders", help, exports.settings.builders);
    text.labelled(
        "carryall_build_info",
        "The version that runs.",
        &format!("version=\"{}\"", env!("CARGO_PKG_VERSION")),
        1,
    );
    if let Some(bytes) = resident_bytes() {
        let help = "Resident memory of this process.";
        text.gauge("process_resident_memory_bytes", help, bytes);
    }
}

fn write_queue(queue: &Queue, text: &mut Text) {
    let states = [
        ("queued", queue.queued, queue.oldest_queued),
        ("building", queue.building, queue.oldest_building),
    ];
    for (state, number, _) in states {
        let help = "Exports in the ledger of all nodes that have no file yet.";
        let state = format!("state=\"{state}\"");
        text.labelled("carryall_queue_exports", help, &state, number);
    }
    for (state, _, oldest) in states {
        let help = "How long ago the oldest of them was asked for; 0 when there is none.";
        let oldest = oldest.unwrap_or(Duration::ZERO).as_secs_f64();
        let state = format!("state=\"{state}\"");
        text.labelled("carryall_queue_oldest_seconds", help, &state, oldest);
    }
    let help = "E-mails and webhooks in the ledger of all nodes that are still to go out.";
    text.gauge("carryall_notices_waiting", help, queue.notices);
}

/// `VmRSS` of this process (proc(5)).
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
