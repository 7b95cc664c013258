//! Where a bucket's objects are, as people write it: `s3://BUCKET/PREFIX`.

use std::fmt;
use std::str::FromStr;

use crate::BucketError;

const SCHEME: &str = "s3://";

/// A bucket, and what all names in it begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    bucket: String,
    /// Empty, or with a slash at its end.
    prefix: String,
}

impl Address {
    /// Whether this is meant as an address of a bucket, and not as a path.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What names begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl FromStr for Address {
    type Err = BucketError;

    fn from_str(text: &str) -> Result<Address, BucketError> {
        let wrong = |why| BucketError::Address {
            address: text.to_owned(),
            why,
        };
        let rest = text
            .strip_prefix(SCHEME)
            .ok_or_else(|| wrong("it does not begin with s3://"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        // Also what keeps it from being a path in the endpoint's address.
        if !(3..=63).contains(&bucket.len())
            || !bucket.bytes().all(is_name)
            || bucket.contains("..")
        {
            return Err(wrong(
                "a bucket has 3 to 63 letters, digits, dots and hyphens",
            ));
        }
        let prefix = prefix.trim_end_matches('/');
        if !prefix.is_empty() && why_not(prefix).is_some() {
            return Err(wrong("its prefix cannot be a name of objects"));
        }
        Ok(Address {
            bucket: bucket.to_owned(),
            prefix: match prefix {
                "" => String::new(),
                prefix => format!("{prefix}/"),
            },
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{SCHEME}{}/{}", self.bucket, self.prefix)
    }
}

/// Why no object of this name can be asked for; a name that can be is taken as it is.
///
/// A name is a part of the address of a request, where `.` and `..` climb and `//` and control characters
/// are not carried faithfully by all that stands between.
pub(crate) fn why_not(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("the name is empty");
    }
    // S3 takes 1,024 bytes, with the prefix.
    if name.len() > 1024 {
        return Some("the name is too long");
    }
    if name.chars().any(|character| character.is_ascii_control()) {
        return Some("the name holds a control character");
    }
    for part in name.split('/') {
        match part {
            "" => return Some("the name has an empty part between slashes"),
            "." | ".." => return Some("the name has a part that is only dots"),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_bucket_and_perhaps_a_prefix() {
        for (text, bucket, prefix) in [
            ("s3://exports", "exports", ""),
            ("s3://exports/", "exports", ""),
            ("s3://my.bucket/a/b", "my.bucket", "a/b/"),
            ("s3://my-bucket/a/b/", "my-bucket", "a/b/"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.bucket(), address.prefix()), (bucket, prefix));
        }
        for wrong in [
            "exports",
            "s3://",
            "s3:///a",
            "s3://a",
            "s3://user@host/x",
            "s3://a..b/x",
            "s3://exports/../other",
            "s3://exports/a//b",
        ] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_that_people_give_are_names_and_those_that_climb_are_not() {
        for name in [
            "100% done.txt",
            "a#b?",
            "%2e%2e%2fx",
            " x ",
            "a..b",
            "みなと.csv",
            "..x/y",
        ] {
            assert_eq!(why_not(name), None, "{name}");
        }
        for name in [
            "", "/a", "a/", "a//b", ".", "a/./b", "../a", "a/..", "a\nb", "\0",
        ] {
            assert!(why_not(name).is_some(), "{name:?}");
        }
    }
}
