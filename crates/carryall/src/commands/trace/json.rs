//! The tree for scripts: one JSON object.

use std::io::{self, Write};

use carryall_format::trace::Trace;
use serde_json::json;

/// Prints it, ending in a line feed.
pub fn print(out: &mut (impl Write + ?Sized), name: &str, tree: &Trace) -> io::Result<()> {
    let mut object = json!({
        "file": name,
        "totals": {
            "threads": tree.threads.len(),
            "messages": tree.messages(),
            "files": tree.files.len(),
            "documents": tree.documents.len(),
            "memories": tree.memories.len(),
            "other_records": tree.others(),
            "gaps": tree.gaps.count,
        },
    });
    let tree = serde_json::to_value(tree).map_err(io::Error::from)?;
    if let (Some(object), serde_json::Value::Object(tree)) = (object.as_object_mut(), tree) {
        object.extend(tree);
    }
    writeln!(out, "{object:#}")
}
