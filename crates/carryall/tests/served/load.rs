//! Many people at once: all served, in bounded memory, by pages that stay quick.

use std::time::{Duration, Instant};

use crate::cluster::{Cluster, number, people_for};
use crate::server::{Demo, exchange};

const PEOPLE: &str = "CARRYALL_LOAD_PEOPLE";
const MOST_BYTES: u64 = 256 << 20;
const PATIENCE: Duration = Duration::from_mins(5);
/// From here on it is the full variant, which runs alone on its machine and may look at the time.
const MANY: usize = 500;
const QUICK: Duration = Duration::from_millis(250);

#[test]
fn everybody_who_asks_at_once_is_served_in_bounded_memory() {
    let count = number(PEOPLE, 50);
    let cluster = Cluster::start(Demo::write(&["--people", &people_for(count)]));
    let nodes = [cluster.node(&["serve"]), cluster.node(&["serve"])];
    let people = cluster.sign_in(count);
    let began = Instant::now();
    let mut pages = Vec::new();
    std::thread::scope(|scope| {
        for (number, person) in people.iter().enumerate() {
            let node = &nodes[number % 2].address;
            // A sign of trouble is an answer that is none.
            scope.spawn(move || {
                let form = "choice=everything&file_contents=yes";
                let asked = exchange(node, "POST", "/exports", &person.cookie, form);
                let asked = asked.unwrap_or_else(|error| panic!("{number}: {error}"));
                assert!(
                    asked.head.starts_with("HTTP/1.1 303"),
                    "{number}: {}",
                    asked.head
                );
            });
        }
        let is_over = || {
            let exports = cluster.exports();
            exports.len() == count && exports.iter().all(|row| row.status == "ready")
        };
        while !is_over() {
            assert!(began.elapsed() < PATIENCE, "{}", cluster.log());
            for _ in 0..5 {
                let (asked, node) = (Instant::now(), &nodes[pages.len() % 2].address);
                let cookie = &people[pages.len() % count].cookie;
                let page = exchange(node, "GET", "/settings/data-protection", cookie, "");
                let page = page.expect("a page");
                assert!(page.is_ok(), "{}", page.head);
                pages.push(asked.elapsed());
            }
        }
    });
    let took = began.elapsed();
    pages.sort_unstable();
    let slowest = pages[(pages.len() - 1) * 99 / 100];
    let memory: Vec<_> = nodes.iter().map(|node| node.peak_bytes() >> 20).collect();
    println!(
        "{count} exports in {took:?}; {} pages, p99 {slowest:?}; peak {memory:?} MiB",
        pages.len()
    );
    for node in &nodes {
        assert!(node.peak_bytes() <= MOST_BYTES, "{memory:?} MiB");
    }
    assert!(
        count < MANY || slowest <= QUICK,
        "p99 of a page is {slowest:?}"
    );
    for person in [&people[0], &people[count - 1]] {
        let exports = cluster.exports();
        let theirs = exports.iter().find(|row| row.subject == person.key);
        cluster.verify(&nodes[0], person, &theirs.expect("an export").id);
    }
}
