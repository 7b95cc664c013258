//! The tree of one workspace, and an export file of that workspace alone.
//!
//! Promises: the file is read once, from a file or a pipe; only one whose keys stand in another order
//! is read again, which a pipe cannot be. No text of a message is kept: memory is bounded by the
//! largest record and a small struct for each thread, file, document and memory of the workspace.
//! What is damaged is passed over and counted. An extract is cut only from a file that was found
//! sound, and has the records that an export of this workspace would have had.

mod cut;
mod error;
mod extract;
mod find;
mod respell;
mod selection;
mod tree;
mod walk;

use std::io::Read;

pub use self::error::TraceError;
pub use self::extract::{ExtractOrder, Sound, extract, require_sound};
pub use self::find::WorkspaceName;
pub use self::tree::{Collection, FileLine, MemoryLine, ThreadLine, Trace};
use self::walk::Walk;
use crate::read::{Outline, Piece, Splitter};
pub use crate::verify::Input;

/// Reads the tree of the workspace with this id, or else with this name. `advanced` hears how many
/// bytes were read so far.
pub fn trace<R: Read>(
    input: Input<R>,
    wanted: &str,
    advanced: &mut dyn FnMut(u64),
) -> Result<Trace, TraceError> {
    match input {
        Input::File(file) => {
            let mut walk = Walk::new(wanted, None);
            let mut outline = walk.through(file.from_start(), advanced)?;
            if walk.is_out_of_order() {
                walk = Walk::new(wanted, Some(1));
                for rank in walk::RANKS {
                    walk.turn_to(rank);
                    outline = walk.through(file.from_start(), advanced)?;
                }
            }
            walk.finish(&outline)
        }
        Input::Stream(input) => {
            let mut walk = Walk::new(wanted, None);
            let outline = walk.through(input, advanced)?;
            if walk.is_out_of_order() {
                return Err(TraceError::OutOfOrder);
            }
            walk.finish(&outline)
        }
    }
}

/// Hands over piece by piece, until there is no more or `take` has had enough.
fn read_through(
    input: impl Read,
    advanced: &mut dyn FnMut(u64),
    mut take: impl FnMut(&Piece) -> Result<bool, TraceError>,
) -> Result<Outline, TraceError> {
    let mut splitter = Splitter::new(input);
    while let Some(piece) = splitter.next_piece()? {
        if !take(&piece)? {
            break;
        }
        advanced(piece.place.offset + piece.block.len() as u64);
    }
    Ok(splitter.outline())
}
