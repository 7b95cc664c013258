//! A product that plays a script: two people, and exports that go as a test says.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::sync::Mutex;
use std::time::Duration;

use carryall_format::header::Ground;
use carryall_format::section::Section;
use carryall_source::counts::LeftOutCount;
use carryall_source::data_map::DataMap;
use sha2::{Digest as _, Sha256};

use super::{
    Counts, Credentials, Exported, Order, ProductError, Progress, Subject, WorkspaceCounts,
};
use crate::ledger::SubjectKey;

/// The password of everybody.
pub const PASSWORD: &str = "correct horse";

/// How one export goes. After the last act, exports go well.
#[derive(Debug, Clone)]
pub enum Act {
    /// The database is busy.
    Busy,
    /// The database is gone.
    Gone,
    /// The disk fills up in the middle.
    DiskFull,
    /// The output cannot be written.
    Unwritable,
    /// A check of the writer stops it.
    Refused,
    /// The thread dies.
    Panic,
    /// Writes on until it is cancelled.
    Endless,
    /// Writes fewer bytes than it says.
    Short,
    /// This file.
    Write(Vec<u8>),
}

/// The product.
pub struct Scripted {
    pub map: DataMap,
    pub people: Mutex<Vec<Subject>>,
    pub acts: Mutex<VecDeque<Act>>,
    pub counts: Mutex<Counts>,
    pub gone: Mutex<bool>,
    pub second_factor: Mutex<bool>,
    /// Anna's.
    pub totp_secret: Mutex<Option<&'static str>>,
    hash: String,
}

const MAP: &str = r#"
map_version = 1
product = "Example Desk"
file_prefix = "example-desk"
controller = { name = "Example GmbH", contact = "privacy@example.com", support = "help@example.com" }
[subject]
table = "users"
key = "id"
email = "email"
[sign_in]
table = "users"
key = "id"
login = "email"
password_hash = "password"
[[export]]
section = "account_settings"
table = "users"
owner = "id"
withheld.password = { ground = "secret", what = "Your password hash", reason = "It could be used to guess your password." }
[[export]]
section = "threads"
table = "threads"
owner = "user_id"
json.meta = { withheld = { "share" = { ground = "secret", what = "Sharing links", reason = "They open a thread to whoever has them." } } }
"#;

impl Scripted {
    /// Anna and Ben, and everything goes well.
    pub fn new() -> Scripted {
        let person = |key: &str, name: &str, email: &str| Subject {
            key: SubjectKey(key.to_owned()),
            email: Some(email.to_owned()),
            name: Some(name.to_owned()),
            active: true,
        };
        Scripted {
            map: toml::from_str(MAP).expect("a data map"),
            people: Mutex::new(vec![
                person("anna-key", "Anna <b>Keller</b>", "anna@example.com"),
                person("ben-key", "Ben Ortiz", "ben@example.com"),
            ]),
            acts: Mutex::default(),
            counts: Mutex::new(example_counts()),
            gone: Mutex::new(false),
            second_factor: Mutex::new(false),
            totp_secret: Mutex::new(None),
            hash: bcrypt::hash(PASSWORD, 4).expect("a hash"),
        }
    }

    /// The same, with this hash of everybody's password.
    pub fn with_hash(hash: String) -> Scripted {
        Scripted {
            hash,
            ..Scripted::new()
        }
    }

    /// The same, and Anna has an authenticator app.
    pub fn with_codes(secret: &'static str) -> Scripted {
        let mut scripted = Scripted::new();
        if let Some(sign_in) = &mut scripted.map.sign_in {
            sign_in.totp_secret = Some("totp".to_owned());
        }
        scripted.totp_secret = Mutex::new(Some(secret));
        scripted
    }

    /// The same, with this script for the next exports.
    pub fn playing(acts: impl IntoIterator<Item = Act>) -> Scripted {
        let scripted = Scripted::new();
        scripted.acts.lock().expect("not poisoned").extend(acts);
        scripted
    }

    pub fn find_subject(&self, who: &SubjectKey) -> Result<Option<Subject>, ProductError> {
        self.answers()?;
        let people = self.people.lock().expect("not poisoned");
        Ok(people
            .iter()
            .find(|person| person.key == *who || person.email.as_ref() == Some(&who.0))
            .cloned())
    }

    pub fn find_by_address(&self, address: &str) -> Result<Option<Subject>, ProductError> {
        self.answers()?;
        let people = self.people.lock().expect("not poisoned");
        let found = people
            .iter()
            .find(|person| person.email.as_deref() == Some(address));
        Ok(found.cloned())
    }

    pub fn find_credentials(&self, login: &str) -> Result<Option<Credentials>, ProductError> {
        self.answers()?;
        Ok(self.credentials(|person| person.email.as_deref() == Some(login)))
    }

    pub fn find_credentials_of(
        &self,
        who: &SubjectKey,
    ) -> Result<Option<Credentials>, ProductError> {
        self.answers()?;
        Ok(self.credentials(|person| person.key == *who))
    }

