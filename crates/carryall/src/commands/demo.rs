//! `carryall demo`: a product with people in it, to try everything on.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use crate::products::{self, DemoOptions};

/// Write a demo: a product's database and files, with people in it
///
/// The same flags give the same content on every machine. `owners.jsonl` says whose each row is.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// The folder to write to; it is made if need be
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// How many people
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(4..))]
    people: u32,
    /// Give the biggest account so many messages more
    #[arg(long, value_name = "N")]
    messages: Option<u64>,
    /// Give the biggest account so many bytes of files more
    #[arg(long, value_name = "N")]
    file_bytes: Option<u64>,
    /// The product
    #[arg(long, value_name = "NAME", default_value = products::DEFAULT)]
    product: String,
}

impl Demo {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let product = products::named(&self.product)?;
        let demo = product
            .demo
            .as_ref()
            .with_context(|| format!("the product `{}` has no demo", product.name))?;
        let options = DemoOptions {
            people: self.people,
            messages: self.messages,
            file_bytes: self.file_bytes,
        };
        let bar = super::progress::bar();
        (demo.write)(&self.dir, &options, &mut |what, done, of| {
            bar.set_message(what.to_owned());
            bar.set_length(of);
            bar.set_position(done);
        })
        .with_context(|| format!("the demo could not be written to {}", self.dir.display()))?;
        bar.finish_and_clear();
        println!("{}", self.dir.display());
        for person in (demo.people)() {
            let secret = person
                .totp_secret
                .map(|secret| format!(", authenticator secret {secret}"));
            println!(
                "  {} <{}>, password {}{}: {}",
                person.name,
                person.email,
                person.password,
                secret.unwrap_or_default(),
                person.note
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}
