//! What the map names of each table: whole columns, and paths inside JSON columns.

use std::collections::{BTreeMap, BTreeSet};

use carryall_format::json::Rule;

use crate::catalog::Catalog;
use crate::check::kept_path;
use crate::data_map::{DataMap, ExportEntry, FieldForm};

/// Paths inside a JSON column, and what becomes of each.
pub(super) type NamedPaths = Vec<(String, Rule)>;

/// Names of tables and columns in small letters: SQLite's have no case.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Tables that an entry reads or a query covers.
    tables: BTreeSet<String>,
    columns: BTreeSet<(String, String)>,
    paths: BTreeMap<(String, String), NamedPaths>,
}

impl Named {
    pub(super) fn new(map: &DataMap, catalog: &Catalog) -> Named {
        let mut named = Named::default();
        for entry in &map.exports {
            if let Some(table) = &entry.table {
                named.add_table(table, entry);
            }
            for (key, names) in &entry.covers {
                named.add_covered(key, names, catalog);
            }
        }
        named
    }

    pub(super) fn has_table(&self, table: &str) -> bool {
        self.tables.contains(&table.to_lowercase())
    }

    pub(super) fn has_column(&self, table: &str, column: &str) -> bool {
        let key = key(table, column);
        self.columns.contains(&key) || self.paths.contains_key(&key)
    }

    /// The JSON columns that the map names key by key.
    pub(super) fn json_columns(&self) -> impl Iterator<Item = (&str, &str, &[(String, Rule)])> {
        self.paths
            .iter()
            .map(|((table, column), paths)| (&**table, &**column, &**paths))
    }

    fn add_table(&mut self, table: &str, entry: &ExportEntry) {
        self.tables.insert(table.to_lowercase());
        for column in whole_columns(entry) {
            self.columns.insert(key(table, column));
        }
        for (column, paths) in json_paths(entry) {
            self.paths
                .entry(key(table, &column))
                .or_default()
                .extend(paths);
        }
    }

    fn add_covered(&mut self, name: &str, names: &[String], catalog: &Catalog) {
        if catalog.table(name).is_none()
            && let Some((table, column)) = name.rsplit_once('.')
        {
            // The query's own JSON columns are read in their turn, so everything below is theirs.
            let below = names.iter().map(|path| (covering(path), Rule::Withhold));
            self.tables.insert(table.to_lowercase());
            self.paths
                .entry(key(table, column))
                .or_default()
                .extend(below);
            return;
        }
        self.tables.insert(name.to_lowercase());
        self.columns
            .extend(names.iter().map(|column| key(name, column)));
    }
}

fn key(table: &str, column: &str) -> (String, String) {
    (table.to_lowercase(), column.to_lowercase())
}

fn covering(path: &str) -> String {
    if path.is_empty() || path.ends_with('*') {
        path.to_owned()
    } else {
        format!("{path}.*")
    }
}

/// Columns that an entry accounts for as they are.
fn whole_columns(entry: &ExportEntry) -> Vec<&String> {
    let mut list: Vec<&String> = entry.extra.iter().chain(entry.withheld.keys()).collect();
    list.extend(&entry.owner);
    list.extend(&entry.author);
    list.extend(entry.parent.as_ref().map(|parent| &parent.column));
    list.extend(
        entry
            .content
            .as_ref()
            .and_then(|content| content.column.as_ref()),
    );
    for form in entry.fields.values() {
        match form {
            FieldForm::Detailed(detail) if detail.json.is_some() => list.extend(&detail.id_prefix),
            form => list.extend(form.columns()),
        }
    }
    list
}

/// Paths that an entry names, by column.
pub(super) fn json_paths(entry: &ExportEntry) -> BTreeMap<String, NamedPaths> {
    let mut paths: BTreeMap<String, NamedPaths> = BTreeMap::new();
    for (column, json) in &entry.json {
        let list = paths.entry(column.clone()).or_default();
        list.extend(json.keep.iter().map(|keep| {
            let path = kept_path(keep);
            let rule = if path.ends_with('*') {
                Rule::KeepAll
            } else {
                Rule::Keep
            };
            (path.to_owned(), rule)
        }));
        let staying = json.withheld.keys().chain(json.same_as.keys());
        list.extend(staying.map(|path| (path.clone(), Rule::Withhold)));
    }
    for form in entry.fields.values() {
        if let FieldForm::Detailed(detail) = form
            && let (Some(column), Some(path)) = (&detail.column, &detail.json)
        {
            let list = paths.entry(column.clone()).or_default();
            if !list.iter().any(|(known, _)| known == path) {
                list.push((path.clone(), Rule::Keep));
            }
        }
    }
    paths
}
