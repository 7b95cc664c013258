//! How the operator watches a node: health, metrics and logs, none of which tells who the people are.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{Answer, Demo, PATIENCE, Server, exchange};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

struct Watched {
    demo: Demo,
    server: Server,
    /// Where health and metrics are.
    answers_at: String,
}

impl Watched {
    fn start() -> Watched {
        let demo = Demo::write(&[]);
        let flags = ["--metrics-listen", "127.0.0.1:0", "--log-format", "json"];
        let server = Server::start_with(&demo, &flags);
        let watched = lines(&demo)
            .iter()
            .find(|line| line["message"] == "health and metrics are answered")
            .and_then(|line| line["address"].as_str().map(str::to_owned));
        Watched {
            answers_at: watched.expect("it says where"),
            server,
            demo,
        }
    }

    fn ask(&self, path: &str) -> Answer {
        exchange(&self.answers_at, "GET", path, "", "").expect("answers")
    }

    /// The values of a metric, with their labels.
    fn metrics(&self) -> Vec<(String, f64)> {
        let answer = self.ask("/metrics");
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; version=0.0.4; charset=utf-8")
        );
        let text = String::from_utf8(answer.body).expect("text");
        as_prometheus_reads_it(&text);
        let values = text.lines().filter(|line| !line.starts_with('#'));
        values
            .map(|line| {
                let (name, value) = line.rsplit_once(' ').expect("a value");
                (name.to_owned(), value.parse().expect("a number"))
            })
            .collect()
    }

    fn metric(&self, name: &str) -> f64 {
        let found = self.metrics().into_iter().find(|(found, _)| found == name);
        found.unwrap_or_else(|| panic!("no {name}")).1
    }

    /// Waits until it is ready, or not; what it says then.
    fn wait_until_ready(&self, is_ready: bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask("/readyz");
            let text = String::from_utf8(answer.body.clone()).expect("text");
            if answer.is_ok() == is_ready {
                return text;
            }
            assert!(Instant::now() < deadline, "{}{text}", answer.head);
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// What was logged so far: every line is an object.
fn lines(demo: &Demo) -> Vec<Value> {
    let log = fs::read_to_string(demo.log()).expect("a log");
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

/// Prometheus' own reader of the format, from `PyPI`.
fn as_prometheus_reads_it(text: &str) {
    const READ: &str = "import sys; from prometheus_client.parser import text_string_to_metric_families as read; \
        families = list(read(sys.stdin.read())); assert families and all(family.type != 'unknown' for family in families), families; \
        assert all(family.documentation for family in families)";
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no flags; the check script names the Python that it prepared"
    )]
    let python = std::env::var_os("CARRYALL_TEST_PYTHON");
    let python =
        python.expect("`./check` sets CARRYALL_TEST_PYTHON: a Python with prometheus_client");
    let mut reader = Command::new(python)
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut stdin = reader.stdin.take().expect("piped");
    stdin.write_all(text.as_bytes()).expect("reads");
    drop(stdin);
    assert!(reader.wait().expect("ends").success(), "{text}");
}

#[test]
fn an_export_is_counted_and_nothing_of_it_is_on_the_site_s_own_listener() {
    let node = Watched::start();
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert!(node.ask(path).is_ok(), "{path}");
        let public = node.server.send("GET", path, "", "");
        assert!(public.head.starts_with("HTTP/1.1 404"), "{}", public.head);
        assert!(!String::from_utf8_lossy(&public.body).contains("carryall_"));
    }
    assert!(node.metric("carryall_exports_total{outcome=\"ready\"}") < 0.5);
    let cookie = node.server.sign_in(&node.demo);
    let asked = node
        .server
        .send("POST", "/exports", &cookie, "choice=everything");
    let page = asked.header("location").expect("goes back to the page");
    let (_, id) = page.split_once("export=").expect("names the export");
    let size = node.server.download(&cookie, id).body.len();
    #[expect(clippy::cast_precision_loss, reason = "a small file")]
    let expected = [
        ("carryall_exports_total{outcome=\"ready\"}", 1.0),
        ("carryall_exports_total{outcome=\"failed\"}", 0.0),
        ("carryall_export_bytes_total", size as f64),
        ("carryall_export_gaps_total", 0.0),
        ("carryall_export_duration_seconds_count", 1.0),
        ("carryall_export_wait_seconds_count", 1.0),
        ("carryall_export_failures_total{cause=\"disk_full\"}", 0.0),
        ("carryall_queue_exports{state=\"queued\"}", 0.0),
        ("carryall_queue_oldest_seconds{state=\"queued\"}", 0.0),
        ("carryall_check_ok{check=\"storage\"}", 1.0),
        ("carryall_node_builders", 2.0),
    ];
    for (name, value) in expected {
        let found = node.metric(name);
        assert!((found - value).abs() < 0.5, "{name} {found}, not {value}");
    }
    assert!(node.metric("process_resident_memory_bytes") > 1e6);
    assert!(node.metric("carryall_storage_free_bytes") > 1e6);
    let answers = "carryall_http_request_duration_seconds_count{status=\"3xx\"}";
    assert!(node.metric(answers) >= 2.0);
}

