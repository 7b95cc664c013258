//! What the pages count is what the file holds, for everybody and for each workspace.

use std::collections::{BTreeMap, HashMap};

use carryall_source::connect::{Source, SourceOptions};
use carryall_source::counts::{Counts, WorkspaceCounts, count};
use carryall_source::data_map::DataMap;
use carryall_source::subject::find_subject;

use crate::export_file::ExportFile;
use crate::product::{Product, repository};

/// What stands in every file, however small the account.
const HEADER_BYTES: u64 = 10_000;

fn counted(product: &Product, name: &str, who: &str) -> Counts {
    let path = repository().join(format!("products/{name}/data-map.toml"));
    let map = DataMap::parse(&std::fs::read_to_string(path).unwrap(), name).unwrap();
    let options = SourceOptions {
        database: format!("sqlite:{}", product.database.display()),
        files: None,
        ..SourceOptions::default()
    };
    let snapshot = Source::connect(&options).unwrap().snapshot().unwrap();
    let subject = find_subject(&snapshot, &map, who).unwrap();
    count(&snapshot, &map, &subject).unwrap()
}

fn everybody() -> Vec<(Counts, ExportFile)> {
    let products = [
        (Product::demo(), "isms-copilot"),
        (Product::open_webui(), "open-webui"),
        (Product::anythingllm(), "anythingllm"),
    ];
    let mut all = Vec::new();
    for (product, name) in products {
        for who in product.people {
            all.push((counted(&product, name, who), product.export(who)));
        }
    }
    all
}

#[test]
fn every_section_has_as_many_records_as_were_counted() {
    for (counts, file) in everybody() {
        for (section, count) in &counts.sections {
            assert_eq!(file.count(section.name()), *count, "{}", section.name());
        }
        assert!(counts.sections.len() >= 7);
    }
}

#[test]
fn every_workspace_has_as_many_records_as_were_counted() {
    for (counts, file) in everybody() {
        let mut expected: Vec<WorkspaceCounts> = file
            .list("workspaces")
            .iter()
            .map(|workspace| WorkspaceCounts {
                id: workspace["id"].as_str().unwrap().to_owned(),
                name: workspace["name"].as_str().map(str::to_owned),
                shared: workspace["access"] == "shared",
                ..WorkspaceCounts::default()
            })
            .collect();
        let mut outside = WorkspaceCounts::default();
        let places: HashMap<String, usize> = expected
            .iter()
            .enumerate()
            .map(|(place, workspace)| (workspace.id.clone(), place))
            .collect();
        let of_thread: HashMap<&str, Option<&usize>> = file
            .list("threads")
            .iter()
            .map(|thread| {
                let workspace = thread["workspace_id"]
                    .as_str()
                    .and_then(|id| places.get(id));
                (thread["id"].as_str().unwrap(), workspace)
            })
            .collect();
        for section in [
            "threads",
            "messages",
            "uploaded_files",
            "generated_documents",
            "workspace_memories",
        ] {
            for record in file.list(section) {
                let own = record["workspace_id"]
                    .as_str()
                    .and_then(|id| places.get(id));
                let by_thread = || {
                    record["thread_id"]
                        .as_str()
                        .and_then(|id| *of_thread.get(id)?)
                };
                let counts = match own.or_else(by_thread) {
                    Some(place) => &mut expected[*place],
                    None => &mut outside,
                };
                *match section {
                    "threads" => &mut counts.threads,
                    "messages" => &mut counts.messages,
                    "uploaded_files" => &mut counts.uploaded_files,
                    "generated_documents" => &mut counts.generated_documents,
                    _ => &mut counts.workspace_memories,
                } += 1;
            }
        }
        assert_eq!(counts.workspaces, expected);
        assert_eq!(counts.outside_workspaces, outside);
    }
}

#[test]
fn as_many_records_of_others_are_left_out_as_were_counted() {
    for (counts, file) in everybody() {
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        for left_out in &counts.left_out {
            *counted
                .entry(left_out.section.name().to_owned())
                .or_default() += left_out.count;
        }
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        for left_out in file.json["summary"]["left_out"].as_array().unwrap() {
            let section = left_out["section"].as_str().unwrap().to_owned();
            *expected.entry(section).or_default() += left_out["count"].as_u64().unwrap();
        }
        assert_eq!(counted, expected);
    }
}

#[test]
fn the_estimated_size_is_about_the_size_of_the_file() {
    for (counts, file) in everybody() {
        let (estimate, size) = (counts.estimated_file_bytes(true), file.bytes.len() as u64);
        assert!(
            estimate + HEADER_BYTES > size / 2 && estimate < size * 2,
            "{estimate} for {size}"
        );
    }
}
