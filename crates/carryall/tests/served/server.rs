//! The real program as a server, and somebody who signs in to it.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const CARRYALL: &str = env!("CARGO_BIN_EXE_carryall");
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A demo in a folder of its own, and the person with the biggest account.
pub struct Demo {
    pub folder: tempfile::TempDir,
    pub email: String,
    pub password: String,
}

impl Demo {
    /// Written with these flags.
    pub fn write(flags: &[&str]) -> Demo {
        let folder = tempfile::tempdir().expect("a folder");
        let output = Command::new(CARRYALL)
            .arg("demo")
            .args(flags)
            .arg("--dir")
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

    pub fn database(&self) -> PathBuf {
        fs::read_dir(self.folder.path())
            .expect("lists")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|kind| kind == "db"))
            .expect("the demo's database")
    }

    pub fn artifacts(&self) -> PathBuf {
        self.folder.path().join("artifacts")
    }

    /// Files in the folder of artifacts, finished or not.
    pub fn artifact_count(&self) -> usize {
        fs::read_dir(self.artifacts()).map_or(0, Iterator::count)
    }

    /// As `--ledger` takes it.
    pub fn ledger(&self) -> String {
        format!("sqlite:{}", self.folder.path().join("ledger").display())
    }

    /// What the program has logged so far.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

/// The running program.
pub struct Server {
    pub child: Child,
    pub address: String,
}

impl Server {
    pub fn start(demo: &Demo) -> Server {
        Server::start_with(demo, &[])
    }

    /// Started with these flags, too.
    pub fn start_with(demo: &Demo, flags: &[&str]) -> Server {
        Server::start_in(demo, flags, &[])
    }

    /// Started with these flags, and these paths in its environment.
    pub fn start_in(demo: &Demo, flags: &[&str], environment: &[(&str, &Path)]) -> Server {
        Server::start_at(demo, &demo.artifacts(), flags, environment)
    }

    /// Keeping its exports there.
    pub fn start_at(
        demo: &Demo,
        artifacts: &Path,
        flags: &[&str],
        environment: &[(&str, &Path)],
    ) -> Server {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(demo.log())
            .expect("a log");
        let mut child = Command::new(CARRYALL)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--log",
                "debug",
                "--exports-per-day",
                "1000000",
                "--requests-per-minute",
                "1000000",
                "--source",
            ])
            .arg(format!("sqlite:{}", demo.database().display()))
            .arg("--files")
            .arg(demo.folder.path().join("files"))
            .arg("--ledger")
            .arg(demo.ledger())
            .arg("--artifacts")
            .arg(artifacts)
            .args(flags)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
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

    pub fn send(&self, method: &str, path: &str, cookie: &str, form: &str) -> Answer {
        self.answer(self.ask(method, path, cookie, "", form))
    }

    /// What is there from this byte on.
    pub fn part(&self, path: &str, cookie: &str, from: usize) -> Answer {
        let range = format!("range: bytes={from}-\r\n");
        self.answer(self.ask("GET", path, cookie, &range, ""))
    }

    /// Sends a form, and does not wait for the answer.
    pub fn post(&self, path: &str, cookie: &str, form: &str) -> TcpStream {
        self.ask("POST", path, cookie, "", form)
    }

    fn ask(&self, method: &str, path: &str, cookie: &str, more: &str, form: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("connects");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\nconnection: close\r\n\
             sec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             {more}content-length: {}\r\n\r\n{form}",
            self.address,
            form.len()
        );
        stream.write_all(request.as_bytes()).expect("sends");
        stream
    }

    #[expect(clippy::unused_self, reason = "an answer of this server")]
    fn answer(&self, mut stream: TcpStream) -> Answer {
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

    pub fn sign_in(&self, demo: &Demo) -> String {
        let form = format!(
            "login={}&password={}",
            escaped(&demo.email),
            escaped(&demo.password)
        );
        let answer = self.send("POST", "/sign-in", "", &form);
        let cookie = answer.header("set-cookie").expect("signed in");
        cookie.split(';').next().unwrap_or_default().to_owned()
    }

    /// The file of an export, once it is ready.
    pub fn download(&self, cookie: &str, id: &str) -> Answer {
        assert_eq!(self.outcome(cookie, id), "ready");
        let download = self.send("GET", &format!("/exports/{id}/download"), cookie, "");
        assert!(download.is_ok(), "{}", download.head);
        download
    }

    /// Waits until an export is no longer under way, and returns what became of it.
    fn outcome(&self, cookie: &str, id: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.send("GET", &format!("/exports/{id}/status"), cookie, "");
            let status: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
            let status = status["status"].as_str().expect("a status").to_owned();
            let is_running = matches!(&*status, "queued" | "building");
            if !is_running || Instant::now() > deadline {
                return status;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Memory that is resident now.
    pub fn rss_bytes(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most memory that was resident so far.
    pub fn peak_bytes(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, which: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(path).expect("the server runs");
        let (kib, _) = between(&status, which, "kB");
        kib.trim().parse::<u64>().expect("a number") * 1024
    }
}

/// SIGKILL: no handler runs.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request, and its answer if there is a whole one.
pub fn exchange(
    address: &str,
    method: &str,
    path: &str,
    cookie: &str,
    form: &str,
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nconnection: close\r\n\
         sec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).map_err(std::io::Error::other)?;
    Ok(Answer { head, body })
}

pub struct Answer {
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn is_ok(&self) -> bool {
        self.head.starts_with("HTTP/1.1 200")
    }
}

pub fn between<'t>(text: &'t str, start: &str, end: &str) -> (&'t str, &'t str) {
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
