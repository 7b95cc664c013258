//! Sends letters by SMTP: plain text, to one address, over TLS wherever the server is not on this machine.
//!
//! Addresses and headers are made by lettre, which takes no line break in any of them. What the server
//! says reaches the log without the person's address; nothing is logged of a letter.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use reqwest::Url;
use zeroize::Zeroizing;

use super::Told;
use super::letter::Letter;

/// Of each command; all of them together have less than half a minute.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// RFC 5321, section 4.5.3.1.3.
const LONGEST_ADDRESS_BYTES: usize = 254;

/// Why mail cannot be sent as the flags say.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Not the address of a server.
    #[error("`--smtp` is not the address of a mail server")]
    NoServer,
    /// A password on the command line is in every list of processes.
    #[error("`--smtp` has a password in it")]
    PasswordInAddress,
    /// A name without a password.
    #[error("`--smtp` has a user name, and there is no password for it")]
    NoPassword,
    /// In clear over a network.
    #[error("`--smtp` asks for a connection without TLS to another machine")]
    InClear,
    /// TLS cannot be set up.
    #[error("TLS to the mail server cannot be set up: {0}")]
    Tls(Error),
}

impl MailError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            MailError::NoServer => {
                "write it as `smtps://USER@mail.example.com` or `smtp://USER@mail.example.com:587`"
            }
            MailError::PasswordInAddress | MailError::NoPassword => {
                "put the password into a file and name it with `--smtp-password-file`"
            }
            MailError::InClear => "leave `?tls=none` away: `smtp://` then begins with STARTTLS",
            MailError::Tls(_) => return None,
        })
    }
}

/// The way to a mail server.
pub struct Mail {
    from: Mailbox,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Mail {
    /// `smtps://` speaks TLS from the start, `smtp://` begins with STARTTLS; only on this very machine may
    /// it be done without, as `?tls=none`.
    pub fn new(
        from: Mailbox,
        server: &str,
        password: Option<Zeroizing<String>>,
    ) -> Result<Mail, MailError> {
        let url = Url::parse(server).map_err(|_| MailError::NoServer)?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or(MailError::NoServer)?.to_owned();
        if url.password().is_some() {
            return Err(MailError::PasswordInAddress);
        }
        let tls = || TlsParameters::new(host.clone()).map_err(MailError::Tls);
        let (tls, port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (Tls::Wrapper(tls()?), 465),
            ("smtp", None) => (Tls::Required(tls()?), 587),
            ("smtp", Some("tls=none")) if is_this_machine(&host) => (Tls::None, 25),
            ("smtp", Some("tls=none")) => return Err(MailError::InClear),
            _ => return Err(MailError::NoServer),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(url.port().unwrap_or(port))
            .tls(tls)
            .timeout(Some(COMMAND_TIMEOUT));
        if !url.username().is_empty() {
            let mut password = password.ok_or(MailError::NoPassword)?;
            let user = percent_decoded(url.username()).ok_or(MailError::NoServer)?;
            transport =
                transport.credentials(Credentials::new(user, std::mem::take(&mut *password)));
        }
        Ok(Mail {
            from,
            transport: transport.build(),
        })
    }

    /// Hands a letter to the server.
    pub async fn send(&self, letter: &Letter, now: Timestamp) -> Told {
        let Some(message) = self.message(letter, now) else {
            return Told::Never("no_address");
        };
        match self.transport.send(message).await {
            Ok(_) => Told::Sent,
            Err(error) if is_refusal(&error) => Told::Never("refused"),
            Err(error) => Told::Later(without_texts(&error)),
        }
    }

    /// The message; none when what should be the address is none.
    fn message(&self, letter: &Letter, now: Timestamp) -> Option<Message> {
        let to: Address = Some(letter.to.trim())
            .filter(|to| to.len() <= LONGEST_ADDRESS_BYTES && !to.contains(char::is_control))?
            .parse()
            .ok()?;
        let domain = self.from.email.domain();
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        // RFC 3834: so that no holiday notice answers.
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject.replace(char::is_control, " "))
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .message_id(Some(format!("<carryall.{}@{domain}>", letter.id)))
            .raw_header(automatic)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
            .ok()
    }
}

/// Refused for good: the mailbox is not there. A server that wants another password is mended by the operator,
/// within the day, and refuses nobody's letter.
fn is_refusal(error: &Error) -> bool {
    let code = error.status().map(u16::from);
    error.is_permanent() && matches!(code, Some(510..=513 | 521 | 541 | 550..=556))
}

/// What went wrong, without the server's words: they may repeat the address.
fn without_texts(error: &Error) -> String {
    let kind = match error {
        error if error.is_timeout() => "no answer in time",
        error if error.is_tls() => "TLS failed",
        error if error.is_response() => "an answer that was not understood",
        _ => "the connection failed",
    };
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None => kind.to_owned(),
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A user name is often an address, and its @ is then written %40.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}
