//! The built program as people meet it: `carryall serve` in a process of its own, killed and worn.

mod api;
mod audit;
mod kill;
mod mail;
mod on_s3;
mod protected;
mod server;
mod signed;
mod soak;
