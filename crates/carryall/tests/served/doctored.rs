//! `carryall doctor`: what is well is said, and each thing that is not with what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use carryall_bucket::server::Server as Store;
use serde_json::Value;

use crate::postgres_server::{Postgres, shared};
use crate::server::{Demo, Server};

/// The flags of a node on this demo; those that come later replace those before.
fn flags(demo: &Demo, changed: &[(&str, &str)]) -> Vec<String> {
    let folder = demo.folder.path();
    let at = |name: &str| folder.join(name).display().to_string();
    let mut flags = vec![
        ("--source", format!("sqlite:{}", demo.database().display())),
        ("--files", at("files")),
        ("--ledger", demo.ledger()),
        ("--artifacts", at("artifacts")),
    ];
    for (flag, value) in changed {
        flags.retain(|(given, _)| given != flag);
        flags.push((flag, (*value).to_owned()));
    }
    let flags = flags.into_iter();
    flags
        .flat_map(|(flag, value)| [flag.to_owned(), value])
        .collect()
}

struct Report {
    code: Option<i32>,
    findings: Vec<Value>,
}

impl Report {
    /// The finding of this check that is not well; a check that is well everywhere fails the test.
    #[track_caller]
    fn of(&self, check: &str, verdict: &str) -> String {
        let found = self
            .findings
            .iter()
            .find(|found| found["check"] == check && found["verdict"] == verdict);
        let found = found.unwrap_or_else(|| panic!("{check} {verdict}: {:#?}", self.findings));
        let fix = found["fix"].as_str().unwrap_or_default();
        format!("{} -> {fix}", found["found"].as_str().expect("words"))
    }
}

fn doctor(demo: &Demo, changed: &[(&str, &str)]) -> Report {
    let output = run(demo, changed, &["--json"]);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(report["well"], output.status.success());
    Report {
        code: output.status.code(),
        findings: report["findings"].as_array().expect("findings").clone(),
    }
}

fn run(demo: &Demo, changed: &[(&str, &str)], more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_carryall"))
        .arg("doctor")
        .args(flags(demo, changed))
        .args(more)
        .current_dir(demo.folder.path())
        .output()
        .expect("runs")
}

#[test]
fn a_node_that_runs_is_well_and_a_new_one_is_made_by_nobody() {
    let demo = Demo::write(&[]);
    let report = doctor(&demo, &[]);
    assert_eq!(report.code, Some(0), "{:#?}", report.findings);
    report.of("storage", "advice");
    report.of("keys", "advice");
    let made: Vec<_> = fs::read_dir(demo.folder.path())
        .expect("lists")
        .map(|entry| entry.expect("a file").file_name())
        .collect();
    assert!(
        !made
            .iter()
            .any(|name| name == "artifacts" || name == "ledger" || name == "carryall-keys"),
        "{made:?}"
    );

    let server = Server::start(&demo);
    let report = doctor(&demo, &[]);
    assert_eq!(report.code, Some(0), "{:#?}", report.findings);
    for check in [
        "data map", "source", "grants", "files", "ledger", "clock", "keys", "storage", "settings",
    ] {
        report.of(check, "ok");
    }
    assert_eq!(demo.artifact_count(), 0, "the probe is gone");
    drop(server);
    let said = run(&demo, &[], &[]);
    let said = String::from_utf8(said.stdout).expect("text");
    assert!(
        said.contains("ok      source     answers, and can be read\n"),
        "{said}"
    );
    assert!(said.contains("\n                   -> "), "{said}");
}

#[test]
fn each_thing_that_is_wrong_is_named_with_what_to_do() {
    let demo = Demo::write(&[]);
    drop(Server::start(&demo));
    let folder = demo.folder.path();
    let file = |name: &str, text: &str, mode: u32| {
        let path = folder.join(name);
        fs::write(&path, text).expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        path.display().to_string()
    };
    let open = file("open-secret", "secret", 0o644);
    let no_map = file("map.toml", "product = 1", 0o600);
    let no_folder = file("no-folder", "", 0o600);
    let newer = folder.join("newer");
    // Whole, with what still stands in its journal.
    rusqlite::Connection::open(folder.join("ledger"))
        .expect("opens")
        .execute("VACUUM INTO ?1", [newer.to_str()])
        .expect("copies");
    rusqlite::Connection::open(&newer)
        .expect("opens")
        .execute(
            "INSERT INTO refinery_schema_history (version, name) VALUES (9999, 'later')",
            (),
        )
        .expect("writes");
    let newer = format!("sqlite:{}", newer.display());
    for (changed, check, words) in [
        (("--data-map", &*no_map), "data map", "read the data map"),
        (
            ("--source", "sqlite:/no/such.db"),
            "source",
            "check the path after `sqlite:`",
        ),
        (
            ("--files", "/no/such/folder"),
            "files",
            "check the path after `--files`",
        ),
        (
            ("--ledger", "sqlite:/no/such/ledger"),
            "ledger",
            "its tables have to be made, and may not be",
        ),
        (
            ("--ledger", "postgres://me@127.0.0.1:1/no"),
            "ledger",
            "is the server running",
        ),
        (("--ledger", &newer), "ledger", "newer version"),
        (("--source-password-file", &open), "secrets", "chmod 600"),
        (("--artifacts", &no_folder), "storage", "cannot be used"),
        (("--signing-key", &open), "keys", "mode 0644"),
        (
            ("--token-secret-file", &open),
            "settings",
            "the secret that the host product signs",
        ),
        (("--listen", "0.0.0.0:8080"), "public URL", "in clear"),
        (
            ("--public-url", "http://127.0.0.1:1"),
            "public URL",
            "is `carryall serve` running",
        ),
    ] {
        let mut all = vec![changed];
        if changed.0 == "--token-secret-file" {
            all.extend([("--token-issuer", "i"), ("--token-audience", "a")]);
        }
        if changed.0 == "--ledger" {
            all.push(("--keys", folder.to_str().expect("text")));
        }
        let report = doctor(&demo, &all);
        assert_eq!(report.code, Some(1), "{changed:?}");
        let said = report.of(check, "fix");
        assert!(said.contains(words), "{changed:?}: {said}");
    }
}

