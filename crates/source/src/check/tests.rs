//! Each mistake in a map is named with its place and its fix.

use super::*;

mod against;
mod fields;

const HEAD: &str = r#"
map_version = 1
product = "Notes"
file_prefix = "notes"
controller = { name = "Example", contact = "privacy@example.com" }
[subject]
table = "users"
key = "id"
"#;

const ACCOUNT: &str = r#"
[[export]]
section = "account_settings"
table = "users"
owner = "id"
fields.user_id = "id"
"#;

const THREADS: &str = r#"
[[export]]
section = "threads"
table = "chats"
owner = "user_id"
fields.id = "id"
"#;

fn wrong(text: &str) -> Vec<String> {
    match DataMap::parse(text, "notes.toml") {
        Ok(_) => Vec::new(),
        Err(MapErrors::Problems { problems, .. }) => {
            problems.iter().map(ToString::to_string).collect()
        }
        Err(error @ MapErrors::Syntax { .. }) => vec![error.to_string()],
    }
}

/// Problems of an entry that follows the account and the threads.
fn wrong_entry(entry: &str) -> Vec<String> {
    wrong(&format!("{HEAD}{ACCOUNT}{THREADS}[[export]]\n{entry}"))
}

#[test]
fn a_small_map_is_good() {
    assert_eq!(
        wrong(&format!("{HEAD}{ACCOUNT}{THREADS}")),
        Vec::<String>::new()
    );
}

#[test]
fn a_syntax_error_names_its_line() {
    let found = wrong(&format!("{HEAD}[[export]\n"));
    assert!(
        found[0].starts_with("read the data map notes.toml, line 9, column "),
        "{found:?}"
    );
}

#[test]
fn a_value_of_the_wrong_type_names_its_line() {
    let found = wrong(&format!("{HEAD}{ACCOUNT}fields.email = 7\n"));
    assert_eq!(
        found,
        [
            "read the data map notes.toml, line 15, column 16: a field is \"column\", [\"column\", \"column\"] or { column = …, … }"
        ]
    );
}

#[test]
fn every_unknown_key_is_reported_at_once_with_the_one_that_was_meant() {
    let entry = r#"
        section = "threads"
        tabel = "chats"
        owner = "user_id"
        fields.created_at = { colum = "created_at", unit = "s" }
        withheld.share_id = { grund = "secret", what = "link", reason = "opens it" }
        json.chat.same = {}
        content.prefix = "x""#;
    assert_eq!(
        wrong_entry(entry),
        [
            "[[export]] 3 (section threads): there is no key `tabel`; did you mean `table`?",
            "[[export]] 3 (section threads), content: there is no key `prefix`; did you mean `strip_prefix`?",
            "[[export]] 3 (section threads), fields.created_at: there is no key `colum`; did you mean `column`?",
            "[[export]] 3 (section threads), withheld.share_id: there is no key `grund`; did you mean `ground`?",
            "[[export]] 3 (section threads), json.chat: there is no key `same`; did you mean `same_as`?",
        ]
    );
}

#[test]
fn the_head_is_checked() {
    let head = HEAD
        .replace("map_version = 1", "map_version = 2")
        .replace("\"notes\"", "\"My Notes\"")
        .replace("privacy@example.com", " ");
    let found = wrong(&format!(
        "{head}{ACCOUNT}[not_personal]\nusers = \"none\"\njobs = \"\"\n"
    ));
    assert_eq!(
        found,
        [
            "map_version: version 2 is not known; write `map_version = 1`",
            "file_prefix: `My Notes` cannot begin a file's name; use a-z, 0-9 and `-`",
            "controller: `contact` is empty; say it in plain words",
            "[not_personal]: `jobs` is empty; say it in plain words",
            "[not_personal]: table `users` is exported, so it holds something personal; remove it here, or remove its [[export]]",
        ]
    );
}

