//! The product on Supabase: what its own schemas hold beside the product's stays, and is accounted for.

use std::fmt::Write as _;

use crate::postgres_server::{Server, demo_on_both};
use crate::product::{DEMO_PEOPLE, Product};
use crate::program::carryall;

/// Columns of Supabase's tables, but for those that say whose a row is.
const COLUMNS: &str = "
    SELECT format('%I.%I', n.nspname, c.relname), a.attname::text, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('auth', 'storage') AND c.relkind = 'r' AND c.relname <> 'buckets' AND a.attnum > 0
        AND a.attname NOT IN ('id', 'owner_id')";

/// Puts a value that is nowhere else into every column of every row; how many columns there are.
fn poison(server: &Server) -> usize {
    let mut client = server.client();
    let columns = client.query(COLUMNS, &[]).unwrap();
    let mut sql = String::from("SET session_replication_role = replica;");
    for row in &columns {
        let [table, column, of]: [String; 3] = [0, 1, 2].map(|place| row.get(place));
        let value = match of.as_str() {
            "text" => "'canary ' || id".to_owned(),
            "timestamp with time zone" => "'2093-04-05T06:07:08Z'".to_owned(),
            // The keys stay: a key that is new would be a gap.
            "jsonb" => {
                format!("(SELECT jsonb_object_agg(key, 'canary ' || id) FROM jsonb_each({column}))")
            }
            other => panic!("a column of type {other} is new: {table}.{column}"),
        };
        writeln!(sql, "UPDATE {table} SET {column} = {value};").unwrap();
    }
    client.batch_execute(&sql).unwrap();
    columns.len()
}

#[test]
fn nothing_of_the_tables_beside_the_products_leaves() {
    let (_, postgres, server) = demo_on_both();
    let hashes = "SELECT count(encrypted_password) FROM auth.users";
    let objects = "SELECT count(DISTINCT owner_id) FROM storage.objects";
    assert!(server.number(hashes) >= 3 && server.number(objects) >= 3);
    assert!(poison(&server) >= 17);
    for who in DEMO_PEOPLE {
        let file = postgres.export(who);
        for value in ["canary", "Y2FuYXJ5", "2093-04-05"] {
            assert!(!file.text().contains(value), "{who} was given {value}");
        }
    }
}

fn coverage(product: &Product) -> Vec<std::ffi::OsString> {
    let mut arguments = vec!["coverage".into(), "--data".into()];
    arguments.extend(product.source());
    arguments
}

#[test]
fn the_gate_passes_and_names_what_is_new_beside_the_products_tables() {
    let (sqlite, postgres, server) = demo_on_both();
    carryall(coverage(&sqlite)).ended_with(0);
    carryall(coverage(&postgres)).ended_with(0);
    server.sql(
        "ALTER TABLE auth.users ADD phone text;
         CREATE TABLE storage.uploads (owner_id text, part bytea);
         UPDATE auth.users SET raw_user_meta_data = raw_user_meta_data || '{\"avatar\": \"cat\"}'",
    );
    let report = carryall(coverage(&postgres)).ended_with(1);
    for new in ["auth.users", "phone", "storage.uploads", "avatar"] {
        assert!(report.text().contains(new), "{new}: {}", report.text());
    }
    let said = postgres.try_export(DEMO_PEOPLE[0], &[]).0;
    assert_eq!(said.code, 3, "gaps are told: {}", said.stderr);
}

#[test]
fn what_stands_twice_is_the_same() {
    let (_, postgres, server) = demo_on_both();
    server
        .sql("UPDATE auth.users SET raw_user_meta_data = '{\"display_name\": \"Somebody else\"}'");
    let report = carryall(coverage(&postgres)).ended_with(1);
    assert!(
        report.text().contains("raw_user_meta_data"),
        "{}",
        report.text()
    );
}
