//! Claude: the classic layout, that of 2026, batch zips in a folder, the index that has no data.

use serde_json::{Value, json};

use super::{Stage, texts};

/// As the classic export has it.
pub fn small(id: &str) -> Value {
    let time = "2026-02-14T10:04:22.000000Z";
    json!({"uuid": id, "name": "Gap analysis", "summary": "", "created_at": time, "updated_at": "2026-02-14T10:22:41.000000Z",
        "account": {"uuid": "a1"}, "chat_messages": [
        {"uuid": format!("{id}-1"), "sender": "human", "text": "See file", "content": [{"type": "text", "text": "See file", "citations": []}],
            "created_at": time, "updated_at": time,
            "attachments": [{"file_name": "soa.txt", "file_size": 9, "file_type": "txt", "extracted_content": "A.5.1 yes"}],
            "files": [{"file_name": "soa.txt"}]},
        {"uuid": format!("{id}-2"), "sender": "assistant", "text": "", "created_at": "2026-02-14T10:04:30.000000Z", "updated_at": time, "attachments": [], "files": [],
            "content": [{"type": "thinking", "thinking": "hm", "summaries": [], "cut_off": false}, {"type": "text", "text": "It has a gap."}]},
    ]})
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn users() -> Value {
    json!([{"uuid": "a1", "full_name": "Marta", "email_address": "marta@example.com", "verified_phone_number": null}])
}

fn project() -> Value {
    json!({"uuid": "p1", "name": "Larkspur", "description": "", "is_private": true, "is_starter_project": false,
        "prompt_template": "Answer briefly.", "created_at": "2026-01-01T00:00:00.000000Z", "updated_at": "2026-01-02T00:00:00.000000Z",
        "creator": {"uuid": "a1", "full_name": "Marta"},
        "docs": [{"uuid": "d1", "filename": "policy.md", "content": "# Policy", "created_at": "2026-01-01T00:00:00.000000Z"}]})
}

fn memories() -> Value {
    json!({"conversations_memory": "**Work**\n\nLead auditor.", "project_memories": {"p1": "Stage 2 in December", "gone": "of a deleted project"},
        "account_uuid": "a1", "memory_files": ["m.md"]})
}

#[track_caller]
fn assert_is_all_there(file: &crate::export_file::ExportFile) {
    assert_eq!(file.json["account_settings"]["email"], "marta@example.com");
    let workspace = file.record("workspaces", "p1");
    assert_eq!(
        (&workspace["name"], &workspace["project_instructions"]),
        (&json!("Larkspur"), &json!("Answer briefly."))
    );
    assert_eq!(workspace["is_shared"], false);
    assert_eq!(
        file.record("uploaded_files", "d1")["extracted_text"],
        "# Policy"
    );
    assert_eq!(
        file.list("user_memories")[0]["content"],
        "**Work**\n\nLead auditor."
    );
    assert_eq!(file.list("workspace_memories").len(), 2);
    assert_eq!(texts(file, "c1"), ["See file", "It has a gap."]);
    assert_eq!(
        file.record("messages", "c1-2")["parent_id"],
        "c1-1",
        "one after the other"
    );
    let pasted = file
        .list("uploaded_files")
        .iter()
        .find(|one| one["name"] == "soa.txt")
        .unwrap();
    assert_eq!(
        (&pasted["extracted_text"], &pasted["message_id"]),
        (&json!("A.5.1 yes"), &json!("c1-1"))
    );
    assert_eq!(
        file.collection("memories")[0]["extra"],
        json!({"memory_files": ["m.md"]})
    );
    let mut gaps = file.gaps();
    gaps.retain(|gap| gap.starts_with("dangling"));
    assert_eq!(gaps.len(), 1, "the memory of a project that is gone");
}

#[test]
fn the_classic_zip_is_read() {
    let stage = Stage::new();
    let zip = stage.zip(
        "data.zip",
        &[
            ("conversations.json", &bytes(&json!([small("c1")]))),
            ("projects.json", &bytes(&json!([project()]))),
            ("users.json", &bytes(&users())),
            ("memories.json", &bytes(&json!([memories()]))),
        ],
    );
    assert_is_all_there(&stage.brought("claude", &zip));
}

#[test]
fn the_zip_of_2026_with_a_file_a_project_is_read() {
    let stage = Stage::new();
    let zip = stage.zip(
        "data.zip",
        &[
            ("conversations.json", &bytes(&json!([small("c1")]))),
            ("projects/p1.json", &bytes(&project())),
            ("users.json", &bytes(&users())),
            ("memories.json", &bytes(&json!([memories()]))),
            (
                "design_chats/x.json",
                &bytes(&json!({"uuid": "x", "title": "A poster"})),
            ),
        ],
    );
    let file = stage.brought("claude", &zip);
    assert_is_all_there(&file);
    assert_eq!(file.collection("x")[0]["extra"]["title"], "A poster");
}

#[test]
fn batch_zips_in_a_folder_are_one_export_and_their_index_alone_is_none() {
    let stage = Stage::new();
    let index = json!({"data_files": [{"name": "conversations-000.zip", "export_url": "https://example.com/1"}, {"name": "b", "export_url": "https://example.com/2"}]});
    let alone = stage.file("manifest.json", index.to_string());
    stage.refuses(
        "claude",
        &alone,
        &[
            "only the index",
            "2 files",
            "download the batch zips",
            "folder",
        ],
    );
    std::fs::create_dir(stage.path("all")).unwrap();
    stage.file("all/manifest.json", index.to_string());
    stage.zip(
        "all/conversations-000.zip",
        &[("conversations.json", &bytes(&json!([small("c1")])))],
    );
    stage.zip(
        "all/projects-000.zip",
        &[("projects.json", &bytes(&json!([project()])))],
    );
    stage.zip(
        "all/memories-000.zip",
        &[("memories/a1.json", &bytes(&memories()))],
    );
    stage.zip("all/users-000.zip", &[("users.json", &bytes(&users()))]);
    assert_is_all_there(&stage.brought("claude", &stage.path("all")));
}

#[test]
fn branches_blocks_and_artifacts_are_kept() {
    let stage = Stage::new();
    let mut conversation = small("c1");
    let artifact = |command: &str, input: Value| {
        let mut input = input;
        input["id"] = json!("risk");
        input["command"] = json!(command);
        json!({"type": "tool_use", "name": "artifacts", "input": input})
    };
    conversation["current_leaf_message_uuid"] = json!("n3");
    conversation["is_starred"] = json!(true);
    conversation["project_uuid"] = json!("p1");
    conversation["chat_messages"] = json!([
        {"uuid": "n1", "sender": "human", "text": "", "content": [{"type": "voice_note", "title": "t", "text": "spoken"}], "parent_message_uuid": "00000000-0000-4000-8000-000000000000", "index": 0},
        {"uuid": "n2", "sender": "assistant", "content": [artifact("create", json!({"title": "Risks", "type": "text/markdown", "content": "one two", "version_uuid": "v1"}))], "parent_message_uuid": "n1"},
        {"uuid": "n3", "sender": "assistant", "content": [artifact("update", json!({"old_str": "two", "new_str": "three"})), {"type": "tool_result", "name": "x", "content": [], "is_error": false}, {"type": "injected_prompt_block", "text": "surprise"}], "parent_message_uuid": "n1"},
    ]);
    let zip = stage.zip(
        "data.zip",
        &[
            ("conversations.json", &bytes(&json!([conversation]))),
            ("projects.json", &bytes(&json!([project()]))),
        ],
    );
    let file = stage.brought("claude", &zip);
    let thread = file.record("threads", "c1");
    assert_eq!(
        (
            &thread["workspace_id"],
            &thread["current_message_id"],
            &thread["pinned"]
        ),
        (&json!("p1"), &json!("n3"), &json!(true))
    );
    assert_eq!(file.record("messages", "n2")["parent_id"], "n1");
    assert_eq!(file.record("messages", "n3")["parent_id"], "n1");
    assert_eq!(file.record("messages", "n1")["content"], "spoken");
    assert_eq!(
        file.record("messages", "n3")["content_parts"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let versions: Vec<_> = file
        .list("generated_documents")
        .iter()
        .map(|one| {
            (
                one["version"].clone(),
                one["content"].clone(),
                one["title"].clone(),
            )
        })
        .collect();
    assert_eq!(
        versions,
        [
            (json!(1), json!("one two"), json!("Risks")),
            (json!(2), json!("one three"), json!("Risks"))
        ]
    );
    assert_eq!(
        file.record("messages", "n2")["generated_document_ids"],
        json!(["v1"])
    );
}

#[test]
fn several_people_are_one_file_each_and_nobody_is_guessed() {
    let stage = Stage::new();
    let mut other = small("c2");
    other["account"]["uuid"] = json!("a2");
    let both =
        json!([users()[0], {"uuid": "a2", "full_name": "Ben", "email_address": "ben@example.com"}]);
    let zip = stage.zip(
        "data.zip",
        &[
            ("conversations.json", &bytes(&json!([small("c1"), other]))),
            ("users.json", &bytes(&both)),
        ],
    );
    stage.refuses(
        "claude",
        &zip,
        &["2 people", "a1 (1)", "a2 (1)", "--person"],
    );
    let file = stage.brought_with("claude", &zip, &["--person", "ben@example.com"]);
    assert_eq!(file.json["export"]["subject_id"], "a2");
    assert_eq!(file.ids("threads").into_iter().collect::<Vec<_>>(), ["c2"]);
    assert_eq!(file.json["summary"]["left_out"][0]["count"], 1);
    assert!(!file.text().contains("marta@"));
    let outcome = stage
        .bring("claude", &zip, &["--person", "nobody"])
        .ended_with(2);
    crate::bad_input::assert_says(&outcome.stderr, &["nobody", "a1", "a2"]);
}

#[test]
fn missing_keys_null_times_and_messages_that_are_none_are_gaps() {
    let stage = Stage::new();
    let text = r#"[{"chat_messages": [{"sender": "human", "text": "no id"}, 5, {"text": "no sender", "created_at": "yesterday", "attachments": [{"file_name": "a.pdf"}], "files": [{"file_name": "b.png"}]}]},
        {"uuid": "c", "name": null, "chat_messages": [{"uuid": "x", "sender": "human", "parent_message_uuid": "y", "created_at": "2026-01-01T00:00:00Z"}, {"uuid": "y", "sender": "human", "parent_message_uuid": "x", "created_at": null}]}]"#;
    let file = stage.brought("claude", &stage.file("conversations.json", text));
    assert_eq!(
        (file.list("threads").len(), file.list("messages").len()),
        (2, 4)
    );
    let codes: Vec<_> = file
        .gaps()
        .iter()
        .map(|gap| gap.split(' ').next().unwrap().to_owned())
        .collect();
    for (code, count) in [
        ("invalid_json", 1),
        ("bad_timestamp", 2),
        ("missing_object", 2),
        ("dangling_reference", 1),
    ] {
        assert_eq!(
            codes.iter().filter(|one| *one == code).count(),
            count,
            "{code} in {:?}",
            file.gaps()
        );
    }
}
