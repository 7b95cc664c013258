//! Several nodes do one job: accepted by one, built by another, downloaded through a third.

use std::time::{Duration, Instant};

use crate::cluster::{Cluster, ask, signal};
use crate::server::Demo;

/// Longer than a lease, and than what a loaded machine adds.
const PATIENCE: Duration = Duration::from_mins(4);

#[test]
fn a_request_goes_to_one_node_is_built_by_another_at_once_and_downloaded_through_a_third() {
    let cluster = Cluster::start(Demo::write(&["--people", "6"]));
    let (asked, shown) = (
        cluster.node(&["serve", "--web-only"]),
        cluster.node(&["serve", "--web-only"]),
    );
    let person = &cluster.sign_in(1)[0];
    ask(&asked.address, person).expect("accepted");
    assert_eq!(cluster.exports()[0].status, "queued", "nobody builds");

    let worker = cluster.node(&["worker"]);
    let done = cluster.wait_for(PATIENCE, |exports| exports[0].status == "ready");
    assert_eq!(done[0].process(), worker.child.id());
    cluster.verify(&shown, person, &done[0].id);

    // The worker sleeps until it hears of the next one. The click's own request waits for it.
    std::thread::sleep(Duration::from_secs(2));
    let began = Instant::now();
    ask(&asked.address, person).expect("accepted");
    let is_over = |exports: &[crate::cluster::Row]| exports.iter().all(|row| row.status == "ready");
    assert_eq!(cluster.wait_for(PATIENCE, is_over).len(), 2);
    println!(
        "asked and built on another node within {:?}",
        began.elapsed()
    );
    assert_eq!(cluster.artifacts().len(), 2);
}

#[test]
fn a_worker_that_is_paused_past_its_lease_cannot_publish_when_it_wakes() {
    // Long enough to be paused in the middle.
    let cluster = Cluster::start(Demo::write(&["--messages", "600000"]));
    let web = cluster.node(&["serve", "--web-only"]);
    let workers = [cluster.node(&["worker"]), cluster.node(&["worker"])];
    let person = &cluster.sign_in(1)[0];
    // The click's own request waits for its export: the signal does not wait for the click.
    let paused = std::thread::scope(|scope| {
        scope.spawn(|| ask(&web.address, person));
        let begun = cluster.wait_for(PATIENCE, |exports| {
            exports.first().is_some_and(|row| row.status == "building")
        });
        signal("-STOP", begun[0].process());
        begun[0].process()
    });
    let done = cluster.wait_for(PATIENCE, |exports| exports[0].status == "ready");
    assert_eq!(done[0].attempt, 2);
    assert_ne!(done[0].process(), paused, "the other one has built it");

    signal("-CONT", paused);
    let deadline = Instant::now() + PATIENCE;
    while cluster.artifacts().len() != 1 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_secs(1));
    let after = cluster.exports();
    assert_eq!(after[0].artifact, done[0].artifact);
    let key = after[0].artifact.as_deref().expect("one artifact");
    assert_eq!(cluster.artifacts(), [format!("{key}.sealed")].into());
    assert!(workers.iter().any(|worker| worker.child.id() == paused));
    cluster.verify(&web, person, &after[0].id);
}

#[test]
fn a_worker_that_is_asked_to_stop_ends_or_hands_back_and_another_goes_on_at_once() {
    let cluster = Cluster::start(Demo::write(&["--messages", "150000"]));
    let web = cluster.node(&["serve", "--web-only"]);
    let mut first = cluster.node(&["worker"]);
    let person = &cluster.sign_in(1)[0];
    std::thread::scope(|scope| {
        scope.spawn(|| ask(&web.address, person));
        cluster.wait_for(PATIENCE, |exports| {
            exports.first().is_some_and(|row| row.status == "building")
        });
        signal("-TERM", first.child.id());
    });
    let _second = cluster.node(&["worker"]);
    assert!(first.child.wait().expect("ends").success());
    let after = cluster.wait_for(PATIENCE, |exports| exports[0].status == "ready");
    assert_eq!(after[0].attempt, 1, "what was handed back does not count");
    assert_eq!(cluster.artifacts().len(), 1);
    cluster.verify(&web, person, &after[0].id);
}
