//! What was handed out by another product: a JSON file, a zip, or a folder of both.
//!
//! Promises: what it is, its first bytes say and not its name. Names in a zip are names, and never paths.
//! A zip that would become more than an export ever does is refused before anything of it is read, and no
//! entry gives more than it states. Memory holds a few hundred bytes for each entry.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use super::error::FromError;

/// Texts are packed to a tenth, and a list of like numbers to a fiftieth.
const MOST_UNPACKED: u64 = 200;
/// What is small does no harm.
const ALWAYS_ALLOWED_BYTES: u64 = 64 << 20;

/// One file in it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name as it stands there, folders included. Nothing is ever opened by it.
    pub name: String,
    source: usize,
    index: usize,
}

impl Entry {
    /// Its name without folders.
    pub fn base_name(&self) -> &str {
        self.name.rsplit(['/', '\\']).next().unwrap_or(&self.name)
    }

    /// Whether its name says JSON.
    pub fn is_json(&self) -> bool {
        let name = self.base_name().to_ascii_lowercase();
        let endings = [".json", ".jsonl", ".ndjson", ".json.gz"];
        endings.into_iter().any(|ending| name.ends_with(ending))
    }
}

enum Source {
    Plain(PathBuf),
    Gzip(PathBuf, u64),
    Zip(Box<ZipArchive<BufReader<File>>>),
}

/// All of it.
pub struct Bundle {
    /// The files in it.
    pub entries: Vec<Entry>,
    /// Whether it is one JSON file, and so the name says nothing.
    pub is_single: bool,
    sources: Vec<Source>,
}

impl Bundle {
    /// Opens what stands at a path.
    pub fn open(path: &Path) -> Result<Bundle, FromError> {
        let mut bundle = Bundle {
            entries: Vec::new(),
            is_single: false,
            sources: Vec::new(),
        };
        if path.is_dir() {
            bundle.add_folder(path, "")?;
        } else {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            bundle.add_file(path, &name)?;
            bundle.is_single = matches!(bundle.sources[..], [Source::Plain(_) | Source::Gzip(..)]);
        }
        Ok(bundle)
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str) -> Result<(), FromError> {
        let unreadable = |source| unreadable(&folder.display().to_string(), source);
        let listed: io::Result<Vec<_>> = fs::read_dir(folder).map_err(unreadable)?.collect();
        let mut listed = listed.map_err(unreadable)?;
        listed.sort_by_key(fs::DirEntry::file_name);
        for one in listed {
            let name = format!("{prefix}{}", one.file_name().to_string_lossy());
            // Links are not followed: they may lead out of the folder.
            let kind = one.file_type().map_err(unreadable)?;
            if kind.is_dir() {
                self.add_folder(&one.path(), &format!("{name}/"))?;
            } else if kind.is_file() {
                self.add_file(&one.path(), &name)?;
            }
        }
        Ok(())
    }

    fn add_file(&mut self, path: &Path, name: &str) -> Result<(), FromError> {
        let failed = |source| unreadable(&path.display().to_string(), source);
        let mut file = File::open(path).map_err(failed)?;
        let mut first = Vec::new();
        (&file).take(4).read_to_end(&mut first).map_err(failed)?;
        file.rewind().map_err(failed)?;
        let source = self.sources.len();
        if first.starts_with(b"PK\x03\x04") || first.starts_with(b"PK\x05\x06") {
            let packed_bytes = file.metadata().map_err(failed)?.len();
            let archive = self.add_zip(file, source, packed_bytes)?;
            self.sources.push(Source::Zip(Box::new(archive)));
            return Ok(());
        }
        let path = path.to_owned();
        if first.starts_with(&[0x1f, 0x8b]) {
            let packed_bytes = file.metadata().map_err(failed)?.len();
            self.sources.push(Source::Gzip(path, packed_bytes));
        } else {
            self.sources.push(Source::Plain(path));
        }
        self.entries.push(Entry {
            name: name.to_owned(),
            source,
            index: 0,
        });
        Ok(())
    }

    fn add_zip(
        &mut self,
        file: File,
        source: usize,
        packed_bytes: u64,
    ) -> Result<ZipArchive<BufReader<File>>, FromError> {
        let mut archive =
            ZipArchive::new(BufReader::new(file)).map_err(|error| bad_zip(error, ""))?;
        let mut unpacked_bytes = 0_u64;
        for index in 0..archive.len() {
            let entry = archive
                .by_index_raw(index)
                .map_err(|error| bad_zip(error, ""))?;
            let raw_name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            let name = entry.name().map_or(raw_name, std::borrow::Cow::into_owned);
            if entry.encrypted() {
                return Err(FromError::Encrypted { name });
            }
            if entry.is_dir() || entry.is_symlink() {
                continue;
            }
            unpacked_bytes = unpacked_bytes.saturating_add(entry.size());
            self.entries.push(Entry {
                name,
                source,
                index,
            });
        }
        if unpacked_bytes > most_unpacked(packed_bytes) {
            return Err(FromError::Bomb {
                packed_bytes,
                unpacked_bytes,
            });
        }
        Ok(archive)
    }

    /// Reads a file in it.
    pub fn read(&mut self, entry: &Entry) -> Result<Box<dyn Read + '_>, FromError> {
        let opened =
            |path: &Path| File::open(path).map_err(|source| unreadable(&entry.name, source));
        Ok(match &mut self.sources[entry.source] {
            Source::Plain(path) => Box::new(opened(path)?),
            Source::Gzip(path, packed_bytes) => {
                let read = MultiGzDecoder::new(BufReader::new(opened(path)?));
                Box::new(Limited::to(read, most_unpacked(*packed_bytes)))
            }
            Source::Zip(archive) => {
                let read = archive
                    .by_index(entry.index)
                    .map_err(|error| bad_zip(error, &entry.name))?;
                let size_bytes = read.size();
                Box::new(Limited::to(read, size_bytes))
            }
        })
    }
}

fn most_unpacked(packed_bytes: u64) -> u64 {
    packed_bytes
        .saturating_mul(MOST_UNPACKED)
        .max(ALWAYS_ALLOWED_BYTES)
}

/// Ends with an error where more comes than there may be.
struct Limited<R> {
    read: R,
    left_bytes: u64,
}

impl<R> Limited<R> {
    fn to(read: R, left_bytes: u64) -> Limited<R> {
        Limited { read, left_bytes }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.read.read(buffer)?;
        self.left_bytes = self.left_bytes.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "it unpacks to more than it states, or than any export does",
            )
        })?;
        Ok(read)
    }
}

fn unreadable(name: &str, source: io::Error) -> FromError {
    FromError::Unreadable {
        name: name.to_owned(),
        source,
    }
}

fn bad_zip(error: ZipError, name: &str) -> FromError {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => FromError::Encrypted {
            name: name.to_owned(),
        },
        ZipError::Io(source) => unreadable("the zip", source),
        other => FromError::BadZip {
            problem: other.to_string(),
        },
    }
}
