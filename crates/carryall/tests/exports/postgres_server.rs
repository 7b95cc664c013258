//! A PostgreSQL server of the test's own, on a socket in a temporary folder, with the demo's rows in it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use postgres::{Client, NoTls};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::product::{Product, repository};
use crate::servers::{Postgres, shared};

/// Runs until it is dropped.
pub struct Server {
    running: Postgres,
    database: String,
}

impl Server {
    /// A new, empty one.
    pub fn start() -> Server {
        Server::of(Postgres::start(None))
    }

    /// One with its own settings and files.
    pub fn of(running: Postgres) -> Server {
        Server {
            running,
            database: "postgres".to_owned(),
        }
    }

    /// A replica of it.
    pub fn replica(&self) -> Server {
        Server::of(self.running.replica())
    }

    /// The address for `--source`, as this role.
    pub fn address(&self, role: &str) -> String {
        self.running.address_as(role, &self.database)
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
        client.batch_execute(&schema()).unwrap();
        let person = format!(
            "INSERT INTO auth.users (id, email) VALUES ('{key}', '{email}');
             INSERT INTO users (id, email, auth_providers, is_active, unsubscribe_token, created_at, updated_at)
             VALUES ('{key}', '{email}', '[]', true, 'x', now(), now())"
        );
        client.batch_execute(&person).unwrap();
        address
    }

    /// Runs SQL as the superuser in another database.
    pub fn sql_in(&self, database: &str, sql: &str) {
        self.running.sql(database, sql);
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

    /// A single number.
    pub fn number(&self, sql: &str) -> i64 {
        let mut row = self.client().query_one(sql, &[]);
        // A replica may end this statement too, for a vacuum's sake.
        if let Err(error) = &row
            && error.code() == Some(&postgres::error::SqlState::T_R_SERIALIZATION_FAILURE)
        {
            row = self.client().query_one(sql, &[]);
        }
        let row = row.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        match row.columns()[0].type_() {
            &postgres::types::Type::INT4 => row.get::<_, Option<i32>>(0).unwrap_or(0).into(),
            _ => row.get::<_, Option<i64>>(0).unwrap_or(0),
        }
    }

    /// Where its socket is.
    pub fn folder(&self) -> &Path {
        self.running.folder()
    }

    /// The time by its clock.
    pub fn moment(&self) -> jiff::Timestamp {
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        jiff::Timestamp::from_microsecond(self.number(sql)).unwrap()
    }

    /// A connection of the superuser.
    pub fn client(&self) -> Client {
        Client::connect(&self.address("postgres"), NoTls).unwrap()
    }

    /// Copies every row of the demo.
    fn fill(&self, product: &Product) {
        let mut client = self.client();
        client.batch_execute(&schema()).unwrap();
        follow(&mut client, &product.connection(), &mut HashMap::new());
        client.batch_execute("ANALYZE").unwrap();
    }
}

fn schema() -> String {
    of_the_product("schema.postgres.sql")
}

fn of_the_product(name: &str) -> String {
    let folder = repository().join("products/isms-copilot");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Makes a server's tables what those of a file are, as far as they are not yet: `known` has what stands there.
fn follow(client: &mut Client, from: &Connection, known: &mut HashMap<String, Vec<u8>>) {
    // References may point anywhere, as they do in the file.
    let free = "SET session_replication_role = replica";
    client.batch_execute(free).unwrap();
    let mut tables = from
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        .unwrap();
    let tables = tables.query_map((), |row| row.get::<_, String>(0)).unwrap();
    let mut has_changed = false;
    for table in tables.map(Result::unwrap) {
        let mut rows = from.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = rows.column_names().join(", ");
        let count = rows.column_count();
        let mut lines: Vec<String> = Vec::new();
        let mut rows = rows.query(()).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<_> = (0..count)
                .map(|column| as_copied(row.get_ref(column).unwrap()))
                .collect();
            lines.push(values.join("\t") + "\n");
        }
        // In no order, as a table stands after years of writing.
        lines.sort_unstable_by(|a, b| a.bytes().rev().cmp(b.bytes().rev()));
        let lines = lines.concat().into_bytes();
        if known.get(&table) == Some(&lines) {
            continue;
        }
        client
            .batch_execute(&format!("DELETE FROM {table}"))
            .unwrap();
        let copy = format!("COPY {table} ({columns}) FROM STDIN");
        let mut copy = client.copy_in(&copy).unwrap();
        copy.write_all(&lines).unwrap();
        copy.finish()
            .unwrap_or_else(|error| panic!("{table}: {error:?}"));
        known.insert(table, lines);
        has_changed = true;
    }
    if has_changed {
        let beside = of_the_product("demo/supabase.sql");
        client.batch_execute(&beside).unwrap();
    }
}

/// A database that holds what a product's file holds, whenever it is read.
pub struct Mirror {
    client: Client,
    known: HashMap<String, Vec<u8>>,
    address: String,
}

impl Mirror {
    /// In a database of its own, on the one server of this process.
    fn new() -> Mirror {
        let server = shared();
        let database = server.new_database();
        let address = server.address(&database);
        let mut client = Client::connect(&address, NoTls).unwrap();
        client.batch_execute(&schema()).unwrap();
        // Any word may stand anywhere, as in the file: what leaves must not hang on it.
        client
            .batch_execute(
                "DO $$ DECLARE c record; BEGIN
                     FOR c IN SELECT conrelid::regclass AS of, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0 LOOP
                         EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.of, c.conname);
                     END LOOP;
                 END $$",
            )
            .unwrap();
        Mirror {
            client,
            known: HashMap::new(),
            address,
        }
    }

    /// Its address, once it holds what this file does.
    pub fn of(&mut self, file: &Connection) -> &str {
        follow(&mut self.client, file, &mut self.known);
        &self.address
    }
}

/// The demo on PostgreSQL: what a test changes in its file is there, too, before it is exported.
pub fn mirrored_demo() -> Product {
    let mut product = Product::demo();
    without_nul(&product);
    product.mirror = Some(RefCell::new(Mirror::new()));
    product
}

/// The demo on both engines. PostgreSQL holds no NUL in a text, so the demo's goes from both.
pub fn demo_on_both() -> (Product, Product, Server) {
    demo_on(Server::start())
}

/// The same, with a server of the test's own.
pub fn demo_on(server: Server) -> (Product, Product, Server) {
    demo_with_on(&[], server)
}

/// The same, with more flags for the demo.
pub fn demo_with_on(flags: &[&str], server: Server) -> (Product, Product, Server) {
    let sqlite = Product::demo_with(flags);
    without_nul(&sqlite);
    server.fill(&sqlite);
    let mut postgres = Product::demo_with(flags);
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
