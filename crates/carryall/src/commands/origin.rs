//! The flags that say which product and which database.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use carryall_source::connect::{Source, SourceOptions};
use carryall_source::data_map::DataMap;
use carryall_source::files::FilePlace;

use super::reading::ReadingArgs;
use crate::products;

/// Which product, by name or by its data map.
#[derive(Debug, Clone, clap::Args)]
pub struct ProductArgs {
    /// A product that this program was built with
    #[arg(long, value_name = "NAME", env = "CARRYALL_PRODUCT", default_value = products::DEFAULT)]
    pub product: String,
    /// A data map of your own, instead of --product
    #[arg(
        long,
        value_name = "FILE",
        env = "CARRYALL_DATA_MAP",
        conflicts_with = "product"
    )]
    pub data_map: Option<PathBuf>,
}

/// Where the product's database is.
#[derive(Debug, Clone, clap::Args)]
pub struct SourceArgs {
    /// The product's database, as sqlite:PATH or `postgres://USER@HOST/DATABASE`; it is only ever read
    #[arg(long, value_name = "ADDRESS", env = "CARRYALL_SOURCE")]
    pub source: String,
    #[command(flatten)]
    pub password: SourcePassword,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    pub product: ProductArgs,
}

/// The password of the database's server, which stands in no process list.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SourcePassword {
    /// A file with the password for --source, when the address has none
    #[arg(long, value_name = "FILE", env = "CARRYALL_SOURCE_PASSWORD_FILE")]
    source_password_file: Option<PathBuf>,
}

impl SourcePassword {
    /// The file.
    pub fn secret_file(&self) -> Option<&PathBuf> {
        self.source_password_file.as_ref()
    }

    /// Reads it; a line feed at its end is none of it.
    pub fn read(&self) -> anyhow::Result<Option<String>> {
        let Some(path) = &self.source_password_file else {
            return Ok(None);
        };
        read_password(path, "--source-password-file").map(Some)
    }
}

/// The password in a file that `flag` named.
pub fn read_password(path: &Path, flag: &str) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let path = path.display();
        anyhow!(
            "the password file {path} cannot be read: {error}\nhint: check the path after `{flag}`"
        )
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

impl ProductArgs {
    /// Reads and checks the data map.
    pub fn load(&self) -> anyhow::Result<DataMap> {
        let (text, name) = if let Some(path) = &self.data_map {
            let text = std::fs::read_to_string(path)
                .map_err(|error| {
                    let path = path.display();
                    anyhow!("the data map {path} cannot be read: {error}\nhint: check the path after `--data-map`")
                })?;
            (text, path.display().to_string())
        } else {
            let product = products::named(&self.product)?;
            (
                product.data_map.to_owned(),
                format!("products/{}/data-map.toml", product.name),
            )
        };
        Ok(DataMap::parse(&text, &name)?)
    }
}

impl SourceArgs {
    /// Opens the database, and the place of the files if there is one.
    pub fn connect(&self, map: &DataMap, files: Option<FilePlace>) -> anyhow::Result<Source> {
        let options = SourceOptions {
            database: self.source.clone(),
            password: self.password.read()?,
            schemas: map.database.schemas.clone(),
            files,
            reading: self.reading.reading(),
        };
        Source::connect(&options).map_err(|error| with_hint(&error, error.hint()))
    }
}

/// An error with its advice on a line of its own.
pub fn with_hint(error: &dyn std::error::Error, hint: Option<String>) -> anyhow::Error {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let more = source.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = source.source();
    }
    match hint {
        Some(hint) => anyhow::anyhow!("{text}\nhint: {hint}"),
        None => anyhow::anyhow!("{text}"),
    }
}
