//! Every person's export is what the format promises, to readers that share no code with it.

use std::process::{Command, Stdio};

use carryall_format::write::hex;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::export_file::{ExportFile, LISTS};
use crate::layout::{check_directory, check_lines};
use crate::product::{BEN, MARTA, Product};
use crate::readers::{our_reading, readings, validate};
use crate::reading_order::assert_order;
use crate::references::assert_references;

/// Everybody's export of each product.
fn exports() -> Vec<(Product, Vec<ExportFile>)> {
    [
        Product::demo(),
        Product::open_webui(),
        Product::anythingllm(),
    ]
    .into_iter()
    .map(|product| {
        let files = product.people.iter().map(|who| product.export(who));
        let files = files.collect();
        (product, files)
    })
    .collect()
}

#[test]
fn five_readers_agree_on_every_file_and_find_it_valid_under_the_schema() {
    let exports = exports();
    let files = || exports.iter().flat_map(|(_, files)| files);
    for file in files() {
        for (reader, reading) in readings(file) {
            let same = reading == our_reading(file);
            assert!(same, "{reader} reads {} differently", file.path.display());
        }
    }
    validate(files());
}

#[test]
fn every_file_is_laid_out_line_by_line_and_the_summary_points_into_it() {
    for (_, files) in exports() {
        for file in files {
            check_lines(&file);
            check_directory(&file);
            let keys: Vec<&str> = file
                .json
                .as_object()
                .unwrap()
                .keys()
                .map(|key| &**key)
                .collect();
            let mut expected = vec!["export", "account_settings"];
            expected.extend(LISTS);
            expected.extend(["gaps", "summary", "integrity"]);
            assert_eq!(keys, expected);
            assert_times_are_short(&file.json);
        }
    }
}

/// Times have 0, 3, 6 or 9 digits, the fewest that lose nothing.
fn assert_times_are_short(value: &Value) {
    match value {
        Value::Array(list) => list.iter().for_each(assert_times_are_short),
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(time) if key.ends_with("_at") => {
                        assert!(
                            time.ends_with('Z') && !time.ends_with("000Z"),
                            "{key}: {time}"
                        );
                    }
                    value => assert_times_are_short(value),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_reference_resolves_or_is_a_gap() {
    for (_, files) in exports() {
        for file in files {
            assert_references(&file);
        }
    }
}

#[test]
fn threads_and_workspace_memories_name_workspaces_of_the_file() {
    let mut met = 0;
    for (_, files) in exports() {
        for file in files {
            let workspaces = file.ids("workspaces");
            for section in ["threads", "workspace_memories"] {
                for record in file.list(section) {
                    let Some(id) = record["workspace_id"].as_str() else {
                        let is_outside = record["workspace_id"].is_null();
                        assert!(is_outside && section == "threads", "{record}");
                        continue;
                    };
                    assert!(workspaces.contains(id), "{section}: {record}");
                    met += 1;
                }
            }
        }
    }
    assert!(met > 50);
}

#[test]
fn messages_stand_together_by_thread_in_order_and_never_before_the_one_they_follow() {
    let mut waited = 0;
    for (_, files) in exports() {
        for file in files {
            waited += assert_order(&file);
        }
    }
    assert_eq!(waited, 0, "in the products at hand no clock ran backwards");
}

#[test]
fn a_message_older_than_the_one_it_follows_waits_for_it() {
    let product = Product::demo();
    let key = product.key(MARTA);
    // Every second message of Marta's threads gets a clock that ran a day behind.
    product.sql(&format!(
        "UPDATE messages SET created_at = strftime('%Y-%m-%dT%H:%M:%fZ', created_at, '-1 day')
         WHERE role = 'assistant' AND thread_id IN (SELECT id FROM threads WHERE user_id = '{key}')"
    ));
    assert!(assert_order(&product.export(MARTA)) > 5);
}

#[test]
fn the_digest_is_what_head_and_sha256sum_say() {
    for (_, files) in exports() {
        for file in files {
            let mut head = Command::new("head")
                .args(["-n", "-1"])
                .arg(&file.path)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let sum = Command::new("sha256sum")
                .stdin(head.stdout.take().unwrap())
                .output()
                .unwrap();
            head.wait().unwrap();
            let sum = String::from_utf8(sum.stdout).unwrap();
            assert_eq!(sum[..64], file.json["integrity"]["sha256"]);
            let whole = hex(&Sha256::digest(&file.bytes));
            assert!(
                file.outcome.stderr.contains(&whole),
                "{}",
                file.outcome.stderr
            );
            assert_eq!(file.json["integrity"]["signature"], Value::Null);
        }
    }
}

#[test]
fn two_runs_differ_in_the_id_the_times_and_the_digest_alone() {
    for product in [
        Product::demo(),
        Product::open_webui(),
        Product::anythingllm(),
    ] {
        for who in product.people {
            let [first, second] =
                [product.export(who), product.export(who)].map(|file| without_what_differs(&file));
            assert!(first == second, "{who}");
        }
    }
}

/// The lines of a file, less the id, times and digest. How long the times are moves what follows.
fn without_what_differs(file: &ExportFile) -> Vec<String> {
    let mut lines: Vec<String> = file.text().lines().map(str::to_owned).collect();
    let header = &file.json["export"];
    let mut shift = lines[1].len();
    for key in ["id", "created_at", "snapshot_at"] {
        let member = format!("\"{key}\":{}", header[key]);
        assert_eq!(lines[1].matches(&member).count(), 1);
        lines[1] = lines[1].replacen(&member, "", 1);
    }
    shift -= lines[1].len();
    let mut summary = file.json["summary"].clone();
    for line in summary["sections"].as_object_mut().unwrap().values_mut() {
        line["offset"] = (line["offset"].as_u64().unwrap() - shift as u64).into();
    }
    let end = lines.len();
    lines[end - 2] = summary.to_string();
    assert!(lines[end - 1].contains(file.json["integrity"]["sha256"].as_str().unwrap()));
    lines.truncate(end - 1);
    lines
}

#[test]
fn file_contents_are_the_bytes_on_the_disk() {
    // The others have too few.
    for (product, files) in exports().into_iter().take(2) {
        let mut compared = 0;
        for file in files {
            for ((section, id), bytes) in file.contents() {
                let path = product.files.join(stored_as(&product, &section, &id));
                assert!(bytes == std::fs::read(&path).unwrap(), "{}", path.display());
                compared += 1;
                let last = file
                    .list("file_contents")
                    .iter()
                    .rfind(|part| part["file_id"] == *id);
                let last = last.unwrap();
                assert_eq!(last["last"], true);
                assert_eq!(last["complete"], true);
                assert_eq!(last["size_bytes"], bytes.len());
                assert_eq!(last["sha256"], hex(&Sha256::digest(&bytes)));
            }
        }
        assert!(compared >= 15, "{compared}");
    }
}

/// Where the product keeps a file, asked of its database.
fn stored_as(product: &Product, section: &str, id: &str) -> String {
    if product.people.contains(&BEN) {
        let path = product.text(&format!("SELECT path FROM file WHERE id = '{id}'"));
        return path.rsplit('/').next().unwrap().to_owned();
    }
    product.text(&format!(
        "SELECT storage_key FROM {section} WHERE id = '{id}'"
    ))
}
