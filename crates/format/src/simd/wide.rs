//! The end of a string, 64 bytes at a time: with AVX-512, or in two vectors with AVX2; found at run time.
//!
//! Promises: reads nothing outside its input. `unsafe` is loads within it, and intrinsics.
//!
//! Escapes are not branched on. In prose one byte in fifty starts one, and no processor can guess in
//! which vector; what is escaped is computed for 64 bytes at once, as in "Parsing Gigabytes of
//! JSON per Second" (Langdale and Lemire, 2019), section 3.1.1.

#![expect(
    unsafe_code,
    reason = "loads of as many bytes as there are, and intrinsics"
)]
#![expect(
    clippy::inline_always,
    reason = "vectors must not cross a call without their CPU feature"
)]

use std::arch::x86_64::{
    __m256i, __m512i, _mm_setr_epi8, _mm256_and_si256, _mm256_andnot_si256,
    _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_max_epu8,
    _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_srli_epi16, _mm512_and_si512, _mm512_broadcast_i32x4,
    _mm512_cmpeq_epi8_mask, _mm512_cmpgt_epi8_mask, _mm512_cmplt_epu8_mask,
    _mm512_cmpneq_epi8_mask, _mm512_maskz_loadu_epi8, _mm512_max_epu8, _mm512_movepi8_mask,
    _mm512_set1_epi8, _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_srli_epi16,
    _mm512_storeu_si512, _mm512_test_epi8_mask,
};
use std::is_x86_feature_detected;

use super::lanes::Lanes;

const WIDTH: usize = 64;
/// After so many blocks without a backslash none is expected.
const NO_PROSE: u32 = 16;
/// Every second bit, the first included.
const EVEN: u64 = 0x5555_5555_5555_5555;

/// Bytes that make an escape behind a backslash: `"`, `\`, `/`, `b`, `f`, `n`, `r` and `t`. A bit for each
/// kind of upper half, found by the lower half and by the upper half: 1 for 0x22 and 0x2f, 2 for 0x5c,
/// 4 for 0x62, 0x66 and 0x6e, 8 for 0x72 and 0x74.
macro_rules! letters_by_lower {
    () => {
        _mm_setr_epi8(0, 0, 1 | 4 | 8, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1)
    };
}
macro_rules! letters_by_upper {
    () => {
        _mm_setr_epi8(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0)
    };
}

/// A bit for each of 64 bytes.
struct Masks {
    backslashes: u64,
    quotes: u64,
    controls: u64,
    /// What makes an escape of one letter.
    letters: u64,
}

/// 64 bytes. Every method needs the instruction set of the type.
trait Wide: Copy {
    unsafe fn zero() -> Self;
    /// As many bytes as there are, 64 at most, and zeros behind them.
    unsafe fn load(bytes: &[u8]) -> Self;
    unsafe fn masks(self) -> Masks;
    unsafe fn max(self, other: Self) -> Self;
    /// Whether all bytes are ASCII behind the quote, and none is a backslash: as base64 is, and less would not be faster.
    unsafe fn is_plain(self) -> bool;
    /// The largest byte, or 0 for ASCII: most text is, and finding out more takes long.
    unsafe fn largest_of_text(self) -> u8;
}

/// Whether this processor has AVX-512 as far as it is used here.
#[inline]
pub fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512bw")
}

/// See `super::text_len`. The processor must have what [`has_avx512`] asks for.
#[target_feature(enable = "avx512f,avx512bw")]
pub fn text_len_avx512(bytes: &[u8]) -> (usize, u8) {
    // SAFETY: the caller has AVX-512.
    unsafe { text_len::<__m512i>(bytes) }
}

/// See `super::text_len`. The processor must have AVX2.
#[target_feature(enable = "avx2")]
pub fn text_len_avx2(bytes: &[u8]) -> (usize, u8) {
    // SAFETY: the caller has AVX2.
    unsafe { text_len::<[__m256i; 2]>(bytes) }
}

