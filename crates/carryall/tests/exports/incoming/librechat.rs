//! LibreChat: flat, nested deeper than JSON readers go, and several files in a folder or a zip.

use serde_json::{Value, json};

use super::{Stage, texts};

fn message(id: &str, parent: Option<&str>, text: &str) -> Value {
    json!({"messageId": id, "parentMessageId": parent.unwrap_or("00000000-0000-0000-0000-000000000000"), "conversationId": "c",
        "sender": if text.starts_with('?') { "User" } else { "GPT-5" }, "isCreatedByUser": text.starts_with('?'), "text": text,
        "createdAt": "2026-03-01T10:00:00.000Z", "error": false, "unfinished": false, "_id": "noise", "__v": 0})
}

pub fn small() -> Value {
    let mut answer = message("b", Some("a"), "");
    answer["content"] =
        json!([{"type": "think", "think": "hm"}, {"type": "text", "text": "an answer"}]);
    answer["model"] = json!("gpt-5");
    answer["endpoint"] = json!("openAI");
    answer["feedback"] = json!({"rating": "thumbsUp"});
    answer["files"] =
        json!([{"file_id": "f1", "filename": "a.txt", "bytes": 3, "type": "text/plain"}]);
    json!({"conversationId": "c", "endpoint": "openAI", "title": "Flat", "exportAt": "10:00:00 GMT+0000", "branches": true, "recursive": false,
        "options": {"model": "gpt-5"}, "messages": [answer, message("a", None, "?"), message("z", Some("a"), "another branch")]})
}

#[test]
fn a_flat_conversation_keeps_branches_blocks_and_what_is_unknown() {
    let stage = Stage::new();
    let file = stage.brought("librechat", &stage.file("c.json", small().to_string()));
    assert_eq!(texts(&file, "c"), ["?", "an answer", "another branch"]);
    let answer = file.record("messages", "b");
    assert_eq!(
        (
            &answer["ai_provider"],
            &answer["role"],
            &answer["feedback"]["rating"]
        ),
        (&json!("openAI"), &json!("assistant"), &json!("thumbsUp"))
    );
    assert_eq!(answer["content_parts"].as_array().unwrap().len(), 2);
    assert_eq!(
        answer["extra"],
        json!({"sender": "GPT-5", "_id": "noise", "__v": 0})
    );
    assert_eq!(file.record("messages", "a")["role"], "user");
    assert_eq!(
        file.record("threads", "c")["extra"]["options"],
        json!({"model": "gpt-5"})
    );
    assert_eq!(file.gaps(), ["missing_object uploaded_files f1 -"]);
}

#[test]
fn a_nested_conversation_of_a_thousand_messages_is_laid_flat() {
    let stage = Stage::new();
    let mut text =
        String::from(r#"{"conversationId":"c","title":"Deep","recursive":true,"messagesTree":"#);
    for level in 0..1000 {
        let is_persons = level % 2 == 0;
        let open = r#"[{"messageId":"m"#.to_owned() + &level.to_string();
        text.push_str(&open);
        text.push_str(r#"","text":""#);
        text.push_str(&level.to_string());
        text.push_str(if is_persons {
            r#"","isCreatedByUser":true,"children":"#
        } else {
            r#"","isCreatedByUser":false,"children":"#
        });
    }
    text.push_str("[]");
    text.push_str(&"}]".repeat(1000));
    text.push('}');
    let file = stage.brought("librechat", &stage.file("deep.json", text));
    assert_eq!(file.list("messages").len(), 1000);
    assert_eq!(file.record("messages", "m999")["parent_id"], "m998");
}

#[test]
fn a_folder_or_a_zip_of_conversations_is_one_export() {
    let stage = Stage::new();
    let mut second = small();
    second["conversationId"] = json!("d");
    stage.file("all/one.json", small().to_string());
    stage.file("all/deeper/two.json", second.to_string());
    let folder = stage.brought("librechat", &stage.path("all"));
    assert_eq!(folder.list("threads").len(), 2);
    assert_eq!(
        folder.list("messages").len(),
        6,
        "ids that stand twice are made new"
    );
    let zip = stage.zip(
        "all.zip",
        &[
            ("one.json", small().to_string().as_bytes()),
            ("two.json", second.to_string().as_bytes()),
        ],
    );
    assert_eq!(stage.brought("librechat", &zip).list("messages").len(), 6);
}

#[test]
fn a_circle_and_a_message_that_is_none_are_gaps() {
    let stage = Stage::new();
    let mut broken = small();
    broken["messages"] = json!([
        message("a", Some("b"), "?"),
        message("b", Some("a"), "x"),
        5
    ]);
    let file = stage.brought("librechat", &stage.file("c.json", broken.to_string()));
    assert_eq!(file.list("messages").len(), 2);
    let gaps = file.gaps().join("\n");
    assert!(
        gaps.contains("dangling_reference messages a parent_id")
            && gaps.contains("invalid_json other_records"),
        "{gaps}"
    );
}
