//! Open WebUI: the list that the browser saves, lines of the API, the flat lists of old versions.

use serde_json::{Value, json};

use super::{Stage, texts};

pub fn small(id: &str) -> Value {
    json!({"id": id, "user_id": "u1", "title": "Gap analysis", "created_at": 1_756_000_000, "updated_at": 1_756_000_400, "archived": false,
        "pinned": true, "share_id": null, "folder_id": "folder-1", "meta": {"tags": ["ws-acme"]}, "chat": {"title": "Gap analysis", "models": ["m"],
        "history": {"currentId": format!("{id}-b"), "messages": {
            format!("{id}-a"): {"id": format!("{id}-a"), "parentId": null, "childrenIds": [format!("{id}-b"), format!("{id}-c")], "role": "user", "content": "Hi", "timestamp": 1_756_000_001},
            format!("{id}-b"): {"id": format!("{id}-b"), "parentId": format!("{id}-a"), "childrenIds": [], "role": "assistant", "content": "Hello", "model": "m", "modelName": "M 1", "timestamp": 1_756_000_003, "done": true,
                "sources": [{"source": {"name": "a"}}], "usage": {"total_tokens": 3}, "output": [{"type": "reasoning", "content": []}]},
            format!("{id}-c"): {"id": format!("{id}-c"), "parentId": format!("{id}-a"), "childrenIds": [], "role": "assistant", "content": "Other", "timestamp": 1_756_000_002,
                "files": [{"type": "image", "url": "data:image/png;base64,cG5n"}, {"type": "file", "id": "f1", "name": "a.txt", "size": 3, "url": "/api/v1/files/f1"}]},
        }}, "messages": [{"id": format!("{id}-a")}, {"id": format!("{id}-b")}]}})
}

#[test]
fn a_saved_list_and_lines_of_the_api_are_the_same_export() {
    let stage = Stage::new();
    let list = stage.file(
        "chat-export.json",
        json!([small("t1"), small("t2")]).to_string(),
    );
    let lines = stage.file("all.ndjson", format!("{}\n{}\n", small("t1"), small("t2")));
    let (list, lines) = (
        stage.brought("open-webui", &list),
        stage.brought("open-webui", &lines),
    );
    for section in crate::export_file::LISTS {
        assert_eq!(list.list(section), lines.list(section));
    }
    let thread = list.record("threads", "t1");
    assert_eq!(
        (
            &thread["workspace_id"],
            &thread["pinned"],
            &thread["current_message_id"]
        ),
        (&json!("folder-1"), &json!(true), &json!("t1-b"))
    );
    assert_eq!(thread["extra"]["meta"]["tags"], json!(["ws-acme"]));
    assert_eq!(
        thread["extra"]["chat"],
        json!({"models": ["m"]}),
        "the flat list is a copy"
    );
    assert_eq!(list.list("workspaces").len(), 1);
    assert_eq!(texts(&list, "t1"), ["Hi", "Other", "Hello"]);
    let answer = list.record("messages", "t1-b");
    assert_eq!(
        (
            &answer["sources"][0]["source"]["name"],
            &answer["usage"]["total_tokens"]
        ),
        (&json!("a"), &json!(3))
    );
    assert_eq!(answer["content_parts"][0]["type"], "reasoning");
    assert_eq!(answer["extra"], json!({"modelName": "M 1"}));
    assert!(list.contents().values().any(|bytes| bytes == b"png"));
    assert_eq!(list.gaps(), ["missing_object uploaded_files f1 -"]);
    assert_eq!(list.json["export"]["subject_id"], "u1");
}

#[test]
fn a_flat_list_of_an_old_version_is_one_message_after_the_other() {
    let stage = Stage::new();
    let old = json!([{"id": "t", "chat": {"title": "Old", "messages": [
        {"id": "1", "role": "user", "content": "a", "timestamp": 1_700_000_000_000_i64},
        {"role": "assistant", "content": "b", "timestamp": null},
        {"id": "3", "role": "user", "content": "c"},
    ]}}]);
    let file = stage.brought("open-webui", &stage.file("old.json", old.to_string()));
    assert_eq!(texts(&file, "t"), ["a", "b", "c"]);
    assert_eq!(
        file.record("messages", "1")["created_at"],
        "2023-11-14T22:13:20Z",
        "milliseconds"
    );
    assert_eq!(
        file.record("messages", "3")["parent_id"],
        file.list("messages")[1]["id"]
    );
    assert_eq!(
        file.gaps(),
        ["bad_timestamp threads t -"],
        "two of them have no time of their own"
    );
}

#[test]
fn everybodys_chats_of_an_administrator_are_one_person_at_a_time() {
    let stage = Stage::new();
    let mut other = small("t2");
    other["user_id"] = json!("u2");
    let path = stage.file(
        "db.json",
        json!([small("t1"), other, {"id": "broken", "chat": []}]).to_string(),
    );
    stage.refuses("open-webui", &path, &["2 people", "--person"]);
    let file = stage.brought_with("open-webui", &path, &["--person", "u2"]);
    assert_eq!(file.ids("threads").into_iter().collect::<Vec<_>>(), ["t2"]);
    assert_eq!(file.collection("unreadable_conversations").len(), 1);
}
