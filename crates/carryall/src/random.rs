//! Bytes that nobody can guess, as an argument: session tokens, lease tokens, artifact keys, ids.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Gives random bytes. Clones draw from the same source.
#[derive(Clone)]
pub struct Randomness(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Randomness {
    /// The operating system's.
    ///
    /// Without it nothing here is safe to do, so a system that has none ends the request.
    pub fn system() -> Randomness {
        Randomness(Arc::new(|bytes| {
            getrandom::fill(bytes).expect("the operating system gives random bytes");
        }))
    }

    /// 256 bits in hex: a session or lease token.
    pub fn token(&self) -> String {
        hex(&self.bytes::<32>())
    }

    /// 128 bits in hex: the name of one attempt's artifact.
    pub fn artifact_key(&self) -> String {
        hex(&self.bytes::<16>())
    }

    /// 48 bits in hex: what a session is called where its token must not be.
    pub fn short_id(&self) -> String {
        hex(&self.bytes::<6>())
    }

    /// 256 bits: a private key.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.bytes())
    }

    /// 128 bits that no two files of one key share.
    pub fn nonce(&self) -> [u8; 16] {
        self.bytes()
    }

    /// A UUID v7, which sorts by the time it was made.
    pub fn uuid(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes::<10>()).into_uuid()
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_later_sort_later_and_tokens_never_repeat() {
        let random = Randomness::system();
        let first = random.uuid(Timestamp::from_second(1_000).expect("valid"));
        let second = random.uuid(Timestamp::from_second(1_001).expect("valid"));
        assert!(first < second);
        assert_eq!(first.get_version_num(), 7);
        assert_ne!(random.token(), random.token());
        assert_eq!(
            (random.token().len(), random.artifact_key().len()),
            (64, 32)
        );
    }
}
