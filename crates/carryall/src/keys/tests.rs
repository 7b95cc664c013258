//! What any folder of keys must do: at first starts, rotations, deaths in between, and with files that
//! are not what they should be.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::sync::Barrier;
use std::time::Duration;

use carryall_format::sign::SignatureCheck;

use super::*;
use crate::clock::ClockHand;

impl Keys {
    /// Keys in a folder below this one, ready to sign.
    pub fn of_a_test(folder: &Path, clock: &Clock) -> Keys {
        let mut keys = Story::keys_in(&folder.join("keys"), clock);
        keys.prepare().expect("a key");
        keys
    }
}

struct Story {
    folder: tempfile::TempDir,
    clock: Clock,
    hand: ClockHand,
}

impl Story {
    fn begin() -> Story {
        let (clock, hand) = ClockHand::at("2026-11-23T10:00:00Z");
        Story {
            folder: tempfile::tempdir().expect("a folder"),
            clock,
            hand,
        }
    }

    fn keys_in(folder: &Path, clock: &Clock) -> Keys {
        let random = Randomness::system();
        Keys::new(folder.to_owned(), None, clock.clone(), random)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("deep/keys")
    }

    fn keys(&self) -> Keys {
        Story::keys_in(&self.path(), &self.clock)
    }

    fn prepared(&self) -> Keys {
        let mut keys = self.keys();
        keys.prepare().expect("a key");
        keys
    }

    fn given(&self, seed: u8) -> Keys {
        let mut keys = self.keys();
        keys.given = Some(SigningKey::from_seed(&[seed; 32]));
        keys
    }

    /// `signs` or `retired` of each listed key.
    fn standings(keys: &Keys) -> Vec<&'static str> {
        let known = keys.known().expect("keys");
        let standing = |known: &KnownKey| {
            assert!(known.created_at.is_some());
            known.retired_at.map_or("signs", |_| "retired")
        };
        known.keys().iter().map(standing).collect()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("is there").permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changes");
}

fn is_good(keys: &Keys, signed_by: &SigningKey) -> bool {
    let known = keys.known().expect("keys");
    let check = known.check("digest", "id", &signed_by.sign("digest", "id"));
    matches!(check, SignatureCheck::Good(_))
}

#[test]
fn the_first_start_makes_a_key_for_this_account_alone_and_the_next_one_finds_it() {
    let story = Story::begin();
    let first = story.prepared();
    let key = first.signing_key().expect("a key");
    assert_eq!(mode(&story.path()), 0o700);
    assert_eq!(mode(&story.path().join(SIGNING_KEY)), 0o600);
    story.hand.advance(Duration::from_hours(1));
    let second = story.prepared();
    let again = second.signing_key().expect("a key");
    assert_eq!(key.public_key(), again.public_key());
    assert_eq!(first.known().expect("keys"), second.known().expect("keys"));
    assert_eq!(Story::standings(&second), ["signs"]);
    assert!(is_good(&second, &key));
    let mut names: Vec<_> = fs::read_dir(story.path())
        .expect("lists")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    assert_eq!(names, [LOCK, PUBLIC_KEYS, SIGNING_KEY]);
}

#[test]
fn of_many_that_start_at_once_one_makes_the_key() {
    const STARTS: usize = 8;
    let story = Story::begin();
    let barrier = Barrier::new(STARTS);
    let made: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..STARTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut keys = story.keys();
                    barrier.wait();
                    keys.prepare().expect("a key");
                    keys.signing_key().expect("a key").public_key()
                })
            })
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().expect("ends"))
            .collect()
    });
    assert!(made.iter().all(|key| *key == made[0]), "{made:?}");
    assert_eq!(Story::standings(&story.keys()), ["signs"]);
}

#[test]
fn after_a_rotation_the_new_key_signs_and_what_the_old_one_signed_is_still_good() {
    let story = Story::begin();
    let running = story.prepared();
    let old = running.signing_key().expect("a key");
    let private = fs::read_to_string(story.path().join(SIGNING_KEY)).expect("reads");
    story.hand.advance(Duration::from_hours(1));
    story.keys().rotate().expect("rotates");
    let new = running.signing_key().expect("a key");
    assert_ne!(old.public_key(), new.public_key());
    assert_eq!(Story::standings(&running), ["signs", "retired"]);
    assert!(is_good(&running, &old) && is_good(&running, &new));
    let known = running.known().expect("keys");
    assert_eq!(known.keys()[0].key, new.public_key());
    let times: Vec<_> = known.keys()[1]
        .retired_at
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(times, ["2026-11-23T11:00:00Z"]);
    for entry in fs::read_dir(story.path()).expect("lists") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("reads");
        assert_ne!(text, private, "the old private key is gone");
    }
    story.keys().rotate().expect("rotates");
    assert_eq!(Story::standings(&running), ["signs", "retired", "retired"]);
}

#[test]
fn a_rotation_in_an_empty_folder_makes_the_first_key() {
    let story = Story::begin();
    story.keys().rotate().expect("rotates");
    assert_eq!(Story::standings(&story.keys()), ["signs"]);
}

#[test]
fn whoever_looks_during_rotations_always_finds_the_key_that_signs_listed() {
    let story = Story::begin();
    let reader = story.prepared();
    std::thread::scope(|scope| {
        let rotations =
            scope.spawn(|| (0..20).for_each(|_| story.keys().rotate().expect("rotates")));
        while !rotations.is_finished() {
            let key = reader.signing_key().expect("a key");
            assert!(is_good(&reader, &key));
        }
    });
    assert_eq!(Story::standings(&reader).len(), 21);
}

