//! What the filter keeps of objects and lists.

use super::*;

pub fn rules(keep: &[&str], stay: &[&str]) -> KeyFilter {
    let path = |text: &&str| JsonPath::parse(text).unwrap();
    let kept = keep.iter().map(|text| (path(text), Rule::Keep));
    let withheld = stay.iter().map(|text| (path(text), Rule::Withhold));
    KeyFilter::new(kept.chain(withheld))
}

pub fn filtered(keys: &KeyFilter, input: &str) -> Result<(String, JsonIssues), InvalidJson> {
    let mut out = b"before".to_vec();
    let mut issues = JsonIssues::default();
    let result = filter(&mut out, input.as_bytes(), keys, &mut issues);
    let text = String::from_utf8(out).unwrap().split_off(6);
    assert!(result.is_ok() || (text.is_empty() && issues.is_empty()));
    result.map(|()| (text, issues))
}

/// What is kept of `input`, and the unmapped paths.
#[track_caller]
fn check(keys: &KeyFilter, input: &str, kept: &str, unmapped: &[&str]) {
    let (text, issues) = filtered(keys, input).unwrap();
    let paths: Vec<&str> = issues.unmapped.iter().map(String::as_str).collect();
    assert_eq!(
        (text.as_str(), paths.as_slice()),
        (kept, unmapped),
        "{input}"
    );
}

pub fn everything(input: &str) -> (String, JsonIssues) {
    filtered(&KeyFilter::everything(), input).unwrap()
}

#[test]
fn only_named_keys_are_kept_and_the_others_are_told() {
    let keys = rules(&["title", "ui.theme", "files[].id"], &["share.token"]);
    check(
        &keys,
        r#" { "title" : "T", "ui": {"theme": "dark", "font": {"size": 3}}, "share": {"token": "x"},
            "files": [ {"id": 1, "path": "/a"}, {"id": 2} ], "other": [1, {"deep": null}] } "#,
        r#"{"title":"T","ui":{"theme":"dark"},"files":[{"id":1},{"id":2}]}"#,
        &["files[].path", "other[]", "other[].deep", "ui.font.size"],
    );
}

