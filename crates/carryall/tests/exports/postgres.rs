//! The same product on PostgreSQL: the same export, and how it fails there.

use carryall_source::connect::{Source, SourceOptions};
use carryall_source::counts::count;
use carryall_source::credentials::{find_credentials, find_credentials_by_key};
use carryall_source::data_map::DataMap;
use carryall_source::error::SourceError;
use carryall_source::snapshot::Snapshot;
use carryall_source::subject::find_subject;
use serde_json::{Value, json};

use crate::postgres_server::{Server, demo_on_both, mirrored_demo};
use crate::product::{DEMO_PEOPLE, MARTA, Product, repository};
use crate::program::{WITH_GAPS, carryall};

/// An export without what differs from run to run.
pub fn comparable(product: &Product, who: &str, flags: &[&str]) -> Value {
    let (code, export) = comparable_parts(product, who, flags);
    assert_eq!(code, 0, "{}", export["gaps"]);
    export
}

/// The same of an export that may have gaps, and how it ended.
pub fn comparable_parts(product: &Product, who: &str, flags: &[&str]) -> (i32, Value) {
    let (outcome, file) = product.try_export(who, flags);
    assert!(matches!(outcome.code, 0 | WITH_GAPS), "{}", outcome.stderr);
    carryall(["verify".as_ref(), file.as_os_str()]).ended_with(0);
    let mut export: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let whole = export.as_object_mut().unwrap();
    whole.remove("export");
    whole.remove("integrity");
    for section in whole["summary"]["sections"]
        .as_object_mut()
        .unwrap()
        .values_mut()
    {
        // Only what stands before the sections differs.
        section.as_object_mut().unwrap().remove("offset");
    }
    whole["summary"]
        .as_object_mut()
        .unwrap()
        .retain(|name, _| !name.contains("bytes"));
    (outcome.code, export)
}

#[test]
fn both_engines_give_the_same_export_of_everybody_however_it_is_read() {
    const WAYS: [&[&str]; 4] = [
        &[],
        &["--connections", "1"],
        &["--connections", "3"],
        &["--read", "cursor"],
    ];
    let (sqlite, postgres, _server) = demo_on_both();
    for who in DEMO_PEOPLE {
        let expected = comparable(&sqlite, who, &[]);
        for flags in WAYS {
            let found = comparable(&postgres, who, flags);
            for (section, records) in expected.as_object().unwrap() {
                assert_eq!(&found[section], records, "{section} of {who}, {flags:?}");
            }
        }
    }
}

#[test]
fn records_and_files_in_columns_stand_by_time_and_then_id() {
    let product = Product::demo().with_map_changed(
        "content = { key = \"storage_key\" }\nfields.id                  = \"id\"",
        "content = { column = \"content\" }\nfields.id = \"id\"",
    );
    // The last of the disk are the first of the list.
    product.sql(
        "CREATE TEMP TABLE two AS SELECT * FROM generated_documents WHERE content IS NOT NULL LIMIT 2;
         UPDATE two SET id = '00000000-0000-7000-8000-00000000000' || (3 - rowid), previous_version_id = NULL,
             created_at = '2020-01-01T00:00:00.000Z';
         INSERT INTO generated_documents SELECT * FROM two;",
    );
    let file = product.export(MARTA);
    for section in ["uploaded_files", "generated_documents", "user_memories"] {
        let records = file.list(section).iter();
        let keys: Vec<_> = records
            .map(|record| format!("{} {}", record["created_at"], record["id"]))
            .collect();
        assert!(keys.len() > 1 && keys.is_sorted(), "{section}: {keys:?}");
    }
    let files = file.list("file_contents").iter();
    let mut of_files: Vec<_> = files
        .filter(|part| part["section"] == "generated_documents")
        .map(|part| part["file_id"].to_string())
        .collect();
    of_files.dedup();
    let documents = file.list("generated_documents").iter();
    let mut expected: Vec<_> = documents.map(|record| record["id"].to_string()).collect();
    expected.retain(|id| of_files.contains(id));
    assert!(of_files.len() > 2 && of_files == expected, "{of_files:?}");
}

