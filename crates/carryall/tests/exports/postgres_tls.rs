//! TLS to a real server whose certificate an authority of the test's own signed.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::postgres_server::{Server, demo_on};
use crate::product::{MARTA, Product};
use crate::program::{FAILED, Outcome, carryall};
use crate::servers::{Postgres, ran};

/// An authority, a certificate of its for `localhost`, and another authority.
const CERTIFICATES: &str = r#"
set -e
authority() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$1.key" -out "$1.pem"
}
authority ours
authority theirs
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr
echo 'subjectAltName = DNS:localhost' > names
openssl x509 -req -in server.csr -CA ours.pem -CAkey ours.key -CAcreateserial -days 2 -extfile names -out server.pem
"#;
/// Over the network, only who encrypts.
const RULES: &str =
    "local all all trust\nhostssl all all 127.0.0.1/32 trust\nhostssl all all ::1/128 trust\n";

struct Encrypted {
    product: Product,
    port: u16,
    folder: PathBuf,
    server: Server,
}

impl Encrypted {
    fn start() -> Encrypted {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let settings = [
            "ssl=on",
            "ssl_cert_file=server.pem",
            "ssl_key_file=server.key",
        ];
        let mut folder = PathBuf::new();
        let server = Postgres::start_with(Some(port), &settings, |data| {
            data.clone_into(&mut folder);
            certify(data);
        });
        let (_, product, server) = demo_on(Server::of(server));
        Encrypted {
            product,
            port,
            folder,
            server,
        }
    }

    fn asked(&mut self, host: &str, query: &str) -> &Product {
        self.product.server = Some(format!(
            "postgres://postgres@{host}:{}/postgres?{query}",
            self.port
        ));
        &self.product
    }

    fn authority(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().replace('/', "%2F")
    }
}

/// As PostgreSQL wants them: the key for its own account alone.
fn certify(data: &Path) {
    ran(Command::new("sh")
        .args(["-c", CERTIFICATES])
        .current_dir(data)
        .stderr(std::process::Stdio::null()));
    std::fs::write(data.join("pg_hba.conf"), RULES).unwrap();
    if rustix::process::geteuid().is_root() {
        ran(Command::new("chown").args(["-R", "postgres"]).arg(data));
    }
    ran(Command::new("chmod")
        .arg("600")
        .arg(data.join("server.key")));
}

#[test]
fn an_export_goes_over_tls_and_as_much_is_checked_as_was_asked_for() {
    let mut server = Encrypted::start();
    let (ours, theirs) = (server.authority("ours.pem"), server.authority("theirs.pem"));
    for (host, query) in [
        ("localhost", "sslmode=prefer".to_owned()),
        ("127.0.0.1", "sslmode=require".to_owned()),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={ours}")),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={ours}"),
        ),
    ] {
        server.asked(host, &query).export(MARTA);
    }
    for (host, query, words, advice) in [
        (
            "localhost",
            "sslmode=disable".to_owned(),
            "pg_hba.conf",
            "pg_hba.conf",
        ),
        (
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={ours}"),
            "not valid for name",
            "subjectAltName",
        ),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={theirs}"),
            "UnknownIssuer",
            "sslrootcert",
        ),
        (
            "localhost",
            format!("sslmode=verify-ca&sslrootcert={theirs}"),
            "UnknownIssuer",
            "sslrootcert",
        ),
        // As with libpq: an authority that is named is asked.
        (
            "localhost",
            format!("sslmode=require&sslrootcert={theirs}"),
            "UnknownIssuer",
            "sslrootcert",
        ),
        (
            "localhost",
            "sslrootcert=system".to_owned(),
            "UnknownIssuer",
            "sslrootcert",
        ),
    ] {
        let said = server.asked(host, &query).export_fails(MARTA, &[]);
        let (error, hint) = said.split_once("hint:").unwrap();
        assert!(
            error.contains(words) && hint.contains(advice),
            "{query}: {said}"
        );
    }
}

/// Opens the ledger, makes its tables if there are none, and reads it.
fn audited(host: &str, port: u16, query: &str) -> Outcome {
    let ledger = format!("postgres://postgres@{host}:{port}/ledger?{query}");
    carryall(["audit", "--ledger", &ledger, "verify"])
}

#[test]
fn the_ledger_goes_over_tls_with_the_same_words() {
    let server = Encrypted::start();
    server.server.sql("CREATE DATABASE ledger");
    let (ours, theirs) = (server.authority("ours.pem"), server.authority("theirs.pem"));
    for (host, query) in [
        ("localhost", String::new()),
        ("127.0.0.1", "sslmode=require".to_owned()),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={ours}"),
        ),
    ] {
        let outcome = audited(host, server.port, &query).ended_with(0);
        assert!(outcome.text().starts_with("whole: 0 events"), "{query}");
    }
    for (host, query, words, advice) in [
        (
            "localhost",
            "sslmode=disable".to_owned(),
            "no encryption",
            "is the server running",
        ),
        (
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={ours}"),
            "not valid for name",
            "subjectAltName",
        ),
        (
            "localhost",
            format!("sslmode=verify-ca&sslrootcert={theirs}"),
            "UnknownIssuer",
            "sslrootcert",
        ),
        (
            "localhost",
            "sslmode=verify-full".to_owned(),
            "needs sslrootcert=FILE",
            "write it as",
        ),
    ] {
        let said = audited(host, server.port, &query).ended_with(FAILED).stderr;
        let (error, hint) = said.split_once("hint:").expect("a hint");
        assert!(
            error.contains(words) && hint.contains(advice),
            "{query}: {said}"
        );
    }
}

#[test]
fn a_server_without_tls_is_refused_where_tls_was_asked_for() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let server = Server::of(Postgres::start(Some(port)));
    let (_, mut product, _server) = demo_on(server);
    let address = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    product.server = Some(format!("{address}?sslmode=require"));
    let said = product.export_fails(MARTA, &[]);
    assert!(
        said.contains("does not support TLS") && said.contains("turn ssl on"),
        "{said}"
    );
    product.server = Some(address);
    product.export(MARTA);
}
