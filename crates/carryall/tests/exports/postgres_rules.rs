//! Who may read what on PostgreSQL: rights, row-level security, and poolers in between.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::postgres::{comparable, reader};
use crate::postgres_server::{Server, demo_on_both};
use crate::product::{DEMO_PEOPLE, MARTA, TOMAS};
use crate::program::carryall;
use crate::servers::{as_postgres, ran};

#[test]
fn the_rights_that_are_printed_are_enough_and_one_less_is_named() {
    let (_, mut postgres, server) = demo_on_both();
    postgres.server = Some(reader(&server));
    postgres.export(MARTA);
    for (revoke, grant) in [
        (
            "SELECT (title) ON threads",
            "GRANT SELECT (\"title\") ON \"threads\" TO \"reader\";",
        ),
        (
            "SELECT (email) ON users",
            "GRANT SELECT (\"email\") ON \"users\" TO \"reader\";",
        ),
        (
            "USAGE ON SCHEMA public",
            "GRANT USAGE ON SCHEMA \"public\" TO \"reader\";",
        ),
    ] {
        if revoke.starts_with("USAGE") {
            server.sql("REVOKE USAGE ON SCHEMA public FROM PUBLIC");
        }
        server.sql(&format!("REVOKE {revoke} FROM reader"));
        let said = postgres.export_fails(MARTA, &[]);
        assert!(said.contains(grant), "{said}");
        // What it says is what mends it.
        let (_, statements) = said.split_once("owner of the tables: ").unwrap();
        server.sql(statements);
        postgres.export(MARTA);
    }
}

/// Of a product that guards its rows itself.
const WITHOUT_POLICIES: &str = "DO $$ DECLARE relation regclass; BEGIN
    FOR relation IN SELECT oid FROM pg_class WHERE relrowsecurity LOOP
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', relation);
    END LOOP; END $$;";

#[test]
fn row_level_security_is_an_error_and_never_an_empty_export() {
    let (_, mut postgres, server) = demo_on_both();
    postgres.server = Some(reader(&server));
    server.sql(&format!(
        "ALTER ROLE reader NOBYPASSRLS; {WITHOUT_POLICIES}"
    ));
    postgres.export(MARTA);
    server.sql("ALTER TABLE user_memories ENABLE ROW LEVEL SECURITY");
    let said = postgres.export_fails(MARTA, &[]);
    assert!(said.contains("rows would be left out silently"), "{said}");
    assert!(said.contains("user_memories"), "{said}");
}

#[test]
fn without_the_setting_for_it_a_table_with_policies_is_refused_in_cursor_mode() {
    const CURSOR: [&str; 2] = ["--read", "cursor"];
    let (_, mut postgres, server) = demo_on_both();
    let expected = comparable(&postgres, MARTA, &CURSOR);
    postgres.server = Some(reader(&server));
    // An engine that knows no setting at all: this function is found before the server's own.
    server.sql(
        "CREATE SCHEMA engine;
         CREATE FUNCTION engine.current_setting(text, boolean) RETURNS text LANGUAGE sql AS 'SELECT NULL::text';
         GRANT USAGE ON SCHEMA engine TO reader;
         ALTER ROLE reader NOBYPASSRLS; ALTER ROLE reader SET search_path = engine, pg_catalog",
    );
    server.sql(WITHOUT_POLICIES);
    assert_eq!(comparable(&postgres, MARTA, &CURSOR), expected);

    server.sql("ALTER TABLE user_memories ENABLE ROW LEVEL SECURITY");
    let said = postgres.export_fails(MARTA, &CURSOR);
    assert!(said.contains("rows would be left out silently"), "{said}");
    assert!(said.contains("`public.user_memories`"), "{said}");

    server.sql("ALTER ROLE reader BYPASSRLS");
    assert_eq!(comparable(&postgres, MARTA, &CURSOR), expected);

    // With the setting the server itself says it.
    server.sql("ALTER ROLE reader NOBYPASSRLS; ALTER ROLE reader RESET search_path");
    let said = postgres.export_fails(MARTA, &CURSOR);
    assert!(
        said.contains("query would be affected by row-level"),
        "{said}"
    );
}

/// A role that looks people up, and the one that the product's policies are for.
fn with_policies(server: &Server) -> String {
    let grants = carryall(["grants", "--role", "authenticated"]).ended_with(0);
    server.sql(grants.text());
    reader(server)
}

