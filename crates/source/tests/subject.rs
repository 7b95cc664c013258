//! Exactly the person who was meant is found, or nobody.

use carryall_source::credentials::{Credentials, find_credentials, find_credentials_by_key};
use carryall_source::data_map::DataMap;
use carryall_source::snapshot::Snapshot;
use carryall_source::sqlite::Sqlite;
use carryall_source::subject::{Subject, SubjectError, find_subject, find_subject_by_key};
use carryall_source::value::Value;
use rusqlite::Connection;

const MAP: &str = r#"
map_version = 1
product = "Test"
file_prefix = "test"
controller = { name = "Test GmbH", contact = "privacy@example.com" }
subject = { table = "user", key = "id", email = "email", name = "full \"name\"", active = "active" }
sign_in = { table = "login", key = "user_id", login = "login", password_hash = "hash", totp_secret = "secret", active = "on", refuse_when = ["mfa"] }
"#;

fn map() -> DataMap {
    toml::from_str(MAP).unwrap()
}

fn snapshot(schema: &str) -> Snapshot {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("product.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(schema)
        .unwrap();
    Sqlite::open(&path).unwrap().snapshot().unwrap()
}

/// People with awkward keys.
fn people() -> Snapshot {
    snapshot(
        r#"CREATE TABLE "user" (id TEXT PRIMARY KEY, email TEXT, "full ""name""" TEXT, active);
           INSERT INTO "user" VALUES
             ('u1', 'Ann@Example.com', 'Ann', 1), ('u2', 'ben@example.com', NULL, 1),
             ('it''s', 'q@example.com', NULL, 1), ('a\b', NULL, NULL, 1), ('a::b', NULL, NULL, 1),
             ('" OR 1=1 --', NULL, NULL, 1), ('ben@example.com ', NULL, NULL, 1), ('7', NULL, NULL, 1),
             ('dan@example.com', 'x@example.com', NULL, 1), ('u9', 'dan@example.com', NULL, 1),
             ('twin1', 'twin@example.com', NULL, 1), ('twin2', 'TWIN@example.com', NULL, 1),
             ('u10', 'ÄNNE@bücher.example', NULL, 1), ('みなと', NULL, NULL, 1)"#,
    )
}

fn key_of(snapshot: &Snapshot, who: &str) -> Result<String, String> {
    match find_subject(snapshot, &map(), who) {
        Ok(subject) => Ok(subject.key.to_string()),
        Err(error) => Err(format!("failed to: {error}")),
    }
}

#[test]
fn a_person_is_found_by_key_or_by_address_in_any_case() {
    let people = people();
    let ann = find_subject(&people, &map(), "aNN@example.COM").unwrap();
    assert_eq!(ann, find_subject(&people, &map(), "u1").unwrap());
    let Subject {
        key,
        email,
        name,
        active,
    } = ann;
    assert_eq!(
        (key.as_str(), email.as_deref(), name.as_deref()),
        ("u1", Some("Ann@Example.com"), Some("Ann"))
    );
    assert!(active);
    assert_eq!(key_of(&people, "änne@BÜCHER.example").unwrap(), "u10");
}

#[test]
fn quotes_backslashes_and_colons_in_a_key_are_plain_characters() {
    let people = people();
    for key in [
        "it's",
        r"a\b",
        "a::b",
        "\" OR 1=1 --",
        "ben@example.com ",
        "みなと",
        "7",
    ] {
        assert_eq!(key_of(&people, key).unwrap(), key);
    }
    for nobody in [
        "' OR '1'='1",
        "%",
        "*",
        "",
        "U1",
        "u1 ",
        "u1\0",
        "7.0",
        "07",
        "NULL",
        "a:b",
    ] {
        assert!(key_of(&people, nobody).is_err(), "{nobody:?}");
    }
}

#[test]
fn a_key_goes_before_an_address_and_a_session_takes_no_address() {
    let people = people();
    assert_eq!(
        key_of(&people, "dan@example.com").unwrap(),
        "dan@example.com"
    );
    assert!(find_subject_by_key(&people, &map(), "u1").is_ok());
    let by_address = find_subject_by_key(&people, &map(), "Ann@Example.com");
    assert!(matches!(by_address, Err(SubjectError::Unknown { .. })));
}

#[test]
fn an_unknown_or_ambiguous_person_is_told_with_what_was_looked_for_and_where() {
    let people = people();
    insta::assert_snapshot!(key_of(&people, "nobody@example.com").unwrap_err(), @"failed to: find the person `nobody@example.com`: no row of `user` has it in `id` or `email`");
    insta::assert_snapshot!(key_of(&people, "twin@example.com").unwrap_err(), @"failed to: find the person `twin@example.com`: 2 rows of `user` have it in `email`");
    let mut map = map();
    map.subject.email = None;
    insta::assert_snapshot!(find_subject(&people, &map, "ann").unwrap_err(), @"find the person `ann`: no row of `user` has it in `id`");
    map.subject.table = "people".to_owned();
    insta::assert_snapshot!(find_subject(&people, &map, "ann").unwrap_err().to_string().replace(&*people.path().to_string_lossy(), "PATH"), @"find a person by key: the database PATH has no table `people`");
    map.subject.table = "user".to_owned();
    map.subject.key = "uid".to_owned();
    insta::assert_snapshot!(find_subject(&people, &map, "ann").unwrap_err().to_string().replace(&*people.path().to_string_lossy(), "PATH"), @"find a person by key: the database PATH has no column `uid`");
}

#[test]
fn an_integer_key_is_found_by_its_decimal_text_only_and_bound_as_an_integer() {
    for declared in ["INTEGER PRIMARY KEY", "BLOB", "", "NUMERIC"] {
        let people = snapshot(&format!(
            r#"CREATE TABLE "user" (id {declared}, email TEXT, "full ""name""" TEXT, active);
               INSERT INTO "user" VALUES (5, 'five@example.com', NULL, 1), (-3, NULL, NULL, 1)"#
        ));
        let five = find_subject(&people, &map(), "5").unwrap();
        assert_eq!(
            (five.key.value(), five.key.as_str()),
            (Value::Integer(5), "5"),
            "{declared}"
        );
        assert!(five.key.is(Value::Integer(5)) && five.key.is(Value::Text(b"5")));
        assert!(!five.key.is(Value::Integer(6)) && !five.key.is(Value::Null));
        assert_eq!(key_of(&people, "-3").unwrap(), "-3");
        for nobody in ["05", "5.0", "+5", " 5", "5 ", "5e0"] {
            assert!(key_of(&people, nobody).is_err(), "{nobody:?} in {declared}");
        }
    }
}

#[test]
fn a_key_that_is_neither_text_nor_a_whole_number_is_a_mistake_in_the_map() {
    let people = snapshot(
        r#"CREATE TABLE "user" (id, email TEXT, "full ""name""" TEXT, active);
           INSERT INTO "user" VALUES (x'0102', 'a@example.com', NULL, 1)"#,
    );
    insta::assert_snapshot!(key_of(&people, "a@example.com").unwrap_err(), @"failed to: find a person: `user`.`id` holds neither text nor a whole number");
}

#[test]
fn an_account_is_disabled_by_false_zero_and_nothing() {
    for (active, expected) in [
        ("1", true),
        ("'1'", true),
        ("'true'", true),
        ("'yes'", true),
        ("1.0", true),
        ("2", true),
        ("0", false),
        ("'0'", false),
        ("'false'", false),
        ("'FALSE'", false),
        ("''", false),
        ("NULL", false),
        ("0.0", false),
        ("false", false),
        ("x''", false),
    ] {
        let people = snapshot(&format!(
            r#"CREATE TABLE "user" (id TEXT, email TEXT, "full ""name""" TEXT, active);
               INSERT INTO "user" VALUES ('u', NULL, NULL, {active})"#
        ));
        let subject = find_subject(&people, &map(), "u").unwrap();
        assert_eq!(subject.active, expected, "{active}");
        assert_eq!(subject.require_active().is_ok(), expected, "{active}");
    }
}

fn logins() -> Snapshot {
    snapshot(
        r#"CREATE TABLE login (user_id INTEGER, login TEXT, hash TEXT, "on" BOOLEAN, mfa JSON, secret TEXT);
           INSERT INTO login VALUES
             (1, 'Ann@example.com', '$2b$12$hash', 1, NULL, 'GEZDGNBVGY3TQOJQ'),
             (2, 'ben@example.com', NULL, 0, 'null', ''),
             (3, 'cleo@example.com', 'h', 1, '{"totp": true}', NULL),
             (4, 'twin@example.com', 'h4', 1, NULL, x'ff'), (5, 'TWIN@example.com', 'h5', 1, NULL, NULL)"#,
    )
}

fn credentials(login: &str) -> Option<Credentials> {
    find_credentials(&logins(), &map(), login).unwrap()
}

#[test]
fn credentials_are_found_by_login_in_any_case_and_never_printed() {
    let ann = credentials("ANN@example.com").unwrap();
    assert_eq!(
        (ann.subject_key.as_str(), ann.password_hash.as_str()),
        ("1", "$2b$12$hash")
    );
    assert!(ann.active && !ann.uses_own_sign_in);
    assert_eq!(ann.totp_secret.as_deref(), Some("GEZDGNBVGY3TQOJQ"));
    let shown = format!("{ann:?}");
    assert!(!shown.contains("hash") && !shown.contains("GEZD"));
    let ben = credentials("ben@example.com").unwrap();
    assert!(!ben.active && !ben.uses_own_sign_in && ben.password_hash.is_empty());
    assert_eq!(ben.totp_secret, None, "an empty secret is none");
    assert!(credentials("cleo@example.com").unwrap().uses_own_sign_in);
    let odd = credentials("twin@example.com").unwrap();
    assert!(odd.totp_secret.is_some(), "what is no text is not none");
    let mut without = map();
    without.sign_in.as_mut().unwrap().totp_secret = None;
    let ann = find_credentials(&logins(), &without, "Ann@example.com").unwrap();
    assert_eq!(ann.unwrap().totp_secret, None);
    assert_eq!(credentials("1"), None);
    let mut without = map();
    without.sign_in = None;
    assert_eq!(
        find_credentials(&logins(), &without, "ben@example.com").unwrap(),
        None
    );
}

#[test]
fn logins_that_differ_in_case_only_are_told_apart_by_exact_spelling() {
    assert_eq!(
        credentials("TWIN@example.com")
            .unwrap()
            .subject_key
            .as_str(),
        "5"
    );
    assert_eq!(
        credentials("twin@example.com")
            .unwrap()
            .subject_key
            .as_str(),
        "4"
    );
    let neither = find_credentials(&logins(), &map(), "Twin@example.com");
    assert!(matches!(
        neither,
        Err(SubjectError::Ambiguous { count: 2, .. })
    ));
}

#[test]
fn credentials_of_a_session_are_found_by_key_and_by_nothing_else() {
    let of = |key: &str| find_credentials_by_key(&logins(), &map(), key).unwrap();
    let ann = of("1").unwrap();
    assert_eq!(
        (ann.subject_key.as_str(), ann.password_hash.as_str()),
        ("1", "$2b$12$hash")
    );
    assert!(of("3").unwrap().uses_own_sign_in);
    for no_key in ["", "01", "1.0", "Ann@example.com", "6", "1 OR 1=1"] {
        assert_eq!(of(no_key), None, "{no_key}");
    }
    let mut without = map();
    without.sign_in = None;
    let none = find_credentials_by_key(&logins(), &without, "1").unwrap();
    assert_eq!(none, None);
}

#[test]
fn a_key_of_text_finds_its_credentials_and_two_with_one_key_are_nobodys() {
    let logins = snapshot(
        r#"CREATE TABLE login (user_id TEXT, login TEXT, hash TEXT, "on" BOOLEAN, mfa JSON, secret TEXT);
           INSERT INTO login VALUES ('u-1', 'ann@example.com', 'h1', 1, NULL, NULL),
             ('2', 'ben@example.com', 'h2', 1, NULL, NULL), ('2', 'other@example.com', 'h3', 1, NULL, NULL)"#,
    );
    let of = |key: &str| find_credentials_by_key(&logins, &map(), key);
    assert_eq!(of("u-1").unwrap().unwrap().password_hash, "h1");
    assert!(matches!(
        of("2"),
        Err(SubjectError::Ambiguous { count: 2, .. })
    ));
}
