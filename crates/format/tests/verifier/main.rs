//! The verifier against everything that can happen to a file.

mod bytes;
mod codes;
mod cuts;
mod fixtures;
mod json_suite;
mod judged;
mod lay_out;
mod parts;
mod records;
mod rewritten;
mod sample;
mod written;

/// Numbers below a limit, the same in every run.
fn seeded(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |limit| {
        // SplitMix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }
}
