//! A PostgreSQL server of the tests' own, in a temporary folder: on a socket, and on a port if one is asked for.
//!
//! It ends with whoever started it, also when that is killed: the kernel tells it (prctl(2), `PDEATHSIG`).

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

const STARTS_WITHIN: Duration = Duration::from_mins(1);

/// The files of a server, and the server while it runs.
pub struct Postgres {
    folder: tempfile::TempDir,
    port: u16,
    running: Option<Child>,
    /// As `-c` takes them.
    settings: Vec<String>,
}

#[allow(dead_code, reason = "whoever starts a server uses a part of it")]
impl Postgres {
    /// A new, empty one. With a `port` it listens on 127.0.0.1 as well.
    pub fn start(port: Option<u16>) -> Postgres {
        Postgres::start_with(port, &[], |_| {})
    }

    /// The same with more settings; `prepare` may change the folder of its data before it runs.
    pub fn start_with(
        port: Option<u16>,
        settings: &[&str],
        prepare: impl FnOnce(&Path),
    ) -> Postgres {
        let folder = folder();
        let data = folder.path().join("data");
        ran(Command::new("cp").arg("-a").arg(empty_cluster()).arg(&data));
        prepare(&data);
        Postgres::of(folder, port, settings)
    }

    /// A replica that streams from this one, and prefers the primary's changes to its own readers.
    pub fn replica(&self) -> Postgres {
        let folder = folder();
        let mut copy = tool("pg_basebackup");
        copy.args(["-U", "postgres", "-R", "-N", "-c", "fast", "-h"])
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string(), "-D"]);
        ran(copy.arg(folder.path().join("data")));
        Postgres::of(folder, None, &["max_standby_streaming_delay=0"])
    }

    fn of(folder: tempfile::TempDir, port: Option<u16>, settings: &[&str]) -> Postgres {
        let mut server = Postgres {
            folder,
            port: port.unwrap_or(5432),
            running: None,
            settings: settings.iter().map(ToString::to_string).collect(),
        };
        server.run(port.is_some());
        server
    }

    /// Where its socket is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn run(&mut self, listens: bool) {
        let path = self.folder.path();
        let mut server = tool("postgres");
        server.arg("-D").arg(path.join("data"));
        server
            .arg("-k")
            .arg(path)
            .arg("-p")
            .arg(self.port.to_string());
        let listen = if listens { "127.0.0.1" } else { "" };
        for setting in [
            &*format!("listen_addresses={listen}"),
            "fsync=off",
            "max_connections=200",
        ] {
            server.args(["-c", setting]);
        }
        for setting in &self.settings {
            server.args(["-c", setting]);
        }
        server.stdout(Stdio::null()).stderr(Stdio::null());
        self.running = Some(server.spawn().expect("PostgreSQL starts"));
        let deadline = Instant::now() + STARTS_WITHIN;
        while let Err(error) = Client::connect(&self.address("postgres"), NoTls) {
            assert!(
                Instant::now() < deadline,
                "PostgreSQL does not start: {error}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops it at once, as a power cut would, and starts it again after a while.
    pub fn restart(&mut self, away: Duration) {
        self.stop();
        std::thread::sleep(away);
        self.run(true);
    }

    /// The address of a database over the socket, as the superuser.
    pub fn address(&self, database: &str) -> String {
        self.address_as("postgres", database)
    }

    /// The same as this role.
    pub fn address_as(&self, role: &str, database: &str) -> String {
        let folder = self.folder.path().to_str().expect("text");
        let folder = folder.replace('/', "%2F");
        format!("postgres://{role}@{folder}:{}/{database}", self.port)
    }

    /// Makes a new database, and returns its name.
    pub fn new_database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("db{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Runs SQL as the superuser.
    pub fn sql(&self, database: &str, sql: &str) {
        let mut client = Client::connect(&self.address(database), NoTls).expect("connects");
        client
            .batch_execute(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// SIGQUIT: nothing is written any more.
    fn stop(&mut self) {
        if let Some(mut child) = self.running.take() {
            ran(Command::new("kill")
                .arg("-QUIT")
                .arg(child.id().to_string()));
            let _ = child.wait();
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// One for all tests of this process.
#[allow(dead_code, reason = "the fault tests have one of their own")]
pub fn shared() -> &'static Postgres {
    static SHARED: OnceLock<Postgres> = OnceLock::new();
    SHARED.get_or_init(|| {
        let (tell, told) = std::sync::mpsc::channel();
        // The server dies with the thread that started it, and a test's thread ends with the test.
        std::thread::spawn(move || {
            let _ = tell.send(Postgres::start(None));
            loop {
                std::thread::park();
            }
        });
        told.recv().expect("PostgreSQL starts")
    })
}

/// The files of a server that has never run: made once, then copied, which takes a tenth of the time.
fn empty_cluster() -> PathBuf {
    let newest = newest_binaries();
    let version = version(&newest).unwrap_or_default();
    let made =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../target/postgres-{version}"));
    if !made.exists() {
        let folder = folder();
        let data = folder.path().join("data");
        let mut initdb = tool("initdb");
        initdb.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "-N"]);
        ran(initdb.arg("--locale=C.UTF-8").arg("-D").arg(&data));
        // Under its name when it is whole; whoever is second has made one for nothing.
        let part = made.with_extension(std::process::id().to_string());
        ran(Command::new("cp").arg("-a").arg(&data).arg(&part));
        if std::fs::rename(&part, &made).is_err() {
            let _ = std::fs::remove_dir_all(&part);
        }
    }
    made
}

/// PostgreSQL refuses to run as root. The folder goes with this process, also when nothing drops it: a server for all
/// tests is never dropped, and a test that is ended drops nothing.
#[expect(clippy::zombie_processes, reason = "the janitor outlives this process")]
fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("pg").tempdir();
    let folder = folder.expect("a folder");
    // Reads until this process is gone, gives the server a moment to end, and clears up.
    let mut janitor = Command::new("sh")
        .args(["-c", "cat; sleep 1; rm -rf -- \"$1\"", "sh"])
        .arg(folder.path())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    std::mem::forget(janitor.stdin.take());
    if rustix::process::geteuid().is_root() {
        ran(Command::new("chown").arg("postgres").arg(folder.path()));
    }
    folder
}

/// A program of the server's, as an account that it runs under.
fn tool(name: &str) -> Command {
    as_postgres(&newest_binaries().join(name))
}

/// A program, as an account that the server runs under. It ends with whoever started it.
#[allow(dead_code, reason = "some start other programs, too")]
pub fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if rustix::process::geteuid().is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command.current_dir("/");
    command
}

/// Where Debian puts the server's programs.
fn newest_binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let newest = versions
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .max_by_key(|bin| version(bin));
    newest.expect("PostgreSQL's server is missing: apt-get install postgresql")
}

fn version(bin: &Path) -> Option<u32> {
    bin.parent()?.file_name()?.to_str()?.parse().ok()
}

#[allow(dead_code, reason = "some run other programs, too")]
pub fn ran(command: &mut Command) {
    let status = command
        .stdout(Stdio::null())
        .status()
        .expect("the program is there");
    assert!(status.success(), "{command:?}: {status}");
}
