//! The end of a string with AVX-512, 64 bytes at a time: found at run time.
//!
//! Promises: reads nothing outside its input. `unsafe` is one load, of as many bytes as there are.
//!
//! Escapes are not branched on. In prose one byte in fifty starts one, and no processor can guess in
//! which vector; what is escaped is computed for a whole vector at once, as in "Parsing Gigabytes of
//! JSON per Second" (Langdale and Lemire, 2019), section 3.1.1.

#![expect(unsafe_code, reason = "a load of as many bytes as there are")]

use std::arch::x86_64::{
    __m512i, __mmask64, _mm_setr_epi8, _mm512_and_si512, _mm512_broadcast_i32x4,
    _mm512_cmpeq_epi8_mask, _mm512_cmplt_epu8_mask, _mm512_maskz_loadu_epi8, _mm512_max_epu8,
    _mm512_movepi8_mask, _mm512_set1_epi8, _mm512_shuffle_epi8, _mm512_srli_epi16,
    _mm512_storeu_si512, _mm512_test_epi8_mask,
};
use std::is_x86_feature_detected;

const WIDTH: usize = 64;
/// Every second bit, the first included.
const EVEN: u64 = 0x5555_5555_5555_5555;

/// Whether this processor has what `text_len` needs.
#[inline]
pub fn is_there() -> bool {
    is_x86_feature_detected!("avx512bw")
}

/// See `super::text_len`. The processor must have what [`is_there`] asks for.
#[target_feature(enable = "avx512f,avx512bw")]
pub fn text_len(bytes: &[u8]) -> (usize, u8) {
    let mut largest = _mm512_set1_epi8(0);
    let mut done = 0;
    let mut is_escaped = 0;
    loop {
        // Behind the input stand zeros, which are control characters: the end is a stop.
        let vector = load(&bytes[done..]);
        largest = _mm512_max_epu8(largest, vector);
        let backslashes = _mm512_cmpeq_epi8_mask(vector, _mm512_set1_epi8(0x5c));
        let quotes = _mm512_cmpeq_epi8_mask(vector, _mm512_set1_epi8(0x22));
        let controls = _mm512_cmplt_epu8_mask(vector, _mm512_set1_epi8(0x20));
        let escaped = after_odd_runs(backslashes, &mut is_escaped);
        let stops = controls | (quotes & !escaped) | (escaped & !escape_letters(vector));
        if stops != 0 {
            let at = stops.trailing_zeros();
            let backslash = (escaped >> at & 1) as usize;
            return (done + at as usize - backslash, largest_of(largest));
        }
        done += WIDTH;
    }
}

/// As many bytes as there are, 64 at most, and zeros behind them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load(bytes: &[u8]) -> __m512i {
    let there = match bytes.len() {
        0 => 0,
        len => u64::MAX >> (WIDTH - len.min(WIDTH)),
    };
    // SAFETY: bytes outside the mask are not read, and the mask has a bit for bytes of the slice only.
    unsafe { _mm512_maskz_loadu_epi8(there, bytes.as_ptr().cast()) }
}

/// The bytes that follow an odd number of backslashes. `carry` says whether the first byte does.
#[inline]
fn after_odd_runs(backslashes: __mmask64, carry: &mut u64) -> u64 {
    // A backslash that is itself escaped begins no run.
    let backslashes = backslashes & !*carry;
    let begins = backslashes & !(backslashes << 1);
    // Adding the first bit of a run moves it behind the run's last one. A run of an odd length that begins
    // at an even place ends before an odd one, and the other way round; the place behind the vector is even.
    let behind_even = backslashes.wrapping_add(begins & EVEN);
    let (behind_odd, runs_on) = backslashes.overflowing_add(begins & !EVEN);
    let after = (behind_even & !EVEN | behind_odd & EVEN) & !backslashes;
    let escaped = after | *carry;
    *carry = u64::from(runs_on);
    escaped
}

/// The bytes `"`, `\`, `/`, `b`, `f`, `n`, `r` and `t`: a bit for each kind of upper half, found by
/// the lower half and by the upper half.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn escape_letters(vector: __m512i) -> __mmask64 {
    // 1: 0x22, 0x2f; 2: 0x5c; 4: 0x62, 0x66, 0x6e; 8: 0x72, 0x74.
    let lower = _mm_setr_epi8(0, 0, 1 | 4 | 8, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1);
    let upper = _mm_setr_epi8(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0);
    let half = _mm512_set1_epi8(0x0f);
    let by_lower = _mm512_shuffle_epi8(
        _mm512_broadcast_i32x4(lower),
        _mm512_and_si512(vector, half),
    );
    let high = _mm512_and_si512(_mm512_srli_epi16::<4>(vector), half);
    let by_upper = _mm512_shuffle_epi8(_mm512_broadcast_i32x4(upper), high);
    _mm512_test_epi8_mask(by_lower, by_upper)
}

/// The largest byte, or 0 for ASCII: most text is, and finding out more takes long.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn largest_of(lanes: __m512i) -> u8 {
    if _mm512_movepi8_mask(lanes) == 0 {
        return 0;
    }
    let mut bytes = [0_u8; WIDTH];
    // SAFETY: the array is as long as the vector.
    unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), lanes) };
    bytes.into_iter().fold(0, u8::max)
}
