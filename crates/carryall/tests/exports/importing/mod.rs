//! `carryall import`: what comes back, what never does, and that nothing is ever half done.

mod failing;
mod generated;
mod killed;
mod on_postgres;
mod others;
mod round_trip;
pub mod stage;
