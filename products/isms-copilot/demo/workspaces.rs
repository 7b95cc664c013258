//! The workspaces of the named people, own and shared.

use anyhow::Result;

use super::book::{Book, cell, maybe, text};
use super::owners::Whose;
use super::random::id_of;
use super::story::{Story, Workspace};

/// Inserts all of them.
pub fn insert_workspaces(book: &mut Book, story: &Story) -> Result<()> {
    for workspace in &story.workspaces {
        insert_workspace(book, story, workspace)?;
    }
    Ok(())
}

fn insert_workspace(book: &mut Book, story: &Story, workspace: &Workspace) -> Result<()> {
    let owner = story.person(&workspace.owner)?;
    let organization = workspace
        .organization
        .as_ref()
        .map(|key| id_of(&format!("org/{key}")));
    let row = [
        text("id", workspace.id()),
        text("owner_user_id", owner.id()),
        cell("is_shared", organization.is_some()),
        maybe("organization_id", organization),
        text("name", &workspace.name),
        maybe("description", workspace.description.as_ref()),
        maybe(
            "project_instructions",
            workspace.project_instructions.as_ref(),
        ),
        text("default_persona", &workspace.default_persona),
        cell("is_default", workspace.is_default),
        text("created_at", workspace.created_at),
        text("updated_at", workspace.updated_at),
        maybe("deleted_at", workspace.deleted_at),
    ];
    // A colleague's export holds the frame, also after leaving the team.
    let mut frame = story.emails(&workspace.members)?;
    frame.extend(story.emails(&workspace.former_members)?);
    let whose = Whose {
        frame,
        ..Whose::only(&owner.email)
    };
    book.insert("workspaces", &row, &whose)
}

/// Who sees what is in a workspace today: the owner and the present members.
pub fn viewers(story: &Story, workspace: &Workspace) -> Result<Vec<String>> {
    let mut viewers = story.emails(&workspace.members)?;
    if workspace.organization.is_some() {
        viewers.push(story.person(&workspace.owner)?.email.clone());
    }
    Ok(viewers)
}
