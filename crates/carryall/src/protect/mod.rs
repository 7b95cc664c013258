//! Files that only a passphrase or a private key opens, and files that only the ledger's key opens.
//!
//! The first are files of the age format (age-encryption.org/v1), which the stock `age` opens too; the
//! second are what lies in the folder of artifacts. Both are made of the same chunks. Nothing here is
//! written when it cannot be encrypted, and no secret stands in an error.

pub mod chunks;
mod error;
pub mod handed;
pub mod keys;
pub mod lock;
pub mod open;

#[cfg(test)]
mod tests;

pub use error::ProtectError;
pub use keys::Passphrase;
pub use lock::Lock;
