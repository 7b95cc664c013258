//! Reads the tree out of the file, section by section.
//!
//! What belongs to a workspace is known once its threads are, so sections have ranks: as long as they
//! come in the order of their ranks, one look at the file is enough.

mod records;

use std::io::Read;

use serde_json::Value;

use super::error::TraceError;
use super::find::{WorkspaceName, find};
use super::read_through;
use super::selection::Selection;
use super::tree::{Collection, FileLine, MemoryLine, Origin, ThreadLine, Trace};
use crate::header::{FORMAT, VERSION};
use crate::read::{Batch, Outline, Part, Piece};
use crate::section::Section;
use crate::verify::record::Values;
use crate::verify::{ExportFacts, GapLine, Gaps};

/// Workspaces; threads; what stands in them; what is said about all these.
pub(super) const RANKS: std::ops::RangeInclusive<u8> = 1..=4;

/// A look at the file.
pub(super) struct Walk {
    wanted: String,
    /// The one rank that is read this time; all of them when the order is the usual one.
    only: Option<u8>,
    /// The highest rank that was met.
    met: u8,
    is_out_of_order: bool,
    /// Whether records came before any workspace.
    came_too_early: bool,
    chosen: Option<usize>,
    workspaces: Vec<WorkspaceName>,
    threads: Vec<ThreadLine>,
    files: Vec<FileLine>,
    documents: Vec<FileLine>,
    memories: Vec<MemoryLine>,
    other_records: Vec<Collection>,
    gaps: Gaps,
    damaged_places: u64,
    origin: Origin,
    selection: Selection,
    /// The thread of the message before, and its place: a thread's messages stand together.
    last_thread: Option<(Vec<u8>, Option<usize>)>,
    values: Values,
}

/// The largest value outside the sections that is read, in bytes: an export has some KB.
const LARGEST_BYTES: usize = 16 << 20;

/// A value outside the sections.
fn small(text: &[u8]) -> Option<Value> {
    if text.len() > LARGEST_BYTES {
        return None;
    }
    serde_json::from_slice(text).ok()
}

fn rank(part: Part) -> Option<u8> {
    Some(match part {
        Part::Section(Section::Workspaces) => 1,
        Part::Section(Section::Threads) => 2,
        Part::Section(
            Section::Messages
            | Section::UploadedFiles
            | Section::GeneratedDocuments
            | Section::WorkspaceMemories
            | Section::OtherRecords,
        ) => 3,
        Part::Gaps => 4,
        _ => return None,
    })
}

impl Walk {
    pub fn new(wanted: &str, only: Option<u8>) -> Walk {
        Walk {
            wanted: wanted.to_owned(),
            only,
            met: 0,
            is_out_of_order: false,
            came_too_early: false,
            chosen: None,
            workspaces: Vec::new(),
            threads: Vec::new(),
            files: Vec::new(),
            documents: Vec::new(),
            memories: Vec::new(),
            other_records: Vec::new(),
            gaps: Gaps::default(),
            damaged_places: 0,
            origin: Origin::default(),
            selection: Selection::default(),
            last_thread: None,
            values: Values::new(),
        }
    }

    /// From now on only this rank is read.
    pub fn turn_to(&mut self, rank: u8) {
        self.only = Some(rank);
    }

    /// Whether the file must be read once for each rank.
    pub fn is_out_of_order(&self) -> bool {
        self.is_out_of_order
    }

    /// Reads the input.
    pub fn through(
        &mut self,
        input: impl Read,
        advanced: &mut dyn FnMut(u64),
    ) -> Result<Outline, TraceError> {
        read_through(input, advanced, |piece| self.take(piece))
    }

