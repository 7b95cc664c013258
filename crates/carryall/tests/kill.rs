//! A process that is killed in the middle of an export, and the next one that ends it.
//!
//! Drives the real program: nothing that a process could do on its way out is done.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const CARRYALL: &str = env!("CARGO_BIN_EXE_carryall");
const PATIENCE: Duration = Duration::from_mins(1);

/// A demo in a folder of its own, with an account that takes a while to export.
struct Demo {
    folder: tempfile::TempDir,
    email: String,
    password: String,
}

impl Demo {
    fn write() -> Demo {
        let folder = tempfile::tempdir().expect("a folder");
        let output = Command::new(CARRYALL)
            .args(["demo", "--messages", "60000", "--dir"])
            .arg(folder.path())
            .output()
            .expect("runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        // `  Name <email>, password PASSWORD: note`, the biggest account first
        let text = String::from_utf8(output.stdout).expect("text");
        let person = text
            .lines()
            .find(|line| line.contains("password"))
            .expect("people");
        let (email, rest) = between(person, "<", ">");
        let (password, _) = between(rest, "password ", ": ");
        Demo {
            email: email.to_owned(),
            password: password.to_owned(),
            folder,
        }
    }

    fn database(&self) -> PathBuf {
        fs::read_dir(self.folder.path())
            .expect("lists")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|kind| kind == "db"))
            .expect("the demo's database")
    }

    fn artifacts(&self) -> PathBuf {
        self.folder.path().join("artifacts")
    }

    /// Files in the folder of artifacts, finished or not.
    fn artifact_count(&self) -> usize {
        fs::read_dir(self.artifacts()).map_or(0, Iterator::count)
    }
}

/// The running program.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(demo: &Demo) -> Server {
        let mut child = Command::new(CARRYALL)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--log",
                "error",
                "--source",
            ])
            .arg(format!("sqlite:{}", demo.database().display()))
            .arg("--files")
            .arg(demo.folder.path().join("files"))
            .arg("--ledger")
            .arg(format!(
                "sqlite:{}",
                demo.folder.path().join("ledger/carryall").display()
            ))
            .arg("--artifacts")
            .arg(demo.artifacts())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("says where it is");
        let address = line
            .trim()
            .rsplit("http://")
            .next()
            .unwrap_or_default()
            .to_owned();
        Server { child, address }
    }

    fn send(&self, method: &str, path: &str, cookie: &str, form: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("connects");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\nconnection: close\r\n\
             sec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{form}",
            self.address,
            form.len()
        );
        stream.write_all(request.as_bytes()).expect("sends");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("answers");
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("a head");
        let body = bytes.split_off(end + 4);
        Answer {
            head: String::from_utf8(bytes).expect("text"),
            body,
        }
    }

    fn sign_in(&self, demo: &Demo) -> String {
        let form = format!(
            "login={}&password={}",
            escaped(&demo.email),
            escaped(&demo.password)
        );
        let answer = self.send("POST", "/sign-in", "", &form);
        let cookie = answer.header("set-cookie").expect("signed in");
        cookie.split(';').next().unwrap_or_default().to_owned()
    }
}

/// SIGKILL: no handler runs.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn is_ok(&self) -> bool {
        self.head.starts_with("HTTP/1.1 200")
    }
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> (&'t str, &'t str) {
    let rest = text.split_once(start).expect("the start").1;
    rest.split_once(end).expect("the end")
}

fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut escaped, byte| {
        let _ = write!(escaped, "%{byte:02X}");
        escaped
    })
}

fn status(server: &Server, cookie: &str, id: &str) -> String {
    let answer = server.send("GET", &format!("/exports/{id}/status"), cookie, "");
    let status: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    status["status"].as_str().expect("a status").to_owned()
}

/// Kills the program when its unfinished file has grown to so many bytes.
fn kill_when_written(server: Server, artifacts: &Path, bytes: u64) {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let written = fs::read_dir(artifacts).into_iter().flatten().flatten();
        let largest = written
            .filter_map(|file| Some(file.metadata().ok()?.len()))
            .max();
        if largest.is_some_and(|largest| largest >= bytes) {
            return drop(server);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("no export was begun");
}

#[test]
fn an_export_whose_process_is_killed_is_ended_by_the_next_one_and_leaves_nothing_behind() {
    let demo = Demo::write();
    fs::create_dir(demo.folder.path().join("ledger")).expect("a folder");
    let server = Server::start(&demo);
    let cookie = server.sign_in(&demo);
    let address = server.address.clone();
    let (artifacts, sent) = (demo.artifacts(), cookie.clone());
    // The click itself waits for a moment, and is cut off by the kill.
    let click = std::thread::spawn(move || {
        let form = "choice=everything&file_contents=yes";
        let mut stream = TcpStream::connect(address).expect("connects");
        let request = format!(
            "POST /exports HTTP/1.1\r\nhost: x\r\ncookie: {sent}\r\nsec-fetch-site: same-origin\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            form.len()
        );
        stream.write_all(request.as_bytes()).expect("sends");
        let _ = stream.read(&mut [0; 1]);
    });
    kill_when_written(server, &artifacts, 1);
    click.join().expect("the click ends");

    let server = Server::start(&demo);
    let page = server.send("GET", "/settings/data-protection", &cookie, "");
    let page = String::from_utf8(page.body).expect("text");
    assert!(
        page.contains("Your export is being written"),
        "the session and the export survive"
    );
    let (id, _) = between(&page, "data-status=\"/exports/", "/status");
    let deadline = Instant::now() + PATIENCE;
    while matches!(&*status(&server, &cookie, id), "queued" | "building")
        && Instant::now() < deadline
    {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(status(&server, &cookie, id), "ready");

    let download = server.send("GET", &format!("/exports/{id}/download"), &cookie, "");
    assert!(download.is_ok(), "{}", download.head);
    let length: usize = download
        .header("content-length")
        .and_then(|n| n.parse().ok())
        .expect("size");
    assert_eq!(download.body.len(), length);
    let file: serde_json::Value = serde_json::from_slice(&download.body).expect("whole JSON");
    assert_eq!(file["export"]["id"].as_str(), Some(id));
    assert!(file["integrity"]["sha256"].is_string());
    // The first attempt's file is swept by the clean-up at the start.
    assert_eq!(demo.artifact_count(), 1);
}
