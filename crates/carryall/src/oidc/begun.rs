//! A sign-in that has begun here and goes on at the provider: what has to come back, and what it is for.

use jiff::Timestamp;

use crate::random::Randomness;

/// What it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody signs in.
    SignIn,
    /// Somebody with this session proves again who they are.
    StepUp {
        /// The session's id, not its token.
        session_id: String,
    },
}

/// A sign-in that has begun. Every text is 256 random bits.
#[derive(Clone)]
pub struct Begun {
    /// Comes back in the address.
    pub state: String,
    /// Comes back in the token.
    pub nonce: String,
    /// Goes along with the code; its digest went ahead (RFC 7636).
    pub verifier: String,
    /// Stays in the browser, so that the way back is this browser's alone.
    pub browser: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Where it goes on afterwards: a page that this program spelled.
    pub next: String,
    /// When it began.
    pub at: Timestamp,
}

impl Begun {
    /// A new one.
    pub fn new(random: &Randomness, purpose: Purpose, next: String, at: Timestamp) -> Begun {
        Begun {
            state: random.token(),
            nonce: random.token(),
            verifier: random.token(),
            browser: random.token(),
            purpose,
            next,
            at,
        }
    }
}