pub fn reader(server: &Server) -> String {
    let grants = carryall(["grants", "--role", "reader"]).ended_with(0);
    let role = "CREATE ROLE reader LOGIN BYPASSRLS;";
    server.sql(&format!("{role} {}", grants.text()));
    server.address("reader")
}

#[test]
fn a_type_that_nobody_taught_is_named_with_its_remedy() {
    let (_, postgres, server) = demo_on_both();
    server.sql(
        "ALTER TABLE feedback ALTER comment TYPE tsvector USING to_tsvector('simple', comment)",
    );
    let said = postgres.export_fails(MARTA, &[]);
    assert!(
        said.contains("the column `comment` has the type `tsvector`"),
        "{said}"
    );
    assert!(said.contains("comment::text"), "{said}");
}

#[test]
fn a_connection_that_is_cut_in_the_middle_leaves_nothing_behind() {
    let (_, postgres, _server) = demo_on_both();
    let postgres = postgres.with_map_changed(
        "where   = \"disconnected_at IS NULL\"",
        "where   = \"pg_terminate_backend(pg_backend_pid())\"",
    );
    let said = postgres.export_fails(MARTA, &[]);
    assert!(said.contains("ended it"), "{said}");
}

#[test]
fn the_gate_passes_and_names_a_column_that_was_added() {
    let (_, postgres, server) = demo_on_both();
    let mut arguments = vec!["coverage".into(), "--data".into()];
    arguments.extend(postgres.source());
    carryall(arguments.clone()).ended_with(0);
    server
        .sql("ALTER TABLE threads ADD mood text; CREATE TABLE diaries (user_id uuid, entry text)");
    let report = carryall(arguments).ended_with(1);
    assert!(report.text().contains("mood"), "{}", report.text());
    assert!(report.text().contains("diaries"), "{}", report.text());
}

