//! Fields, JSON columns, contents and what stays.

use super::wrong_entry;

/// The one problem of an entry with this line.
fn wrong_field(form: &str) -> String {
    let entry = format!(
        "section = \"user_memories\"\ntable = \"m\"\nowner = \"o\"\nfields.id = \"id\"\n{form}"
    );
    let found = wrong_entry(&entry);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].replace("[[export]] 3 (section user_memories, table m), ", "")
}

#[test]
fn an_unknown_field_needs_a_kind_or_another_name() {
    assert_eq!(
        wrong_field("fields.contnet = \"c\""),
        "fields.contnet: the format has no field of this name here; did you mean `content`? a name of the product's own needs a `kind` and goes under `extra`"
    );
    assert_eq!(
        wrong_field("fields.mood = { column = \"c\", kind = \"txt\" }"),
        "fields.mood: there is no kind `txt`; did you mean `text`?"
    );
    assert!(
        wrong_field("fields.content = { column = \"c\", kind = \"text\" }")
            .contains("remove `kind`")
    );
}

#[test]
fn the_form_of_a_field_must_mean_something() {
    for (form, word) in [
        (
            "fields.content = {}",
            "exactly one of `column`, `value` and `sql`",
        ),
        (
            "fields.content = [\"c\"]",
            "a composite joins two or more columns",
        ),
        (
            "fields.content = { value = \"x\", json = \"a\" }",
            "`json` goes with a `column`",
        ),
        (
            "fields.content = { column = \"c\", covers = [\"d\"] }",
            "remove `covers`",
        ),
        (
            "fields.content = { column = \"c\", unit = \"s\" }",
            "`unit` is for times",
        ),
    ] {
        let found = wrong_field(form);
        assert!(found.contains(word), "{form}: {found}");
    }
}

#[test]
fn times_words_and_paths_must_fit_the_field() {
    for (form, word) in [
        (
            "fields.created_at = { column = \"c\", unit = \"sec\" }",
            "there is no unit `sec`",
        ),
        (
            "fields.created_at = { column = \"c\", zone = \"Mars\" }",
            "there is no time zone `Mars`",
        ),
        (
            "fields.source = { column = \"c\", values = { a = \"robot\" } }",
            "use one of manual, auto",
        ),
        (
            "fields.content = { column = \"c\", json = \"a..b\" }",
            "the path cannot be read",
        ),
    ] {
        let found = wrong_field(form);
        assert!(found.contains(word), "{form}: {found}");
    }
}

#[test]
fn what_stays_needs_a_ground_and_plain_words() {
    assert_eq!(
        wrong_field(
            "withheld.x = { ground = \"secrets\", what = \"link\", reason = \"opens it\" }"
        ),
        "withheld.x: there is no ground `secrets`; did you mean `secret`?"
    );
    let found = wrong_field("withheld.x = { ground = \"secret\", what = \"link\", reason = \"\" }");
    assert_eq!(
        found,
        "withheld.x: `reason` is empty; say it in plain words"
    );
}

#[test]
fn json_columns_are_named_with_reasons_and_once() {
    for (form, word) in [
        (
            "json.x.keep = [\"a.*\"]",
            "it takes whatever is there, without a `reason`",
        ),
        (
            "json.x.keep = [{ path = \"*\", reason = \"\" }]",
            "`reason` is empty",
        ),
        (
            "json.x = { keep = [\"a\"], same_as = { a = \"user_memories.id\" } }",
            "stands in `keep` and in `same_as`",
        ),
        (
            "json.x.same_as = { a = \"user_memories.contents\" }",
            "no [[export]] fills `user_memories.contents`",
        ),
        (
            "json.x.same_as = { a = \"message.id\" }",
            "no [[export]] feeds the section `message`",
        ),
        (
            "json.x.keep = [\"a\"]\nextra = [\"x\"]",
            "remove it from `extra`",
        ),
        (
            "extra = [\"x\"]\nwithheld.x = { ground = \"secret\", what = \"a\", reason = \"b\" }",
            "and `withheld` keeps it",
        ),
    ] {
        let found = wrong_field(form);
        assert!(found.contains(word), "{form}: {found}");
    }
}

#[test]
fn contents_belong_to_files() {
    assert!(wrong_field("content.key = \"path\"").contains("has no file contents"));
    let file = "section = \"uploaded_files\"\ntable = \"f\"\nowner = \"o\"\nfields.id = \"id\"\n";
    for (form, word) in [
        ("content = {}", "exactly one of `key` and `column`"),
        (
            "content = { key = \"p\", after = \"slash\" }",
            "write `after = \"last_slash\"`",
        ),
        (
            "content = { column = \"b\", after = \"last_slash\" }",
            "name the column with the key as `key`",
        ),
    ] {
        let found = wrong_entry(&format!("{file}{form}"));
        assert!(
            found.len() == 1 && found[0].contains(word),
            "{form}: {found:?}"
        );
    }
}

#[test]
fn objects_of_the_account_are_filled_by_into() {
    let entry = "section = \"account_settings\"\ntable = \"t\"\nowner = \"o\"\n";
    assert!(
        wrong_entry(&format!("{entry}into = \"organisation\""))[0]
            .contains("did you mean `organization`?")
    );
    assert!(
        wrong_entry(&format!("{entry}fields.retention = \"r\""))[0]
            .contains("into = \"retention\"")
    );
    let found = wrong_entry(&format!(
        "{entry}into = \"consents\"\nfields.version = \"v\""
    ));
    assert!(
        found.len() == 1 && found[0].contains("`kind` is missing"),
        "{found:?}"
    );
}
