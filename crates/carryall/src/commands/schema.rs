//! `carryall schema`: the JSON Schema of the export file.

use std::process::ExitCode;

use super::printed::printed;

/// Print the JSON Schema of the export file
///
/// The schema is derived from the same table as the writer. Its SHA-256 stands in every export, under
/// `export.schema.sha256`.
#[derive(Debug, clap::Args)]
pub struct Schema {}

impl Schema {
    #[expect(clippy::unused_self, reason = "every command runs alike")]
    pub fn run(self) -> anyhow::Result<ExitCode> {
        printed(|out| out.write_all(carryall_format::schema::text().as_bytes()))?;
        Ok(ExitCode::SUCCESS)
    }
}
