//! The program as people run it: what an export holds, what it never holds, and how it fails.
//!
//! Every test runs the built program on a copy of its own. What is expected comes from the demo's list
//! of whose each row is, from the database's catalogue and from the database itself, never from a data
//! map.

mod accounted;
mod anythingllm;
mod bad_flags;
mod bad_input;
mod broken_map;
mod canary;
mod closed_pipe;
mod completeness;
mod conformance;
mod converting;
mod counts;
mod dangling;
mod encrypted;
mod export_file;
mod extracts;
mod files_on_s3;
mod importing;
mod incoming;
mod json_values;
mod keys;
mod layout;
mod memory;
mod open_webui;
mod owners;
mod planting;
mod postgres;
mod postgres_faults;
mod postgres_pointers;
mod postgres_priorities;
mod postgres_rules;
mod postgres_server;
mod postgres_tls;
mod product;
mod program;
mod readers;
mod reading_order;
mod references;
mod schema_of_the_demo;
#[path = "../servers/postgres.rs"]
mod servers;
mod signature;
mod slices;
mod snapshot;
mod supabase;
mod tree;
mod values;
mod verifying;
