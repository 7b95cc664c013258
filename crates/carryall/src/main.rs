//! Carryall: one click, one file, everything in it, and proof that it is everything.

mod clock;
mod commands;
mod convert;
mod deadline;
mod exports;
mod health;
mod keys;
mod ledger;
mod memory;
mod metrics;
mod notices;
mod oidc;
mod operators;
mod product;
mod products;
mod protect;
mod random;
mod tokens;
mod totp;
mod traces;
mod web;

use std::process::ExitCode;

use clap::Parser;

/// Everything a product holds on a person, in one file: exported, checked, explained.
#[derive(Debug, Parser)]
#[command(
    name = "carryall",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The one provider of TLS. Whoever has named another one before is this program itself.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli.command.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn every_flag_of_every_command_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
