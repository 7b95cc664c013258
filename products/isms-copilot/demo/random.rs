//! Numbers and ids that look drawn by lot and are the same in every run.

use std::fmt::Write as _;

use super::moment::Moment;

/// A small generator of pseudo-random numbers (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts from a label: the same label gives the same numbers.
    pub fn seeded(label: &str) -> Self {
        let hash = label.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(hash)
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which must not be 0.
    pub const fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// One of these.
    pub fn pick<'a, T: ?Sized>(&mut self, among: &[&'a T]) -> &'a T {
        let index = self.below(among.len() as u64);
        among[usize::try_from(index).unwrap_or(0)]
    }

    /// A number of so many hexadecimal digits, as secrets have them.
    pub fn hex(&mut self, digits: usize) -> String {
        let mut text = String::new();
        while text.len() < digits {
            let _ = write!(text, "{:016x}", self.next());
        }
        text.truncate(digits);
        text
    }
}

/// The UUID (version 4) that belongs to a label.
pub fn id_of(label: &str) -> String {
    let mut random = Random::seeded(label);
    uuid(random.next(), 0x4000, random.next())
}

/// A UUID (version 7) made at a moment: later ones sort after earlier ones.
pub fn id_at(at: Moment, random: &mut Random) -> String {
    let low = random.next();
    uuid(
        (at.millis().cast_unsigned() << 16) | (low & 0x0fff),
        0x7000,
        random.next(),
    )
}

fn uuid(high: u64, version: u64, low: u64) -> String {
    let high = (high & 0xffff_ffff_ffff_0fff) | version;
    let low = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}
