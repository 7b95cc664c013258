//! Nodes that are killed, a database that stops and connections that are cut, at moments that a seed chooses:
//! every export ends whole, exactly once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, Person, ask, number};
use crate::server::{Demo, Server};

const EXPORTS: &str = "CARRYALL_FAULT_EXPORTS";
const SEED: &str = "CARRYALL_FAULT_SEED";
/// A killed worker's export waits for its lease, ten seconds, and may be unlucky again.
const PATIENCE: Duration = Duration::from_mins(3);

/// Steps of a generator that needs no library (Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Three nodes, each of which may be away at any moment.
type Nodes = [Mutex<Server>; 3];

fn address(nodes: &Nodes, number: usize) -> String {
    nodes[number % 3]
        .lock()
        .expect("not poisoned")
        .address
        .clone()
}

/// Kills, stops and cuts, until everything was asked for.
fn wreak(cluster: &mut Cluster, nodes: &Nodes, dice: &mut Dice, is_over: &AtomicBool) -> [u32; 3] {
    let mut done = [0; 3];
    while !is_over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(200 + dice.throw(400)));
        // Each of the three at least once, whatever the seed.
        let chosen = match done.iter().sum::<u32>() {
            0 => 0,
            1 => 4,
            2 => 7,
            _ => dice.throw(8),
        };
        match chosen {
            0..4 => {
                let mut node = nodes[usize::try_from(dice.throw(3)).unwrap_or(0)]
                    .lock()
                    .expect("not poisoned");
                let _ = node.child.kill();
                let _ = node.child.wait();
                *node = cluster.node(&["serve"]);
                done[0] += 1;
            }
            4..7 => {
                cluster.wire.cut();
                done[1] += 1;
            }
            _ => {
                cluster.database.restart(Duration::from_millis(300));
                done[2] += 1;
            }
        }
    }
    done
}

/// Asks node after node until one accepts.
fn insist(nodes: &Nodes, number: usize, person: &Person) {
    let deadline = Instant::now() + PATIENCE;
    for attempt in 0.. {
        if ask(&address(nodes, number + attempt), person).is_some() {
            return;
        }
        assert!(Instant::now() < deadline, "nobody accepts");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn every_export_ends_whole_and_once_whoever_is_killed_and_whatever_is_cut() {
    let count = number(EXPORTS, 20);
    let seed = number(SEED, 4);
    let people_flag = (count + 8).to_string();
    let demo = Demo::write(&["--people", &people_flag, "--messages", "30000"]);
    let mut cluster = Cluster::start(demo);
    let nodes: Nodes = std::array::from_fn(|_| Mutex::new(cluster.node(&["serve"])));
    let people = cluster.sign_in(count);
    let is_over = AtomicBool::new(false);
    let (mut dice, asked) = (Dice(seed as u64), &people);
    let (done, is_over, nodes_of_all) = std::thread::scope(|scope| {
        let (is_over, nodes) = (&is_over, &nodes);
        let asking = scope.spawn(move || {
            for (number, person) in asked.iter().enumerate() {
                insist(nodes, number, person);
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let done = wreak(&mut cluster, nodes, &mut dice, is_over);
        asking.join().expect("everything was asked for");
        (done, is_over, nodes)
    });
    assert!(is_over.load(Ordering::Relaxed));
    println!(
        "seed {seed}: {} kills, {} cuts, {} restarts of the database",
        done[0], done[1], done[2]
    );
    assert!(
        done.iter().all(|times| *times > 0),
        "it was over too soon: {done:?}"
    );

    let exports = cluster.wait_for(PATIENCE, |rows| {
        rows.len() >= count && !rows.iter().any(crate::cluster::Row::is_running)
    });
    for export in &exports {
        assert_eq!(export.status, "ready", "{export:?}\n{}", cluster.log());
    }
    for (number, person) in people.iter().enumerate() {
        let theirs: Vec<_> = exports
            .iter()
            .filter(|row| row.subject == person.key)
            .collect();
        // An answer that was cut off was asked for again, and may have been accepted twice.
        assert!(!theirs.is_empty(), "{} is lost", person.key);
        for export in theirs {
            let node = nodes_of_all[number % 3].lock().expect("not poisoned");
            cluster.verify(&node, person, &export.id);
        }
    }
    let keys = exports.iter().filter_map(|row| row.artifact.as_deref());
    let expected: std::collections::BTreeSet<_> = keys.map(|key| format!("{key}.sealed")).collect();
    assert_eq!(expected.len(), exports.len());
    // What killed workers left is swept within a minute, and by whoever starts.
    drop(cluster.node(&["worker"]));
    let deadline = Instant::now() + PATIENCE;
    while cluster.artifacts() != expected && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(cluster.artifacts(), expected);
}
