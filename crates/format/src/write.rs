//! Writes one export file, from the first byte to the last, in constant memory.
//!
//! The order of the sections, the one-record-a-line layout, the summary's directory and the digest are
//! owned here. So is the last check of whose a row is: every record comes with a proof, and
//! the first one that does not hold ends the export.

mod contents;
mod finish;

use std::collections::BTreeMap;
use std::io::{self, Write};

pub use self::contents::{PART_BYTES, WrittenContents};
pub use self::finish::Written;
use crate::gap::{Gap, GapCode, GapSpool};
use crate::header::{Ground, Header, Status};
use crate::ids::IdSet;
use crate::read_buffer::ReadBuffer;
use crate::section::{Section, Shape};
use crate::sign::SigningKey;
pub use crate::sink::Helper;
use crate::sink::{BUFFER_BYTES, Sink};

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A row of somebody else reached the writer. The data map or a plan is wrong.
    #[error(
        "a record of `{section}` does not belong to the person who asks: the export was stopped"
    )]
    NotTheOwner {
        /// The section.
        section: &'static str,
    },
    /// A row whose parent is not part of this export reached the writer.
    #[error(
        "a record of `{section}` belongs to a record of `{parent}` that is not part of this export: the export was stopped"
    )]
    NotTheParent {
        /// The section.
        section: &'static str,
        /// The parent's section.
        parent: &'static str,
    },
    /// Two records share an id.
    #[error(
        "two records of `{section}` have the same id: give the section's id in the data map more columns, such as [\"id\", \"user_id\"]"
    )]
    DuplicateId {
        /// The section.
        section: &'static str,
    },
    /// Sections must come in file order.
    #[error("`{section}` was written out of order")]
    OutOfOrder {
        /// The section.
        section: &'static str,
    },
    /// The output cannot be written.
    #[error("the export file could not be written")]
    Output(#[from] io::Error),
}

/// Whose a row is, as the row itself says.
#[derive(Debug, Clone, Copy)]
pub enum Proof<'a> {
    /// The value of the row's owner column, as text.
    Owner(&'a [u8]),
    /// The id of the record that the row belongs to.
    Parent(Section, &'a [u8]),
}

/// What a reference points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// A record of this file.
    Included,
    /// A record that exists and is left out on a ground.
    LeftOut,
    /// Nothing that this export has met.
    Unknown,
}

/// The writer of one file.
pub struct Writer {
    sink: Sink,
    buffer: Vec<u8>,
    flush_at: usize,
    subject: Vec<u8>,
    export_id: String,
    signing_key: Option<SigningKey>,
    states: [State; Section::ALL.len()],
    open: Option<Section>,
    last_parent: Option<(Section, Vec<u8>)>,
    left_out: BTreeMap<(Section, Ground, String), u64>,
    gaps: GapSpool,
    file_bytes: u64,
    /// Raw bytes of the part being written; kept from file to file.
    part: ReadBuffer,
}

#[derive(Default)]
struct State {
    status: Option<Status>,
    count: u64,
    offset: u64,
    length: u64,
    included: IdSet,
    left_out: IdSet,
}

