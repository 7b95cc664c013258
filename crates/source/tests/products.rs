//! The gate on every product that this repository describes: on its schema, or on a database that the
//! product itself made.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use carryall_source::coverage::{Report, coverage, unmapped_columns};
use carryall_source::data_map::DataMap;
use carryall_source::plan::Dialect;
use carryall_source::snapshot::Snapshot;
use carryall_source::sqlite::Sqlite;
use rusqlite::Connection;

/// A product's map with a database that the test may change.
struct Product {
    name: String,
    folder: tempfile::TempDir,
    map: DataMap,
}

/// Every folder below `products/` with a data map.
fn products() -> Vec<Product> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders: Vec<PathBuf> = fs::read_dir(repository.join("products"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|folder| folder.join("data-map.toml").is_file())
        .collect();
    folders.sort();
    folders
        .iter()
        .map(|folder| Product::new(&repository, folder))
        .collect()
}

impl Product {
    fn new(repository: &Path, home: &Path) -> Product {
        let name = home.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(home.join("data-map.toml")).unwrap();
        let map = DataMap::parse(&text, &name).unwrap_or_else(|error| panic!("{error}"));
        let product = Product {
            name,
            folder: tempfile::tempdir().unwrap(),
            map,
        };
        match fs::read_to_string(home.join("schema.sqlite.sql")) {
            Ok(schema) => product.sql(&schema),
            Err(_) => product.copy_real(&repository.join("../shared/data")),
        }
        product
    }

    /// The product has no schema here, so its own database is at hand.
    fn copy_real(&self, data: &Path) {
        let folder = data.join(&self.name);
        let database = fs::read_dir(&folder)
            .unwrap_or_else(|error| {
                panic!(
                    "{} needs a database in {}: {error}",
                    self.name,
                    folder.display()
                )
            })
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|end| end == "db"))
            .unwrap_or_else(|| panic!("no database in {}", folder.display()));
        // Read and written, not copied: the original's permissions say read-only.
        fs::write(self.path(), fs::read(database).unwrap()).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("product.db")
    }

    fn sql(&self, sql: &str) {
        Connection::open(self.path())
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }

    fn snapshot(&self) -> Snapshot {
        Sqlite::open(&self.path()).unwrap().snapshot().unwrap()
    }

    fn report(&self, with_data: bool) -> Report {
        coverage(&self.snapshot(), &self.map, with_data).unwrap()
    }

    /// Tables whose columns the map has to name.
    fn personal_tables(&self) -> Vec<String> {
        let catalog = self.snapshot().catalog().unwrap();
        let tables = catalog.tables.into_iter().map(|table| table.name);
        tables
            .filter(|name| !self.map.not_personal.contains_key(name))
            .collect()
    }
}

#[test]
fn every_map_accounts_for_the_whole_database() {
    for product in products() {
        let report = product.report(true);
        assert!(report.is_complete(), "{report}");
        assert_eq!(report.findings, [], "{report}");
    }
}

#[test]
fn a_column_added_to_any_table_fails_the_gate() {
    for product in products() {
        let personal = product.personal_tables();
        assert!(personal.len() > 10, "{}: {personal:?}", product.name);
        for table in &personal {
            product.sql(&format!(
                "ALTER TABLE \"{table}\" ADD COLUMN added_later TEXT"
            ));
        }
        let report = product.report(false);
        assert!(!report.is_complete());
        let found: Vec<_> = report
            .findings
            .iter()
            .map(|finding| &finding.table)
            .collect();
        assert_eq!(found, personal.iter().collect::<Vec<_>>(), "{report}");
        let unmapped = unmapped_columns(&product.map, &product.snapshot().catalog().unwrap());
        assert_eq!(unmapped.len(), personal.len());
    }
}

/// Objects of a JSON column of which the map does not take whatever is there.
fn named_json_columns(product: &Product) -> Vec<(String, String)> {
    let mut columns = Vec::new();
    for entry in &product.map.on(Dialect::Sqlite).exports {
        let Some(table) = &entry.table else { continue };
        for (column, json) in &entry.json {
            let takes_all = json
                .keep
                .iter()
                .any(|keep| format!("{keep:?}").contains("path: \"*\""));
            if !takes_all {
                columns.push((table.clone(), column.clone()));
            }
        }
    }
    columns
}

/// Adds a key to one object of a column; `false` if there is none.
fn add_key(product: &Product, table: &str, column: &str) -> bool {
    let sql = format!(
        "UPDATE \"{table}\" SET \"{column}\" = json_set(\"{column}\", '$.added_later', 'sk-hidden')
         WHERE rowid = (SELECT max(rowid) FROM \"{table}\" WHERE json_type(\"{column}\") = 'object')"
    );
    let database = Connection::open(product.path()).unwrap();
    database.execute(&sql, []).unwrap() == 1
}

#[test]
fn a_key_added_in_one_row_fails_the_gate_with_the_data() {
    for product in products() {
        let mut columns = named_json_columns(&product);
        columns.retain(|(table, column)| add_key(&product, table, column));
        let added: BTreeSet<String> = columns
            .into_iter()
            .map(|(table, column)| format!("{table}.{column}"))
            .collect();
        assert!(product.report(false).is_complete());
        let report = product.report(true);
        let found: BTreeSet<String> = report
            .findings
            .iter()
            .map(|finding| {
                assert_eq!(finding.path.as_deref(), Some("added_later"));
                assert_eq!((finding.count, finding.example), (Some(1), Some("text")));
                format!(
                    "{}.{}",
                    finding.table,
                    finding.column.as_deref().unwrap_or_default()
                )
            })
            .collect();
        assert_eq!(found, added, "{report}");
        assert!(
            !report.to_string().contains("sk-hidden"),
            "no value is ever shown"
        );
    }
}
