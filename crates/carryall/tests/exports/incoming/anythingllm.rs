//! AnythingLLM: rows of an instance, one thread, lines for training.

use serde_json::{Value, json};

use super::{Stage, texts};

fn rows() -> Value {
    json!([
        {"id": 1, "prompt": "Hi", "response": "Hello", "sent_at": "2026-03-01T10:00:00.000Z", "rating": "GOOD", "username": "marta", "workspace": "Acme",
            "attachments": [{"type": "image", "image": "data:image/png;base64,cG5n"}]},
        {"id": 2, "prompt": "And?", "response": "So.", "sent_at": "2026-03-01T10:01:00.000Z", "rating": "--", "username": "marta", "workspace": "Acme", "attachments": []},
        {"id": 3, "prompt": "x", "response": "y", "sent_at": "never", "rating": "--", "username": "marta", "workspace": "Other", "attachments": []},
    ])
}

#[test]
fn a_row_is_two_messages_and_rows_of_a_workspace_are_a_thread() {
    let stage = Stage::new();
    let file = stage.brought("anythingllm", &stage.file("chats.json", rows().to_string()));
    assert_eq!(
        (
            file.list("threads").len(),
            file.list("messages").len(),
            file.list("workspaces").len()
        ),
        (2, 6, 2)
    );
    let first = file.record("messages", "1:response");
    assert_eq!(
        (
            &first["parent_id"],
            &first["feedback"],
            &first["created_at"]
        ),
        (
            &json!("1:prompt"),
            &json!("GOOD"),
            &json!("2026-03-01T10:00:00Z")
        )
    );
    assert_eq!(
        texts(&file, first["thread_id"].as_str().unwrap()),
        ["Hi", "Hello", "And?", "So."]
    );
    assert!(file.contents().values().any(|bytes| bytes == b"png"));
    assert_eq!(file.gaps(), ["bad_timestamp messages 3:prompt created_at"]);
    assert_eq!(file.json["export"]["subject_id"], "marta");
}

#[test]
fn an_exported_thread_has_its_order_and_its_reasoning() {
    let stage = Stage::new();
    let thread = json!({"workspace": "Acme", "thread": "Audit", "exported": "2026-03-01T10:00:00.000Z", "messages": [
        {"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "reasoning": "hm"}, {"role": "user", "content": "c"}]});
    let file = stage.brought(
        "anythingllm",
        &stage.file("thread.json", thread.to_string()),
    );
    let id = file.list("threads")[0]["id"].as_str().unwrap();
    assert_eq!(texts(&file, id), ["a", "b", "c"]);
    assert_eq!(file.list("messages")[1]["content_parts"][0]["text"], "hm");
    assert_eq!(
        (
            &file.list("threads")[0]["title"],
            &file.list("workspaces")[0]["name"]
        ),
        (&json!("Audit"), &json!("Acme"))
    );
    assert_eq!(
        file.list("threads")[0]["extra"]["exported"],
        "2026-03-01T10:00:00.000Z"
    );
}

#[test]
fn lines_and_instructions_for_training_are_read() {
    let stage = Stage::new();
    let line = json!({"messages": [{"role": "system", "content": [{"type": "text", "text": "be brief"}]},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image", "image": "data:image/png;base64,cG5n"}]}]});
    let file = stage.brought(
        "anythingllm",
        &stage.file("chats.jsonl", format!("{line}\n{line}\n")),
    );
    assert_eq!(
        (file.list("threads").len(), file.list("messages").len()),
        (2, 4)
    );
    let alpaca = json!([{"instruction": "Hi", "input": "be brief", "output": "Hello"}]);
    let file = stage.brought(
        "anythingllm",
        &stage.file("alpaca.json", alpaca.to_string()),
    );
    let texts: Vec<_> = file
        .list("messages")
        .iter()
        .map(|one| one["content"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["Hi", "Hello"]);
    assert_eq!(file.list("messages")[1]["extra"]["system"], "be brief");
}
