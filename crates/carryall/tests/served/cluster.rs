//! Several nodes on one ledger in PostgreSQL and one place of artifacts, with something between them and the
//! servers that can cut every connection.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use carryall_bucket::server::{Line, Server as Store};
use postgres::{Client, NoTls};

use crate::postgres_server::Postgres;
use crate::server::{Answer, Demo, Server, exchange};

/// What the nodes share.
pub struct Cluster {
    pub demo: Demo,
    pub database: Postgres,
    pub wire: Wire,
    /// Where finished exports and the product's files are, when not in folders.
    pub store: Option<(Store, Line)>,
}

/// Somebody with an account, and the cookie of their session.
#[derive(Debug, Clone)]
pub struct Person {
    pub key: String,
    pub cookie: String,
}

impl Cluster {
    pub fn start(demo: Demo) -> Cluster {
        let port = free_port();
        let database = Postgres::start(Some(port));
        Cluster {
            demo,
            database,
            wire: Wire::start(port),
            store: None,
        }
    }

    /// With a store in this folder, which the product's files are moved to.
    pub fn on_s3(demo: Demo, folder: &Path) -> Cluster {
        let store = Store::start_in(folder);
        let files = store.objects().join("product");
        copy(&demo.folder.path().join("files"), &files);
        let line = Line::to(&store);
        let (_, id, secret) = store.credentials();
        for (name, text) in [("s3-id", id), ("s3-secret", secret)] {
            std::fs::write(demo.folder.path().join(name), text).expect("writes");
        }
        Cluster {
            store: Some((store, line)),
            ..Cluster::start(demo)
        }
    }

    /// The flags that say where files and finished exports are.
    fn places(&self) -> Vec<String> {
        let at = |name: &str| self.demo.folder.path().join(name).display().to_string();
        let flags = match &self.store {
            None => vec![("files", at("files")), ("artifacts", at("artifacts"))],
            Some((_, line)) => vec![
                ("files", "s3://exports/product".to_owned()),
                ("artifacts", "s3://exports/kept".to_owned()),
                ("s3-endpoint", format!("http://{}", line.address())),
                ("s3-access-key-file", at("s3-id")),
                ("s3-secret-key-file", at("s3-secret")),
            ],
        };
        let flags = flags.into_iter();
        flags
            .flat_map(|(flag, value)| [format!("--{flag}"), value])
            .collect()
    }

