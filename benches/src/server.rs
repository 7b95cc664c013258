//! A PostgreSQL server of the benchmark's own, with the rows of the demo in it.
//!
//! Promises: its files are made once and stay beside the demo; it listens on a socket alone, with the settings of
//! the tests' servers; it ends with whoever started it.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// How long a start may take.
const STARTS_WITHIN: Duration = Duration::from_mins(1);
/// What is the product's own and not a row of the demo.
const SCHEMA: &str = include_str!("../../products/isms-copilot/schema.postgres.sql");
const BESIDE: &str = include_str!("../../products/isms-copilot/demo/supabase.sql");

/// Runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    running: Child,
}

impl Server {
    /// Starts it in `folder`; with the rows of `demo` when there is none yet.
    pub fn start(folder: &Path, demo: &Path) -> Result<Server> {
        let cluster = folder.join("data");
        let is_new = !cluster.exists();
        if is_new {
            make(folder)?;
        }
        let settings = ["listen_addresses=", "fsync=off", "max_connections=200"];
        let mut command = tool("postgres")?;
        command.arg("-D").arg(&cluster).arg("-k").arg(folder);
        for setting in settings {
            command.args(["-c", setting]);
        }
        let running = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("start PostgreSQL")?;
        let server = Server {
            folder: folder.to_owned(),
            running,
        };
        server.wait()?;
        if is_new && let Err(error) = server.fill(demo) {
            drop(server);
            std::fs::remove_dir_all(&cluster)?;
            return Err(error);
        }
        Ok(server)
    }

    /// For `--source` and for sqlx.
    pub fn address(&self) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{folder}/postgres")
    }

    /// psql, with a command still to come.
    pub fn psql(&self) -> Command {
        let mut command = Command::new("psql");
        command
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h"])
            .arg(&self.folder)
            .arg("postgres");
        command
    }

    /// `15.18`
    pub fn version(&self) -> Result<String> {
        let mut command = self.psql();
        let said = command
            .args(["-At", "-c", "SHOW server_version"])
            .output()?;
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        Ok(said.split(' ').next().unwrap_or_default().trim().to_owned())
    }

    fn wait(&self) -> Result<()> {
        let deadline = Instant::now() + STARTS_WITHIN;
        loop {
            let mut command = self.psql();
            let asked = command.args(["-c", "SELECT 1"]).stdout(Stdio::null());
            if asked.stderr(Stdio::null()).status()?.success() {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Copies every row.
    fn fill(&self, demo: &Path) -> Result<()> {
        self.run(SCHEMA)?;
        let from = Connection::open_with_flags(demo, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut tables = from.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        )?;
        let tables = tables.query_map((), |row| row.get::<_, String>(0))?;
        for table in tables {
            self.copy(&from, &table?)?;
        }
        self.run(BESIDE)?;
        self.run("VACUUM (ANALYZE)")
    }

    fn run(&self, sql: &str) -> Result<()> {
        let mut psql = self
            .psql()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        psql.stdin
            .take()
            .context("no pipe")?
            .write_all(sql.as_bytes())?;
        ensure!(psql.wait()?.success(), "psql failed");
        Ok(())
    }

    fn copy(&self, from: &Connection, table: &str) -> Result<()> {
        let mut rows = from.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let (columns, count) = (rows.column_names().join(", "), rows.column_count());
        // References may point anywhere until all is there.
        let mut psql = self
            .psql()
            .args(["-c", "SET session_replication_role = replica", "-c"])
            .arg(format!("COPY {table} ({columns}) FROM STDIN"))
            .stdin(Stdio::piped())
            .spawn()?;
        let mut to = BufWriter::with_capacity(1 << 20, psql.stdin.take().context("no pipe")?);
        let mut rows = rows.query(())?;
        while let Some(row) = rows.next()? {
            for column in 0..count {
                if column > 0 {
                    to.write_all(b"\t")?;
                }
                write_copied(&mut to, row.get_ref(column)?)?;
            }
            to.write_all(b"\n")?;
        }
        to.flush()?;
        drop(to);
        ensure!(psql.wait()?.success(), "COPY {table} failed");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let id = self.running.id().to_string();
        // SIGINT: those who are connected are sent away. If it has ended already, nothing is left to do.
        let _ = Command::new("kill").args(["-INT", &id]).status();
        let _ = self.running.wait();
    }
}

/// A value as COPY takes it. PostgreSQL holds no NUL in a text.
fn write_copied(to: &mut impl Write, value: ValueRef<'_>) -> std::io::Result<()> {
    match value {
        ValueRef::Null => to.write_all(b"\\N"),
        ValueRef::Integer(integer) => write!(to, "{integer}"),
        ValueRef::Real(real) => write!(to, "{real}"),
        ValueRef::Text(text) => text.iter().try_for_each(|byte| match byte {
            0 => to.write_all(b" "),
            b'\\' => to.write_all(b"\\\\"),
            b'\t' => to.write_all(b"\\t"),
            b'\n' => to.write_all(b"\\n"),
            b'\r' => to.write_all(b"\\r"),
            byte => to.write_all(&[*byte]),
        }),
        ValueRef::Blob(bytes) => {
            to.write_all(b"\\\\x")?;
            bytes.iter().try_for_each(|byte| write!(to, "{byte:02x}"))
        }
    }
}

fn make(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    if is_root() {
        let owned = Command::new("chown").arg("postgres").arg(folder).status()?;
        ensure!(owned.success(), "chown failed: {owned}");
    }
    let mut initdb = tool("initdb")?;
    initdb
        .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "-N"])
        .args(["--locale=C.UTF-8", "-D"])
        .arg(folder.join("data"));
    let made = initdb.stdout(Stdio::null()).status()?;
    ensure!(made.success(), "initdb failed: {made}");
    Ok(())
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// A program of the server's. PostgreSQL refuses to run as root.
fn tool(name: &str) -> Result<Command> {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command
        .arg("--")
        .arg(binaries()?.join(name))
        .current_dir("/");
    Ok(command)
}

/// Where Debian puts the server's programs.
fn binaries() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let version =
        |bin: &PathBuf| -> Option<u32> { bin.parent()?.file_name()?.to_str()?.parse().ok() };
    versions
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .max_by_key(version)
        .context("PostgreSQL's server is missing (Debian: apt-get install postgresql)")
}
