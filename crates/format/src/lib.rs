//! The export document: what stands in it, in which order, and how it is written.
//!
//! No SQL, no network and no clock of its own: whatever reads a product's database hands borrowed
//! values to this crate, and gets the bytes of the file.

pub mod encode;
pub mod gap;
pub mod header;
mod ids;
pub mod json;
mod json_keys;
mod json_members;
mod json_path;
mod json_read;
mod json_string;
mod json_visit;
pub mod original;
pub mod read;
mod read_buffer;
mod repair;
pub mod schema;
pub mod section;
pub mod sign;
mod simd;
mod sink;
mod timestamp;
mod timestamp_text;
pub mod trace;
pub mod verify;
pub mod write;

pub use ids::IdSet;
pub use read_buffer::ReadBuffer;
