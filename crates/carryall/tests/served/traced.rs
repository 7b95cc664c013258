//! Spans for a collector: what a small one of the test's own is sent, and that nobody waits for it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{Demo, PATIENCE, Server, exchange};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// Takes spans and keeps them.
struct Collector {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    fn start() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let bodies = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // One connection after another; each carries one request after another.
                while let Some(body) = take(&stream) {
                    kept.lock().expect("not poisoned").push(body);
                }
            }
        });
        Collector { address, bodies }
    }

    fn spans(&self) -> Vec<Value> {
        let bodies = self.bodies.lock().expect("not poisoned").clone();
        let bodies = bodies
            .iter()
            .map(|body| serde_json::from_str::<Value>(body).expect("JSON"));
        bodies
            .flat_map(|body| {
                let resource = &body["resourceSpans"][0];
                assert_eq!(
                    resource["resource"]["attributes"][0]["value"]["stringValue"],
                    "carryall"
                );
                let spans = &resource["scopeSpans"][0]["spans"];
                spans.as_array().expect("spans").clone()
            })
            .collect()
    }

    /// Waits for a span of this name.
    fn span(&self, name: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let spans = self.spans();
            if let Some(found) = spans.iter().find(|span| span["name"] == name) {
                return found.clone();
            }
            assert!(Instant::now() < deadline, "no {name} in {spans:#?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The body of the next request, which is one as OTLP wants it.
fn take(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    let (_, length) = head.split_once("content-length: ")?;
    let length = length.lines().next()?.trim().parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    (&*stream).write_all(answer.as_bytes()).ok()?;
    String::from_utf8(body).ok()
}

fn attribute<'s>(span: &'s Value, key: &str) -> &'s str {
    let attributes = span["attributes"].as_array().expect("attributes");
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    let value = &found.unwrap_or_else(|| panic!("{key}: {span:#}"))["value"];
    let word = value["stringValue"].as_str();
    word.or(value["intValue"].as_str()).expect("a value")
}

/// Asks for an export within the caller's trace; its id.
fn ask(server: &Server, cookie: &str) -> String {
    let headers = format!("{cookie}\r\ntraceparent: 00-{TRACE}-{PARENT}-01");
    let asked = exchange(
        &server.address,
        "POST",
        "/exports",
        &headers,
        "choice=everything",
    );
    let asked = asked.expect("answers");
    let page = asked.header("location").expect("goes back to the page");
    page.split_once("export=")
        .expect("names the export")
        .1
        .to_owned()
}

#[test]
fn a_request_is_in_the_caller_s_trace_and_links_to_the_export_whose_tries_are_in_its_own() {
    let collector = Collector::start();
    let demo = Demo::write(&[]);
    let endpoint = format!("http://{}/", collector.address);
    let server = Server::start_with(&demo, &["--otlp-endpoint", &endpoint]);
    let cookie = server.sign_in(&demo);
    let id = ask(&server, &cookie);
    server.download(&cookie, &id);

    let trace = id.replace('-', "");
    let (request, export, build) = (
        collector.span("POST /exports"),
        collector.span("export"),
        collector.span("build"),
    );
    assert_eq!(request["traceId"], TRACE);
    assert_eq!(request["parentSpanId"], PARENT);
    assert_eq!(request["kind"], 2);
    assert_eq!(attribute(&request, "http.response.status_code"), "303");
    assert_eq!(request["links"][0]["traceId"], *trace);
    assert_eq!(request["links"][0]["spanId"], export["spanId"]);
    assert_eq!(export["traceId"], *trace);
    assert_eq!(build["traceId"], *trace);
    assert_eq!(build["parentSpanId"], export["spanId"]);
    for span in [&export, &build] {
        assert_eq!(attribute(span, "carryall.export_id"), id);
        assert_eq!(attribute(span, "carryall.outcome"), "ready");
    }
    let at = |span: &Value, key: &str| {
        span[key]
            .as_str()
            .expect("a time")
            .parse::<u64>()
            .expect("a number")
    };
    assert!(at(&export, "startTimeUnixNano") <= at(&build, "startTimeUnixNano"));
    assert!(at(&build, "startTimeUnixNano") <= at(&build, "endTimeUnixNano"));
    collector.span("GET /exports/{id}/download");
    let sent = collector.bodies.lock().expect("not poisoned").join("\n");
    let person = rusqlite::Connection::open(demo.database())
        .expect("opens")
        .query_row(
            "SELECT id FROM users WHERE email = ?1",
            [&demo.email],
            |row| row.get::<_, String>(0),
        );
    for secret in [&demo.email, &person.expect("a person"), &demo.password] {
        assert!(!sent.contains(secret.as_str()), "{secret}");
    }
}

#[test]
fn a_collector_that_is_away_holds_nobody_up_and_what_it_missed_is_counted() {
    let demo = Demo::write(&[]);
    // Nobody listens there any more.
    let closed = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr();
    let closed = closed.expect("an address");
    let endpoint = format!("http://{closed}");
    let flags = [
        "--otlp-endpoint",
        &*endpoint,
        "--metrics-listen",
        "127.0.0.1:0",
        "--log-format",
        "json",
    ];
    let server = Server::start_with(&demo, &flags);
    let cookie = server.sign_in(&demo);
    let id = ask(&server, &cookie);
    server.download(&cookie, &id);
    let log = std::fs::read_to_string(demo.log()).expect("a log");
    let watched = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|line| Some(line["address"].as_str()?.to_owned()))
        .expect("it says where");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let metrics = exchange(&watched, "GET", "/metrics", "", "").expect("answers");
        let text = String::from_utf8(metrics.body).expect("text");
        let dropped = text
            .lines()
            .find_map(|line| line.strip_prefix("carryall_spans_dropped_total "));
        if dropped
            .expect("it is counted")
            .parse::<u64>()
            .expect("a number")
            >= 4
        {
            break;
        }
        assert!(Instant::now() < deadline, "{text}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
