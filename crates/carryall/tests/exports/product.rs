//! A product's database and files, in a folder of the test's own.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::export_file::ExportFile;
use crate::postgres_server::Mirror;
use crate::program::{Outcome, carryall};

/// The people of the demo.
pub const MARTA: &str = "marta@northbridge.example";
pub const KENJI: &str = "kenji@northbridge.example";
pub const LAYLA: &str = "layla@northbridge.example";
pub const TOMAS: &str = "tomas@okafor.example";
pub const DEMO_PEOPLE: [&str; 4] = [MARTA, KENJI, LAYLA, TOMAS];

/// The people of the `Open WebUI` database.
pub const BEN: &str = "ben@example.com";
pub const OPEN_WEBUI_PEOPLE: [&str; 4] = [
    "admin@example.com",
    BEN,
    "clara@example.com",
    "dana@example.com",
];

/// The people of the made-up AnythingLLM.
pub const ANYTHINGLLM_PEOPLE: [&str; 4] = ["root", "ada@example.com", "bruno", "chloe"];

/// A product that the test may change.
pub struct Product {
    pub folder: tempfile::TempDir,
    pub database: PathBuf,
    pub files: PathBuf,
    pub people: [&'static str; 4],
    map: Vec<OsString>,
    /// Where the same rows stand, when not in `database`.
    pub server: Option<String>,
    /// Where they are copied to, before anything is read.
    pub mirror: Option<RefCell<Mirror>>,
}

/// The same tests on both engines, each with a product of its own.
#[macro_export]
macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $test() { super::$test($crate::product::Product::demo) })+
        }
        mod on_postgres {
            $(#[test] fn $test() { super::$test($crate::postgres_server::mirrored_demo) })+
        }
    };
}

impl Product {
    /// The demo.
    pub fn demo() -> Product {
        Product::demo_with(&[])
    }

    /// The demo, with more flags.
    pub fn demo_with(flags: &[&str]) -> Product {
        let folder = folder();
        let path = folder.path().to_owned();
        let mut arguments: Vec<OsString> = vec!["demo".into(), "--dir".into(), path.clone().into()];
        arguments.extend(flags.iter().map(OsString::from));
        carryall(arguments).ended_with(0);
        Product {
            database: path.join("isms-copilot.db"),
            files: path.join("files"),
            people: DEMO_PEOPLE,
            map: Vec::new(),
            server: None,
            mirror: None,
            folder,
        }
    }

    /// A copy of the database that a running `Open WebUI` made.
    pub fn open_webui() -> Product {
        let original = repository().join("../shared/data/open-webui");
        let folder = folder();
        let path = folder.path();
        // Read and written, not copied: the original's permissions say read-only.
        let read = |path: &Path| {
            fs::read(path).unwrap_or_else(|error| {
                panic!(
                    "{}: {error}; this test needs the real database",
                    path.display()
                )
            })
        };
        fs::write(path.join("webui.db"), read(&original.join("webui.db"))).unwrap();
        fs::create_dir(path.join("uploads")).unwrap();
        for upload in fs::read_dir(original.join("uploads")).unwrap() {
            let upload = upload.unwrap();
            fs::write(
                path.join("uploads").join(upload.file_name()),
                read(&upload.path()),
            )
            .unwrap();
        }
        Product {
            database: path.join("webui.db"),
            files: path.join("uploads"),
            people: OPEN_WEBUI_PEOPLE,
            map: vec!["--product".into(), "open-webui".into()],
            server: None,
            mirror: None,
            folder,
        }
    }

    /// A database with nothing in it yet, for the demo's map, and an empty folder of files.
    pub fn empty() -> Product {
        let folder = folder();
        let path = folder.path().to_owned();
        fs::create_dir(path.join("files")).unwrap();
        Product {
            database: path.join("isms-copilot.db"),
            files: path.join("files"),
            people: DEMO_PEOPLE,
            map: Vec::new(),
            server: None,
            mirror: None,
            folder,
        }
    }

