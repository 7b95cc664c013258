//! What a small account holds: a workspace or two, a few short conversations, a memory, a file.

use anyhow::Result;

use super::book::{Book, cell, text};
use super::crowd::Member;
use super::files::{content_cells, scan};
use super::prose::Prose;
use super::random::id_of;
use super::talk::Talk;

/// Inserts it.
pub fn insert(book: &mut Book, prose: &Prose, member: &mut Member) -> Result<()> {
    let first = insert_workspace(book, member, "My First Workspace", true)?;
    let places = if member.number.is_multiple_of(2) {
        [Some(first.clone()), None]
    } else {
        [
            Some(insert_workspace(book, member, "Client – ISO 27001", false)?),
            Some(first.clone()),
        ]
    };
    for (index, place) in places
        .iter()
        .enumerate()
        .take(1 + member.number as usize % 2)
    {
        let talk = Talk {
            user_id: &member.id,
            email: &member.email,
            workspace_id: place.as_deref(),
            start: member.since.plus_days(3 + i64::try_from(index)?),
            pause: 47_000,
            messages: 2 + member.random.below(5),
        };
        talk.insert(book, prose, &mut member.random)?;
    }
    insert_memories(book, prose, member, &first)?;
    if member.number.is_multiple_of(3) {
        insert_file(book, member, &first)
    } else {
        Ok(())
    }
}

fn insert_workspace(
    book: &mut Book,
    member: &Member,
    name: &str,
    is_default: bool,
) -> Result<String> {
    let id = id_of(&format!("workspace/member-{}/{name}", member.number));
    let row = [
        text("id", &id),
        text("owner_user_id", &member.id),
        text("name", name),
        text("default_persona", "default"),
        cell("is_default", is_default),
        cell("is_shared", false),
        text("created_at", member.since.plus_millis(120_000)),
        text("updated_at", member.since.plus_millis(120_000)),
    ];
    book.insert("workspaces", &row, &member.whose())?;
    Ok(id)
}

fn insert_memories(
    book: &mut Book,
    prose: &Prose,
    member: &mut Member,
    workspace_id: &str,
) -> Result<()> {
    let made = member.since.plus_days(4);
    let row = [
        text("id", id_of(&format!("memory/member-{}", member.number))),
        text("workspace_id", workspace_id),
        text("created_by_user_id", &member.id),
        text("content", prose.sentence(&mut member.random)),
        text("source", "auto"),
        text("created_at", made),
        text("updated_at", made),
    ];
    book.insert("workspace_memories", &row, &member.whose())?;
    let row = [
        text(
            "id",
            id_of(&format!("user-memory/member-{}", member.number)),
        ),
        text("user_id", &member.id),
        text("content", prose.sentence(&mut member.random)),
        text("source", "manual"),
        text("created_at", made),
        text("updated_at", made),
    ];
    book.insert("user_memories", &row, &member.whose())
}

fn insert_file(book: &mut Book, member: &Member, workspace_id: &str) -> Result<()> {
    let id = id_of(&format!("upload/member-{}", member.number));
    let contents = format!("Notes of member {}\n\nNothing yet.\n", member.number);
    let key = format!("uploads/{}/{id}/notes.txt", member.id);
    let made = member.since.plus_days(5);
    let mut row = vec![
        text("id", &id),
        text("user_id", &member.id),
        text("workspace_id", workspace_id),
        text("extension", "txt"),
        text("status", "available"),
        text("extracted_text", &contents),
        text("storage_key", &key),
        text("scan", scan(made, &id)),
        text("created_at", made),
    ];
    row.extend(content_cells(
        "notes.txt",
        "text/plain",
        contents.as_bytes(),
    )?);
    book.store(&key, contents.as_bytes())?;
    book.insert("uploaded_files", &row, &member.whose())
}