#[test]
fn a_proxy_that_is_not_named_or_does_not_say_for_whom_is_found_through_the_public_address() {
    let demo = Demo::write(&[]);
    let server = Server::start_with(&demo, &["--trusted-proxy", "192.0.2.1"]);
    let url = format!("http://{}", server.address);
    let said = doctor(&demo, &[("--public-url", &url)]);
    said.of("public URL", "ok");
    said.of("proxy", "advice");
    drop(server);
    let server = Server::start_with(&demo, &["--trusted-proxy", "127.0.0.1"]);
    let url = format!("http://{}", server.address);
    let report = doctor(&demo, &[("--public-url", &url)]);
    assert!(report.of("proxy", "fix").contains("X-Forwarded-For"));
    let others = demo.folder.path().join("other-keys");
    fs::create_dir(&others).expect("a folder");
    fs::copy(
        demo.folder.path().join("carryall-keys/public-keys.json"),
        others.join("public-keys.json"),
    )
    .expect("copies");
    let key = others.join("key.pem");
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "ed25519", "-out"])
        .arg(&key)
        .status();
    assert!(made.expect("openssl runs").success());
    let report = doctor(
        &demo,
        &[
            ("--public-url", &url),
            ("--signing-key", key.to_str().expect("text")),
        ],
    );
    assert!(
        report
            .of("public URL", "fix")
            .contains("another installation")
    );
}

#[test]
fn a_bucket_is_tried_and_its_key_is_told_what_it_lacks() {
    let demo = Demo::write(&[]);
    drop(Server::start(&demo));
    let store = Store::start();
    let (endpoint, id, secret) = store.credentials();
    let file = |name: &str, text: &str| {
        let path = demo.folder.path().join(name);
        fs::write(&path, text).expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
        path.display().to_string()
    };
    let (id, secret, wrong) = (
        file("id", id),
        file("secret", secret),
        file("wrong", "wrong"),
    );
    let mut changed = vec![
        ("--artifacts", "s3://exports/kept"),
        ("--s3-endpoint", &*endpoint),
        ("--s3-access-key-file", &*id),
        ("--s3-secret-key-file", &*secret),
    ];
    let report = doctor(&demo, &changed);
    assert!(report.of("storage", "ok").contains("a probe was written"));
    let left = fs::read_dir(store.objects().join("kept")).map_or(0, Iterator::count);
    assert_eq!(left, 0);
    changed[3].1 = &wrong;
    let report = doctor(&demo, &changed);
    assert!(report.of("storage", "fix").contains("s3:PutObject"));
}

#[test]
fn clocks_and_tables_of_a_server_are_looked_at_and_a_superuser_is_too_much() {
    let demo = Demo::write(&[]);
    let postgres: &Postgres = shared();
    let address = postgres.address(&postgres.new_database());
    let keys = demo.folder.path().join("keys");
    fs::create_dir(&keys).expect("a folder");
    let keys = keys.to_str().expect("text");
    let changed = [("--ledger", &*address), ("--keys", keys)];
    let report = doctor(&demo, &changed);
    assert!(
        report
            .of("ledger", "ok")
            .contains("made at the first start")
    );
    assert!(report.of("clock", "ok").contains(" s off"));
    let opened = Command::new(env!("CARGO_BIN_EXE_carryall"))
        .args(["audit", "verify", "--ledger", &address])
        .output();
    assert!(opened.expect("runs").status.success());
    assert!(
        doctor(&demo, &changed)
            .of("ledger", "ok")
            .contains("up to date")
    );

    let product = postgres.new_database();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let schema = root.join("products/isms-copilot/schema.postgres.sql");
    postgres.sql(&product, &fs::read_to_string(schema).expect("a schema"));
    let source = postgres.address(&product);
    let report = doctor(&demo, &[("--source", &source)]);
    assert!(report.of("grants", "advice").contains("superuser"));
    let grants = Command::new(env!("CARGO_BIN_EXE_carryall"))
        .args(["grants", "--role", "doctored"])
        .output();
    let grants = String::from_utf8(grants.expect("runs").stdout).expect("text");
    postgres.sql(&product, &format!("CREATE ROLE doctored LOGIN; {grants}"));
    let source = source.replace("postgres@", "doctored@");
    let report = doctor(&demo, &[("--source", &source)]);
    assert!(report.of("grants", "fix").contains("BYPASSRLS"));
    postgres.sql(&product, "ALTER ROLE doctored BYPASSRLS");
    assert!(
        doctor(&demo, &[("--source", &source)])
            .of("grants", "ok")
            .contains("may be run")
    );
    postgres.sql(&product, "REVOKE SELECT (title) ON threads FROM doctored");
    let report = doctor(&demo, &[("--source", &source)]);
    assert!(report.of("grants", "fix").contains("carryall grants"));
}