#[test]
fn a_rotation_that_died_in_between_is_mended_by_the_next_start() {
    let story = Story::begin();
    let keys = story.prepared();
    let signing = keys.signing_key().expect("a key");
    let never_used = SigningKey::from_seed(&[5; 32]).public_key();
    let mut known = keys.known().expect("keys");
    known.put(keys.signing_from_now(never_used));
    keys.write_list(&known).expect("writes");
    assert_eq!(Story::standings(&keys), ["signs", "signs"]);
    let keys = story.prepared();
    assert_eq!(Story::standings(&keys), ["signs", "retired"]);
    assert_eq!(
        keys.known().expect("keys").keys()[0].key,
        signing.public_key()
    );

    // And one that died between making a key and listing it.
    fs::remove_file(story.path().join(PUBLIC_KEYS)).expect("removes");
    assert_eq!(Story::standings(&story.prepared()), ["signs"]);
}

#[test]
fn a_key_that_is_given_signs_and_the_ones_before_it_stay_listed() {
    let story = Story::begin();
    let own = story.prepared().signing_key().expect("a key");
    for seed in [1, 2, 1] {
        let mut keys = story.given(seed);
        keys.prepare().expect("prepares");
        let signing = keys.signing_key().expect("a key");
        assert_eq!(
            signing.public_key(),
            SigningKey::from_seed(&[seed; 32]).public_key()
        );
        assert_eq!(
            keys.known().expect("keys").keys()[0].key,
            signing.public_key()
        );
        assert!(is_good(&keys, &own) && is_good(&keys, &signing));
    }
    assert_eq!(
        Story::standings(&story.keys()),
        ["signs", "retired", "retired"]
    );
    assert!(matches!(story.given(1).rotate(), Err(KeysError::Given)));
}

#[test]
fn a_key_that_others_may_read_is_refused_with_the_fix_and_left_alone() {
    let story = Story::begin();
    let path = story.path().join(SIGNING_KEY);
    let before = story.prepared().signing_key().expect("a key").to_pem();
    set_mode(&path, 0o644);
    for error in [
        story.keys().prepare().unwrap_err(),
        story.keys().rotate().unwrap_err(),
        story.keys().signing_key().unwrap_err(),
    ] {
        assert!(error.to_string().contains("(mode 0644)"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("chmod 600")));
    }
    set_mode(&path, 0o600);
    assert_eq!(
        story.prepared().signing_key().expect("a key").to_pem(),
        before
    );
}

#[test]
fn what_is_no_key_is_named_and_nothing_is_replaced() {
    let story = Story::begin();
    story.prepared();
    let (private, public) = (
        story.path().join(SIGNING_KEY),
        story.path().join(PUBLIC_KEYS),
    );
    let good = [&private, &public].map(|path| fs::read(path).expect("reads"));
    for (path, garbage) in [
        (&private, &b"garbage"[..]),
        (&private, b""),
        (&private, b"\xff\xfe"),
        (&private, &good[0][..60]),
        (&public, b"garbage"),
        (&public, b""),
        (&public, &good[1][..60]),
    ] {
        fs::write(path, garbage).expect("writes");
        for error in [
            story.keys().prepare().unwrap_err(),
            story.keys().rotate().unwrap_err(),
        ] {
            assert!(
                error.to_string().contains(&path.display().to_string()),
                "{error}"
            );
            assert!(error.hint().is_some(), "{error}");
        }
        assert_eq!(fs::read(path).expect("reads"), garbage);
        fs::write(&private, &good[0]).expect("writes");
        fs::write(&public, &good[1]).expect("writes");
    }
    story.prepared();
}

#[test]
fn what_root_rotates_belongs_to_the_account_that_serves() {
    let story = Story::begin();
    let mut keys = story.prepared();
    // Only root can give a folder away; for anybody else it stays their own, and so do the files.
    let _ = chown(story.path(), Some(65_534), Some(65_534));
    fs::remove_file(story.path().join(LOCK)).expect("removes");
    keys.rotate().expect("rotates");
    let owner = fs::metadata(story.path()).expect("is there").uid();
    for name in [LOCK, PUBLIC_KEYS, SIGNING_KEY] {
        let found = fs::metadata(story.path().join(name)).expect("is there");
        assert_eq!(found.uid(), owner, "{name}");
    }
}

#[test]
fn a_folder_that_cannot_be_one_is_named() {
    let story = Story::begin();
    fs::create_dir(story.folder.path().join("deep")).expect("a folder");
    fs::write(story.path(), "a file").expect("writes");
    let error = story.keys().prepare().unwrap_err();
    assert!(matches!(error, KeysError::Folder { .. }), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("--keys")));
    assert!(story.keys().known().is_err());
}

#[test]
fn before_the_first_start_there_are_no_keys_and_looking_makes_none() {
    let story = Story::begin();
    let error = story.keys().known().unwrap_err();
    assert!(matches!(error, KeysError::NoSigningKey { .. }), "{error}");
    assert!(!story.path().exists());
    let given = story.given(3).known().expect("keys");
    assert_eq!(given.keys().len(), 1);
    assert!(!story.path().exists());
}