#[test]
fn an_unknown_section_names_the_one_that_was_meant() {
    let found = wrong_entry("section = \"mesages\"\ntable = \"m\"\nowner = \"o\"");
    assert_eq!(
        found,
        [
            "[[export]] 3 (section mesages, table m): there is no section `mesages` to export into; did you mean `messages`?"
        ]
    );
}

#[test]
fn rows_need_one_table_or_query_and_one_owner_or_parent() {
    let found = wrong_entry(
        "section = \"user_memories\"\nfields.id = \"id\"\nquery = \" \"\ntable = \"t\"\ncovers = {}",
    );
    assert_eq!(
        found,
        [
            "[[export]] 3 (section user_memories, table t): it needs exactly one of `table` and `query`; name the `table`, or write a `query` that stands for one",
            "[[export]] 3 (section user_memories, table t), query: the SQL is empty; write \"…\", or { sqlite = \"…\", postgres = \"…\" }",
            "[[export]] 3 (section user_memories, table t): it needs exactly one of `owner` and `parent`; write `owner = \"COLUMN\"` where a column holds the person's key, or `parent = { section = \"…\", column = \"…\" }`",
        ]
    );
}

#[test]
fn a_parent_stands_earlier_and_is_fed() {
    let of = |section: &str| {
        let entry = format!(
            "section = \"messages\"\ntable = \"m\"\nfields.id = \"id\"\nparent = {{ section = \"{section}\", column = \"c\" }}"
        );
        wrong_entry(&entry).join("\n")
    };
    assert_eq!(of("threads"), "");
    assert!(of("uploaded_files").contains("does not stand before the rows that belong to it"));
    assert!(of("workspaces").contains("no [[export]] feeds the section `workspaces`"));
    assert!(of("thread").contains("did you mean `threads`?"));
}

#[test]
fn a_parent_with_a_composite_id_is_refused() {
    let threads = THREADS.replace("fields.id = \"id\"", "fields.id = [\"id\", \"user_id\"]");
    let messages = "[[export]]\nsection = \"messages\"\ntable = \"m\"\nfields.id = \"id\"\nparent = { section = \"threads\", column = \"c\" }";
    let found = wrong(&format!("{HEAD}{ACCOUNT}{threads}{messages}"));
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains("the ids of `threads` are not one plain column"),
        "{found:?}"
    );
}

#[test]
fn a_parent_that_a_record_does_not_name_is_refused() {
    let found = wrong_entry(
        "section = \"messages\"\ntable = \"m\"\nfields.id = \"id\"\nfields.thread_id = \"chat_id\"\n\
         parent = { section = \"threads\", column = \"parent_id\" }",
    );
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains("finds rows by `parent_id`, but `fields.thread_id` is `chat_id`"),
        "{found:?}"
    );
}

#[test]
fn messages_have_one_entry_below_threads() {
    let found =
        wrong_entry("section = \"messages\"\ntable = \"m\"\nowner = \"o\"\nfields.id = \"id\"");
    assert!(
        found[0].contains("messages are read thread by thread"),
        "{found:?}"
    );
    let one = "section = \"messages\"\ntable = \"m\"\nfields.id = \"id\"\nparent = { section = \"threads\", column = \"c\" }\n";
    let found = wrong_entry(&format!("{one}[[export]]\n{one}"));
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains("join them in one `query` with UNION ALL"),
        "{found:?}"
    );
}

#[test]
fn missing_fields_of_the_format_are_named() {
    let found = wrong_entry("section = \"other_records\"\ntable = \"t\"\nowner = \"o\"");
    assert_eq!(
        found,
        [
            "[[export]] 3 (section other_records, table t): it needs a `collection`; add `collection = \"…\"`, the product's word for these records",
            "[[export]] 3 (section other_records, table t): `id` is missing: The collection, `:` and the product's id.; add `fields.id = \"…\"`",
        ]
    );
    let found = wrong(&format!(
        "{HEAD}{}",
        ACCOUNT.replace("fields.user_id", "fields.email")
    ));
    assert!(found[0].contains("nothing fills `user_id`"), "{found:?}");
}
