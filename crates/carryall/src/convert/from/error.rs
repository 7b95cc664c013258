//! Why the export of another product could not be read.

use std::io;

use carryall_format::write::WriteError;

use super::detect::Shape;

/// Why it could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FromError {
    /// It is something else than what `--from` says.
    #[error("this is {}, and `--from` says `{asked}`", found.what())]
    Another {
        /// What it is.
        found: Shape,
        /// What `--from` says.
        asked: &'static str,
    },
    /// It is nothing that is known here.
    #[error("this is no export that is known here: {seen}")]
    Unknown {
        /// What was seen, in plain words.
        seen: String,
    },
    /// It has files of several products.
    #[error("files of several products stand in it: {}, and {}", one.what(), other.what())]
    Mixed {
        /// One of them.
        one: Shape,
        /// Another.
        other: Shape,
    },
    /// It only says where the data is.
    #[error("this is only the index of an export: it names {files} files that hold the data")]
    OnlyTheIndex {
        /// How many files it names.
        files: usize,
    },
    /// Its end is missing.
    #[error("{name} ends in the middle of a value")]
    CutOff {
        /// Which file.
        name: String,
    },
    /// It is no JSON.
    #[error("{name} is no JSON at byte {offset}: {problem}")]
    NoJson {
        /// Which file.
        name: String,
        /// Where.
        offset: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// One value in it is larger than is read.
    #[error("{name} has a single conversation of more than {} MiB", limit_bytes >> 20)]
    TooLarge {
        /// Which file.
        name: String,
        /// How much is read.
        limit_bytes: usize,
    },
    /// A zip that asks for a password.
    #[error("{name} in the zip is encrypted")]
    Encrypted {
        /// Which file of it.
        name: String,
    },
    /// A zip that would become far more than any export does.
    #[error(
        "the zip would become {unpacked_bytes} bytes, out of {packed_bytes}: no export does that"
    )]
    Bomb {
        /// Bytes of the zip.
        packed_bytes: u64,
        /// Bytes that it would become.
        unpacked_bytes: u64,
    },
    /// A zip that cannot be read.
    #[error("the zip cannot be read: {problem}")]
    BadZip {
        /// What is wrong.
        problem: String,
    },
    /// Conversations of several people.
    #[error("conversations of {} people stand in it: {}", people.len(), shown(people))]
    SeveralPeople {
        /// Who, and how many conversations each has.
        people: Vec<(String, u64)>,
    },
    /// `--person` names nobody.
    #[error("nobody in it is called `{asked}`: there are {}", shown(people))]
    NobodyOfThatName {
        /// What `--person` says.
        asked: String,
        /// Who is there.
        people: Vec<(String, u64)>,
    },
    /// It cannot be read from the disk.
    #[error("{name} cannot be read: {source}")]
    Unreadable {
        /// Which file.
        name: String,
        /// What failed.
        source: io::Error,
    },
    /// What was read cannot be kept until it is written.
    #[error("what was read cannot be kept in the folder for temporary files: {0}")]
    Spool(io::Error),
    /// The new file cannot be written.
    #[error("the new file could not be written: {0}")]
    Write(#[from] WriteError),
}

/// Only what is kept on the way there is read and written without a name to tell.
impl From<io::Error> for FromError {
    fn from(error: io::Error) -> FromError {
        FromError::Spool(error)
    }
}

impl FromError {
    /// What to do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            FromError::Another { found, .. } => match found.word() {
                Some(word) => format!("use `--from {word}`"),
                None => found.advice().to_owned(),
            },
            FromError::Unknown { .. } => {
                "name the zip or the JSON as the product handed it out".to_owned()
            }
            FromError::Mixed { .. } => "convert the files of one product at a time".to_owned(),
            FromError::OnlyTheIndex { .. } => {
                "download the batch zips that it names, put them into one folder and name the folder"
                    .to_owned()
            }
            FromError::CutOff { .. } | FromError::BadZip { .. } | FromError::NoJson { .. } => {
                "the file is damaged or its download did not finish: download it again".to_owned()
            }
            FromError::Encrypted { .. } => {
                "unpack it with its password, and name the folder".to_owned()
            }
            FromError::Bomb { .. } => {
                "if you trust it, unpack it yourself and name the folder".to_owned()
            }
            FromError::SeveralPeople { .. } | FromError::NobodyOfThatName { .. } => {
                "a Carryall file is about one person: say who, with `--person`".to_owned()
            }
            FromError::Spool(_) => "make room there, or set TMPDIR to another folder".to_owned(),
            FromError::TooLarge { .. } | FromError::Unreadable { .. } | FromError::Write(_) => {
                return None;
            }
        })
    }
}

/// The first ten, with their conversations.
fn shown(people: &[(String, u64)]) -> String {
    let each = people.iter().take(10);
    let each: Vec<_> = each
        .map(|(who, count)| format!("{who} ({count})"))
        .collect();
    let rest = people.len().saturating_sub(10);
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    format!("{}{more}", each.join(", "))
}