    /// AnythingLLM's tables with rows of ours.
    pub fn anythingllm() -> Product {
        let folder = folder();
        let path = folder.path().to_owned();
        let files = path.join("storage");
        for (name, text) in [
            (
                "documents/custom-documents/scope.txt-1.json",
                "Bergen, Oslo",
            ),
            (
                "documents/custom-documents/canary-team.txt-2.json",
                "canary",
            ),
            ("direct-uploads/minutes.txt-3.json", "We met."),
        ] {
            let file = files.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, format!("{{\"pageContent\":\"{text}\"}}")).unwrap();
        }
        let product = Product {
            database: path.join("anythingllm.db"),
            files,
            people: ANYTHINGLLM_PEOPLE,
            map: vec!["--product".into(), "anythingllm".into()],
            server: None,
            mirror: None,
            folder,
        };
        let schema = repository().join("products/anythingllm/schema.sqlite.sql");
        product.sql(&fs::read_to_string(schema).unwrap());
        product.sql(include_str!("anythingllm/rows.sql"));
        product
    }

    /// The same product, exported through its own map with one text in it replaced.
    pub fn with_map_changed(self, from: &str, to: &str) -> Product {
        self.with_map(|map| {
            let count = map.matches(from).count();
            assert_eq!(count, 1, "`{from}` must stand once in the map");
            map.replace(from, to)
        })
    }

    /// The same without what the map says of imports: rows are only made in a whole table, which a changed entry
    /// may not be.
    pub fn without_import(self) -> Product {
        self.with_map(|map| {
            let lines = map.split_inclusive('\n');
            let is_of_import = |line: &&str| {
                ["on_import", "import_"]
                    .iter()
                    .any(|start| line.starts_with(start))
            };
            lines.filter(|line| !is_of_import(line)).collect()
        })
    }

    fn with_map(mut self, change: impl FnOnce(&str) -> String) -> Product {
        let changed = self.folder.path().join("changed.toml");
        // One change after another.
        let path = if changed.exists() {
            changed.clone()
        } else {
            let name = self
                .map
                .get(1)
                .map_or("isms-copilot".as_ref(), |name| name.as_os_str());
            repository()
                .join("products")
                .join(name)
                .join("data-map.toml")
        };
        let map = fs::read_to_string(path).unwrap();
        fs::write(&changed, change(&map)).unwrap();
        self.map = vec!["--data-map".into(), changed.into()];
        self
    }

    /// A connection that writes.
    pub fn connection(&self) -> Connection {
        Connection::open(&self.database).unwrap()
    }

    /// Runs SQL on the database; the demo's checks and references do not stand in a test's way.
    pub fn sql(&self, sql: &str) {
        let connection = self.connection();
        connection
            .execute_batch("PRAGMA foreign_keys = off; PRAGMA ignore_check_constraints = on;")
            .unwrap();
        connection
            .execute_batch(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// A single text value.
    pub fn text(&self, sql: &str) -> String {
        self.connection()
            .query_row(sql, (), |row| row.get(0))
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The person's key.
    pub fn key(&self, email: &str) -> String {
        let table = if self.map.contains(&"open-webui".into()) {
            "user"
        } else {
            "users"
        };
        let column = if self.map.contains(&"anythingllm".into()) {
            "username"
        } else {
            "email"
        };
        self.text(&format!(
            "SELECT CAST(id AS TEXT) FROM \"{table}\" WHERE {column} = '{email}'"
        ))
    }

    /// The flags that name this product.
    pub fn source(&self) -> Vec<OsString> {
        let mut address = OsString::from(self.server.as_deref().unwrap_or("sqlite:"));
        if let Some(mirror) = &self.mirror {
            address = mirror.borrow_mut().of(&self.connection()).into();
        } else if self.server.is_none() {
            address.push(&self.database);
        }
        let mut arguments = vec![OsString::from("--source"), address];
        arguments.extend(self.map.iter().cloned());
        arguments
    }

    /// The arguments of an export of `who` to `out`.
    pub fn export_arguments(&self, who: &str, out: &Path, flags: &[&str]) -> Vec<OsString> {
        let mut arguments = vec![OsString::from("export")];
        arguments.extend(self.source());
        arguments.extend(["--files".into(), self.files.clone().into()]);
        arguments.extend(["--subject".into(), who.into()]);
        arguments.extend(["--out".into(), out.into()]);
        arguments.extend(flags.iter().map(OsString::from));
        arguments
    }

    /// Runs an export, whatever becomes of it. `out` of the outcome is where it was to go.
    pub fn try_export(&self, who: &str, flags: &[&str]) -> (Outcome, PathBuf) {
        let out = tempfile::Builder::new()
            .prefix("out-")
            .tempdir_in(self.folder.path())
            .unwrap()
            .keep();
        let file = out.join("export.json");
        (carryall(self.export_arguments(who, &file, flags)), file)
    }

    /// An export that is delivered, with or without gaps.
    #[track_caller]
    pub fn export(&self, who: &str) -> ExportFile {
        self.export_with(who, &[])
    }

    /// The same with more flags.
    #[track_caller]
    pub fn export_with(&self, who: &str, flags: &[&str]) -> ExportFile {
        let (outcome, file) = self.try_export(who, flags);
        assert!(matches!(outcome.code, 0 | 3), "{}", outcome.stderr);
        ExportFile::read(&file, outcome)
    }

    /// An export that must fail and leave nothing behind; what it says.
    #[track_caller]
    pub fn export_fails(&self, who: &str, flags: &[&str]) -> String {
        let (outcome, file) = self.try_export(who, flags);
        let outcome = outcome.ended_with(crate::program::FAILED);
        let left: Vec<_> = fs::read_dir(file.parent().unwrap()).unwrap().collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        assert!(outcome.stdout.is_empty(), "{}", outcome.text());
        outcome.stderr
    }
}

/// The root of this repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}