    /// Sums up.
    pub fn finish(mut self, outline: &Outline) -> Result<Trace, TraceError> {
        let says_so = self.origin.header["format"] == FORMAT;
        let is_known = |part: &Part| *part != Part::Unknown;
        self.origin.parts = outline.members.iter().map(|member| member.part).collect();
        if !says_so && !self.origin.parts.iter().any(is_known) {
            return Err(TraceError::NotAnExport);
        }
        let chosen = self.choose()?;
        Ok(Trace {
            export: ExportFacts::of(&self.origin.header),
            workspace: self.workspaces.swap_remove(chosen),
            threads: self.threads,
            files: self.files,
            documents: self.documents,
            memories: self.memories,
            other_records: self.other_records,
            gaps: self.gaps,
            damaged_places: self.damaged_places,
            is_cut_off: !outline.is_complete,
            origin: self.origin,
            selection: self.selection,
        })
    }

    /// Takes a piece; returns whether to go on.
    fn take(&mut self, piece: &Piece) -> Result<bool, TraceError> {
        let is_first_time = self.only.is_none_or(|rank| rank == *RANKS.start());
        if is_first_time {
            self.damaged_places += piece.faults.len() as u64;
        }
        for batch in &piece.batches {
            if let Some(rank) = rank(batch.part) {
                if self.is_due(rank)? {
                    self.batch(piece, batch)?;
                }
            } else if is_first_time {
                self.document(piece, batch)?;
            }
            if self.is_out_of_order {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether records of this rank are to be read now.
    fn is_due(&mut self, rank: u8) -> Result<bool, TraceError> {
        if self.only.is_some_and(|only| only != rank) {
            return Ok(false);
        }
        if self.only.is_none() {
            self.is_out_of_order = rank < self.met || (rank == 1 && self.came_too_early);
            if rank > 1 && self.workspaces.is_empty() {
                self.came_too_early = true;
                return Ok(false);
            }
        }
        self.met = self.met.max(rank);
        if rank > 1 && !self.is_out_of_order {
            self.choose()?;
        }
        Ok(!self.is_out_of_order)
    }

    fn choose(&mut self) -> Result<usize, TraceError> {
        if let Some(chosen) = self.chosen {
            return Ok(chosen);
        }
        let chosen = find(&self.workspaces, &self.wanted)?;
        self.selection.workspace = self.workspaces[chosen].id.clone().into_bytes();
        self.chosen = Some(chosen);
        Ok(chosen)
    }

    /// A value outside the sections that an extract takes over.
    fn document(&mut self, piece: &Piece, batch: &Batch) -> Result<(), TraceError> {
        let place = match batch.part {
            Part::Export => &mut self.origin.header,
            Part::Summary => &mut self.origin.summary,
            Part::Integrity => &mut self.origin.integrity,
            _ => return Ok(()),
        };
        for slice in &batch.slices {
            match small(piece.bytes(*slice)) {
                Some(value) => *place = value,
                None => self.damaged_places += 1,
            }
        }
        let version = self.origin.header["version"].as_u64();
        match version.filter(|version| *version != u64::from(VERSION)) {
            Some(version) => Err(TraceError::UnsupportedVersion { version }),
            None => Ok(()),
        }
    }

    fn batch(&mut self, piece: &Piece, batch: &Batch) -> Result<(), TraceError> {
        let Part::Section(section) = batch.part else {
            let mut slices = batch.slices.iter();
            return slices.try_for_each(|slice| self.gap(piece.bytes(*slice)));
        };
        let places = records::Places::of(section);
        let mut slices = batch.slices.iter();
        slices.try_for_each(|slice| self.records(section, &places, piece.bytes(*slice)))
    }

    fn gap(&mut self, text: &[u8]) -> Result<(), TraceError> {
        let Some(gap) = small(text) else {
            self.damaged_places += 1;
            return Ok(());
        };
        let gap = GapLine::of(&gap);
        if self.selection.concerns(&gap)? {
            if gap.code == "dangling_reference" {
                let id = gap.id.as_deref().unwrap_or_default();
                let field = gap.field.as_deref().unwrap_or_default();
                self.selection.note_dangling(&gap.section, id, field)?;
            }
            self.gaps.add(gap);
        }
        Ok(())
    }
}
