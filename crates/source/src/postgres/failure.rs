//! What PostgreSQL refuses, in words that say what to do.

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::error::SourceError;

const TRY_AGAIN: &str =
    "the server went away or ended the connection: look at its log, and try again";
const STATEMENT_TIMEOUT: &str = "a statement took longer than the role may: ALTER ROLE … SET statement_timeout = 0 for the role that reads";
const IDLE_TIMEOUT: &str = "the transaction rested longer than the role may, while the file was written: \
     ALTER ROLE … SET idle_in_transaction_session_timeout = 0 for the role that reads";
const TRANSACTION_TIMEOUT: &str = "the transaction took longer than the role may: ALTER ROLE … SET transaction_timeout = 0 for the role that reads";
const RECOVERY_CONFLICT: &str = "the replica had to choose between this snapshot and its primary's changes: set \
     hot_standby_feedback = on there, or raise max_standby_streaming_delay";
const CANCELLED: &str = "somebody cancelled the statement on the server: try again";

/// What ends a transaction though nothing is wrong with its statements, and what to set against it: conflicts of a
/// hot standby, timeouts, a server that stops or is full. Codes as in
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn ended(code: &SqlState, message: &str) -> Option<&'static str> {
    Some(match *code {
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => RECOVERY_CONFLICT,
        SqlState::QUERY_CANCELED if message.contains("statement timeout") => STATEMENT_TIMEOUT,
        SqlState::QUERY_CANCELED if message.contains("recovery") => RECOVERY_CONFLICT,
        SqlState::QUERY_CANCELED => CANCELLED,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => IDLE_TIMEOUT,
        _ if code.code() == "25P04" => TRANSACTION_TIMEOUT,
        _ if message.contains("conflict with recovery") => RECOVERY_CONFLICT,
        _ if ["08", "57", "53"].contains(&&code.code()[..2]) => TRY_AGAIN,
        _ => return None,
    })
}

/// Why the connection's thread could not do what it was asked for.
#[derive(Debug)]
pub(super) enum Failure {
    Database(tokio_postgres::Error),
    /// A value of this column is not what its type says.
    Undecodable(String),
    /// Row-level security could hide rows: why.
    Filtered(String),
    /// Nobody takes the rows any more.
    Unwanted,
    /// The snapshot was held for as long as it may.
    TooLong(Duration),
    /// The connection's thread has ended.
    Gone,
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Failure {
        Failure::Database(error)
    }
}

impl Failure {
    /// `is_asked`: whether we cancelled it ourselves.
    pub(super) fn into_error(self, purpose: &str, address: &str, is_asked: bool) -> SourceError {
        let purpose = purpose.to_owned();
        match self {
            Failure::Unwanted => SourceError::Interrupted { purpose },
            Failure::TooLong(limit) => SourceError::TooLong { purpose, limit },
            Failure::Filtered(detail) => SourceError::Filtered { purpose, detail },
            Failure::Gone => lost(purpose, address, "the connection is closed".to_owned()),
            Failure::Undecodable(column) => SourceError::Sql {
                purpose,
                detail: format!("a value of the column `{column}` cannot be read"),
            },
            Failure::Database(error) => from_database(&error, purpose, address, is_asked),
        }
    }
}

fn lost(purpose: String, address: &str, detail: String) -> SourceError {
    SourceError::Lost {
        purpose,
        database: address.to_owned(),
        detail,
        advice: TRY_AGAIN,
    }
}

/// What the server says, by its meaning. `is_asked`: whether we cancelled it ourselves.
pub(crate) fn from_database(
    error: &tokio_postgres::Error,
    purpose: String,
    address: &str,
    is_asked: bool,
) -> SourceError {
    let Some(said) = error.as_db_error() else {
        return lost(purpose, address, with_causes(error));
    };
    let detail = said.message().to_owned();
    let code = said.code();
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return if let Some(role) = detail.strip_prefix("permission denied to set role ") {
            SourceError::NotGranted {
                purpose,
                statements: vec![format!("GRANT {role} TO … (the role in --source);")],
                detail,
            }
        } else if detail.contains("row-level security") {
            SourceError::Filtered { purpose, detail }
        } else {
            SourceError::NotGranted {
                purpose,
                detail,
                statements: Vec::new(),
            }
        };
    }
    if *code == SqlState::QUERY_CANCELED && is_asked {
        return SourceError::Interrupted { purpose };
    }
    match ended(code, &detail) {
        Some(advice) => SourceError::Lost {
            purpose,
            database: address.to_owned(),
            detail,
            advice,
        },
        None => SourceError::Sql { purpose, detail },
    }
}

/// Why there is no connection.
pub(super) fn not_connected(error: &tokio_postgres::Error, address: &str) -> SourceError {
    let database = address.to_owned();
    let detail = with_causes(error);
    match advice_on_tls(error) {
        Some(advice) => SourceError::Insecure {
            database,
            detail,
            advice,
        },
        None => SourceError::Unreachable { database, detail },
    }
}

/// What to do when it was TLS that failed, and nothing else.
pub fn advice_on_tls(error: &tokio_postgres::Error) -> Option<&'static str> {
    use rustls::{CertificateError, Error};
    Some(match of_tls(error) {
        Some(Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => {
            "the certificate is for another host: name the server as its certificate does (subjectAltName)"
        }
        Some(Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        )) => {
            "the server's certificate was not signed by the authority in sslrootcert: name the file with the right one"
        }
        Some(Error::InvalidCertificate(_)) => "renew the server's certificate, or correct it",
        Some(_) => "look at ssl and ssl_min_protocol_version of the server",
        None if with_causes(error).contains("server does not support TLS") => {
            "turn ssl on in the server's configuration, or write sslmode=prefer for a connection that others can read"
        }
        None => return None,
    })
}

/// What rustls says, if it was TLS that failed.
pub(super) fn of_tls(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(below) = cause {
        if let Some(io) = below.downcast_ref::<std::io::Error>() {
            return io.get_ref()?.downcast_ref();
        }
        cause = below.source();
    }
    None
}

/// The driver's words and everything below them.
pub(super) fn with_causes(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(below) = cause {
        text = format!("{text}: {below}");
        cause = below.source();
    }
    text
}

/// A column whose values nobody taught this program to read.
pub(super) fn unknown_type(purpose: &str, column: &str, ty: &Type) -> SourceError {
    SourceError::UnknownType {
        purpose: purpose.to_owned(),
        column: column.to_owned(),
        of: ty.to_string(),
    }
}
