//! AnythingLLM's own tables with rows of ours: prompt and answer in one row, workspaces without an owner, times of two
//! sorts.

use serde_json::{Value, json};

use crate::export_file::ExportFile;
use crate::product::{ANYTHINGLLM_PEOPLE, Product};
use crate::program::{WITH_GAPS, carryall};

const ADA: &str = ANYTHINGLLM_PEOPLE[1];
const BRUNO: &str = ANYTHINGLLM_PEOPLE[2];

fn coverage(product: &Product) -> crate::program::Outcome {
    let mut arguments = vec!["coverage".into(), "--data".into()];
    arguments.extend(product.source());
    carryall(arguments)
}

#[test]
fn the_gate_accounts_for_every_column_and_key_and_finds_one_that_was_added() {
    let product = Product::anythingllm();
    coverage(&product).ended_with(0);
    product.sql("ALTER TABLE workspace_chats ADD COLUMN mood TEXT");
    product.sql("UPDATE workspace_chats SET response = json_set(response, '$.verdict', 'guilty') WHERE id = 1");
    let report = coverage(&product).ended_with(1);
    let said = report.text();
    assert!(said.contains("mood") && said.contains("verdict"), "{said}");
    assert!(!said.contains("guilty"), "{said}");
}

fn of_thread<'a>(file: &'a ExportFile, thread: &str) -> Vec<[&'a Value; 4]> {
    let messages = file.list("messages").iter();
    messages
        .filter(|message| message["thread_id"] == thread)
        .map(|message| ["id", "parent_id", "role", "content"].map(|field| &message[field]))
        .collect()
}

#[test]
fn a_row_is_a_prompt_and_its_answer_in_the_order_of_the_conversation() {
    let file = Product::anythingllm().export(ADA);
    assert_eq!(
        json!(of_thread(&file, "1")),
        json!([
            ["1-prompt", null, "user", "What is in scope?"],
            ["1-response", "1-prompt", "assistant", "Three sites."],
            ["2-prompt", "1-response", "user", "And the data centre?"],
            ["2-response", "2-prompt", "assistant", "Out of scope."]
        ])
    );
    let answer = file.record("messages", "1-response");
    assert_eq!(answer["sources"][0]["title"], "scope.txt");
    assert_eq!(answer["usage"]["outputTps"], 12.5);
    assert_eq!(answer["extra"]["feedbackScore"], true);
    assert_eq!(answer["created_at"], "2025-06-29T12:26:41Z");
    assert_eq!(answer["updated_at"], "2025-06-29T12:26:41.500Z");
    // Written by the column's default: UTC without saying so.
    let later = file.record("messages", "2-response");
    assert_eq!(later["created_at"], "2026-06-01T10:00:00Z");
    assert_eq!(
        later["extra"]["response"]["attachments"][0]["name"],
        "plan.png"
    );
}

#[test]
fn chats_outside_a_thread_and_of_a_thread_that_is_gone_are_there() {
    let file = Product::anythingllm().export(ADA);
    let default = file.record("threads", "w1-u2");
    assert_eq!(
        [&default["title"], &default["workspace_id"]],
        [&json!("Default thread"), &json!("1")]
    );
    assert_eq!(of_thread(&file, "w1-u2").len(), 2);
    assert_eq!(of_thread(&file, "w2-u2").len(), 2);
    let orphans = of_thread(&file, "99");
    assert_eq!(orphans[1][3], "an answer that is no JSON");
    assert_eq!(file.count("messages"), 10);
}