#[test]
fn claims_let_the_database_itself_guard_an_export() {
    const CLAIMS: [&str; 2] = ["--rls-claims", "{\"role\": \"authenticated\"}"];
    let (_, mut postgres, server) = demo_on_both();
    let expected = comparable(&postgres, MARTA, &[]);
    postgres.server = Some(with_policies(&server));

    let said = postgres.export_fails(MARTA, &CLAIMS);
    assert!(said.contains("GRANT \"authenticated\" TO"), "{said}");
    server.sql("GRANT authenticated TO reader");
    assert_eq!(comparable(&postgres, MARTA, &CLAIMS), expected);

    // From a file, and on one connection.
    let file = postgres.folder.path().join("claims.json");
    std::fs::write(&file, "{\"aal\": \"aal2\"}\n").unwrap();
    let flags = ["--connections", "1", "--rls-claims", file.to_str().unwrap()];
    assert_eq!(comparable(&postgres, MARTA, &flags), expected);

    // They are nobody else's.
    let other = format!("{{\"sub\": \"{}\"}}", postgres.key(TOMAS));
    let said = postgres.export_fails(MARTA, &["--rls-claims", &other]);
    assert!(said.contains("of somebody else"), "{said}");

    // For everybody the policies leave an export as it is.
    for who in DEMO_PEOPLE {
        assert_eq!(
            comparable(&postgres, who, &CLAIMS),
            comparable(&postgres, who, &[]),
            "{who}"
        );
    }

    // A map that lets others' rows through meets the policy first.
    let broken = postgres.without_import().with_map_changed(
        "table   = \"user_memories\"\nowner   = \"user_id\"",
        "table   = \"user_memories\"\nowner   = \"user_id\"\nwhere = \"1=1) OR (1=1\"",
    );
    assert!(broken.export_fails(MARTA, &[]).contains("`user_memories`"));
    assert_eq!(
        comparable(&broken, MARTA, &CLAIMS)["user_memories"],
        expected["user_memories"]
    );

    server.sql("ALTER POLICY own ON users USING (false)");
    let said = broken.export_fails(MARTA, &CLAIMS);
    assert!(said.contains("hides the account itself"), "{said}");
}

/// A pooler before a server, until it is dropped.
struct Pooler {
    folder: tempfile::TempDir,
}

impl Pooler {
    fn start(server: &Server, mode: &str, size: u8) -> Pooler {
        let folder = tempfile::Builder::new().prefix("pool").tempdir().unwrap();
        let path = folder.path().display();
        let settings = format!(
            "[databases]\n* = host={} port=5432\n[pgbouncer]\nunix_socket_dir = {path}\nlisten_port = 6432\n\
             auth_type = trust\nauth_file = {path}/users\npool_mode = {mode}\ndefault_pool_size = {size}\n\
             pidfile = {path}/pid\nlogfile = {path}/log\n",
            server.folder().display(),
        );
        std::fs::write(folder.path().join("users"), "\"postgres\" \"\"\n").unwrap();
        std::fs::write(folder.path().join("settings.ini"), settings).unwrap();
        if rustix::process::geteuid().is_root() {
            ran(Command::new("chown")
                .args(["-R", "postgres"])
                .arg(folder.path()));
        }
        let mut start = as_postgres(Path::new("/usr/sbin/pgbouncer"));
        ran(start
            .args(["-q", "-d"])
            .arg(folder.path().join("settings.ini")));
        // Its first process ends before the second one listens.
        let socket = folder.path().join(".s.PGSQL.6432");
        let deadline = Instant::now() + Duration::from_mins(1);
        while UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < deadline, "the pooler does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        Pooler { folder }
    }

    fn address(&self) -> String {
        let folder = self.folder.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://postgres@{folder}:6432/postgres")
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // One that died has taken its number along.
        if let Ok(process) = std::fs::read_to_string(self.folder.path().join("pid")) {
            ran(Command::new("kill").arg(process.trim()));
        }
    }
}

#[test]
fn a_pooler_in_transaction_mode_is_refused_and_one_that_keeps_sessions_is_not() {
    let (_, mut postgres, server) = demo_on_both();
    let expected = comparable(&postgres, MARTA, &[]);
    for (mode, size) in [("transaction", 1), ("transaction", 5), ("statement", 5)] {
        let pooler = Pooler::start(&server, mode, size);
        postgres.server = Some(pooler.address());
        let said = postgres.export_fails(MARTA, &[]);
        assert!(said.contains("a pooler in transaction mode"), "{said}");
        assert!(said.contains("session mode"), "{said}");
    }
    let pooler = Pooler::start(&server, "session", 5);
    postgres.server = Some(pooler.address());
    let found: Value = comparable(&postgres, MARTA, &[]);
    assert_eq!(found, expected);
}
