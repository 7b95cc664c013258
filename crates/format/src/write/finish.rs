//! What comes after the data: gaps, summary, integrity.

use std::collections::BTreeMap;
use std::io;

use super::{WriteError, Writer, hex};
use crate::gap::Gap;
use crate::header::{LeftOutCount, SectionSummary, Status, Summary, Totals};
use crate::section::Section;
use crate::sign::{IntegritySignature, SigningKey, integrity_line};
use crate::sink::BUFFER_BYTES;

/// What a finished file is.
#[derive(Debug, Clone)]
pub struct Written {
    /// Size of the file in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the whole file.
    pub sha256: [u8; 32],
    /// Records of each section.
    pub counts: BTreeMap<Section, u64>,
    /// How many gaps stand in the file.
    pub gap_count: u64,
    /// The first 1,000 of them.
    pub gaps: Vec<Gap>,
    /// What was left out.
    pub left_out: Vec<LeftOutCount>,
    /// The signature, when there was a key to sign with.
    pub signature: Option<IntegritySignature>,
}

impl Writer {
    /// Has the file signed with this key when it is finished; without one it is not signed.
    pub fn sign_with(&mut self, key: SigningKey) {
        self.signing_key = Some(key);
    }

    /// Writes what comes after the data: gaps, summary, integrity.
    pub fn finish(mut self) -> Result<Written, WriteError> {
        let next = self.close_section()?;
        for skipped in &Section::ALL[next..] {
            self.write_key(*skipped);
            self.close_section()?;
        }
        self.buffer.extend_from_slice(b",\n\"gaps\":[");
        let gap_count = self.gaps.count();
        let gaps = std::mem::take(&mut self.gaps).drain(|lines| {
            self.buffer.extend_from_slice(lines);
            if self.buffer.len() >= BUFFER_BYTES {
                self.sink.send(&mut self.buffer)
            } else {
                Ok(())
            }
        })?;
        self.buffer
            .extend_from_slice(if gap_count == 0 { b"]" } else { b"\n]" });
        let left_out = self.left_out_counts();
        self.write_summary(gap_count, left_out.clone())?;
        self.sink.send(&mut self.buffer)?;
        let digest = hex(&self.sink.seal()?);
        let signature = self.sign(&digest);
        let line = integrity_line(&digest, signature.as_ref());
        self.buffer.extend_from_slice(line.as_bytes());
        self.sink.send(&mut self.buffer)?;
        let size_bytes = self.sink.sent_bytes();
        let sha256 = self.sink.finish()?;
        let counts = Section::ALL
            .into_iter()
            .map(|section| (section, self.states[section as usize].count))
            .collect();
        Ok(Written {
            size_bytes,
            sha256,
            counts,
            gap_count,
            gaps,
            left_out,
            signature,
        })
    }

    fn sign(&self, digest: &str) -> Option<IntegritySignature> {
        let key = self.signing_key.as_ref()?;
        Some(key.sign(digest, &self.export_id))
    }

    fn left_out_counts(&self) -> Vec<LeftOutCount> {
        self.left_out
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|((section, ground, what), count)| LeftOutCount {
                section: section.name(),
                ground: *ground,
                what: what.clone(),
                count: *count,
            })
            .collect()
    }

    fn write_summary(&mut self, gaps: u64, left_out: Vec<LeftOutCount>) -> Result<(), WriteError> {
        let mut sections = serde_json::Map::new();
        let mut records = 0;
        for section in Section::ALL {
            let state = &self.states[section as usize];
            let (count, offset, length) = (state.count, state.offset, state.length);
            let status = if count > 0 {
                Status::Included
            } else {
                state.status.unwrap_or(Status::Empty)
            };
            if section != Section::FileContents {
                records += count;
            }
            let line = SectionSummary {
                status,
                count,
                offset,
                length,
            };
            sections.insert(
                section.name().to_owned(),
                serde_json::to_value(line).map_err(io::Error::from)?,
            );
        }
        let totals = Totals {
            records,
            file_bytes: self.file_bytes,
            gaps,
        };
        self.buffer.extend_from_slice(b",\n\"summary\":");
        serde_json::to_writer(
            &mut self.buffer,
            &Summary {
                sections,
                left_out,
                totals,
            },
        )
        .map_err(io::Error::from)?;
        self.buffer.extend_from_slice(b",\n");
        Ok(())
    }
}