    /// Starts a node: `serve`, `serve --web-only` or `worker`.
    pub fn node(&self, command: &[&str]) -> Server {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.demo.log())
            .expect("a log");
        let folder = self.demo.folder.path();
        let mut child = Command::new(env!("CARGO_BIN_EXE_carryall"))
            .args(command)
            .args(["--listen", "127.0.0.1:0", "--exports-per-day", "1000000"])
            .args(["--requests-per-minute", "1000000"])
            .arg("--source")
            .arg(format!("sqlite:{}", self.demo.database().display()))
            .arg("--ledger")
            .arg(format!(
                "postgres://postgres@127.0.0.1:{}/postgres",
                self.wire.port
            ))
            .arg("--keys")
            .arg(folder.join("keys"))
            .args(self.places())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("says that it is there");
        let address = line.trim().rsplit("http://").next().unwrap_or_default();
        Server {
            address: address.to_owned(),
            child,
        }
    }

    /// People of the demo, signed in: their sessions are written to the ledger, because a password's hash would
    /// cost more than all that follows.
    pub fn sign_in(&self, count: usize) -> Vec<Person> {
        let product = rusqlite::Connection::open(self.demo.database()).expect("opens");
        let mut keys = product
            .prepare("SELECT id FROM users WHERE is_active = 1 ORDER BY rowid LIMIT ?1")
            .expect("a table of people");
        let keys = keys.query_map([count], |row| row.get(0)).expect("people");
        let keys: Vec<String> = keys.map(|key| key.expect("a key")).collect();
        assert_eq!(keys.len(), count);
        let mut ledger = self.ledger();
        let people = keys.into_iter().enumerate().map(|(number, key)| {
            let token = format!("{number:064x}");
            let sql = "INSERT INTO sessions (token_sha256, id, subject_key, created_at, last_seen_at, proved_at, expires_at)
                SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex'), $2, $3, at, at, at, at + 3600000
                FROM (SELECT CAST(extract(epoch FROM now()) * 1000 AS bigint) AS at) AS clock";
            ledger
                .execute(sql, &[&token, &format!("s{number}"), &key])
                .expect("signs in");
            Person {
                key,
                cookie: format!("carryall_session={token}"),
            }
        });
        people.collect()
    }

    /// The ledger, past the wire.
    pub fn ledger(&self) -> Client {
        Client::connect(&self.database.address("postgres"), NoTls).expect("answers")
    }

    /// Every export: whose, how it stands, its id, its artifact, how often it was begun.
    pub fn exports(&self) -> Vec<Row> {
        let sql = "SELECT subject_key, status, id, artifact_key, attempt, lease_owner FROM exports";
        let rows = self.ledger().query(sql, &[]).expect("answers");
        let row = |row: postgres::Row| Row {
            subject: row.get(0),
            status: row.get(1),
            id: row.get(2),
            artifact: row.get(3),
            attempt: row.get(4),
            owner: row.get(5),
        };
        rows.into_iter().map(row).collect()
    }

    /// Waits until this holds of the exports.
    pub fn wait_for(&self, patience: Duration, what: impl Fn(&[Row]) -> bool) -> Vec<Row> {
        let deadline = Instant::now() + patience;
        loop {
            let exports = self.exports();
            if what(&exports) {
                return exports;
            }
            assert!(Instant::now() < deadline, "{exports:?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// How many exports were put off because something did not answer or had no room.
    pub fn put_off(&self) -> i64 {
        let sql = "SELECT count(*) FROM exports WHERE not_before IS NOT NULL";
        self.ledger().query_one(sql, &[]).expect("answers").get(0)
    }

    /// Names of the finished exports, and of what is left of those that were begun.
    pub fn artifacts(&self) -> BTreeSet<String> {
        let folder = match &self.store {
            None => self.demo.artifacts(),
            Some((store, _)) => store.objects().join("kept"),
        };
        let files = std::fs::read_dir(folder).expect("lists");
        files
            .map(|file| {
                file.expect("a file")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.demo.log()).unwrap_or_default()
    }

    /// Downloads an export through this node and has it checked.
    pub fn verify(&self, node: &Server, person: &Person, id: &str) {
        let download = node.send(
            "GET",
            &format!("/exports/{id}/download"),
            &person.cookie,
            "",
        );
        assert!(download.is_ok(), "{}", download.head);
        let file = self.demo.folder.path().join(format!("{id}.json"));
        std::fs::write(&file, &download.body).expect("writes");
        let verified = Command::new(env!("CARGO_BIN_EXE_carryall"))
            .arg("verify")
            .arg(&file)
            .output()
            .expect("runs");
        let said = String::from_utf8_lossy(&verified.stdout);
        assert_eq!(verified.status.code(), Some(0), "{said}");
        std::fs::remove_file(file).expect("removes");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("lists") {
        let entry = entry.expect("a file");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("is there").is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("copies");
        }
    }
}

/// An export in the ledger.
#[derive(Debug, Clone)]
pub struct Row {
    pub subject: String,
    pub status: String,
    pub id: String,
    pub artifact: Option<String>,
    pub attempt: i64,
    pub owner: Option<String>,
}

impl Row {
    pub fn is_running(&self) -> bool {
        matches!(&*self.status, "queued" | "building")
    }

    /// The process that builds it.
    pub fn process(&self) -> u32 {
        let owner = self.owner.as_deref().expect("a worker has it");
        let (_, number) = owner.rsplit_once(' ').expect("`process 123`");
        number.parse().expect("a number")
    }
}

/// Asks for everything. None when the node is not there, or cannot answer.
pub fn ask(address: &str, person: &Person) -> Option<Answer> {
    let answer = exchange(
        address,
        "POST",
        "/exports",
        &person.cookie,
        "choice=everything&file_contents=yes",
    );
    answer
        .ok()
        .filter(|answer| answer.head.starts_with("HTTP/1.1 303"))
}

/// Sends a signal to a process that this test started.
pub fn signal(name: &str, process: u32) {
    let status = Command::new("kill")
        .args([name, &process.to_string()])
        .status()
        .expect("runs");
    assert!(status.success());
}

/// Passes bytes on between the nodes and the database, until it is cut.
pub struct Wire {
    pub port: u16,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Wire {
    fn start(to: u16) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let open = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&open);
        std::thread::spawn(move || {
            for from in listener.incoming().flatten() {
                // A database that is not there hangs up at once.
                let Ok(there) = TcpStream::connect(("127.0.0.1", to)) else {
                    continue;
                };
                let mut open = kept.lock().expect("not poisoned");
                for (one, other) in [(&from, &there), (&there, &from)] {
                    let (one, other) = (one.try_clone(), other.try_clone());
                    let (one, other) = (one.expect("a socket"), other.expect("a socket"));
                    open.push(one.try_clone().expect("a socket"));
                    std::thread::spawn(move || pass(one, other));
                }
            }
        });
        Wire { port, open }
    }

    /// Cuts every connection, whatever is on its way.
    pub fn cut(&self) {
        for open in self.open.lock().expect("not poisoned").drain(..) {
            let _ = open.shutdown(Shutdown::Both);
        }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 16 << 10];
    while let Ok(count) = from.read(&mut bytes) {
        if count == 0 || to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// So many people of a demo that this many may sign in: every tenth account or so is disabled.
pub fn people_for(count: usize) -> String {
    (count + count / 6 + 8).to_string()
}

/// How many, if the check script says nothing else.
pub fn number(name: &str, default: usize) -> usize {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no flags; the check script says how many"
    )]
    let given = std::env::var(name);
    given.map_or(default, |given| given.parse().expect("a number"))
}
