//! The copy with AVX2, found at run time, or with SSE2, which every x86-64 has.
//!
//! Promises: reads nothing outside its input, writes nothing outside the output's capacity. `unsafe`
//! is here and in `lanes.rs` only: stores run up to one vector past the end of what they write, into
//! room that was reserved for that.

#![expect(
    unsafe_code,
    reason = "SIMD stores into reserved room; no safe form in std"
)]
#![expect(
    clippy::inline_always,
    reason = "vectors must not cross a call without their CPU feature"
)]

use std::arch::x86_64::{__m128i, __m256i};
use std::{is_x86_feature_detected, ptr};

use super::lanes::{Lanes, largest_byte};
use super::{SHORT, SPELLINGS, is_escape_letter, is_special, text_len_from, wide};

/// Input between two looks at the room that is left, so that one long text does not ask for six
/// times its size in advance.
const BLOCK: usize = 4096;

/// Room after the last byte: a vector, or a spelling, may be stored across the end.
const SLACK: usize = 64;
const _: () = assert!(<__m256i as Lanes>::WIDTH + 8 <= SLACK);

pub fn escape(out: &mut Vec<u8>, bytes: &[u8]) -> u8 {
    if is_x86_feature_detected!("avx2") {
        // SAFETY: AVX2 was detected.
        unsafe { escape_avx2(out, bytes) }
    } else {
        escape_sse2(out, bytes)
    }
}

pub fn copy_plain(out: &mut Vec<u8>, bytes: &[u8]) -> (usize, u8) {
    if is_x86_feature_detected!("avx2") {
        // SAFETY: AVX2 was detected.
        unsafe { copy_plain_avx2(out, bytes) }
    } else {
        copy_plain_sse2(out, bytes)
    }
}

pub fn plain_len(bytes: &[u8]) -> usize {
    // SAFETY: SSE2 is part of x86-64. Wider vectors gain nothing on keys and short values.
    unsafe { plain_len_lanes::<__m128i>(bytes) }
}

/// See `super::short_text_len`. SSE2 is enough, and needs neither a look at the processor nor a call.
#[inline]
pub fn short_text_len(bytes: &[u8]) -> Option<usize> {
    let few = bytes.first_chunk::<SHORT>()?;
    let (mut specials, mut high) = (0, 0);
    for (number, lanes) in few.as_chunks().0.iter().enumerate() {
        let lanes: &[u8; <__m128i as Lanes>::WIDTH] = lanes;
        // SAFETY: SSE2 is part of x86-64, and the load is within the array.
        unsafe {
            let lanes = <__m128i as Lanes>::load(lanes.as_ptr());
            specials |= u64::from(lanes.specials()) << (number * <__m128i as Lanes>::WIDTH);
            high |= lanes.high_bits();
        }
    }
    let end = specials.trailing_zeros() as usize;
    (high == 0 && few.get(end) == Some(&b'"')).then_some(end)
}

/// See `super::text_len`.
pub fn text_len(bytes: &[u8]) -> (usize, u8) {
    if wide::has_avx512() {
        // SAFETY: it was detected.
        unsafe { wide::text_len_avx512(bytes) }
    } else {
        text_len_avx2_or_sse2(bytes)
    }
}

pub fn text_len_avx2_or_sse2(bytes: &[u8]) -> (usize, u8) {
    if is_x86_feature_detected!("avx2") {
        // SAFETY: AVX2 was detected.
        unsafe { wide::text_len_avx2(bytes) }
    } else {
        text_len_sse2(bytes)
    }
}

/// See `super::may_hold_noncharacter`.
pub fn may_hold_noncharacter(text: &[u8]) -> bool {
    if is_x86_feature_detected!("avx2") {
        // SAFETY: AVX2 was detected.
        unsafe { may_hold_noncharacter_avx2(text) }
    } else {
        may_hold_noncharacter_sse2(text)
    }
}

#[target_feature(enable = "avx2")]
fn escape_avx2(out: &mut Vec<u8>, bytes: &[u8]) -> u8 {
    // SAFETY: the caller has AVX2.
    unsafe { escape_lanes::<__m256i>(out, bytes) }
}

pub fn escape_sse2(out: &mut Vec<u8>, bytes: &[u8]) -> u8 {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { escape_lanes::<__m128i>(out, bytes) }
}

pub fn text_len_sse2(bytes: &[u8]) -> (usize, u8) {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { text_len_lanes::<__m128i>(bytes) }
}

