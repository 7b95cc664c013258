//! A PostgreSQL server of the test's own, on a socket in a temporary folder, with the demo's rows in it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use postgres::{Client, NoTls};
use rusqlite::types::ValueRef;

use crate::product::{Product, repository};

/// Runs until it is dropped.
pub struct Server {
    folder: tempfile::TempDir,
    port: u16,
}

impl Server {
    /// A new, empty one.
    pub fn start() -> Server {
        Server::start_with("", |_| {})
    }

    /// The same with more settings; `prepare` may change the folder of its data before it runs.
    pub fn start_with(settings: &str, prepare: impl FnOnce(&Path)) -> Server {
        let folder = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
        let path = folder.path();
        if rustix::process::geteuid().is_root() {
            // PostgreSQL refuses to run as root.
            ran(Command::new("chown").arg("postgres").arg(path));
        }
        let data = path.join("data");
        let mut initdb = tool("initdb");
        initdb.args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-N",
            "-D",
        ]);
        ran(initdb.arg(&data));
        prepare(&data);
        let settings = format!(
            "-k {} -c listen_addresses='' -c fsync=off {settings}",
            path.display()
        );
        let mut start = tool("pg_ctl");
        start
            .args(["-w", "-o", &settings, "-l"])
            .arg(path.join("log"));
        ran(start.arg("-D").arg(&data).arg("start"));
        Server { folder, port: 5432 }
    }

    /// Says on which port its settings let it listen.
    pub fn on_port(mut self, port: u16) -> Server {
        self.port = port;
        self
    }

    /// The address for `--source`, as this role.
    pub fn address(&self, role: &str) -> String {
        let folder = self.folder.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://{role}@{folder}:{}/postgres", self.port)
    }

    /// Runs SQL as the superuser.
    pub fn sql(&self, sql: &str) {
        self.client()
            .batch_execute(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// A database of this name with the demo's tables, one person's row and nothing else; its address.
    pub fn empty_demo(&self, name: &str, key: &str, email: &str) -> String {
        self.sql(&format!("CREATE DATABASE {name}"));
        let address = self.database(name);
        let mut client = Client::connect(&address, NoTls).unwrap();
        let schema = repository().join("products/isms-copilot/schema.postgres.sql");
        client
            .batch_execute(&std::fs::read_to_string(schema).unwrap())
            .unwrap();
        let person = format!(
            "INSERT INTO users (id, email, auth_providers, is_active, unsubscribe_token, created_at, updated_at)
             VALUES ('{key}', '{email}', '[]', true, 'x', now(), now())"
        );
        client.batch_execute(&person).unwrap();
        address
    }

    /// The address of another database of the server.
    fn database(&self, name: &str) -> String {
        let address = self.address("postgres");
        format!("{}/{name}", address.rsplit_once('/').unwrap().0)
    }

    /// Nobody writes to this table until the value is dropped.
    pub fn hold(&self, database: &str, table: &str) -> Client {
        let mut client = Client::connect(&self.database(database), NoTls).unwrap();
        client
            .batch_execute(&format!("BEGIN; LOCK TABLE {table} IN SHARE MODE"))
            .unwrap();
        client
    }

    /// Until somebody waits for what is held.
    pub fn wait_for_a_waiting_lock(&self, database: &str) {
        let mut client = self.client();
        let sql =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'";
        for _ in 0..6000 {
            if client
                .query_one(sql, &[&database])
                .unwrap()
                .get::<_, i64>(0)
                > 0
            {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("nobody waits for a lock in {database}");
    }

    fn client(&self) -> Client {
        Client::connect(&self.address("postgres"), NoTls).unwrap()
    }

    /// Copies every row of the demo.
    fn fill(&self, product: &Product) {
        let schema = repository().join("products/isms-copilot/schema.postgres.sql");
        self.sql(&std::fs::read_to_string(schema).unwrap());
        let mut client = self.client();
        client
            .batch_execute("SET session_replication_role = replica")
            .unwrap();
        let from = product.connection();
        let mut tables = from
            .prepare(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
            )
            .unwrap();
        let tables = tables.query_map((), |row| row.get::<_, String>(0)).unwrap();
        for table in tables.map(Result::unwrap) {
            // In no order, as a table stands after years of writing.
            let mut rows = from
                .prepare(&format!("SELECT * FROM {table} ORDER BY random()"))
                .unwrap();
            let columns = rows.column_names().join(", ");
            let count = rows.column_count();
            let mut copy = client
                .copy_in(&format!("COPY {table} ({columns}) FROM STDIN"))
                .unwrap();
            let mut rows = rows.query(()).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let values: Vec<_> = (0..count)
                    .map(|column| as_copied(row.get_ref(column).unwrap()))
                    .collect();
                writeln!(copy, "{}", values.join("\t")).unwrap();
            }
            copy.finish().unwrap();
        }
        client.batch_execute("ANALYZE").unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        ran(tool("pg_ctl")
            .args(["-m", "immediate", "-D"])
            .arg(data)
            .arg("stop"));
    }
}

/// The demo on both engines. PostgreSQL holds no NUL in a text, so the demo's goes from both.
pub fn demo_on_both() -> (Product, Product, Server) {
    demo_on(Server::start())
}

/// The same, with a server of the test's own.
pub fn demo_on(server: Server) -> (Product, Product, Server) {
    let sqlite = Product::demo();
    without_nul(&sqlite);
    server.fill(&sqlite);
    let mut postgres = Product::demo();
    postgres.server = Some(server.address("postgres"));
    (sqlite, postgres, server)
}

/// By hand: SQLite's `replace` finds no NUL.
fn without_nul(product: &Product) {
    let connection = product.connection();
    let mut found = connection
        .prepare("SELECT id, content FROM messages WHERE instr(content, char(0)) > 0")
        .unwrap();
    let found = found
        .query_map((), |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .unwrap();
    for (id, content) in found.map(Result::unwrap) {
        let values = [content.replace('\0', " "), id];
        connection
            .execute("UPDATE messages SET content = ?1 WHERE id = ?2", values)
            .unwrap();
    }
}

/// A value as COPY takes it.
fn as_copied(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "\\N".to_owned(),
        ValueRef::Integer(integer) => integer.to_string(),
        ValueRef::Real(real) => real.to_string(),
        ValueRef::Text(text) => std::str::from_utf8(text)
            .unwrap()
            .replace('\\', "\\\\")
            .replace('\t', "\\t")
            .replace('\n', "\\n")
            .replace('\r', "\\r"),
        ValueRef::Blob(bytes) => bytes.iter().fold("\\\\x".to_owned(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        }),
    }
}

/// A program of the server, as an account that it runs under.
fn tool(name: &str) -> Command {
    let program = newest_binaries().join(name);
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
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

pub fn ran(command: &mut Command) {
    // Not `output`: the server would keep the pipe open.
    let status = command
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
