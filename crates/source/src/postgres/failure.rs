//! What PostgreSQL refuses, in words that say what to do.

use postgres::error::SqlState;
use postgres::types::Type;

use crate::error::SourceError;

/// Conflicts of a hot standby, a server that stops, and timeouts: nothing is wrong with the statement.
const ENDED: [SqlState; 7] = [
    SqlState::T_R_SERIALIZATION_FAILURE,
    SqlState::ADMIN_SHUTDOWN,
    SqlState::CRASH_SHUTDOWN,
    SqlState::CANNOT_CONNECT_NOW,
    SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    SqlState::DATABASE_DROPPED,
    SqlState::QUERY_CANCELED,
];

/// Why the connection's thread could not do what it was asked for.
#[derive(Debug)]
pub(super) enum Failure {
    Database(postgres::Error),
    /// A value of this column is not what its type says.
    Undecodable(String),
    /// Nobody takes the rows any more.
    Unwanted,
}

impl From<postgres::Error> for Failure {
    fn from(error: postgres::Error) -> Failure {
        Failure::Database(error)
    }
}

impl Failure {
    pub(super) fn into_error(self, purpose: &str, address: &str) -> SourceError {
        let purpose = purpose.to_owned();
        match self {
            Failure::Unwanted => SourceError::Interrupted { purpose },
            Failure::Undecodable(column) => SourceError::Sql {
                purpose,
                detail: format!("a value of the column `{column}` cannot be read"),
            },
            Failure::Database(error) => from_database(&error, purpose, address),
        }
    }
}

/// What the server says, by its meaning.
pub(crate) fn from_database(
    error: &postgres::Error,
    purpose: String,
    address: &str,
) -> SourceError {
    let database = address.to_owned();
    let Some(said) = error.as_db_error() else {
        return SourceError::Lost {
            purpose,
            database,
            detail: with_causes(error),
        };
    };
    let detail = said.message().to_owned();
    let code = said.code();
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return if detail.contains("row-level security") {
            SourceError::Filtered { purpose, detail }
        } else {
            SourceError::NotGranted { purpose, detail }
        };
    }
    if *code == SqlState::QUERY_CANCELED && detail.contains("user request") {
        return SourceError::Interrupted { purpose };
    }
    if ENDED.contains(code) {
        return SourceError::Lost {
            purpose,
            database,
            detail,
        };
    }
    SourceError::Sql { purpose, detail }
}

/// Why there is no connection.
pub(super) fn not_connected(error: &postgres::Error, address: &str) -> SourceError {
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
pub fn advice_on_tls(error: &postgres::Error) -> Option<&'static str> {
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
pub(super) fn of_tls(error: &postgres::Error) -> Option<&rustls::Error> {
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
pub(super) fn with_causes(error: &postgres::Error) -> String {
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
