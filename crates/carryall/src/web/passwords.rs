//! Checks a password against a hash that the product made.
//!
//! An unknown login costs as much time as a wrong password: it is checked against the hash that was
//! last seen, whose answer is then ignored. So the clock does not tell who has an account.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use tokio::sync::Semaphore;

/// Each check takes tens of milliseconds and many megabytes.
const AT_THE_SAME_TIME: usize = 2;
/// Longer ones are wrong without a check: hashing them is a way to keep a server busy.
const MAX_PASSWORD_BYTES: usize = 1_024;
/// Nobody's: argon2id with usual parameters, until a real hash was seen.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$Y2FycnlhbGwtbm9ib2R5$7KXY4Z8a5lMqyQFeCqvBTxhOr1G6xOkFZ1LkQvK2r4k";

/// The checks under way.
#[derive(Debug)]
pub struct Passwords {
    slots: Semaphore,
    last_hash: Arc<Mutex<String>>,
}

impl Default for Passwords {
    fn default() -> Self {
        Passwords {
            slots: Semaphore::new(AT_THE_SAME_TIME),
            last_hash: Arc::new(Mutex::new(NOBODYS_HASH.to_owned())),
        }
    }
}

impl Passwords {
    /// Whether this is the password of `hash`; never when there is no hash.
    pub async fn is_right(&self, password: String, hash: Option<String>) -> bool {
        if password.len() > MAX_PASSWORD_BYTES {
            return false;
        }
        let Ok(_slot) = self.slots.acquire().await else {
            return false;
        };
        let last_hash = Arc::clone(&self.last_hash);
        let check = tokio::task::spawn_blocking(move || {
            let mut last = last_hash
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            let is_known = hash.is_some();
            let hash = hash.unwrap_or_else(|| std::mem::take(&mut last));
            let is_right = verify(&password, &hash);
            if is_known {
                *last_hash.lock().unwrap_or_else(PoisonError::into_inner) = hash;
            }
            is_known && is_right
        });
        check.await.unwrap_or(false)
    }

    /// Lets no check begin for as long as the answer is kept.
    #[cfg(test)]
    pub async fn occupied(&self) -> tokio::sync::SemaphorePermit<'_> {
        let all = u32::try_from(AT_THE_SAME_TIME).expect("few");
        self.slots.acquire_many(all).await.expect("open")
    }
}

fn verify(password: &str, hash: &str) -> bool {
    if hash.starts_with("$argon2") {
        PasswordHash::new(hash).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        })
    } else {
        bcrypt::verify(password, hash).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use argon2::PasswordHasher as _;

    use super::*;

    #[tokio::test]
    async fn hashes_of_both_kinds_are_understood() {
        let passwords = Passwords::default();
        let bcrypt = bcrypt::hash("secret", 4).expect("a hash");
        let argon2 = Argon2::default()
            .hash_password_with_salt(b"secret", b"0123456789abcdef")
            .expect("a hash")
            .to_string();
        for hash in [bcrypt, argon2] {
            assert!(
                passwords
                    .is_right("secret".to_owned(), Some(hash.clone()))
                    .await,
                "{hash}"
            );
            assert!(!passwords.is_right("Secret".to_owned(), Some(hash)).await);
        }
    }

    #[tokio::test]
    async fn nobody_without_a_hash_has_a_right_password() {
        let passwords = Passwords::default();
        assert!(
            PasswordHash::new(NOBODYS_HASH).is_ok(),
            "it must cost what a real one costs"
        );
        let seen = bcrypt::hash("secret", 4).expect("a hash");
        assert!(
            passwords
                .is_right("secret".to_owned(), Some(seen.clone()))
                .await
        );
        assert!(!passwords.is_right("secret".to_owned(), None).await);
        assert_eq!(*passwords.last_hash.lock().expect("not poisoned"), seen);
        for hash in ["", "secret", "$argon2id$broken", "$2b$99$broken"] {
            assert!(
                !passwords
                    .is_right("secret".to_owned(), Some(hash.to_owned()))
                    .await
            );
        }
        let long = "x".repeat(MAX_PASSWORD_BYTES + 1);
        assert!(!passwords.is_right(long.clone(), Some(seen)).await);
    }
}
