//! The built program as people meet it: `carryall serve` in a process of its own, killed and worn.

mod api;
mod audit;
mod cluster;
mod deployed;
mod disk;
mod doctored;
mod faults;
mod kill;
mod load;
mod mail;
mod nodes;
mod on_record;
mod on_s3;
#[path = "../servers/postgres.rs"]
mod postgres_server;
mod protected;
mod quiet;
mod retention;
mod server;
mod signed;
mod soak;
mod traced;
mod watched;