#[test]
fn every_type_is_written_as_what_it_is() {
    let (_, postgres, server) = demo_on_both();
    server.sql(
        "CREATE TYPE mood AS ENUM ('calm', 'wild');
         ALTER TABLE feedback ADD a smallint DEFAULT -7, ADD b numeric DEFAULT 12.50,
             ADD c numeric DEFAULT 12345678901234567890.123, ADD d real DEFAULT 0.1,
             ADD e double precision DEFAULT 2.5, ADD f timestamp DEFAULT '2026-03-01 09:30:00.25',
             ADD g date DEFAULT '2026-03-01', ADD h time DEFAULT '09:30', ADD i bytea DEFAULT '\\xff00',
             ADD j text[] DEFAULT '{\"a\\\"\", NULL}', ADD k inet DEFAULT '192.0.2.7',
             ADD l cidr DEFAULT '2001:db8::/32', ADD m int4range DEFAULT '[1,5)',
             ADD n mood DEFAULT 'wild', ADD o char(3) DEFAULT 'x', ADD p boolean DEFAULT true,
             ADD q int[] DEFAULT '{{1,2},{3,4}}';
         CREATE EXTENSION citext;
         CREATE DOMAIN grade AS varchar(9) CHECK (VALUE <> '');
         ALTER TABLE feedback ADD r varchar(9) DEFAULT 'é', ADD s citext DEFAULT 'Ann', ADD t grade DEFAULT 'good',
             ADD u jsonb DEFAULT '{\"a\": 1}', ADD v json DEFAULT '{\"b\":  2}',
             ADD w uuid DEFAULT '0190F5A0-7C1E-7000-8000-00000000000A',
             ADD x timestamptz DEFAULT '2026-03-01 09:30:00.25+02', ADD y uuid[] DEFAULT '{0190f5a0-7c1e-7000-8000-00000000000a}',
             ADD z tstzrange DEFAULT '[2026-03-01 09:00+00,)', ADD aa daterange DEFAULT '[2026-03-01,2026-03-09)',
             ADD ab numrange DEFAULT '(0.5,1]', ADD ac bigint DEFAULT 9007199254740991, ADD ad mood[] DEFAULT '{calm,wild}',
             ADD ae text DEFAULT E'line\n\"two\"', ADD af boolean[] DEFAULT '{true,false}'",
    );
    let columns: Vec<_> = ('a'..='z')
        .map(String::from)
        .chain(('a'..='f').map(|last| format!("a{last}")))
        .filter(|name| name != "u" && name != "v")
        .map(|name| format!("\"{name}\""))
        .collect();
    let postgres = postgres.with_map_changed(
        "extra = [\"rating\", \"comment\"]",
        &format!("extra = [{}]\njson.u.keep = [\"a\"]\njson.v.keep = [\"b\"]\nwithheld.rating = {{ ground = \"secret\", what = \"a\", reason = \"b\" }}\nwithheld.comment = {{ ground = \"secret\", what = \"a\", reason = \"b\" }}", columns.join(", ")),
    );
    let (outcome, file) = postgres.try_export(MARTA, &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let export: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let records = export["other_records"].as_array().unwrap();
    let feedback = records
        .iter()
        .find(|record| record["collection"] == "feedback")
        .unwrap();
    assert_eq!(
        feedback["extra"],
        json!({
            "a": -7, "b": 12.5, "c": "12345678901234567890.123", "d": 0.1, "e": 2.5,
            "f": "2026-03-01T09:30:00.250", "g": "2026-03-01", "h": "09:30:00", "i": "/wA=",
            "j": "[\"a\\\"\",null]", "k": "192.0.2.7", "l": "2001:db8::/32", "m": "[1,5)",
            "n": "wild", "o": "x  ", "p": 1, "q": "[[1,2],[3,4]]", "r": "é", "s": "Ann", "t": "good",
            "u": {"a": 1}, "v": {"b": 2}, "w": "0190f5a0-7c1e-7000-8000-00000000000a",
            "x": "2026-03-01T07:30:00.250Z", "y": "[\"0190f5a0-7c1e-7000-8000-00000000000a\"]",
            "z": "[2026-03-01T09:00:00Z,)", "aa": "[2026-03-01,2026-03-09)", "ab": "(0.5,1]",
            "ac": 9_007_199_254_740_991_i64, "ad": "[\"calm\",\"wild\"]", "ae": "line\n\"two\"", "af": "[true,false]",
        })
    );
}

#[test]
fn a_file_in_a_column_is_read_in_pieces_and_whole() {
    let contents = |product: &Product| product.export(MARTA).list("file_contents").to_vec();
    let mut product = mirrored_demo().with_map_changed(
        "content = { key = \"storage_key\" }\nfields.id                  = \"id\"",
        "content = { column = \"content\" }\nfields.id = \"id\"",
    );
    // Longer than two pieces, with characters of two bytes over their ends.
    product.sql(
        "UPDATE generated_documents SET content = replace(hex(zeroblob(4500000)), '0', 'é') || 'the end'
         WHERE id = (SELECT min(id) FROM generated_documents WHERE content IS NOT NULL)",
    );
    let found = contents(&product);
    product.mirror = None;
    let expected = contents(&product);
    assert!(found.len() > 10, "{}", found.len());
    assert_eq!(found, expected);
}

#[test]
fn an_address_that_answers_nothing_is_an_error_with_advice() {
    let mut product = Product::demo();
    product.server = Some("postgres://ann:s3cret@127.0.0.1:1/none".to_owned());
    let said = product.export_fails(MARTA, &[]);
    assert!(
        said.contains("connect to postgres://…@127.0.0.1:1/none"),
        "{said}"
    );
    assert!(!said.contains("s3cret"), "{said}");
}

pub fn connected(product: &Product) -> Source {
    let file = || format!("sqlite:{}", product.database.display());
    let database = product.server.clone().unwrap_or_else(file);
    let options = SourceOptions {
        database,
        ..SourceOptions::default()
    };
    Source::connect(&options).unwrap()
}

fn memories(snapshot: &Snapshot) -> usize {
    let mut count = 0;
    let mut rows = snapshot.prepare("SELECT id FROM user_memories").unwrap();
    rows.for_each(&[], |_| {
        count += 1;
        Ok::<(), SourceError>(())
    })
    .unwrap();
    count
}

#[test]
fn both_connections_see_the_moment_at_which_the_first_began() {
    let (_, postgres, server) = demo_on_both();
    let source = connected(&postgres);
    let mut both = source.snapshots("").unwrap();
    let (one, two) = (both.remove(0), both.pop());
    server.sql("DELETE FROM user_memories");
    assert!(memories(&one) > 0);
    assert_eq!(memories(&one), memories(&two.unwrap()));
    assert_eq!(memories(&source.snapshot().unwrap()), 0);
}

#[test]
fn the_moment_is_that_of_the_first_connection_however_long_the_second_takes() {
    let (_, postgres, server) = demo_on_both();
    let source = connected(&postgres);
    // Before it asks who is there, a new process of the server waits for a second.
    server.sql("ALTER SYSTEM SET pre_auth_delay = 1");
    server.sql("SELECT pg_reload_conf()");
    let both = source.snapshots("").unwrap();
    let later = server.moment();
    assert_eq!(both.len(), 2);
    for snapshot in &both {
        let moment = snapshot.moment().unwrap();
        assert!(moment < later);
    }
    let between = later.duration_since(both[0].moment().unwrap());
    assert!(between.as_secs() >= 1, "{between}");
}

#[test]
fn a_password_is_found_by_login_and_by_key() {
    let (sqlite, postgres, _server) = demo_on_both();
    let text = std::fs::read_to_string(repository().join("products/isms-copilot/data-map.toml"));
    let map = DataMap::parse(&text.unwrap(), "map").unwrap();
    let snapshot = connected(&postgres).snapshot().unwrap();
    let by_login = find_credentials(&snapshot, &map, MARTA).unwrap().unwrap();
    let by_key = find_credentials_by_key(&snapshot, &map, &sqlite.key(MARTA)).unwrap();
    assert_eq!(by_key, Some(by_login));
    let nobody = find_credentials_by_key(&snapshot, &map, "no key of that kind").unwrap();
    assert_eq!(nobody, None);
}

#[test]
fn two_statements_of_one_snapshot_stand_open_at_once() {
    let (_, postgres, _server) = demo_on_both();
    let snapshot = connected(&postgres).snapshot().unwrap();
    let mut outer = snapshot
        .prepare("SELECT generate_series(1::bigint, 3000)")
        .unwrap();
    let mut inner = snapshot.prepare("SELECT $1::bigint + 1").unwrap();
    let mut sum = 0;
    outer
        .for_each(&[], |row| {
            inner.for_each(&[row.value(0)], |row| {
                if let carryall_source::value::Value::Integer(integer) = row.value(0) {
                    sum += integer;
                }
                Ok::<(), SourceError>(())
            })
        })
        .unwrap();
    assert_eq!(sum, 3000 * 3001 / 2 + 3000);
}

#[test]
fn the_pages_count_the_same_on_both_engines() {
    let (sqlite, postgres, _server) = demo_on_both();
    let map = repository().join("products/isms-copilot/data-map.toml");
    let map = DataMap::parse(&std::fs::read_to_string(map).unwrap(), "map").unwrap();
    for who in DEMO_PEOPLE {
        let [expected, found] = [&sqlite, &postgres].map(|product| {
            let snapshot = connected(product).snapshot().unwrap();
            // In any case, as people type their addresses.
            let subject = find_subject(&snapshot, &map, &who.to_uppercase()).unwrap();
            let mut counts = count(&snapshot, &map, &subject).unwrap();
            counts.workspaces.sort_by(|a, b| a.id.cmp(&b.id));
            counts
        });
        assert_eq!(found.sections, expected.sections, "{who}");
        assert_eq!(found.workspaces, expected.workspaces, "{who}");
        assert_eq!(
            found.outside_workspaces, expected.outside_workspaces,
            "{who}"
        );
        assert_eq!(found.file_bytes, expected.file_bytes, "{who}");
    }
}
