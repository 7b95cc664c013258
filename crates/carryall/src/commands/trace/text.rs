//! The tree for people.

use std::io::{self, Write};

use carryall_format::trace::{FileLine, ThreadLine, Trace};
use carryall_format::verify::GapLine;

use crate::commands::plain::plain;
use crate::web::words::{self, count_of};

/// How many gaps are shown; the file has all of them.
const SHOWN_GAPS: usize = 20;

/// A line, and what stands below it.
struct Branch {
    line: String,
    below: Vec<Branch>,
}

impl Branch {
    fn leaf(line: impl Into<String>) -> Branch {
        Branch {
            line: line.into(),
            below: Vec::new(),
        }
    }

    /// `Threads: 3`, with these below it.
    fn list(name: &str, count: u64, below: Vec<Branch>) -> Branch {
        let count = match count {
            0 => "none".to_owned(),
            count => words::count(count),
        };
        Branch {
            line: format!("{name}: {count}"),
            below,
        }
    }

    fn print(
        &self,
        out: &mut (impl Write + ?Sized),
        before: &str,
        is_last: bool,
    ) -> io::Result<()> {
        let (here, further) = if is_last {
            ("└── ", "    ")
        } else {
            ("├── ", "│   ")
        };
        writeln!(out, "{before}{here}{}", self.line)?;
        let before = format!("{before}{further}");
        print_all(out, &before, &self.below)
    }
}

fn print_all(out: &mut (impl Write + ?Sized), before: &str, branches: &[Branch]) -> io::Result<()> {
    for (place, branch) in branches.iter().enumerate() {
        branch.print(out, before, place + 1 == branches.len())?;
    }
    Ok(())
}

/// Prints it.
pub fn print(out: &mut (impl Write + ?Sized), tree: &Trace) -> io::Result<()> {
    writeln!(out, "{}", named(tree.workspace.name.as_deref()))?;
    let access = match tree.workspace.access.as_deref() {
        Some("shared") => ", shared with you: what you put into it",
        _ => "",
    };
    writeln!(out, "workspace {}{access}", plain(&tree.workspace.id))?;
    let said = |text: &Option<String>| plain(text.as_deref().unwrap_or("?"));
    writeln!(
        out,
        "{}, data of {}, export {}",
        said(&tree.export.product),
        said(&tree.export.snapshot_at),
        said(&tree.export.id)
    )?;
    writeln!(
        out,
        "{}, {}, {}, {}, {}, {}\n",
        count_of(tree.threads.len() as u64, "thread", "threads"),
        count_of(tree.messages(), "message", "messages"),
        count_of(tree.files.len() as u64, "file", "files"),
        count_of(tree.documents.len() as u64, "document", "documents"),
        count_of(tree.memories.len() as u64, "memory", "memories"),
        count_of(tree.others(), "other record", "other records"),
    )?;
    print_all(out, "", &branches(tree))
}

fn branches(tree: &Trace) -> Vec<Branch> {
    let mut threads: Vec<Branch> = tree.threads.iter().map(thread).collect();
    let (mut files, mut documents) = (Vec::new(), Vec::new());
    let kinds = [
        ("file", &tree.files, &mut files),
        ("document", &tree.documents, &mut documents),
    ];
    for (word, lines, outside) in kinds {
        for line in lines {
            match line.thread.and_then(|place| threads.get_mut(place)) {
                Some(thread) => thread
                    .below
                    .push(Branch::leaf(format!("{word}: {}", file(line)))),
                None => outside.push(Branch::leaf(file(line))),
            }
        }
    }
    let memories = tree.memories.iter().map(|memory| {
        let line = plain(&memory.first_line);
        Branch::leaf(format!("{line}{}", deleted(memory.is_deleted)))
    });
    let others = tree.other_records.iter();
    let others = others.map(|one| {
        Branch::leaf(format!(
            "{}: {}",
            plain(&one.collection),
            words::count(one.count)
        ))
    });
    let list = |name, below: Vec<Branch>| Branch::list(name, below.len() as u64, below);
    vec![
        list("Threads", threads),
        list("Files outside threads", files),
        list("Documents outside threads", documents),
        list("Memories", memories.collect()),
        Branch::list("Other records", tree.others(), others.collect()),
        gaps(tree),
    ]
}

fn thread(thread: &ThreadLine) -> Branch {
    let day = |time: &Option<String>| -> String {
        plain(time.as_deref().unwrap_or("?"))
            .chars()
            .take(10)
            .collect()
    };
    let (first, last) = (day(&thread.first_message_at), day(&thread.last_message_at));
    let dates = match (thread.messages, first == last) {
        (0, _) => String::new(),
        (_, true) => format!(", {first}"),
        (_, false) => format!(", {first} to {last}"),
    };
    let shared = match thread.access.as_deref() {
        Some("shared") => ", somebody else's: what you wrote in it",
        _ => "",
    };
    let title = named(thread.title.as_deref());
    let messages = count_of(thread.messages, "message", "messages");
    let deleted = deleted(thread.is_deleted);
    Branch::leaf(format!("{title} ({messages}{dates}{shared}){deleted}"))
}

fn file(file: &FileLine) -> String {
    let size = file
        .size_bytes
        .map(|size| format!(" ({})", words::size(size)));
    let name = named(file.name.as_deref());
    let deleted = deleted(file.is_deleted);
    format!("{name}{}{deleted}", size.unwrap_or_default())
}

fn named(name: Option<&str>) -> String {
    match name.map(plain) {
        Some(name) if !name.trim().is_empty() => name,
        _ => "(no name)".to_owned(),
    }
}

fn deleted(is_deleted: bool) -> &'static str {
    if is_deleted { ", deleted" } else { "" }
}

fn gaps(tree: &Trace) -> Branch {
    let line = |gap: &GapLine| {
        let place = [
            Some(gap.section.as_str()),
            gap.id.as_deref(),
            gap.field.as_deref(),
        ];
        let place: Vec<_> = place.into_iter().flatten().map(plain).collect();
        let (code, place) = (plain(&gap.code), place.join(", "));
        Branch::leaf(format!("{code} in {place}: {}", plain(&gap.reason)))
    };
    let mut below: Vec<Branch> = tree.gaps.first.iter().take(SHOWN_GAPS).map(line).collect();
    let others = tree.gaps.count - below.len() as u64;
    if others > 0 {
        below.push(Branch::leaf(format!("and {} more", words::count(others))));
    }
    let name = "Gaps, what the product could not deliver as it was";
    Branch::list(name, tree.gaps.count, below)
}
