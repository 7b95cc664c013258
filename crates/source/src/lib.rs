//! A product's database and files, read through its data map.
//!
//! Everything here is synchronous; the caller brings the threads. One snapshot, and borrowed values all the way to the
//! format's writer. Only [`import`] writes to a product.

mod address;
mod batch;
pub mod catalog;
pub mod check;
pub mod connect;
pub mod counts;
pub mod coverage;
pub mod credentials;
pub mod data_map;
pub mod error;
pub mod export;
pub mod files;
pub mod grants;
pub mod import;
pub mod made_id;
pub mod plan;
pub mod postgres;
mod read_ahead;
mod record;
pub mod scope;
pub mod snapshot;
pub mod sqlite;
mod streams;
pub mod subject;
pub mod value;
pub mod whole_file;
