//! `carryall grants`: the rights that exporting needs, as SQL.

use std::process::ExitCode;

use super::origin::ProductArgs;
use super::printed::printed;

/// Print the rights that an export needs, as SQL for PostgreSQL
///
/// Exporting reads the columns that the data map names and nothing else, so the role needs SELECT on
/// those columns alone. SQLite has no roles: there, let the program's account read the file.
#[derive(Debug, clap::Args)]
pub struct Grants {
    #[command(flatten)]
    product: ProductArgs,
    /// The role that Carryall connects as
    #[arg(long, default_value = "carryall")]
    role: String,
}

impl Grants {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let map = self.product.load()?;
        let statements = carryall_source::grants::statements(&map, &self.role);
        printed(|out| out.write_all(statements.as_bytes()))?;
        Ok(ExitCode::SUCCESS)
    }
}