impl Writer {
    /// Starts a file on `out`. `header.subject_id` is who every row must belong to.
    pub fn start(out: impl Write + Send + 'static, header: &Header) -> Result<Writer, WriteError> {
        let mut writer = Writer {
            sink: Sink::start(out)?,
            buffer: Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 8),
            // The first bytes leave at once: somebody is waiting to see that it works.
            flush_at: 1,
            subject: header.subject_id.clone().into_bytes(),
            export_id: header.id.clone(),
            signing_key: None,
            states: Default::default(),
            open: None,
            last_parent: None,
            left_out: BTreeMap::new(),
            gaps: GapSpool::default(),
            file_bytes: 0,
            part: ReadBuffer::default(),
        };
        writer.buffer.extend_from_slice(b"{\n\"export\":");
        serde_json::to_writer(&mut writer.buffer, header).map_err(io::Error::from)?;
        Ok(writer)
    }

    /// How a section stands when it gets no records.
    pub fn set_status(&mut self, section: Section, status: Status) {
        self.states[section as usize].status = Some(status);
    }

    /// Opens a section, and closes the ones before it.
    pub fn open_section(&mut self, section: Section) -> Result<(), WriteError> {
        if self.open == Some(section) {
            return Ok(());
        }
        if self.open.is_some_and(|open| open > section) {
            return Err(WriteError::OutOfOrder {
                section: section.name(),
            });
        }
        let next = self.close_section()?;
        for skipped in &Section::ALL[next..section as usize] {
            self.write_key(*skipped);
            self.close_section()?;
        }
        self.write_key(section);
        Ok(())
    }

    /// Starts a record, after checking whose it is. The caller appends its fields, from the first key
    /// on and without the braces, to the returned buffer, then calls [`Writer::end_record`].
    pub fn begin_record(
        &mut self,
        section: Section,
        proof: Proof<'_>,
        id: &[u8],
    ) -> Result<&mut Vec<u8>, WriteError> {
        self.check(section, proof)?;
        self.open_section(section)?;
        let state = &mut self.states[section as usize];
        if section.shape() == Shape::List {
            self.buffer
                .extend_from_slice(if state.count == 0 { b"\n" } else { b",\n" });
            state.included.insert(id)?;
        }
        state.count += 1;
        self.buffer.push(b'{');
        Ok(&mut self.buffer)
    }

    /// Ends the record.
    pub fn end_record(&mut self) -> Result<(), WriteError> {
        self.buffer.push(b'}');
        if self.buffer.len() >= self.flush_at {
            self.flush()?;
        }
        Ok(())
    }

    /// The buffer that the current record is written to.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Hands over what was written of the current record, once it fills a buffer. `part` was taken from
    /// [`Writer::buffer`] and goes back there.
    pub fn send_part(&mut self, part: &mut Vec<u8>) -> Result<(), WriteError> {
        if part.len() >= BUFFER_BYTES {
            self.sink.send(part)?;
        }
        Ok(())
    }

    /// Counts a record that stays because of `ground`; references to it are then no gap.
    pub fn leave_out(
        &mut self,
        section: Section,
        ground: Ground,
        what: &str,
        id: Option<&[u8]>,
        count: u64,
    ) -> Result<(), WriteError> {
        if let Some(id) = id {
            self.states[section as usize].left_out.insert(id)?;
        }
        // Looked up first: the owned key is made once for each ground, not for each row.
        let known = self
            .left_out
            .iter_mut()
            .find(|((of, on, say), _)| *of == section && *on == ground && say == what);
        match known {
            Some((_, so_far)) => *so_far += count,
            None => {
                self.left_out
                    .insert((section, ground, what.to_owned()), count);
            }
        }
        Ok(())
    }

    /// What an id of a section that is already written points at.
    pub fn resolve(&mut self, section: Section, id: &[u8]) -> Result<Reference, WriteError> {
        let state = &mut self.states[section as usize];
        Ok(if state.included.contains(id)? {
            Reference::Included
        } else if state.left_out.contains(id)? {
            Reference::LeftOut
        } else {
            Reference::Unknown
        })
    }

    /// Notes a gap.
    pub fn gap(&mut self, gap: Gap) -> Result<(), WriteError> {
        Ok(self.gaps.push(gap)?)
    }

    /// Notes a gap of one field.
    pub fn field_gap(
        &mut self,
        code: GapCode,
        section: Section,
        id: &[u8],
        field: &str,
        reason: impl Into<String>,
    ) -> Result<(), WriteError> {
        self.gap(Gap {
            code,
            section,
            id: Some(String::from_utf8_lossy(id).into_owned()),
            field: Some(field.to_owned()),
            reason: reason.into(),
        })
    }

    /// Something that hashes and writes what waits, for a thread that would have to wait otherwise. While there is
    /// one, sending hashes where too much waits, and no thread of its own does.
    pub fn helper(&self) -> Helper {
        self.sink.helper()
    }

    /// Lowers the priority of the calling thread for good (nice(2), on Linux), and further that of the one that hashes,
    /// where a third thread must get a processor at once whenever it wants one.
    pub fn give_way(&self) {
        self.sink.give_way();
    }

    /// Bytes written so far, for progress.
    pub fn written_bytes(&self) -> u64 {
        self.sink.sent_bytes() + self.buffer.len() as u64
    }

    /// Bytes that have left the buffer so far. What was appended to it stays where it is until this changes.
    pub fn sent_bytes(&self) -> u64 {
        self.sink.sent_bytes()
    }

    /// Whose a row is, for parts of a record that are put together elsewhere.
    pub fn check(&mut self, section: Section, proof: Proof<'_>) -> Result<(), WriteError> {
        match proof {
            Proof::Owner(owner) if owner == self.subject => Ok(()),
            Proof::Owner(_) => Err(WriteError::NotTheOwner {
                section: section.name(),
            }),
            Proof::Parent(parent, id) => {
                if self
                    .last_parent
                    .as_ref()
                    .is_some_and(|(of, last)| *of == parent && last == id)
                {
                    return Ok(());
                }
                if !self.states[parent as usize].included.contains(id)? {
                    let (section, parent) = (section.name(), parent.name());
                    return Err(WriteError::NotTheParent { section, parent });
                }
                self.last_parent = Some((parent, id.to_vec()));
                Ok(())
            }
        }
    }

    fn write_key(&mut self, section: Section) {
        self.buffer.extend_from_slice(b",\n\"");
        self.buffer.extend_from_slice(section.name().as_bytes());
        self.buffer.extend_from_slice(b"\":");
        self.states[section as usize].offset = self.written_bytes();
        if section.shape() == Shape::List {
            self.buffer.push(b'[');
        }
        self.open = Some(section);
    }

    /// Closes the open section and returns the index of the next.
    fn close_section(&mut self) -> Result<usize, WriteError> {
        let Some(section) = self.open else {
            return Ok(0);
        };
        let state = &mut self.states[section as usize];
        match (section.shape(), state.count) {
            (Shape::Object, 0) => self.buffer.extend_from_slice(b"{}"),
            (Shape::List, 0) => self.buffer.push(b']'),
            (Shape::List, _) => self.buffer.extend_from_slice(b"\n]"),
            (Shape::Object, _) => {}
        }
        if section != Section::FileContents && state.included.has_duplicate()? {
            return Err(WriteError::DuplicateId {
                section: section.name(),
            });
        }
        let end = self.written_bytes();
        let state = &mut self.states[section as usize];
        state.length = end - state.offset;
        Ok(section as usize + 1)
    }

    fn flush_when_full(&mut self) -> io::Result<()> {
        if self.buffer.len() >= BUFFER_BYTES {
            self.sink.send(&mut self.buffer)
        } else {
            Ok(())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        // 1 byte, 64 KiB, then whole buffers: quick to start, cheap to go on.
        self.flush_at = if self.flush_at == 1 {
            64 << 10
        } else {
            BUFFER_BYTES
        };
        self.sink.send(&mut self.buffer)
    }
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