#[target_feature(enable = "avx2")]
fn copy_plain_avx2(out: &mut Vec<u8>, bytes: &[u8]) -> (usize, u8) {
    // SAFETY: the caller has AVX2.
    unsafe { copy_plain_lanes::<__m256i>(out, bytes) }
}

pub fn copy_plain_sse2(out: &mut Vec<u8>, bytes: &[u8]) -> (usize, u8) {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { copy_plain_lanes::<__m128i>(out, bytes) }
}

#[target_feature(enable = "avx2")]
fn may_hold_noncharacter_avx2(text: &[u8]) -> bool {
    // SAFETY: the caller has AVX2.
    unsafe { may_hold_noncharacter_lanes::<__m256i>(text) }
}

pub fn may_hold_noncharacter_sse2(text: &[u8]) -> bool {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { may_hold_noncharacter_lanes::<__m128i>(text) }
}

/// Writes two vectors of input and their escapes, and returns where the output goes on.
///
/// One question for both, whether there is anything to escape: in prose nobody can predict which
/// vector holds a line break or a quote, and each wrong guess costs the processor as much as 64 bytes.
///
/// # Safety
/// `from` has three vectors and one byte of readable bytes, `to` room for six times two vectors and
/// `SLACK`; the caller has the instruction set.
#[inline(always)]
unsafe fn escape_pair<L: Lanes>(from: *const u8, to: *mut u8, pair: [L; 2]) -> *mut u8 {
    let [first, second] = pair;
    unsafe {
        let masks = (first.specials(), second.specials());
        first.store(to);
        if masks.0 | masks.1 == 0 {
            second.store(to.add(L::WIDTH));
            return to.add(2 * L::WIDTH);
        }
        let to = escape_vector::<L>(from, to, masks.0);
        second.store(to);
        escape_vector::<L>(from.add(L::WIDTH), to, masks.1)
    }
}

/// Puts the escapes of one vector into its copy at `to`.
///
/// Each special byte is overwritten by its spelling, and what follows it is stored again behind that.
/// The first round runs even if there is no special byte, for then it writes behind the vector,
/// where the next one goes: see `escape_pair` on guesses.
///
/// # Safety
/// As `escape_pair`, for one vector.
#[inline(always)]
unsafe fn escape_vector<L: Lanes>(from: *const u8, to: *mut u8, mut mask: u32) -> *mut u8 {
    // What is written runs ahead of what is read by the growth so far.
    let mut ahead = to;
    unsafe {
        loop {
            let at = (u64::from(mask) | 1 << L::WIDTH).trailing_zeros() as usize;
            let spelling = &SPELLINGS[usize::from(*from.add(at))];
            ptr::copy_nonoverlapping(spelling.as_ptr(), ahead.add(at), spelling.len());
            let growth = usize::from(spelling[7] - 1) * usize::from(mask != 0);
            L::load(from.add(at + 1)).store(ahead.add(at + 1 + growth));
            ahead = ahead.add(growth);
            mask &= mask.wrapping_sub(1);
            if mask == 0 {
                return ahead.add(L::WIDTH);
            }
        }
    }
}

#[inline(always)]
unsafe fn escape_lanes<L: Lanes>(out: &mut Vec<u8>, bytes: &[u8]) -> u8 {
    let mut done = 0;
    // SAFETY: reads end within `bytes`, and each block's writes within what is reserved for it.
    unsafe {
        let mut largest = L::splat(0);
        while done + 3 * L::WIDTH < bytes.len() {
            let block_end = bytes.len().min(done + BLOCK) - L::WIDTH - 1;
            out.reserve(6 * BLOCK + SLACK);
            let start = out.as_mut_ptr().add(out.len());
            let mut to = start;
            while done + 2 * L::WIDTH <= block_end {
                let from = bytes.as_ptr().add(done);
                let pair = [L::load(from), L::load(from.add(L::WIDTH))];
                largest = largest.max(pair[0]).max(pair[1]);
                to = escape_pair(from, to, pair);
                done += 2 * L::WIDTH;
            }
            out.set_len(out.len() + to.offset_from_unsigned(start));
        }
        largest_byte(escape_tail(out, &bytes[done..], largest))
    }
}