/// # Safety
/// The caller has the instruction set.
#[inline(always)]
unsafe fn text_len<W: Wide>(bytes: &[u8]) -> (usize, u8) {
    let (mut done, mut is_escaped) = (0, 0);
    let mut without_escape = 0;
    // SAFETY: the caller has the instruction set.
    unsafe {
        let mut largest = W::zero();
        loop {
            // Behind the input stand zeros, which are control characters: the end is a stop.
            let block = W::load(&bytes[done..]);
            largest = largest.max(block);
            let masks = block.masks();
            let escaped = after_odd_runs(masks.backslashes, &mut is_escaped);
            let stops = masks.controls | (masks.quotes & !escaped) | (escaped & !masks.letters);
            if stops != 0 {
                let at = stops.trailing_zeros();
                let backslash = (escaped >> at & 1) as usize;
                return (done + at as usize - backslash, largest.largest_of_text());
            }
            done += WIDTH;
            without_escape = if masks.backslashes == 0 {
                without_escape + 1
            } else {
                0
            };
            // A kilobyte without an escape is no prose but base64, which goes on like that.
            if without_escape == NO_PROSE && is_escaped == 0 {
                without_escape = 0;
                while let Some(next) = bytes.get(done..done + WIDTH) {
                    let block = W::load(next);
                    if !block.is_plain() {
                        break;
                    }
                    done += WIDTH;
                }
            }
        }
    }
}

/// The bytes that follow an odd number of backslashes. `carry` says whether the first byte does.
#[inline(always)]
fn after_odd_runs(backslashes: u64, carry: &mut u64) -> u64 {
    // A backslash that is itself escaped begins no run.
    let backslashes = backslashes & !*carry;
    let begins = backslashes & !(backslashes << 1);
    // Adding the first bit of a run moves it behind the run's last one. A run of an odd length that begins
    // at an even place ends before an odd one, and the other way round; the place behind the block is even.
    let behind_even = backslashes.wrapping_add(begins & EVEN);
    let (behind_odd, runs_on) = backslashes.overflowing_add(begins & !EVEN);
    let after = (behind_even & !EVEN | behind_odd & EVEN) & !backslashes;
    let escaped = after | *carry;
    *carry = u64::from(runs_on);
    escaped
}

impl Wide for __m512i {
    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { _mm512_setzero_si512() }
    }
    #[inline(always)]
    unsafe fn load(bytes: &[u8]) -> Self {
        let there = match bytes.len() {
            0 => 0,
            len => u64::MAX >> (WIDTH - len.min(WIDTH)),
        };
        // Bytes outside the mask are not read, and the mask has a bit for bytes of the slice only.
        unsafe { _mm512_maskz_loadu_epi8(there, bytes.as_ptr().cast()) }
    }
    #[inline(always)]
    unsafe fn masks(self) -> Masks {
        unsafe {
            let half = _mm512_set1_epi8(0x0f);
            let lower = _mm512_broadcast_i32x4(letters_by_lower!());
            let upper = _mm512_broadcast_i32x4(letters_by_upper!());
            let by_lower = _mm512_shuffle_epi8(lower, _mm512_and_si512(self, half));
            let high = _mm512_and_si512(_mm512_srli_epi16::<4>(self), half);
            Masks {
                backslashes: _mm512_cmpeq_epi8_mask(self, _mm512_set1_epi8(0x5c)),
                quotes: _mm512_cmpeq_epi8_mask(self, _mm512_set1_epi8(0x22)),
                controls: _mm512_cmplt_epu8_mask(self, _mm512_set1_epi8(0x20)),
                letters: _mm512_test_epi8_mask(by_lower, _mm512_shuffle_epi8(upper, high)),
            }
        }
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        unsafe { _mm512_max_epu8(self, other) }
    }
    #[inline(always)]
    unsafe fn is_plain(self) -> bool {
        unsafe {
            let behind = _mm512_cmpgt_epi8_mask(self, _mm512_set1_epi8(0x22));
            behind & _mm512_cmpneq_epi8_mask(self, _mm512_set1_epi8(0x5c)) == u64::MAX
        }
    }
    #[inline(always)]
    unsafe fn largest_of_text(self) -> u8 {
        unsafe {
            if _mm512_movepi8_mask(self) == 0 {
                return 0;
            }
            let mut bytes = [0_u8; WIDTH];
            _mm512_storeu_si512(bytes.as_mut_ptr().cast(), self);
            bytes.into_iter().fold(0, u8::max)
        }
    }
}