#[test]
fn what_a_node_needs_and_does_not_have_is_named_until_it_is_back() {
    let node = Watched::start();
    assert_eq!(
        node.wait_until_ready(true),
        "ledger: ok\nsource: ok\nstorage: ok\n"
    );
    let (folder, files) = (
        node.demo.folder.path().join("files"),
        node.demo.folder.path().join("moved"),
    );
    for (folder, check) in [(folder, "source"), (node.demo.artifacts(), "storage")] {
        fs::rename(&folder, &files).expect("moves");
        let said = node.wait_until_ready(false);
        let line = said.lines().find(|line| line.starts_with(check));
        assert!(
            line.is_some_and(|line| line.contains("No such file")),
            "{said}"
        );
        assert!(node.metric(&format!("carryall_check_ok{{check=\"{check}\"}}")) < 0.5);
        assert!(node.ask("/healthz").is_ok(), "it lives");
        fs::rename(&files, &folder).expect("moves back");
        node.wait_until_ready(true);
    }
}

/// What must stand in no log: of everybody in the demo, what the product calls them, and what is theirs.
fn personal(demo: &Demo) -> Vec<String> {
    let product = rusqlite::Connection::open(demo.database()).expect("opens");
    let mut found = Vec::new();
    for sql in [
        "SELECT id FROM users",
        "SELECT email FROM users",
        "SELECT display_name FROM users WHERE display_name IS NOT NULL",
        "SELECT password_hash FROM users WHERE password_hash IS NOT NULL",
        "SELECT id FROM workspaces",
        "SELECT name FROM workspaces WHERE length(name) > 6",
        "SELECT id FROM threads",
        "SELECT title FROM threads WHERE length(title) > 6",
        "SELECT id FROM uploaded_files",
        "SELECT storage_key FROM uploaded_files",
    ] {
        let mut rows = product.prepare(sql).expect(sql);
        let texts = rows.query_map((), |row| row.get::<_, String>(0));
        found.extend(texts.expect(sql).map(|text| text.expect(sql)));
    }
    assert!(found.len() > 50, "{found:?}");
    found
}

#[test]
fn lines_carry_the_ids_of_request_and_export_and_nothing_of_the_people() {
    let node = Watched::start();
    let (server, demo) = (&node.server, &node.demo);
    let wrong = format!("login={}&password=a-wrong-password-1", demo.email);
    server.send("POST", "/sign-in", "", &wrong);
    let cookie = server.sign_in(demo);
    let form = "choice=everything&file_contents=yes";
    let asked = server.send("POST", "/exports", &cookie, form);
    let page = asked.header("location").expect("goes back to the page");
    let (_, id) = page.split_once("export=").expect("names the export");
    let request_id = asked.header("x-request-id").expect("an id").to_owned();
    server.download(&cookie, id);
    let traced = format!("/exports/{id}/status?whose={}", demo.email);
    let parent = format!("{cookie}\r\ntraceparent: 00-{TRACE}-00f067aa0ba902b7-01");
    server.send("GET", &traced, &parent, "");
    server.send("GET", &format!("/nowhere/{}", demo.email), &cookie, "");
    // Files that are gone make gaps, and a store that cannot be written a failure.
    fs::remove_dir_all(demo.artifacts()).expect("removes");
    server.send("POST", "/exports", &cookie, form);

    let deadline = Instant::now() + PATIENCE;
    while !lines(demo)
        .iter()
        .any(|line| line["message"] == "export failed")
    {
        assert!(Instant::now() < deadline, "no export failed");
        std::thread::sleep(Duration::from_millis(50));
    }
    let log = fs::read_to_string(demo.log()).expect("a log");
    let (name, token) = cookie.split_once('=').expect("a cookie");
    for secret in personal(demo).iter().chain([
        &token.to_owned(),
        &demo.password,
        &demo.email.replace('@', "%40"),
        &"a-wrong-password-1".to_owned(),
        &name.to_owned(),
    ]) {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert!(line.is_none(), "{secret}: {line:?}");
    }
    let lines = lines(demo);
    for line in &lines {
        assert!(
            line["timestamp"].is_string()
                && line["level"].is_string()
                && line["message"].is_string(),
            "{line}"
        );
    }
    let of_request = |line: &&Value| {
        let spans = line["spans"].as_array().into_iter().flatten();
        spans
            .into_iter()
            .any(|span| span["request_id"] == *request_id)
    };
    let requested = lines
        .iter()
        .find(|line| line["message"] == "export requested");
    let requested = requested.expect("it is logged");
    assert!(
        requested["export"] == *id && of_request(&requested),
        "{requested}"
    );
    let answered = lines.iter().filter(of_request);
    let answered = answered
        .filter(|line| line["message"] == "answered")
        .collect::<Vec<_>>();
    assert_eq!(answered.len(), 1);
    assert_eq!(answered[0]["route"], "/exports");
    assert_eq!(answered[0]["status"], 303);
    for message in ["export begins", "export ready", "download begins"] {
        let line = lines.iter().find(|line| line["message"] == message);
        assert_eq!(line.expect(message)["export"], *id);
    }
    let traced = lines.iter().find(|line| {
        line["route"] == "/exports/{id}/status" && line["spans"][0]["trace_id"] == TRACE
    });
    assert!(traced.is_some(), "the caller's trace");
}
