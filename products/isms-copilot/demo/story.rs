//! The people of the demo and their world, as the files under `story/` tell it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::moment::Moment;
use super::random::id_of;

/// One of the named people.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// What the other files call the person.
    pub key: String,
    /// Full name.
    pub name: String,
    /// The address that the person signs in with.
    pub email: String,
    /// The password in clear: these people are made up.
    pub password: String,
    /// The same as an argon2id hash.
    pub password_hash: String,
    /// The secret of an authenticator app, in base32, if there is one.
    pub totp_secret: Option<String>,
    /// What the person is there for.
    pub note: String,
    /// The retention setting; none keeps forever.
    pub retention_days: Option<i64>,
}

impl Person {
    /// The account's id.
    pub fn id(&self) -> String {
        id_of(&format!("user/{}", self.key))
    }
}

/// A workspace of one of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    /// What the other files call it.
    pub key: String,
    /// Whose it is.
    pub owner: String,
    /// The organisation that it is shared with.
    pub organization: Option<String>,
    /// Who sees it beside the owner, being a member now.
    #[serde(default)]
    pub members: Vec<String>,
    /// Who saw it and has left the organisation since.
    #[serde(default)]
    pub former_members: Vec<String>,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Project instructions.
    pub project_instructions: Option<String>,
    /// Default persona.
    pub default_persona: String,
    /// Whether it came with the account.
    #[serde(default)]
    pub is_default: bool,
    /// When it was made.
    pub created_at: Moment,
    /// When it was last changed.
    pub updated_at: Moment,
    /// When it was deleted.
    pub deleted_at: Option<Moment>,
}

impl Workspace {
    /// Its id.
    pub fn id(&self) -> String {
        id_of(&format!("workspace/{}", self.key))
    }
}

/// A file that somebody uploads.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// What the conversations call it.
    pub key: String,
    /// The name that the person gave it.
    pub name: String,
    /// Its contents, among the files of the demo.
    pub bytes: String,
    /// The text that the product read out of it; none: the contents themselves.
    pub text: Option<String>,
    /// Its media type.
    pub media_type: String,
    /// Set for a file that was uploaded and never sent: by whom, where and when.
    pub unsent: Option<Unsent>,
}

/// A file without a message.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsent {
    /// Who uploaded it.
    pub by: String,
    /// The workspace that was open.
    pub workspace: String,
    /// When.
    pub at: Moment,
}

/// A document that the product makes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// What the conversations call it.
    pub key: String,
    /// Its file name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its contents, among the files of the demo.
    pub bytes: String,
    /// md, docx, pdf or xlsx.
    pub format: String,
    /// Its media type.
    pub media_type: String,
    /// Which version of it.
    pub version: i64,
    /// The version before it.
    pub previous: Option<String>,
}

/// All of it.
#[derive(Debug)]
pub struct Story {
    /// The named people, in the order of the sign-in page.
    pub people: Vec<Person>,
    /// Their workspaces.
    pub workspaces: Vec<Workspace>,
    /// What they upload.
    pub uploads: BTreeMap<String, Upload>,
    /// What is made for them.
    pub documents: BTreeMap<String, Document>,
}

impl Story {
    /// Reads the files of the story.
    pub fn read() -> Result<Self> {
        let uploads: Vec<Upload> = read("uploads", include_str!("story/uploads.json"))?;
        let documents: Vec<Document> = read("documents", include_str!("story/documents.json"))?;
        Ok(Self {
            people: people()?,
            workspaces: read("workspaces", include_str!("story/workspaces.json"))?,
            uploads: uploads
                .into_iter()
                .map(|upload| (upload.key.clone(), upload))
                .collect(),
            documents: documents
                .into_iter()
                .map(|made| (made.key.clone(), made))
                .collect(),
        })
    }

    /// The person of that key.
    pub fn person(&self, key: &str) -> Result<&Person> {
        let found = self.people.iter().find(|person| person.key == key);
        found.with_context(|| format!("the story has no person `{key}`"))
    }

    /// The e-mail addresses of these people.
    pub fn emails(&self, keys: &[String]) -> Result<Vec<String>> {
        keys.iter()
            .map(|key| Ok(self.person(key)?.email.clone()))
            .collect()
    }

    /// The workspace of that key.
    pub fn workspace(&self, key: &str) -> Result<&Workspace> {
        let found = self
            .workspaces
            .iter()
            .find(|workspace| workspace.key == key);
        found.with_context(|| format!("the story has no workspace `{key}`"))
    }
}

/// The named people alone.
pub fn people() -> Result<Vec<Person>> {
    read("people", include_str!("story/people.json"))
}

fn read<T: for<'a> Deserialize<'a>>(name: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).with_context(|| format!("cannot read the story's {name}"))
}