/// The highest bit of each byte of both vectors.
#[inline(always)]
unsafe fn bits(low: __m256i, high: __m256i) -> u64 {
    unsafe {
        let low = _mm256_movemask_epi8(low).cast_unsigned();
        let high = _mm256_movemask_epi8(high).cast_unsigned();
        u64::from(high) << 32 | u64::from(low)
    }
}

/// Which bytes of both vectors are this one.
#[inline(always)]
unsafe fn equal([low, high]: [__m256i; 2], byte: i8) -> u64 {
    unsafe {
        let byte = _mm256_set1_epi8(byte);
        bits(_mm256_cmpeq_epi8(low, byte), _mm256_cmpeq_epi8(high, byte))
    }
}

/// Which bytes are control characters.
#[inline(always)]
unsafe fn controls(half: __m256i) -> __m256i {
    unsafe { _mm256_cmpeq_epi8(_mm256_min_epu8(half, _mm256_set1_epi8(0x1f)), half) }
}

/// Which bytes make no escape of one letter.
#[inline(always)]
unsafe fn no_letters(half: __m256i) -> __m256i {
    unsafe {
        let nibble = _mm256_set1_epi8(0x0f);
        let lower = _mm256_broadcastsi128_si256(letters_by_lower!());
        let upper = _mm256_broadcastsi128_si256(letters_by_upper!());
        let by_lower = _mm256_shuffle_epi8(lower, _mm256_and_si256(half, nibble));
        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(half), nibble);
        let both = _mm256_and_si256(by_lower, _mm256_shuffle_epi8(upper, high));
        _mm256_cmpeq_epi8(both, _mm256_setzero_si256())
    }
}

impl Wide for [__m256i; 2] {
    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { [_mm256_setzero_si256(), _mm256_setzero_si256()] }
    }
    #[inline(always)]
    unsafe fn load(bytes: &[u8]) -> Self {
        let mut padded = [0; WIDTH];
        let from = if bytes.len() < WIDTH {
            padded[..bytes.len()].copy_from_slice(bytes);
            padded.as_ptr()
        } else {
            bytes.as_ptr()
        };
        unsafe {
            [
                <__m256i as Lanes>::load(from),
                <__m256i as Lanes>::load(from.add(WIDTH / 2)),
            ]
        }
    }
    #[inline(always)]
    unsafe fn masks(self) -> Masks {
        unsafe {
            let [low, high] = self;
            Masks {
                backslashes: equal(self, 0x5c),
                quotes: equal(self, 0x22),
                controls: bits(controls(low), controls(high)),
                letters: !bits(no_letters(low), no_letters(high)),
            }
        }
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        unsafe {
            [
                _mm256_max_epu8(self[0], other[0]),
                _mm256_max_epu8(self[1], other[1]),
            ]
        }
    }
    #[inline(always)]
    unsafe fn is_plain(self) -> bool {
        unsafe {
            let [low, high] = self;
            let (quote, backslash) = (_mm256_set1_epi8(0x22), _mm256_set1_epi8(0x5c));
            let behind = _mm256_and_si256(
                _mm256_cmpgt_epi8(low, quote),
                _mm256_cmpgt_epi8(high, quote),
            );
            let backslashes = _mm256_or_si256(
                _mm256_cmpeq_epi8(low, backslash),
                _mm256_cmpeq_epi8(high, backslash),
            );
            _mm256_movemask_epi8(_mm256_andnot_si256(backslashes, behind)) == -1
        }
    }
    #[inline(always)]
    unsafe fn largest_of_text(self) -> u8 {
        unsafe { <__m256i as Lanes>::largest_of_text(_mm256_max_epu8(self[0], self[1])) }
    }
}