#[test]
fn a_leaf_is_a_scalar_a_list_of_scalars_null_or_empty() {
    for path in ["tags", "tags[]"] {
        let keys = rules(&[path], &[]);
        for value in [
            r#""a""#,
            "1",
            "null",
            "[]",
            "{}",
            r#"["a",1,null]"#,
            "[[1],[2,[3]]]",
            "[{},[]]",
        ] {
            let input = format!(r#"{{"tags":{value}}}"#);
            check(&keys, &input, &input, &[]);
        }
        check(
            &keys,
            r#"{"tags":{"a":1,"b":{"c":2}}}"#,
            "{}",
            &["tags.a", "tags.b.c"],
        );
        check(
            &keys,
            r#"{"tags":["x",{"a":1}]}"#,
            r#"{"tags":["x",{}]}"#,
            &["tags[].a"],
        );
    }
}

#[test]
fn a_container_that_is_empty_is_kept_where_something_below_it_is_named() {
    let keys = rules(&["a.b.c", "l[].x"], &["s.t"]);
    for input in [
        r#"{"a":{}}"#,
        r#"{"a":null}"#,
        r#"{"a":{"b":{}}}"#,
        r#"{"a":{"b":[]}}"#,
        r#"{"l":[]}"#,
        r#"{"l":[{},null]}"#,
        "{}",
        "null",
        "[]",
    ] {
        check(&keys, input, input, &[]);
    }
    check(&keys, r#"{"s":{},"a":{"b":{"d":1}}}"#, "{}", &["a.b.d"]);
    check(&keys, r#"{"a":{"b":"scalar"}}"#, "{}", &["a.b"]);
    check(&keys, r#"{"z":null,"y":[],"x":{}}"#, "{}", &["x", "y", "z"]);
}

#[test]
fn lists_are_taken_only_where_the_path_says_so_and_keep_their_positions() {
    let keys = rules(&["l[].x", "o.x"], &[]);
    check(
        &keys,
        r#"{"l":[{"y":1},{"x":2},7,[8]]}"#,
        r#"{"l":[{},{"x":2},null,[]]}"#,
        &["l[]", "l[].y", "l[][]"],
    );
    check(
        &keys,
        r#"{"l":{"x":1},"o":[{"x":1}]}"#,
        "{}",
        &["l.x", "o[].x"],
    );
    check(&keys, r#"{"l":[{"y":1},{"y":2}]}"#, "{}", &["l[].y"]);
}

#[test]
fn the_whole_value_is_always_written() {
    let keys = rules(&["a"], &["b"]);
    check(&keys, r#"{"b":1}"#, "{}", &[]);
    check(&keys, "[1]", "[]", &["[]"]);
    check(&keys, "5", "null", &[""]);
    check(&rules(&[""], &[]), "5", "5", &[]);
    check(
        &rules(&["[].id"], &[]),
        r#"[{"id":1}]"#,
        r#"[{"id":1}]"#,
        &[],
    );
}

#[test]
fn a_star_is_any_key_and_one_at_the_end_takes_everything() {
    let keys = rules(
        &["m.*.text", "m.fixed.extra", "p.*"],
        &["p.key", "p.deep.secret"],
    );
    check(
        &keys,
        r#"{"m":{"1":{"text":"a","x":1},"fixed":{"text":"b","extra":2}},
            "p":{"a":[{"b":1}],"key":{"inner":1},"deep":{"secret":[1],"open":{"c":2}}}}"#,
        r#"{"m":{"1":{"text":"a"},"fixed":{"text":"b","extra":2}},"p":{"a":[{"b":1}],"deep":{"open":{"c":2}}}}"#,
        &["m.*.x"],
    );
}

#[test]
fn the_path_that_names_its_keys_counts_before_a_star_and_withheld_before_kept() {
    check(
        &rules(&["a.*.t"], &["a.x.t"]),
        r#"{"a":{"x":{"t":1},"y":{"t":2}}}"#,
        r#"{"a":{"y":{"t":2}}}"#,
        &[],
    );
    check(
        &rules(&["a.x.t"], &["a.*.t"]),
        r#"{"a":{"x":{"t":1},"y":{"t":2}}}"#,
        r#"{"a":{"x":{"t":1}}}"#,
        &[],
    );
    check(&rules(&["a"], &["a"]), r#"{"a":1}"#, "{}", &[]);
    check(
        &rules(&["a.x.*"], &["a.*.token"]),
        r#"{"a":{"x":{"token":{"v":1},"n":2}}}"#,
        r#"{"a":{"x":{"n":2}}}"#,
        &[],
    );
    check(&rules(&[], &["a.*"]), r#"{"a":{"x":{"y":1}}}"#, "{}", &[]);
    check(&rules(&[], &["a"]), r#"{"a":{"x":1}}"#, "{}", &["a.x"]);
}

#[test]
fn keys_are_compared_decoded() {
    let keys = rules(&["naïve", "\"a.b\""], &[]);
    check(
        &keys,
        r#"{"na\u00efve":1,"\u0061.b":2}"#,
        r#"{"naïve":1,"a.b":2}"#,
        &[],
    );
}

#[test]
fn unmapped_paths_are_bounded_and_show_no_keys_that_are_data() {
    let many = (0..500)
        .map(|n| format!(r#""k{n}":1"#))
        .collect::<Vec<_>>()
        .join(",");
    let (_, issues) = filtered(&rules(&[], &[]), &format!("{{{many}}}")).unwrap();
    assert_eq!(issues.unmapped.len(), MAX_UNMAPPED);
    check(
        &rules(&["x"], &[]),
        r#"{"ada@example.com":1,"42":{"a":1}}"#,
        "{}",
        &["*", "*.a"],
    );
}
