//! Values made of others: lists, ranges, addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Decode, Undecodable, exact, plain};

/// Takes bytes off the front.
struct Bytes<'r>(&'r [u8]);

impl<'r> Bytes<'r> {
    fn take(&mut self, length: usize) -> Result<&'r [u8], Undecodable> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Undecodable)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<i32, Undecodable> {
        Ok(i32::from_be_bytes(exact(self.take(4)?)?))
    }

    /// A value behind its length; none when it is null.
    fn value(&mut self) -> Result<Option<&'r [u8]>, Undecodable> {
        match self.number()? {
            -1 => Ok(None),
            length => Ok(Some(
                self.take(usize::try_from(length).map_err(|_| Undecodable)?)?,
            )),
        }
    }
}

/// A JSON list; lists in it for each further dimension.
pub(super) fn list(out: &mut Vec<u8>, item: &Decode, raw: &[u8]) -> Result<(), Undecodable> {
    let mut bytes = Bytes(raw);
    let dimensions = bytes.number()?;
    bytes.take(8)?;
    let mut lengths = Vec::new();
    for _ in 0..dimensions {
        lengths.push(bytes.number()?);
        bytes.number()?;
    }
    if lengths.is_empty() {
        out.extend_from_slice(b"[]");
        return Ok(());
    }
    dimension(out, item, &mut bytes, &lengths)
}

fn dimension(
    out: &mut Vec<u8>,
    item: &Decode,
    bytes: &mut Bytes<'_>,
    lengths: &[i32],
) -> Result<(), Undecodable> {
    let Some((length, deeper)) = lengths.split_first() else {
        return json_item(out, item, bytes.value()?);
    };
    out.push(b'[');
    for index in 0..*length {
        if index > 0 {
            out.push(b',');
        }
        dimension(out, item, bytes, deeper)?;
    }
    out.push(b']');
    Ok(())
}

fn json_item(out: &mut Vec<u8>, item: &Decode, raw: Option<&[u8]>) -> Result<(), Undecodable> {
    let Some(raw) = raw else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    if item.is_json() {
        return item.write(out, raw);
    }
    let mut text = Vec::new();
    item.write(&mut text, raw)?;
    carryall_format::encode::text(out, &text);
    Ok(())
}

/// `[a,b)`, `empty`
pub(super) fn range(out: &mut Vec<u8>, item: &Decode, raw: &[u8]) -> Result<(), Undecodable> {
    const EMPTY: u8 = 1;
    const LOWER_INCLUDED: u8 = 2;
    const UPPER_INCLUDED: u8 = 4;
    const LOWER_OPEN: u8 = 8;
    const UPPER_OPEN: u8 = 16;
    let mut bytes = Bytes(raw);
    let flags = bytes.take(1)?[0];
    if flags & EMPTY != 0 {
        out.extend_from_slice(b"empty");
        return Ok(());
    }
    out.push(if flags & LOWER_INCLUDED != 0 {
        b'['
    } else {
        b'('
    });
    if flags & LOWER_OPEN == 0 {
        item.write(out, bytes.value()?.ok_or(Undecodable)?)?;
    }
    out.push(b',');
    if flags & UPPER_OPEN == 0 {
        item.write(out, bytes.value()?.ok_or(Undecodable)?)?;
    }
    out.push(if flags & UPPER_INCLUDED != 0 {
        b']'
    } else {
        b')'
    });
    Ok(())
}

/// `192.0.2.7`, `2001:db8::/32`
pub(super) fn address(out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Undecodable> {
    let mut bytes = Bytes(raw);
    let [_, bits, is_network, length] = exact(bytes.take(4)?)?;
    let all_bits = match length {
        4 => {
            plain(out, &Ipv4Addr::from(exact::<4>(bytes.0)?));
            32
        }
        16 => {
            plain(out, &Ipv6Addr::from(exact::<16>(bytes.0)?));
            128
        }
        _ => return Err(Undecodable),
    };
    if bits != all_bits || is_network == 1 {
        plain(out, &format_args!("/{bits}"));
    }
    Ok(())
}
