//! One vector of bytes, of 16 with SSE2 or 32 with AVX2, and what is asked of it.

#![expect(unsafe_code, reason = "intrinsics")]
#![expect(
    clippy::inline_always,
    reason = "vectors must not cross a call without their CPU feature"
)]

use std::arch::x86_64::{
    __m128i, __m256i, _mm_and_si128, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_max_epu8, _mm_min_epu8,
    _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8, _mm_storeu_si128, _mm_xor_si128,
    _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_max_epu8, _mm256_min_epu8,
    _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_storeu_si256, _mm256_xor_si256,
};

/// One vector of bytes. Every method needs the instruction set of the type.
pub trait Lanes: Copy {
    const WIDTH: usize;
    unsafe fn load(from: *const u8) -> Self;
    unsafe fn store(self, to: *mut u8);
    unsafe fn max(self, other: Self) -> Self;
    unsafe fn splat(byte: i8) -> Self;
    /// A bit for each byte that needs an escape.
    unsafe fn specials(self) -> u32;
    /// A bit for each byte that is not ASCII.
    unsafe fn high_bits(self) -> u32;
    /// The largest byte, or 0 for ASCII: most text is, and finding out more takes long.
    #[inline(always)]
    unsafe fn largest_of_text(self) -> u8 {
        unsafe {
            if self.high_bits() == 0 {
                0
            } else {
                largest_byte(self)
            }
        }
    }
    /// Whether any byte, with the one after it in `next`, may be of a noncharacter.
    unsafe fn may_be_noncharacter(self, next: Self) -> bool;
}

impl Lanes for __m256i {
    const WIDTH: usize = 32;
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        unsafe { _mm256_loadu_si256(from.cast()) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        unsafe { _mm256_storeu_si256(to.cast(), self) }
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        unsafe { _mm256_max_epu8(self, other) }
    }
    #[inline(always)]
    unsafe fn splat(byte: i8) -> Self {
        unsafe { _mm256_set1_epi8(byte) }
    }
    #[inline(always)]
    unsafe fn specials(self) -> u32 {
        unsafe {
            // `x ^ 2 <= 0x20` holds for the controls and for `"`, one comparison for both.
            let flipped = _mm256_xor_si256(self, Self::splat(2));
            let low = _mm256_cmpeq_epi8(_mm256_min_epu8(flipped, Self::splat(0x20)), flipped);
            let backslash = _mm256_cmpeq_epi8(self, Self::splat(0x5c));
            _mm256_movemask_epi8(_mm256_or_si256(low, backslash)).cast_unsigned()
        }
    }
    #[inline(always)]
    unsafe fn high_bits(self) -> u32 {
        unsafe { _mm256_movemask_epi8(self).cast_unsigned() }
    }
    #[inline(always)]
    unsafe fn may_be_noncharacter(self, next: Self) -> bool {
        unsafe {
            let equal = |lanes, byte| _mm256_cmpeq_epi8(lanes, Self::splat(byte));
            let low = _mm256_and_si256(equal(self, -0x11), equal(next, -0x49));
            // `BE | 1` is `BF`.
            let last = equal(_mm256_or_si256(next, Self::splat(1)), -0x41);
            let high = _mm256_and_si256(equal(self, -0x41), last);
            _mm256_movemask_epi8(_mm256_or_si256(low, high)) != 0
        }
    }
}

impl Lanes for __m128i {
    const WIDTH: usize = 16;
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        unsafe { _mm_loadu_si128(from.cast()) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        unsafe { _mm_storeu_si128(to.cast(), self) }
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        unsafe { _mm_max_epu8(self, other) }
    }
    #[inline(always)]
    unsafe fn splat(byte: i8) -> Self {
        unsafe { _mm_set1_epi8(byte) }
    }
    #[inline(always)]
    unsafe fn specials(self) -> u32 {
        unsafe {
            let flipped = _mm_xor_si128(self, Self::splat(2));
            let low = _mm_cmpeq_epi8(_mm_min_epu8(flipped, Self::splat(0x20)), flipped);
            let backslash = _mm_cmpeq_epi8(self, Self::splat(0x5c));
            _mm_movemask_epi8(_mm_or_si128(low, backslash)).cast_unsigned()
        }
    }
    #[inline(always)]
    unsafe fn high_bits(self) -> u32 {
        unsafe { _mm_movemask_epi8(self).cast_unsigned() }
    }
    #[inline(always)]
    unsafe fn may_be_noncharacter(self, next: Self) -> bool {
        unsafe {
            let equal = |lanes, byte| _mm_cmpeq_epi8(lanes, Self::splat(byte));
            let low = _mm_and_si128(equal(self, -0x11), equal(next, -0x49));
            // `BE | 1` is `BF`.
            let last = equal(_mm_or_si128(next, Self::splat(1)), -0x41);
            let high = _mm_and_si128(equal(self, -0x41), last);
            _mm_movemask_epi8(_mm_or_si128(low, high)) != 0
        }
    }
}

/// The largest byte of a vector.
#[inline(always)]
pub unsafe fn largest_byte<L: Lanes>(lanes: L) -> u8 {
    let mut bytes = [0_u8; 32];
    // SAFETY: no vector is wider than 32 bytes; the caller has the instruction set.
    unsafe { lanes.store(bytes.as_mut_ptr()) };
    bytes.into_iter().fold(0, u8::max)
}
