//! Keys of objects: as a person reads them, and whether one stands twice.

use std::borrow::Cow;

use crate::json_read::Reader;

/// The keys of an object. Few objects have more than there is room for without asking for memory.
#[derive(Default)]
pub struct Keys<'a> {
    first: [&'a [u8]; 8],
    count: usize,
    more: Vec<&'a [u8]>,
}

impl<'a> Keys<'a> {
    pub fn add(&mut self, key: &'a [u8]) {
        match self.first.get_mut(self.count) {
            Some(place) => *place = key,
            None => self.more.push(key),
        }
        self.count += 1;
    }

    /// A key that stands twice.
    pub fn twice(&self) -> Option<String> {
        let first = &self.first[..self.count.min(self.first.len())];
        let has_escape = |key: &&[u8]| memchr::memchr(b'\\', key).is_some();
        if self.more.is_empty() && !first.iter().any(has_escape) {
            let mut rest = first;
            while let Some((key, after)) = rest.split_first() {
                if after.contains(key) {
                    return Some(shown(key));
                }
                rest = after;
            }
            return None;
        }
        let all = first.iter().chain(&self.more);
        let mut all: Vec<_> = all.map(|key| decoded(key)).collect();
        all.sort_unstable();
        let pair = all.windows(2).find(|pair| pair[0] == pair[1]);
        pair.map(|pair| shown(&pair[0]))
    }
}

/// A key as a person reads it.
pub fn shown(key: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(key).chars().take(80).collect();
    format!("`{}`", text.escape_debug())
}

/// What a string stands for, given what stands between its quotes.
pub fn decoded(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let quoted = [b"\"", raw, b"\""].concat();
    // It was read before, so it reads again.
    let text = Reader::new(&quoted).string().map(Cow::into_owned);
    Cow::Owned(text.unwrap_or_default())
}
