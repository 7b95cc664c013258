//! Whether the messages of a file stand in the order of the conversation.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::export_file::ExportFile;

/// Fails unless the messages stand in order; how many had to wait for the one they follow.
#[track_caller]
pub fn assert_order(file: &ExportFile) -> usize {
    let threads: Vec<&str> = file
        .list("threads")
        .iter()
        .map(|t| t["id"].as_str().unwrap())
        .collect();
    let messages = file.list("messages");
    let thread = |message: &Value| message["thread_id"].as_str().unwrap().to_owned();
    let mut order: Vec<String> = messages.iter().map(thread).collect();
    order.dedup();
    let expected: Vec<&&str> = threads
        .iter()
        .filter(|id| order.iter().any(|o| o == **id))
        .collect();
    assert_eq!(
        order.iter().collect::<Vec<_>>(),
        expected,
        "threads stand apart or in another order"
    );
    let key = |message: &Value| {
        let time: jiff::Timestamp = message["created_at"].as_str().unwrap().parse().unwrap();
        (time, message["id"].as_str().unwrap().to_owned())
    };
    let by_id: HashMap<&str, &Value> = messages
        .iter()
        .map(|m| (m["id"].as_str().unwrap(), m))
        .collect();
    let mut seen = BTreeSet::new();
    let mut waited = 0;
    let mut previous: Option<&Value> = None;
    for message in messages {
        if let Some(parent) = message["parent_id"]
            .as_str()
            .filter(|id| by_id.contains_key(id))
        {
            assert!(seen.contains(parent), "{message} stands before its parent");
        }
        seen.insert(message["id"].as_str().unwrap());
        if let Some(before) = previous.filter(|before| thread(before) == thread(message))
            && key(before) > key(message)
        {
            let mut above = message;
            let followed_later = loop {
                match above["parent_id"].as_str().and_then(|id| by_id.get(id)) {
                    Some(parent) if key(parent) > key(message) => break true,
                    Some(parent) => above = parent,
                    None => break false,
                }
            };
            assert!(followed_later, "{message} stands too late");
            waited += 1;
        }
        previous = Some(message);
    }
    waited
}
