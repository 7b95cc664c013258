//! What an export can become, and how that is told to people.

/// What an export can become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One line a record; nothing is lost
    Jsonl,
    /// A folder with one table a section, for spreadsheets; nothing is lost
    Csv,
    /// One SQLite database, one table a section; nothing is lost
    Sqlite,
    /// A folder with one Parquet file a section, typed columns
    Parquet,
    /// A folder a workspace, one note a thread, attachments beside; opens in Obsidian
    Markdown,
    /// A folder of pages to read and print: one a thread, files beside; nothing is lost
    Html,
    /// `conversations.json` in the shape of ChatGPT's export
    Chatgpt,
    /// A folder in the shape of Claude's export
    Claude,
    /// The file that Open WebUI's chat import takes
    OpenWebui,
    /// A folder with one file a conversation for LibreChat's import
    Librechat,
}

impl Format {
    /// As people type it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Jsonl => "jsonl",
            Format::Csv => "csv",
            Format::Sqlite => "sqlite",
            Format::Parquet => "parquet",
            Format::Markdown => "markdown",
            Format::Html => "html",
            Format::Chatgpt => "chatgpt",
            Format::Claude => "claude",
            Format::OpenWebui => "open-webui",
            Format::Librechat => "librechat",
        }
    }

    /// Whether it is many files.
    pub fn is_folder(self) -> bool {
        matches!(
            self,
            Format::Csv
                | Format::Parquet
                | Format::Markdown
                | Format::Html
                | Format::Claude
                | Format::Librechat
        )
    }

    /// Every format, those that a person looks for first.
    pub const ALL: [Format; 10] = [
        Format::Html,
        Format::Markdown,
        Format::Csv,
        Format::OpenWebui,
        Format::Librechat,
        Format::Chatgpt,
        Format::Claude,
        Format::Sqlite,
        Format::Parquet,
        Format::Jsonl,
    ];

    /// What it is for: a heading.
    pub fn title(self) -> &'static str {
        match self {
            Format::Html => "Read and print it",
            Format::Markdown => "Notes, in Obsidian for example",
            Format::Csv => "Spreadsheets",
            Format::OpenWebui => "Move to Open WebUI",
            Format::Librechat => "Move to LibreChat",
            Format::Chatgpt => "Programs that take a ChatGPT export",
            Format::Claude => "Programs that take a Claude export",
            Format::Sqlite => "Ask it questions in SQL",
            Format::Parquet => "Data frames and dashboards",
            Format::Jsonl => "Your own programs",
        }
    }

    /// What comes out, and what to do with it: one sentence.
    pub fn what_comes_out(self) -> &'static str {
        match self {
            Format::Html => {
                "A folder of web pages with your files beside them: open index.html in any browser."
            }
            Format::Markdown => {
                "A folder a workspace and a note a conversation, with your files beside them."
            }
            Format::Csv => "A table of each kind of record, and your files.",
            Format::OpenWebui => "A file for Settings > Data Controls > Import Chats.",
            Format::Librechat => {
                "A folder of files, one a conversation, for Settings > Data controls > Import."
            }
            Format::Chatgpt => {
                "conversations.json, as ChatGPT hands it out: many programs import it."
            }
            Format::Claude => "A folder as Claude hands it out.",
            Format::Parquet => {
                "A Parquet file of each kind of record, for pandas, Polars and DuckDB."
            }
            Format::Sqlite => {
                "A database with a table of each kind of record, for SQLite and DuckDB."
            }
            Format::Jsonl => "One line of JSON a record.",
        }
    }

    /// A name for what comes out.
    pub fn example(self) -> &'static str {
        match self {
            Format::Html => "pages",
            Format::Markdown => "notes",
            Format::Csv => "tables",
            Format::OpenWebui => "chats.json",
            Format::Librechat => "conversations",
            Format::Chatgpt => "conversations.json",
            Format::Claude => "claude",
            Format::Sqlite => "export.db",
            Format::Parquet => "parquet",
            Format::Jsonl => "export.jsonl",
        }
    }
}
