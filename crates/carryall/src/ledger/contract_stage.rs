//! A ledger of each engine for the contract, and who changes it behind the program's back.

use rusqlite::Connection;

use super::Ledger;
use postgres_server::shared;

#[path = "../../tests/servers/postgres.rs"]
mod postgres_server;

/// Where a test's ledger is.
pub enum Stage {
    /// A file in a folder of its own.
    Sqlite(tempfile::TempDir),
    /// A database of its own, on the server that the tests share.
    Postgres(String),
}

/// What the triggers of the log and of its checkpoints are called, and where they are.
const TRIGGERS: [(&str, &str); 8] = [
    ("audit_is_never_changed", "audit"),
    ("audit_is_never_shortened", "audit"),
    ("audit_is_never_emptied", "audit"),
    ("audit_grows_at_its_end", "audit"),
    ("audit_checkpoint_is_never_changed", "audit_checkpoints"),
    ("audit_checkpoint_is_never_removed", "audit_checkpoints"),
    ("audit_checkpoint_is_never_emptied", "audit_checkpoints"),
    ("audit_checkpoint_names_an_event", "audit_checkpoints"),
];

impl Stage {
    pub fn sqlite() -> Stage {
        Stage::Sqlite(tempfile::tempdir().expect("a folder"))
    }

    pub fn postgres() -> Stage {
        Stage::Postgres(aside(|| shared().new_database()))
    }

    /// Opens the ledger; the second time it is another process's.
    pub fn open(&self) -> Ledger {
        // PostgreSQL's driver blocks, and a test's own thread may not.
        aside(|| Ledger::open(&self.address()).expect("a ledger"))
    }

    pub fn address(&self) -> String {
        match self {
            Stage::Sqlite(folder) => {
                format!("sqlite:{}", folder.path().join("carryall.db").display())
            }
            Stage::Postgres(name) => shared().address(name),
        }
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self, Stage::Sqlite(_))
    }

    /// Changes the records behind the program's back.
    pub fn tamper(&self, sql: &str) -> Result<(), String> {
        aside(|| match self {
            Stage::Sqlite(folder) => {
                let connection = Connection::open(folder.path().join("carryall.db"));
                let connection = connection.expect("opens");
                let done = connection.execute_batch(sql);
                done.map_err(|error| error.to_string())
            }
            Stage::Postgres(_) => {
                let client = postgres::Client::connect(&self.address(), postgres::NoTls);
                let done = client.expect("connects").batch_execute(sql);
                done.map_err(|error| format!("{error:?}"))
            }
        })
    }

    /// The same for who also takes the triggers away.
    pub fn tamper_with_force(&self, sql: &str) {
        let drop = |(name, table): (&str, &str)| {
            let on = if self.is_sqlite() { "" } else { "ON" };
            let table = if self.is_sqlite() { "" } else { table };
            format!("DROP TRIGGER IF EXISTS {name} {on} {table};")
        };
        let drops = TRIGGERS.map(drop).concat();
        self.tamper(&format!("{drops}{sql}")).expect("tampers");
    }

    /// From now on the log takes no event, until [`Stage::make_room`].
    pub fn fill_the_log(&self) {
        let full = match self {
            Stage::Sqlite(_) => {
                "CREATE TRIGGER no_room BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END;"
            }
            Stage::Postgres(_) => {
                "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'no room'; END $$;
                 CREATE TRIGGER no_room BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION no_room();"
            }
        };
        self.tamper(full).expect("tampers");
    }

    pub fn make_room(&self) {
        let empty = match self {
            Stage::Sqlite(_) => "DROP TRIGGER no_room",
            Stage::Postgres(_) => "DROP TRIGGER no_room ON audit; DROP FUNCTION no_room",
        };
        self.tamper(empty).expect("tampers");
    }
}

/// Runs what blocks on a thread that is no runtime's.
pub fn aside<T: Send>(what: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(what).join()).expect("does not panic")
}