    fn credentials(&self, is_meant: impl Fn(&Subject) -> bool) -> Option<Credentials> {
        let people = self.people.lock().expect("not poisoned");
        let person = people.iter().find(|person| is_meant(person))?;
        let secret = *self.totp_secret.lock().expect("not poisoned");
        Some(Credentials {
            subject_key: person.key.clone(),
            totp_secret: secret
                .filter(|_| person.key.0 == "anna-key")
                .map(str::to_owned),
            password_hash: self.hash.clone(),
            active: person.active,
            needs_product_sign_in: *self.second_factor.lock().expect("not poisoned"),
        })
    }

    pub fn account_settings(&self, who: &SubjectKey) -> Result<serde_json::Value, ProductError> {
        let subject = self.find_subject(who)?.ok_or(ProductError::NoAccount)?;
        Ok(serde_json::json!({ "user_id": subject.key.0, "email": subject.email }))
    }

    pub fn count(&self, subject: &SubjectKey) -> Result<Counts, ProductError> {
        self.find_subject(subject)?.ok_or(ProductError::NoAccount)?;
        Ok(self.counts.lock().expect("not poisoned").clone())
    }

    pub fn export(
        &self,
        order: &Order,
        out: impl Write + Send + 'static,
        progress: &dyn Progress,
    ) -> Result<Exported, ProductError> {
        let act = self.acts.lock().expect("not poisoned").pop_front();
        progress.section(Section::Threads);
        match act {
            Some(Act::Busy) => Err(ProductError::Busy("database is locked".into())),
            Some(Act::Gone) => Err(ProductError::Unavailable("no such file".into())),
            Some(Act::DiskFull) => {
                write(out, b"{\"export\":{", order)?;
                Err(ProductError::Output(Box::new(io::Error::from(
                    io::ErrorKind::StorageFull,
                ))))
            }
            Some(Act::Unwritable) => Err(ProductError::Output(Box::new(io::Error::from(
                io::ErrorKind::PermissionDenied,
            )))),
            Some(Act::Refused) => Err(ProductError::Refused("row of another owner".into())),
            Some(Act::Panic) => panic!("as the script says"),
            Some(Act::Endless) => {
                let mut records = 0;
                while !progress.is_cancelled() {
                    records += 1;
                    progress.advanced(records, records * 10);
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(ProductError::Cancelled)
            }
            Some(Act::Short) => Ok(Exported {
                size_bytes: 999,
                ..write(out, b"{}\n", order)?
            }),
            Some(Act::Write(bytes)) => write(out, &bytes, order),
            None => write(
                out,
                format!("{{\"id\":\"{}\"}}\n", order.export_id).as_bytes(),
                order,
            ),
        }
    }

    fn answers(&self) -> Result<(), ProductError> {
        if *self.gone.lock().expect("not poisoned") {
            return Err(ProductError::Unavailable(
                "unable to open the database file".into(),
            ));
        }
        Ok(())
    }
}

fn write(mut out: impl Write, bytes: &[u8], order: &Order) -> Result<Exported, ProductError> {
    out.write_all(bytes)
        .map_err(|error| ProductError::Output(Box::new(error)))?;
    Ok(Exported {
        export_id: String::new(),
        snapshot_at: "2026-11-23T10:00:00Z".parse().expect("a timestamp"),
        replica_lag: None,
        size_bytes: bytes.len() as u64,
        sha256: Sha256::digest(bytes).into(),
        counts: BTreeMap::from([(Section::Threads, 2)]),
        gap_count: 1,
        gaps: Vec::new(),
        left_out: Vec::new(),
        signature: Some(order.signing_key.sign("digest", &order.export_id)),
    })
}

fn example_counts() -> Counts {
    let sections = [
        (Section::AccountSettings, 1),
        (Section::Workspaces, 2),
        (Section::Threads, 14),
        (Section::Messages, 1_204),
        (Section::UploadedFiles, 3),
        (Section::GeneratedDocuments, 0),
    ];
    Counts {
        sections: sections.into(),
        workspaces: vec![
            WorkspaceCounts {
                id: "w1".to_owned(),
                name: Some("Acme & Söhne".to_owned()),
                shared: true,
                threads: 12,
                messages: 1_200,
                uploaded_files: 3,
                generated_documents: 0,
                workspace_memories: 5,
            },
            WorkspaceCounts {
                id: "w2".to_owned(),
                ..WorkspaceCounts::default()
            },
        ],
        outside_workspaces: WorkspaceCounts {
            threads: 2,
            messages: 4,
            ..WorkspaceCounts::default()
        },
        left_out: vec![LeftOutCount {
            section: Section::Messages,
            ground: Ground::RightsOfOthers,
            what: "messages that others wrote in shared workspaces".to_owned(),
            count: 31,
        }],
        estimated_bytes: 2_400_000,
        file_bytes: 900_000,
    }
}