/// The last bytes, at most three vectors, from a copy with readable bytes behind it.
#[inline(always)]
unsafe fn escape_tail<L: Lanes>(out: &mut Vec<u8>, bytes: &[u8], mut largest: L) -> L {
    const ROOM: usize = 4 * 32 + 1;
    let mut padded = [b' '; ROOM];
    padded[..bytes.len()].copy_from_slice(bytes);
    out.reserve(6 * ROOM + SLACK);
    // SAFETY: the last vector starts within the third, so reads end with the fourth and one byte.
    unsafe {
        let start = out.as_mut_ptr().add(out.len());
        let (mut to, mut done) = (start, 0);
        while done < bytes.len() {
            let from = padded.as_ptr().add(done);
            let vector = L::load(from);
            largest = largest.max(vector);
            vector.store(to);
            let mask = vector.specials();
            to = if mask == 0 {
                to.add(L::WIDTH)
            } else {
                escape_vector::<L>(from, to, mask)
            };
            done += L::WIDTH;
        }
        // A space is written as itself, so the padding is as long behind the text as before.
        let written = to.offset_from_unsigned(start) - (done - bytes.len());
        out.set_len(out.len() + written);
    }
    largest
}

#[inline(always)]
unsafe fn copy_plain_lanes<L: Lanes>(out: &mut Vec<u8>, bytes: &[u8]) -> (usize, u8) {
    unsafe {
        let mut largest = L::splat(0);
        let mut done = 0;
        while done + L::WIDTH <= bytes.len() {
            if out.capacity() - out.len() < L::WIDTH {
                out.reserve(BLOCK);
            }
            let vector = L::load(bytes.as_ptr().add(done));
            vector.store(out.as_mut_ptr().add(out.len()));
            largest = largest.max(vector);
            let mask = vector.specials();
            if mask != 0 {
                let plain = mask.trailing_zeros() as usize;
                out.set_len(out.len() + plain);
                return (done + plain, largest_byte(largest));
            }
            out.set_len(out.len() + L::WIDTH);
            done += L::WIDTH;
        }
        let rest = &bytes[done..];
        let plain = rest
            .iter()
            .position(|&byte| is_special(byte))
            .unwrap_or(rest.len());
        out.extend_from_slice(&rest[..plain]);
        let seen = rest[..plain]
            .iter()
            .fold(largest_byte(largest), |max, &b| max.max(b));
        (done + plain, seen)
    }
}

/// Escapes of one letter are stepped over within the vector: prose has one in every fifty bytes, and
/// starting anew behind each would cost more than the reading.
#[inline(always)]
unsafe fn text_len_lanes<L: Lanes>(bytes: &[u8]) -> (usize, u8) {
    let mut done = 0;
    // SAFETY: `done + WIDTH` and the byte behind it lie within `bytes`; the caller has the instruction
    // set.
    unsafe {
        let mut largest = L::splat(0);
        while done + L::WIDTH < bytes.len() {
            let vector = L::load(bytes.as_ptr().add(done));
            largest = largest.max(vector);
            let mut mask = vector.specials();
            let mut next = done + L::WIDTH;
            while mask != 0 {
                let bit = mask.trailing_zeros();
                let at = done + bit as usize;
                if *bytes.get_unchecked(at) != b'\\'
                    || !is_escape_letter(*bytes.get_unchecked(at + 1))
                {
                    return (at, largest.largest_of_text());
                }
                // The letter may itself be special, or the first byte of the next vector.
                mask &= !(1 << bit) & !(2 << bit);
                next = next.max(at + 2);
            }
            done = next;
        }
        text_len_from(bytes, done, largest.largest_of_text())
    }
}

#[inline(always)]
unsafe fn plain_len_lanes<L: Lanes>(bytes: &[u8]) -> usize {
    let mut done = 0;
    while done + L::WIDTH <= bytes.len() {
        // SAFETY: `done + WIDTH` lies within `bytes`; the caller has the instruction set.
        let mask = unsafe { L::load(bytes.as_ptr().add(done)).specials() };
        if mask != 0 {
            return done + mask.trailing_zeros() as usize;
        }
        done += L::WIDTH;
    }
    let rest = &bytes[done..];
    done + rest
        .iter()
        .position(|&byte| is_special(byte))
        .unwrap_or(rest.len())
}

#[inline(always)]
unsafe fn may_hold_noncharacter_lanes<L: Lanes>(text: &[u8]) -> bool {
    let mut done = 0;
    while done + L::WIDTH < text.len() {
        let from = text.as_ptr().wrapping_add(done);
        // SAFETY: `done + 1 + WIDTH` lies within `text`; the caller has the instruction set.
        if unsafe { L::load(from).may_be_noncharacter(L::load(from.add(1))) } {
            return true;
        }
        done += L::WIDTH;
    }
    super::any_noncharacter_pair(&text[done..])
}
