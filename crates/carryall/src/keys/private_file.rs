//! Reads a private key from a file, if nobody else can.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use carryall_format::sign::SigningKey;
use zeroize::Zeroizing;

use super::KeysError;

/// A key in PEM form has 119 bytes; more is read so that comments fit, and not a whole disk.
const LONGEST_BYTES: u64 = 64 << 10;

/// Reads PKCS#8 in PEM form, as `openssl genpkey -algorithm ed25519` makes it.
pub fn read_signing_key(path: &Path) -> Result<SigningKey, KeysError> {
    let unreadable = |source| KeysError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let found = file.metadata().map_err(unreadable)?;
    if is_too_open(&found) {
        return Err(KeysError::TooOpen {
            path: path.to_owned(),
            mode: found.mode() & 0o777,
        });
    }
    let mut text = Zeroizing::new(String::with_capacity(4096));
    match file.take(LONGEST_BYTES).read_to_string(&mut text) {
        // Bytes that are no text are no key either.
        Err(error) if error.kind() != io::ErrorKind::InvalidData => return Err(unreadable(error)),
        _ => {}
    }
    SigningKey::from_pem(&text).map_err(|source| KeysError::NotAKey {
        path: path.to_owned(),
        source,
    })
}

/// The permissions of a file with a secret that others may read; none where they may not, or where it is no
/// file on a disk.
pub fn open_to_others(path: &Path) -> io::Result<Option<u32>> {
    let found = File::open(path)?.metadata()?;
    Ok(is_too_open(&found).then(|| found.mode() & 0o777))
}

/// PostgreSQL's rule for private keys: only the owner may have any access, but a file of root's may be
/// readable by a group, which is how systems hand keys out. A pipe has nobody else at its ends.
fn is_too_open(found: &Metadata) -> bool {
    found.is_file() && allows_others(found.mode(), found.uid())
}

fn allows_others(mode: u32, owner: u32) -> bool {
    let forbidden = if owner == 0 { 0o037 } else { 0o077 };
    mode & forbidden != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_may_read_a_key_but_root_may_lend_it_to_a_group() {
        for (mode, owner, is_refused) in [
            (0o100_600, 1000, false),
            (0o100_400, 1000, false),
            (0o100_640, 1000, true),
            (0o100_604, 1000, true),
            (0o100_640, 0, false),
            (0o100_660, 0, true),
            (0o100_644, 0, true),
        ] {
            assert_eq!(
                allows_others(mode, owner),
                is_refused,
                "{mode:o} of {owner}"
            );
        }
    }
}
