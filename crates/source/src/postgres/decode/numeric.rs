//! `numeric`: digits in groups of four, as PostgreSQL sends them.

use super::Undecodable;

const NEGATIVE: u16 = 0x4000;
const NOT_A_NUMBER: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// The number in decimal, with every digit that was stored.
pub(super) fn decimal(raw: &[u8]) -> Result<String, Undecodable> {
    let mut words = raw
        .chunks_exact(2)
        .map(|word| u16::from_be_bytes([word[0], word[1]]));
    let mut next = || words.next().ok_or(Undecodable);
    let (count, weight, sign, scale) = (next()?, next()?.cast_signed(), next()?, next()?);
    match sign {
        0 | NEGATIVE => {}
        NOT_A_NUMBER => return Ok("NaN".to_owned()),
        INFINITY => return Ok("inf".to_owned()),
        NEGATIVE_INFINITY => return Ok("-inf".to_owned()),
        _ => return Err(Undecodable),
    }
    let groups: Vec<u16> = words.collect();
    if groups.len() != usize::from(count) || groups.iter().any(|group| *group > 9999) {
        return Err(Undecodable);
    }
    // Groups that are all zeros are not sent, in front nor at the end.
    let group = |place: i32| {
        let index = usize::try_from(i32::from(weight) - place).ok();
        index
            .and_then(|index| groups.get(index))
            .copied()
            .unwrap_or(0)
    };
    let mut text = String::new();
    if sign == NEGATIVE {
        text.push('-');
    }
    let digits = |places: &mut dyn Iterator<Item = i32>| {
        let groups: Vec<_> = places.map(|place| format!("{:04}", group(place))).collect();
        groups.concat()
    };
    let whole = digits(&mut (0..=i32::from(weight).max(0)).rev());
    let whole = whole.trim_start_matches('0');
    text.push_str(if whole.is_empty() { "0" } else { whole });
    if scale > 0 {
        let mut fraction = digits(&mut (1..=i32::from(scale.div_ceil(4))).map(|place| -place));
        fraction.truncate(usize::from(scale));
        text.push('.');
        text.push_str(&fraction);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn a_number_is_written_with_every_digit_that_was_stored() {
        // weight is the place of the first group of four.
        let minus_one = (-1_i16).cast_unsigned();
        for (words, text) in [
            (vec![0, 0, 0, 0], "0"),
            (vec![1, 0, 0, 2, 7], "7.00"),
            (vec![2, 1, 0, 0, 1, 2345], "12345"),
            (vec![1, 1, 0, 0, 3], "30000"),
            (vec![2, 0, NEGATIVE, 3, 12, 3400], "-12.340"),
            (vec![1, minus_one, 0, 4, 5], "0.0005"),
            (vec![1, minus_one - 1, 0, 8, 5], "0.00000005"),
            (vec![0, 0, NOT_A_NUMBER, 0], "NaN"),
        ] {
            assert_eq!(decimal(&sent(&words)).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_cut_short_is_no_number() {
        assert_eq!(decimal(&sent(&[2, 0, 0, 0, 1])), Err(Undecodable));
        assert_eq!(decimal(&sent(&[1, 0])), Err(Undecodable));
    }
}
