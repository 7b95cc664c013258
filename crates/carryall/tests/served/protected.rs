//! Passphrases cost memory; however many come at once, a server stays small.

use std::thread;

use crate::server::{Demo, Server};

/// One passphrase takes 128 MiB while its file's head is made.
const MOST_BYTES: u64 = 256 << 20;

#[test]
fn many_passphrases_at_once_take_the_memory_of_one() {
    let demo = Demo::write(&[]);
    let server = Server::start(&demo);
    let cookie = server.sign_in(&demo);
    let form = "choice=everything&protect=passphrase&passphrase=seven+quiet+lanterns\
                &passphrase_again=seven+quiet+lanterns";
    let answers: Vec<String> = thread::scope(|scope| {
        let asking = || server.send("POST", "/exports", &cookie, form).head;
        let asked: Vec<_> = (0..6).map(|_| scope.spawn(asking)).collect();
        let ended = asked.into_iter().map(|one| one.join().expect("answers"));
        ended.collect()
    });
    let begun = |head: &&String| head.starts_with("HTTP/1.1 303");
    let refused = |head: &&String| head.starts_with("HTTP/1.1 409");
    assert!(answers.iter().any(|head| begun(&head)), "{answers:?}");
    assert!(answers.iter().all(|head| begun(&head) || refused(&head)));
    let peak = server.peak_bytes();
    assert!(peak < MOST_BYTES, "{peak} bytes");
    assert!(server.rss_bytes() < 100 << 20, "and it is given back");
}
