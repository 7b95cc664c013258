//! What the log never tells, whatever is asked of it.

use crate::cluster::{Cluster, ask};
use crate::server::Demo;

#[test]
fn no_level_of_the_log_tells_with_which_values_a_statement_was_run() {
    let cluster = Cluster::start(Demo::write(&[]));
    let node = cluster.node(&[
        "serve",
        "--log",
        "debug,tokio_postgres=trace,tokio_postgres::query=trace",
    ]);
    let cookie = node.sign_in(&cluster.demo);
    let key = cluster
        .ledger()
        .query_one("SELECT subject_key FROM sessions", &[])
        .expect("a session")
        .get::<_, String>(0);
    let person = crate::cluster::Person {
        key: key.clone(),
        cookie: cookie.clone(),
    };
    ask(&node.address, &person).expect("accepted");
    node.send("GET", "/sign-in?next=%2Fand-a-secret-code", &cookie, "");
    let log = cluster.log();
    assert!(log.contains("DEBUG") && log.contains("answered"), "{log}");
    let token = cookie.split_once('=').expect("a token").1;
    for secret in [
        "parameters",
        "INSERT INTO",
        "and-a-secret-code",
        &key,
        token,
        &cluster.demo.email,
        &cluster.demo.password,
    ] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
