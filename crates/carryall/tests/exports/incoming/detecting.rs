//! What a file is, is told from what stands in it, and must be what the person says.

use serde_json::json;

use super::{Stage, chatgpt, claude, librechat, open_webui};
use crate::product::{MARTA, Product};

#[test]
fn a_file_of_another_product_is_named_whatever_its_name_says() {
    let stage = Stage::new();
    let rows = json!([{"prompt": "a", "response": "b"}]);
    let files = [
        (
            "chatgpt",
            "ChatGPT",
            json!([{"title": "damaged"}, chatgpt::small("c")]),
        ),
        ("claude", "Claude", json!([claude::small("c")])),
        ("open-webui", "Open WebUI", json!([open_webui::small("c")])),
        ("librechat", "LibreChat", librechat::small()),
        ("anythingllm", "AnythingLLM", rows),
    ];
    for (is, name, value) in &files {
        let path = stage.file("conversations.json", value.to_string());
        for (asked, ..) in files.iter().filter(|(asked, ..)| asked != is) {
            stage.refuses(asked, &path, &[name, &format!("--from {is}"), asked]);
        }
        stage.brought(is, &path);
    }
}

#[test]
fn what_is_no_export_or_none_that_is_read_is_said_plainly() {
    let stage = Stage::new();
    for (text, words) in [
        (
            r#"{"format":"thunderbolt-export","tables":{}}"#,
            &["Thunderbolt"][..],
        ),
        (r#"{"version":1,"history":[]}"#, &["Chatbot UI"]),
        (
            r#"{"some":1,"thing":2}"#,
            &["no export that is known", "`some`", "`thing`"],
        ),
        (
            r#"[{"a":1},{"b":2}]"#,
            &["no export that is known", "a list of JSON", "`a`"],
        ),
        ("hello", &["no value begins here"]),
        ("", &["no export"]),
        (
            "[{\"mapping\":{}}",
            &["ends in the middle", "download it again"],
        ),
        ("[{\"mapping\":{}}] more", &["behind the end"]),
        (
            "\u{feff}{\"data_files\":[{\"export_url\":\"x\"}]}",
            &["index"],
        ),
    ] {
        stage.refuses("chatgpt", &stage.file("x.json", text), words);
    }
    let product = Product::demo();
    stage.refuses(
        "claude",
        &product.export(MARTA).path,
        &["a Carryall file", "needs no conversion"],
    );
    stage.refuses(
        "claude",
        &stage.path("gone.json"),
        &["gone.json", "cannot be read"],
    );
    let mixed = stage.zip(
        "mixed.zip",
        &[
            (
                "a.json",
                json!([chatgpt::small("c")]).to_string().as_bytes(),
            ),
            ("b.json", json!([claude::small("c")]).to_string().as_bytes()),
        ],
    );
    stage.refuses("claude", &mixed, &["several products", "ChatGPT", "Claude"]);
}

#[test]
fn an_account_without_a_conversation_is_an_export_too() {
    let stage = Stage::new();
    let file = stage.brought("chatgpt", &stage.file("conversations.json", "[]"));
    assert!(file.list("threads").is_empty());
    let user = json!({"id": "u", "email": "a@example.com", "chatgpt_plus_user": false});
    let zip = stage.zip(
        "export.zip",
        &[
            ("conversations.json", b"[]"),
            ("user.json", user.to_string().as_bytes()),
        ],
    );
    assert_eq!(
        stage.brought("chatgpt", &zip).json["export"]["subject_id"],
        "u"
    );
    stage.refuses("claude", &zip, &["ChatGPT"]);
}

#[test]
fn what_comes_out_is_taken_by_trace_by_every_format_and_by_the_schema() {
    let stage = Stage::new();
    let mut conversation = chatgpt::small("c");
    conversation["conversation_template_id"] = json!("p1");
    conversation["workspace_name"] = json!("Larkspur");
    let path = stage.file("c.json", json!([conversation]).to_string());
    let file = stage.brought("chatgpt", &path);
    crate::readers::validate([&file]);
    let brought = file.path.to_str().unwrap();
    let tree = crate::program::carryall(["trace", brought, "p1"]).ended_with(0);
    assert!(tree.text().contains("Risk register"), "{}", tree.text());
    let notes = stage.path("notes");
    crate::program::carryall([
        "convert",
        brought,
        "--to",
        "markdown",
        "--out",
        notes.to_str().unwrap(),
    ])
    .ended_with(0);
    assert!(notes.join("Larkspur").is_dir());
}

#[test]
fn the_same_export_gives_the_same_records_and_ids_again() {
    let stage = Stage::new();
    let path = stage.file(
        "c.json",
        json!([claude::small("c"), claude::small("c")]).to_string(),
    );
    let (one, two) = (
        stage.brought("claude", &path),
        stage.brought("claude", &path),
    );
    for section in crate::export_file::LISTS {
        assert_eq!(one.list(section), two.list(section));
    }
}
