//! A server's address: what the driver takes, and what `sslmode` and `sslrootcert` in it ask for.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::failure::with_causes;
use super::tls::{Authority, Mode, Tls};

/// Reads `postgres://USER@HOST/DATABASE?sslmode=…&sslrootcert=…`. The text of an error tells no password.
pub fn parse(address: &str) -> Result<(Config, Tls), String> {
    let (rest, asked) = split(address)?;
    let mut config: Config = rest
        .parse()
        .map_err(|error: tokio_postgres::Error| with_causes(&error))?;
    let authority = asked.authority.as_ref();
    // libpq's defaults.
    let mode = asked.mode.unwrap_or(match authority {
        Some(Authority::System) => Mode::VerifyFull,
        _ => Mode::Prefer,
    });
    let is_local = config
        .get_hosts()
        .iter()
        .all(|host| matches!(host, Host::Unix(_)));
    config.ssl_mode(match mode {
        // A socket leaves the machine as little as memory does; libpq asks for no TLS there either.
        _ if is_local => SslMode::Disable,
        Mode::Disable => SslMode::Disable,
        Mode::Prefer => SslMode::Prefer,
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
    });
    let tls = Tls::new(mode, authority).map_err(|error| error.to_string())?;
    Ok((config, tls))
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    mode: Option<Mode>,
    authority: Option<Authority>,
}

/// Takes out what the driver does not know.
fn split(address: &str) -> Result<(String, Asked), String> {
    let mut asked = Asked::default();
    let Some((rest, query)) = address.split_once('?') else {
        return Ok((address.to_owned(), asked));
    };
    let mut others = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value)
            .decode_utf8()
            .map_err(|_| format!("{name} is not UTF-8"))?;
        match name {
            "sslmode" => {
                asked.mode = Some(Mode::named(&value).ok_or_else(|| {
                    format!("sslmode={value} is none of disable, prefer, require, verify-ca and verify-full")
                })?);
            }
            "sslrootcert" if value == "system" => asked.authority = Some(Authority::System),
            "sslrootcert" => asked.authority = Some(Authority::File(PathBuf::from(&*value))),
            _ => others.push(pair),
        }
    }
    let rest = if others.is_empty() {
        rest.to_owned()
    } else {
        format!("{rest}?{}", others.join("&"))
    };
    Ok((rest, asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_for_tls_is_taken_out_and_the_rest_stays() {
        let address = "postgres://ann@db/product?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fetc%2Fca.pem";
        let (rest, asked) = split(address).unwrap();
        assert_eq!(rest, "postgres://ann@db/product?connect_timeout=3");
        assert_eq!(asked.mode, Some(Mode::VerifyFull));
        assert_eq!(
            asked.authority,
            Some(Authority::File(PathBuf::from("/etc/ca.pem")))
        );
    }

    #[test]
    fn modes_mean_what_they_mean_to_libpq() {
        for (query, mode) in [
            ("", SslMode::Prefer),
            ("?sslmode=disable", SslMode::Disable),
            ("?sslmode=require", SslMode::Require),
            ("?sslrootcert=system", SslMode::Require),
        ] {
            let (config, _) = parse(&format!("postgres://ann@db/product{query}")).unwrap();
            assert_eq!(config.get_ssl_mode(), mode, "{query}");
        }
        let (local, _) = parse("postgres://ann@%2Frun%2Fpg/product?sslmode=require").unwrap();
        assert_eq!(local.get_ssl_mode(), SslMode::Disable);
    }

    #[test]
    fn what_cannot_be_checked_as_asked_is_refused() {
        for (query, words) in [
            ("sslmode=verify-ca", "needs sslrootcert=FILE"),
            ("sslmode=verify-full", "needs sslrootcert=FILE"),
            ("sslmode=require&sslrootcert=system", "verify-full only"),
            ("sslmode=strict", "is none of"),
            ("sslrootcert=/no/such.pem&sslmode=require", "/no/such.pem"),
        ] {
            let said = parse(&format!("postgres://ann:s3cret@db/product?{query}")).unwrap_err();
            assert!(said.contains(words) && !said.contains("s3cret"), "{said}");
        }
    }
}
