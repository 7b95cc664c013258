//! Which part of a file a download asks for (RFC 9110, section 14).

/// What to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// The bytes from `first` to `last`, both included.
    Bytes {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// Nothing: the file ends before.
    Unsatisfiable,
}

/// The part that a `Range` header asks for, of a file of this size.
///
/// Several ranges at once, other units and nonsense get the whole file, as the RFC allows.
pub fn requested(range: Option<&str>, size_bytes: u64) -> Part {
    let Some(spec) = range.and_then(|range| range.trim().strip_prefix("bytes=")) else {
        return Part::Whole;
    };
    let Some((first, last)) = spec.trim().split_once('-') else {
        return Part::Whole;
    };
    let parse = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    match (parse(first), parse(last)) {
        (None, Some(0)) if first.is_empty() => Part::Unsatisfiable,
        (None, Some(length)) if first.is_empty() => match size_bytes {
            0 => Part::Unsatisfiable,
            size => Part::Bytes {
                first: size.saturating_sub(length),
                last: size - 1,
            },
        },
        (Some(first), _) if first >= size_bytes && (last.is_empty() || parse(last).is_some()) => {
            Part::Unsatisfiable
        }
        (Some(first), None) if last.is_empty() => Part::Bytes {
            first,
            last: size_bytes - 1,
        },
        (Some(first), Some(last)) if first <= last => Part::Bytes {
            first,
            last: last.min(size_bytes - 1),
        },
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(first: u64, last: u64) -> Part {
        Part::Bytes { first, last }
    }

    #[test]
    fn a_part_is_cut_to_the_file() {
        let of_ten = |range| requested(Some(range), 10);
        assert_eq!(of_ten("bytes=0-3"), bytes(0, 3));
        assert_eq!(of_ten("bytes=4-"), bytes(4, 9));
        assert_eq!(of_ten("bytes=4-400"), bytes(4, 9));
        assert_eq!(of_ten("bytes=-3"), bytes(7, 9));
        assert_eq!(of_ten("bytes=-300"), bytes(0, 9));
        assert_eq!(of_ten("bytes=9-99999999999999999999999"), bytes(9, 9));
    }

    #[test]
    fn what_lies_beyond_the_end_cannot_be_had() {
        let of_ten = |range| requested(Some(range), 10);
        assert_eq!(of_ten("bytes=10-"), Part::Unsatisfiable);
        assert_eq!(of_ten("bytes=10-12"), Part::Unsatisfiable);
        assert_eq!(of_ten("bytes=-0"), Part::Unsatisfiable);
        assert_eq!(requested(Some("bytes=0-0"), 0), Part::Unsatisfiable);
    }

    #[test]
    fn nonsense_and_several_parts_get_the_whole_file() {
        for range in [
            "bytes=",
            "bytes=-",
            "bytes=3-1",
            "bytes=0-1,4-5",
            "lines=1-2",
            "bytes=+1-2",
        ] {
            assert_eq!(requested(Some(range), 10), Part::Whole, "{range}");
        }
        assert_eq!(requested(None, 10), Part::Whole);
    }
}
