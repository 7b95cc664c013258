//! What is closed here is opened by the age library, at every size and in every part, and nothing else is.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};

use age::x25519::Identity;
use carryall_format::original::{Original, ReadAt as _};
use zeroize::Zeroizing;

use super::chunks::CHUNK_BYTES;
use super::open::{OpenedFile, Opener, is_age, open};
use super::{Lock, Passphrase, ProtectError, keys};

const SIZES: [usize; 7] = [
    0,
    1,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    2 * CHUNK_BYTES,
    3 * CHUNK_BYTES + 7,
];

fn text(size: usize) -> Vec<u8> {
    (0..size)
        .map(|at| u8::try_from(at * 7 % 251).unwrap())
        .collect()
}

fn closed(lock: &Lock, plain: &[u8], nonce: u8) -> Vec<u8> {
    let mut writer = lock.encrypt(Vec::new(), &[nonce; 16]).unwrap();
    for piece in plain.chunks(10_000) {
        writer.write_all(piece).unwrap();
    }
    writer.finish().unwrap()
}

fn opened(bytes: &[u8], identity: &Identity) -> Result<Vec<u8>, String> {
    let opener = |_| Ok::<_, ProtectError>(Opener::Identities(vec![identity.clone()]));
    let mut stream = open(bytes, opener).map_err(|error| error.to_string())?;
    let mut plain = Vec::new();
    stream
        .read_to_end(&mut plain)
        .map_err(|error| error.to_string())?;
    Ok(plain)
}

#[test]
fn a_stream_of_any_length_comes_back_whole_and_one_that_was_cut_off_never() {
    let identity = Identity::generate();
    let lock = Lock::for_recipients(&[identity.to_public()]).unwrap();
    for size in SIZES {
        let bytes = closed(&lock, &text(size), 1);
        assert!(is_age(&bytes));
        assert_eq!(opened(&bytes, &identity).unwrap(), text(size), "{size}");
        for left in [1, 16, 17, CHUNK_BYTES, CHUNK_BYTES + 16] {
            let cut = &bytes[..bytes.len().saturating_sub(left)];
            assert!(opened(cut, &identity).is_err(), "{size} less {left}");
        }
        assert!(opened(&[&bytes[..], b"x"].concat(), &identity).is_err());
    }
}

#[test]
fn chunks_that_change_places_or_come_from_another_file_of_the_same_lock_do_not_open() {
    let identity = Identity::generate();
    let lock = Lock::for_recipients(&[identity.to_public()]).unwrap();
    let (one, other) = (
        closed(&lock, &text(SIZES[6]), 1),
        closed(&lock, &text(SIZES[6]), 2),
    );
    assert_ne!(one[one.len() - 100..], other[other.len() - 100..]);
    let sealed = CHUNK_BYTES + 16;
    let start = one.len() - (3 * sealed + 7 + 16);
    let chunk = |at: usize| start + at * sealed..start + (at + 1) * sealed;
    let mut swapped = one.clone();
    swapped[chunk(0)].copy_from_slice(&one[chunk(1)]);
    swapped[chunk(1)].copy_from_slice(&one[chunk(0)]);
    let mut mixed = one.clone();
    mixed[chunk(1)].copy_from_slice(&other[chunk(1)]);
    let mut missing = one.clone();
    missing.drain(chunk(1));
    for wrong in [swapped, mixed, missing] {
        let error = opened(&wrong, &identity).unwrap_err();
        assert!(error.contains("was changed or is damaged"), "{error}");
    }
    assert_eq!(opened(&one, &identity).unwrap(), text(SIZES[6]));
}

#[test]
fn any_part_of_an_opened_file_can_be_read_in_any_order() {
    let identity = Identity::generate();
    let lock = Lock::for_recipients(&[identity.to_public()]).unwrap();
    for size in SIZES {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&closed(&lock, &text(size), 1)).unwrap();
        let plain = text(size);
        let opened = opened_file(file, &identity);
        assert_eq!(opened.size_bytes(), size as u64);
        let places = [0, 1, size / 2, size.saturating_sub(1), 65_535, 65_536, 0, 9];
        for place in places.into_iter().filter(|place| *place <= size) {
            let mut byte = [0; 1];
            let read = opened.read_at(&mut byte, place as u64).unwrap();
            assert_eq!(byte[..read], plain[place..(place + 1).min(size)], "{place}");
        }
        assert_eq!(opened.read_at(&mut [0; 9], size as u64 + 9).unwrap(), 0);
        let mut all = Vec::new();
        let original = Original::new(opened);
        original.from_start().read_to_end(&mut all).unwrap();
        assert!(all == plain, "{size}");
    }
}

fn opened_file(mut file: File, identity: &Identity) -> OpenedFile {
    file.rewind().unwrap();
    let opener = |_| Ok::<_, ProtectError>(Opener::Identities(vec![identity.clone()]));
    OpenedFile::new(open(file, opener).unwrap()).unwrap()
}

#[test]
fn a_head_without_an_end_is_refused_before_it_fills_memory() {
    let mut endless = b"age-encryption.org/v1\n-> X25519 ".to_vec();
    endless.resize(8 << 20, b'a');
    let identity = Identity::generate();
    let error = opened(&endless, &identity).unwrap_err();
    assert!(error.contains("header is damaged"), "{error}");
}

#[test]
fn a_passphrase_that_is_guessed_in_an_afternoon_is_refused_and_none_is_ever_shown() {
    let strong = |text: &str| Passphrase::strong(Zeroizing::new(text.to_owned()));
    for weak in [
        "",
        "   ",
        "short",
        "aaaaaaaaaaaaaaaa",
        "abcdabcdabcdabcd",
        "with a\ttab in it",
    ] {
        let error = strong(weak).unwrap_err();
        assert!(
            error.to_string().starts_with("the passphrase is "),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("12 characters"));
    }
    assert!(strong(&"long".repeat(500)).is_err());
    let good = strong("correct horse battery staple").unwrap();
    assert_eq!(format!("{good:?}"), "Passphrase(…)");
    assert_eq!(
        format!("{:?}", Lock::with_passphrase(&good).unwrap()),
        "Lock(…)"
    );
}

#[test]
fn a_private_key_where_a_public_one_belongs_is_refused_and_not_repeated() {
    let error = keys::recipient("AGE-SECRET-KEY-1QQQQ").unwrap_err();
    assert!(!error.to_string().contains("QQQQ"), "{error}");
    let error = keys::recipient("ssh-ed25519 AAAA").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`ssh-ed25519 AAAA` is no public key")
    );
    let public = Identity::generate().to_public().to_string();
    assert_eq!(
        keys::recipient(&format!(" {public}\n"))
            .unwrap()
            .to_string(),
        public
    );
}
