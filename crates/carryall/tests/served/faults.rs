//! Nodes that are killed, servers that stop, connections that are cut and a disk that is full, at moments that a
//! seed chooses: every export ends whole, exactly once.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, Person, Row, ask, number, people_for};
use crate::disk::Disk;
use crate::server::{Demo, Server};

const EXPORTS: &str = "CARRYALL_FAULT_EXPORTS";
const FEW: usize = 20;
const SEED: &str = "CARRYALL_FAULT_SEED";
/// A killed worker's export waits for its lease, ten seconds, and may be unlucky again.
const PATIENCE: Duration = Duration::from_mins(3);

/// For what 200 people have, an upload that is begun again, and what a node keeps free.
const ROOM_MIB: usize = 1024;

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

/// What was done so far.
#[derive(Debug, Default)]
struct Done {
    kills: u32,
    cuts: u32,
    database_restarts: u32,
    store_cuts: u32,
    store_restarts: u32,
}

/// How far both sides are: exports are asked for between faults, and not all before the first.
#[derive(Debug, Default)]
struct Course {
    steps: AtomicUsize,
    is_over: AtomicBool,
}

/// Each kind of fault comes in the first steps, whatever the seed.
const STEPS: usize = 5;

/// Kills, stops and cuts, until everything was asked for.
fn wreak(cluster: &mut Cluster, nodes: &Nodes, dice: &mut Dice, course: &Course) -> Done {
    let mut done = Done::default();
    for step in 0.. {
        course.steps.store(step, Ordering::Relaxed);
        if step >= STEPS && course.is_over.load(Ordering::Relaxed) {
            break;
        }
        // Each kind once, quickly; then as seldom as a large export needs that is begun five times at most.
        let pause = if step < STEPS { 200 } else { 1_500 };
        std::thread::sleep(Duration::from_millis(pause + dice.throw(2 * pause)));
        let chosen = match step {
            0 => 0,
            1 => 4,
            2 => 7,
            3 => 8,
            4 => 9,
            _ => 2 + dice.throw(8),
        };
        match (chosen, &mut cluster.store) {
            (0..4, _) => {
                let mut node = nodes[usize::try_from(dice.throw(3)).unwrap_or(0)]
                    .lock()
                    .expect("not poisoned");
                let _ = node.child.kill();
                let _ = node.child.wait();
                *node = cluster.node(&["serve"]);
                done.kills += 1;
            }
            (7, _) => {
                cluster.database.restart(Duration::from_millis(300));
                done.database_restarts += 1;
            }
            (8, Some((_, line))) => {
                line.cut_once_after(i64::try_from(dice.throw(3 << 20)).unwrap_or(0));
                done.store_cuts += 1;
            }
            (9, Some((store, _))) => {
                store.restart(Duration::from_millis(300));
                done.store_restarts += 1;
            }
            _ => {
                cluster.wire.cut();
                done.cuts += 1;
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
    let disk = Disk::of_mebibytes(ROOM_MIB);
    let demo = demo();
    symlink(disk.path(), demo.artifacts()).expect("a link");
    let done = all_end_well(Cluster::start(demo), &disk);
    assert!(
        done.kills > 0 && done.cuts > 0 && done.database_restarts > 0,
        "{done:?}"
    );
}

#[test]
fn every_export_ends_whole_and_once_with_files_and_exports_in_a_store_that_stops_is_cut_and_is_full()
 {
    let disk = Disk::of_mebibytes(ROOM_MIB);
    let done = all_end_well(Cluster::on_s3(demo(), disk.path()), &disk);
    assert!(
        done.kills > 0 && done.cuts > 0 && done.database_restarts > 0,
        "{done:?}"
    );
    assert!(done.store_cuts > 0 && done.store_restarts > 0, "{done:?}");
}

fn demo() -> Demo {
    let people = people_for(number(EXPORTS, FEW));
    Demo::write(&["--people", &people, "--messages", "30000"])
}

/// Fills the disk until an export waits for room, makes room, wreaks havoc while exports are asked for, and holds
/// what is there in the end against what was asked for.
fn all_end_well(mut cluster: Cluster, disk: &Disk) -> Done {
    let (count, seed) = (number(EXPORTS, FEW), number(SEED, 4));
    let nodes: Nodes = std::array::from_fn(|_| Mutex::new(cluster.node(&["serve"])));
    let people = cluster.sign_in(count);
    disk.fill();
    for (number, person) in people[..3].iter().enumerate() {
        insist(&nodes, number, person);
    }
    let deadline = Instant::now() + PATIENCE;
    while cluster.put_off() == 0 {
        assert!(
            Instant::now() < deadline,
            "nothing waits for room\n{}",
            cluster.log()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    disk.empty();

    let (course, mut dice) = (Course::default(), Dice(seed as u64));
    let done = std::thread::scope(|scope| {
        let (course, nodes, asked) = (&course, &nodes, &people[3..]);
        let asking = scope.spawn(move || {
            for (number, person) in asked.iter().enumerate() {
                while course.steps.load(Ordering::Relaxed) < number * STEPS / asked.len() {
                    std::thread::sleep(Duration::from_millis(10));
                }
                insist(nodes, number, person);
            }
            course.is_over.store(true, Ordering::Relaxed);
        });
        let done = wreak(&mut cluster, nodes, &mut dice, course);
        asking.join().expect("everything was asked for");
        done
    });
    println!("seed {seed}, a full disk, {done:?}");
    let exports = cluster.wait_for(PATIENCE, |rows| {
        rows.len() >= count && !rows.iter().any(Row::is_running)
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
            let node = nodes[number % 3].lock().expect("not poisoned");
            cluster.verify(&node, person, &export.id);
        }
    }
    let keys = exports.iter().filter_map(|row| row.artifact.as_deref());
    let expected: BTreeSet<_> = keys.map(|key| format!("{key}.sealed")).collect();
    assert_eq!(expected.len(), exports.len());
    // What killed workers left is swept within a minute, and by whoever starts.
    drop(cluster.node(&["worker"]));
    let deadline = Instant::now() + PATIENCE;
    while cluster.artifacts() != expected && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(cluster.artifacts(), expected);
    println!("{} exports whole and once", exports.len());
    done
}