#[test]
fn a_workspace_is_the_persons_own_when_nobody_else_may_use_it() {
    let product = Product::anythingllm();
    let file = product.export(ADA);
    let workspaces: Vec<_> = file
        .list("workspaces")
        .iter()
        .map(|workspace| [&workspace["name"], &workspace["access"]])
        .collect();
    assert_eq!(
        json!(workspaces),
        json!([
            ["Larkspur – audit", "own"],
            ["Team room", "shared"],
            ["Left behind", "shared"]
        ])
    );
    let own = file.record("workspaces", "1");
    assert_eq!(own["project_instructions"], "Answer like an auditor.");
    assert!(
        file.record("workspaces", "2")
            .get("project_instructions")
            .is_none()
    );
    assert_eq!(file.record("workspace_memories", "1")["workspace_id"], "1");
    assert_eq!(
        file.list("user_memories")[0]["content"],
        "Ada writes British English."
    );
    let left_out = &file.json["summary"]["left_out"];
    assert_eq!(left_out[0]["count"], 1, "{left_out}");
}

#[test]
fn files_come_from_both_folders_and_the_missing_one_is_the_one_gap() {
    let product = Product::anythingllm();
    let file = product.export(ADA);
    assert_eq!(file.gaps(), ["missing_object uploaded_files parsed-2 -"]);
    assert_eq!(file.outcome.code, WITH_GAPS);
    let key = ("uploaded_files".to_owned(), "document-1".to_owned());
    assert_eq!(file.contents()[&key], b"{\"pageContent\":\"Bergen, Oslo\"}");
    let file = product.export(BRUNO);
    let key = ("uploaded_files".to_owned(), "parsed-1".to_owned());
    assert_eq!(file.contents()[&key], b"{\"pageContent\":\"We met.\"}");
    assert_eq!(file.record("uploaded_files", "parsed-1")["thread_id"], "2");
}

#[test]
fn every_file_is_sound_and_holds_no_secret_and_nothing_of_others() {
    let product = Product::anythingllm();
    let of_others = [
        (ADA, ["Bruno", "We met.", "those who stayed"]),
        (BRUNO, ["Ada", "Larkspur", "Bergen"]),
    ];
    for who in ANYTHINGLLM_PEOPLE {
        let file = product.export(who);
        carryall(["verify".as_ref(), file.path.as_os_str()]).ended_with(0);
        assert!(!file.text().contains("canary"), "{who}");
        for (_, words) in of_others.iter().filter(|(name, _)| *name == who) {
            for word in words {
                assert!(!file.text().contains(word), "{who} was given {word}");
            }
        }
    }
    let file = product.export(ADA);
    let collections = [
        "slash_command",
        "system_prompt_variable",
        "prompt_history",
        "agent_invocation",
        "embed_chat",
        "event",
        "browser_extension",
        "mobile_device",
        "recovery_code",
        "password_reset",
        "sign_in_link",
        "cache",
    ];
    for collection in collections {
        assert_eq!(file.collection(collection).len(), 1, "{collection}");
    }
}

/// SQL of the map that breaks out of its parentheses would take what is Ada's for Bruno's.
#[test]
fn a_row_of_somebody_else_ends_the_export() {
    let head = "collection = \"slash_command\"\ntable      = \"slash_command_presets\"\n";
    let wide = format!("{head}where = \"1 = 1) OR (1 = 1\"\n");
    let product = Product::anythingllm().with_map_changed(head, &wide);
    let said = product.export_fails(BRUNO, &[]);
    assert!(
        said.contains("does not belong to the person who asks"),
        "{said}"
    );
    assert!(!said.contains("Audit this"), "{said}");
}

#[test]
fn with_the_index_of_its_readme_every_thread_is_found_by_it() {
    let readme = include_str!("../../../../products/anythingllm/README.md");
    let (_, index) = readme.split_once("```sql\n").unwrap();
    let product = Product::anythingllm();
    let scans = |report: &str| report.matches("for each thread").count();
    let before = coverage(&product).ended_with(0);
    assert!(scans(before.text()) > 0, "{}", before.text());
    product.sql(index.split_once("```").unwrap().0);
    let after = coverage(&product).ended_with(0);
    assert_eq!(scans(after.text()), 0, "{}", after.text());
}
