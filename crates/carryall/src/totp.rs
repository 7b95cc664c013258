//! Codes of authenticator apps: TOTP (RFC 6238) with what every app and nearly every product uses, six digits,
//! thirty seconds and HMAC-SHA-1.
//!
//! Promises: a code of the step before and of the step after is good as well, because clocks differ; which digits
//! are wrong, and of which step, no clock tells. That a code is good once is the ledger's to say.

use jiff::Timestamp;
use ring::hmac;
use zeroize::Zeroizing;

const STEP_SECONDS: i64 = 30;
const DIGITS: usize = 6;
const BELOW: u32 = 1_000_000;
/// RFC 4226 asks for 128 bits; many products give 80.
const SHORTEST_SECRET_BYTES: usize = 10;
/// Longer ones are hashed first, and nobody makes them: it is something else.
const LONGEST_SECRET_BYTES: usize = 64;

/// What an authenticator app and the product share.
pub struct Secret(hmac::Key);

impl Secret {
    /// Reads base32 (RFC 4648), in any case, with spaces or dashes between, with or without padding; none when it
    /// is something else, or too short to be a secret.
    pub fn from_base32(text: &str) -> Option<Secret> {
        let text = text.trim().trim_end_matches('=');
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * 5 / 8));
        let (mut bits, mut count) = (0_u32, 0);
        for symbol in text.bytes().filter(|symbol| !b" -".contains(symbol)) {
            let value = match symbol.to_ascii_uppercase() {
                letter @ b'A'..=b'Z' => letter - b'A',
                digit @ b'2'..=b'7' => digit - b'2' + 26,
                _ => return None,
            };
            bits = (bits << 5 | u32::from(value)) & 0xfff;
            count += 5;
            if count >= 8 {
                count -= 8;
                bytes.push((bits >> count & 0xff).to_le_bytes()[0]);
            }
        }
        (SHORTEST_SECRET_BYTES..=LONGEST_SECRET_BYTES)
            .contains(&bytes.len())
            .then(|| Secret(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes)))
    }

    /// The code of this moment, for the demo's people.
    pub fn code_at(&self, now: Timestamp) -> String {
        format!("{:0DIGITS$}", self.code(step_at(now)))
    }

    /// The step of time whose code this is: that of `now`, the one before or the one after; none when it is no
    /// code of these. All three are computed, whatever is found.
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        // No code is as large as what stands for something else.
        let given = read(code).unwrap_or(u32::MAX);
        let now = step_at(now);
        let mut found = 0;
        for step in [now - 1, now, now + 1] {
            let is_same = i64::from(self.code(step) ^ given == 0);
            found = found * (1 - is_same) + step * is_same;
        }
        (found > 0).then_some(found)
    }

    /// RFC 4226 section 5.3.
    fn code(&self, step: i64) -> u32 {
        let tag = hmac::sign(&self.0, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag.last().copied().unwrap_or(0) & 0xf);
        let four = tag.get(offset..offset + 4).unwrap_or_default();
        let number = four
            .iter()
            .fold(0, |number, byte| number << 8 | u32::from(*byte));
        (number & 0x7fff_ffff) % BELOW
    }
}

/// The number of the thirty seconds in which a moment is.
pub fn step_at(now: Timestamp) -> i64 {
    now.as_second().div_euclid(STEP_SECONDS)
}

/// Six digits, as apps show them: with a space in between, or without.
fn read(code: &str) -> Option<u32> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let is_code = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "12345678901234567890" of RFC 6238, appendix B.
    const OF_THE_RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        let secret = Secret::from_base32(OF_THE_RFC).expect("a secret");
        // The last six of its eight digits.
        for (at, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code_at(second(at)), code);
            let step = Some(at / 30);
            assert_eq!(secret.step_of(code, second(at)), step);
            let spaced = format!(" {} {}", &code[..3], &code[3..]);
            assert_eq!(secret.step_of(&spaced, second(at)), step);
        }
    }

    #[test]
    fn a_code_is_good_for_one_step_before_and_behind_and_no_further() {
        let secret = Secret::from_base32(OF_THE_RFC).expect("a secret");
        let (at, code) = (1_111_111_111, "050471");
        let step = Some(at / 30);
        // Its step begins one second before.
        for (clock, expected) in [
            (at - 32, None),
            (at - 31, step),
            (at, step),
            (at + 29, step),
            (at + 58, step),
            (at + 59, None),
        ] {
            assert_eq!(secret.step_of(code, second(clock)), expected, "{clock}");
        }
    }

    #[test]
    fn what_is_no_code_is_none() {
        let secret = Secret::from_base32(OF_THE_RFC).expect("a secret");
        for wrong in [
            "",
            "050472",
            "50471",
            "0504711",
            "94050471",
            "+50471",
            "0x50471",
            "٠٥٠٤٧١",
            "050471é",
        ] {
            assert_eq!(
                secret.step_of(wrong, second(1_111_111_111)),
                None,
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_secret_is_base32_in_any_of_its_spellings_and_nothing_else() {
        let code = |text: &str| Some(Secret::from_base32(text)?.code_at(second(59)));
        for same in [
            "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
            "GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ",
            " GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ====\n",
        ] {
            assert_eq!(code(same).as_deref(), Some("287082"), "{same}");
        }
        for other in [
            "",
            "GEZDGNBVGY3TQOJ",
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1",
            "gAAAAABl8Q9x0Zk1_vNq0T8c9mWb1w==",
            &"GEZDGNBVGY3TQOJQ".repeat(7),
            "{\"secret\":\"GEZDGNBVGY3TQOJQ\"}",
        ] {
            assert!(code(other).is_none(), "{other}");
        }
        assert!(code("GEZDGNBVGY3TQOJQ").is_some(), "80 bits");
    }
}
