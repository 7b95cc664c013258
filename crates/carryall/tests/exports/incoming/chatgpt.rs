//! ChatGPT: one file or shards, what stands beside them, files with bytes, and trees that are none.

use serde_json::{Value, json};

use super::{Stage, texts};

/// A conversation of one question and one answer.
pub fn small(id: &str) -> Value {
    let message = |id: &str, role: &str, time: f64, text: &str| {
        json!({"id": id, "author": {"role": role, "name": null, "metadata": {}}, "create_time": time,
            "update_time": null, "content": {"content_type": "text", "parts": [text]},
            "status": "finished_successfully", "end_turn": role == "assistant", "weight": 1.0,
            "metadata": if role == "assistant" { json!({"model_slug": "gpt-5"}) } else { json!({}) }, "recipient": "all"})
    };
    let (root, ask, answer) = (format!("{id}-r"), format!("{id}-a"), format!("{id}-b"));
    json!({"id": id, "conversation_id": id, "title": "Risk register", "create_time": 1_756_000_000.5,
    "update_time": 1_756_000_400, "current_node": answer, "default_model_slug": "gpt-5", "is_archived": false,
    "mapping": {
        &root: {"id": root, "message": null, "parent": null, "children": [ask]},
        &ask: {"id": ask, "parent": root, "children": [answer], "message": message(&ask, "user", 1_756_000_001.0, "List A.5 controls")},
        &answer: {"id": answer, "parent": ask, "children": [], "message": message(&answer, "assistant", 1_756_000_004.25, "A.5.1 …")},
    }})
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

#[test]
fn one_file_alone_becomes_a_thread_with_its_messages() {
    let stage = Stage::new();
    let file = stage.brought(
        "chatgpt",
        &stage.file("conversations.json", json!([small("c1")]).to_string()),
    );
    assert_eq!(file.gaps(), [""; 0]);
    assert_eq!(file.json["export"]["product"], "ChatGPT");
    let thread = file.record("threads", "c1");
    assert_eq!(thread["title"], "Risk register");
    assert_eq!(thread["created_at"], "2025-08-24T01:46:40.500Z");
    assert_eq!(thread["current_message_id"], "c1-b");
    assert_eq!(thread["extra"], json!({"default_model_slug": "gpt-5"}));
    let answer = file.record("messages", "c1-b");
    assert_eq!(
        (&answer["role"], &answer["model"], &answer["parent_id"]),
        (&json!("assistant"), &json!("gpt-5"), &json!("c1-a"))
    );
    assert_eq!(answer.get("extra"), None);
    assert_eq!(
        file.record("messages", "c1-a").get("parent_id"),
        None,
        "the root has no message"
    );
}

/// Classic, and of 2026 with shards, settings, files under three kinds of names, and a canvas.
#[test]
fn a_whole_zip_brings_account_shards_files_and_what_stands_beside() {
    let stage = Stage::new();
    let mut second = small("c2");
    let node = &mut second["mapping"]["c2-a"]["message"];
    node["metadata"] = json!({"attachments": [
        {"id": "file-Ab1", "name": "register.csv", "size": 4, "mime_type": "text/csv", "width": null},
        {"id": "file-gone", "name": "gone.pdf", "size": 9},
    ]});
    node["content"] = json!({"content_type": "multimodal_text", "parts": [
        {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_00ff", "size_bytes": 3, "width": 1, "height": 1}, "What is it?",
    ]});
    let made = &mut second["mapping"]["c2-b"]["message"];
    made["author"]["role"] = json!("tool");
    made["author"]["name"] = json!("dalle.text2im");
    made["content"] = json!({"content_type": "multimodal_text", "parts": [
        {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-dalle1", "size_bytes": 5, "metadata": {"dalle": {"prompt": "a lock"}}},
    ]});
    let user = json!({"id": "user-1", "email": "marta@example.com", "chatgpt_plus_user": true, "phone_number": "+1"});
    let feedback = json!([{"id": "f1", "conversation_id": "c1", "rating": "thumbsUp"}]);
    let zip = stage.zip(
        "export.zip",
        &[
            ("conversations-000.json", &bytes(&json!([small("c1")]))),
            ("conversations-001.json", &bytes(&json!([second]))),
            ("user.json", &bytes(&user)),
            (
                "user_settings.json",
                &bytes(&json!({"settings": {"theme": "dark"}})),
            ),
            ("message_feedback.json", &bytes(&feedback)),
            ("shared_conversations.json", b"[]"),
            ("sora.json", &bytes(&json!({"generations": [1]}))),
            ("chat.html", b"<html></html>"),
            ("file-Ab1-register.csv", b"a,b\n"),
            ("file_00ff-sanitized.png", b"png"),
            ("dalle-generations/file-dalle1-lock.webp", b"webp!"),
            ("user-1/left.png", b"nobody names it"),
            ("textdocs/plan.md", b"# Plan"),
        ],
    );
    let file = stage.brought("chatgpt", &zip);
    let account = &file.json["account_settings"];
    assert_eq!(
        (&account["user_id"], &account["email"]),
        (&json!("user-1"), &json!("marta@example.com"))
    );
    assert_eq!(account["extra"]["chatgpt_plus_user"], true);
    assert_eq!(
        account["extra"]["user_settings"],
        json!({"settings": {"theme": "dark"}})
    );
    assert_eq!(file.list("threads").len(), 2);
    assert_eq!(
        file.record("messages", "c2-a")["file_ids"],
        json!(["file-Ab1", "file-gone", "file_00ff"])
    );
    assert_eq!(file.record("messages", "c2-a")["content"], "What is it?");
    assert_eq!(
        file.record("messages", "c2-b")["generated_document_ids"],
        json!(["file-dalle1"])
    );
    assert_eq!(file.gaps(), ["missing_object uploaded_files file-gone -"]);
    let contents = file.contents();
    let of = |section: &str, id: &str| contents[&(section.to_owned(), id.to_owned())].clone();
    assert_eq!(of("uploaded_files", "file-Ab1"), b"a,b\n");
    assert_eq!(of("uploaded_files", "file_00ff"), b"png");
    assert_eq!(of("generated_documents", "file-dalle1"), b"webp!");
    assert_eq!(contents.len(), 5, "with those that no message names");
    assert_eq!(file.collection("message_feedback")[0]["thread_id"], "c1");
    assert_eq!(file.collection("sora").len(), 1);
}

#[test]
fn every_kind_of_content_is_there_as_it_was_and_as_a_text() {
    let stage = Stage::new();
    let kinds = [
        (
            json!({"content_type": "code", "language": "python", "text": "1+1"}),
            "```python\n1+1\n```",
        ),
        (
            json!({"content_type": "execution_output", "text": "2"}),
            "```\n2\n```",
        ),
        (
            json!({"content_type": "thoughts", "thoughts": [{"summary": "s", "content": "c"}]}),
            "-",
        ),
        (
            json!({"content_type": "reasoning_recap", "content": "Thought for 3s"}),
            "-",
        ),
        (
            json!({"content_type": "tether_quote", "url": "https://a.example", "title": "t", "text": "quoted"}),
            "quoted",
        ),
        (
            json!({"content_type": "tether_browsing_display", "result": "found"}),
            "found",
        ),
        (
            json!({"content_type": "sonic_webpage", "url": "u", "title": "t", "text": "page"}),
            "page",
        ),
        (
            json!({"content_type": "user_editable_context", "user_profile": "p", "user_instructions": "i"}),
            "-",
        ),
        (
            json!({"content_type": "system_error", "name": "e", "text": "failed"}),
            "failed",
        ),
        (json!({"content_type": "from_2031", "hologram": [1]}), "-"),
    ];
    let mut conversation = small("c");
    conversation["mapping"] = json!({});
    for (place, (content, _)) in kinds.iter().enumerate() {
        let parent = place.checked_sub(1).map(|before| format!("m{before}"));
        conversation["mapping"][format!("m{place}")] = json!({"id": format!("m{place}"), "parent": parent, "children": [],
            "message": {"author": {"role": "tool"}, "create_time": place, "content": content}});
    }
    conversation["current_node"] = json!("m9");
    let file = stage.brought(
        "chatgpt",
        &stage.file("c.json", json!([conversation]).to_string()),
    );
    assert_eq!(texts(&file, "c"), kinds.clone().map(|(_, text)| text));
    for (message, (content, _)) in file.list("messages").iter().zip(&kinds) {
        assert_eq!(message["content_parts"], json!([content]));
    }
}

#[test]
fn a_canvas_is_a_document() {
    let stage = Stage::new();
    let mut conversation = small("c");
    let message = &mut conversation["mapping"]["c-b"]["message"];
    message["recipient"] = json!("canmore.create_textdoc");
    message["content"]["parts"] =
        json!([r##"{"name":"Plan","type":"document","content":"# Plan"}"##]);
    let file = stage.brought(
        "chatgpt",
        &stage.file("c.json", json!([conversation]).to_string()),
    );
    let document = &file.list("generated_documents")[0];
    assert_eq!(
        (
            &document["title"],
            &document["content"],
            &document["message_id"]
        ),
        (&json!("Plan"), &json!("# Plan"), &json!("c-b"))
    );
    assert_eq!(
        file.record("messages", "c-b")["extra"]["recipient"],
        "canmore.create_textdoc"
    );
}

#[test]
fn a_wrapper_projects_and_keys_of_tomorrow_are_read() {
    let stage = Stage::new();
    let mut one = small("c1");
    one["conversation_template_id"] = json!("g-p-1");
    one["gizmo_type"] = json!("snorlax");
    one["from_2031"] = json!({"a": [1]});
    one["mapping"]["c1-a"]["message"]["from_2031"] = json!(true);
    let mut two = small("c2");
    two["conversation_template_id"] = json!("g-abc");
    two["gizmo_type"] = json!("gpt");
    let file = stage.brought(
        "chatgpt",
        &stage.file(
            "x.json",
            json!({"conversations": [one, two], "v": 2}).to_string(),
        ),
    );
    assert_eq!(
        file.ids("workspaces").into_iter().collect::<Vec<_>>(),
        ["g-p-1"]
    );
    assert_eq!(file.record("threads", "c1")["workspace_id"], "g-p-1");
    assert_eq!(
        file.record("threads", "c1")["extra"]["from_2031"],
        json!({"a": [1]})
    );
    assert_eq!(
        file.record("threads", "c2")["extra"]["conversation_template_id"],
        "g-abc"
    );
    assert_eq!(file.record("messages", "c1-a")["extra"]["from_2031"], true);
    assert_eq!(file.collection("about_the_export")[0]["extra"]["v"], 2);
}

/// Circles, dangling parents, null times, missing keys, ids twice, bad numbers: told, and never fatal.
#[test]
fn broken_trees_and_values_are_delivered_with_gaps() {
    let stage = Stage::new();
    let text = r#"[
        {"title": "no mapping at all"}, 7, {"mapping": 3},
        {"id": "c", "title": null, "create_time": null, "update_time": 1e300, "current_node": "gone", "mapping": {
            "a": {"parent": "b", "children": ["b"], "message": {"author": {"role": "user"}, "create_time": 2, "content": {"content_type": "text", "parts": ["circle \ud800 half"]}}},
            "b": {"parent": "a", "children": ["a"], "message": {"author": {"role": "assistant"}, "create_time": 1, "content": {"content_type": "text", "parts": ["first"]}, "weight": NaN, "big": 123456789012345678901}},
            "d": {"parent": "nowhere", "message": {"author": {}, "content": {"content_type": "text", "parts": ["dangling"]}}},
            "e": {"children": ["f"], "message": {"create_time": 9, "content": null}},
            "f": {"message": {"create_time": null, "content": {"content_type": "text", "parts": ["child by its parent's list"]}}},
            "g": {"parent": "f", "message": {"create_time": 3, "content": "a bare text", "metadata": []}},
            "h": 12
        }},
        {"id": "c", "mapping": {"a": {"message": {"create_time": 5, "content": {"content_type": "text", "parts": ["the same ids again"]}}}}}
    ]"#;
    let file = stage.brought("chatgpt", &stage.file("c.json", text));
    assert_eq!(file.list("threads").len(), 2);
    assert_eq!(file.list("messages").len(), 7);
    assert_eq!(file.collection("unreadable_conversations").len(), 3);
    let gaps = file.gaps();
    for gap in [
        "dangling_reference threads c current_message_id",
        "dangling_reference messages b parent_id",
        "dangling_reference messages d parent_id",
        "invalid_utf8 messages a message.content.parts.0",
        "not_finite messages b message.weight",
        "number_as_string messages b message.big",
        "bad_timestamp threads c updated_at",
        "bad_timestamp threads c -",
        "invalid_json threads c mapping",
    ] {
        assert!(
            gaps.iter().any(|one| one == gap),
            "{gap} is missing: {gaps:#?}"
        );
    }
    assert_eq!(
        file.record("messages", "a")["content"],
        "circle \u{fffd} half"
    );
    assert_eq!(file.record("messages", "f")["parent_id"], "e");
    assert_eq!(
        file.record("messages", "f")["created_at"],
        "1970-01-01T00:00:09Z",
        "that of the message before"
    );
    let places: Vec<_> = file
        .list("messages")
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    let at = |id: &str| places.iter().position(|one| *one == id).unwrap();
    assert!(
        at("b") < at("a") && at("e") < at("f") && at("f") < at("g"),
        "{places:?}"
    );
    let again = file
        .list("threads")
        .iter()
        .find(|one| one["id"] != "c")
        .unwrap();
    assert_eq!(again["extra"]["original_id"], "c");
    assert_eq!(
        texts(&file, again["id"].as_str().unwrap()),
        ["the same ids again"]
    );
}
