//! How large the files of a big account are.
//!
//! Most are small and a few large, as in real accounts: from 80 KB to 67 MB, about 200 of them in a
//! gigabyte, and together exactly as many bytes as asked for.

use super::random::Random;

const BYTES_A_FILE: u64 = 5_000_000;
const SMALLEST: u64 = 80_000;
const LARGEST: u64 = 67_000_000;

/// Sizes that add up to `total`.
pub fn file_sizes(total: u64) -> Vec<u64> {
    if total == 0 {
        return Vec::new();
    }
    let count = total.div_ceil(BYTES_A_FILE);
    let mut random = Random::seeded("sizes");
    let weights: Vec<u64> = (0..count).map(|_| weight(&mut random)).collect();
    let mut sizes: Vec<u64> = weights
        .iter()
        .map(|weight| scaled(*weight, total, &weights))
        .collect();
    spread_the_rest(&mut sizes, total);
    sizes
}

/// A size that is as likely to lie between 1 and 2 MB as between 2 and 4 MB, and smaller rather than
/// larger: the lower of two draws in seven cases of ten.
fn weight(random: &mut Random) -> u64 {
    let draw = random.below(970);
    let hundredths = if random.below(10) < 7 {
        draw.min(random.below(970))
    } else {
        draw
    };
    (SMALLEST << (hundredths / 100)) / 100 * (100 + hundredths % 100)
}

fn scaled(weight: u64, total: u64, weights: &[u64]) -> u64 {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    let share = u128::from(total) * u128::from(weight) / sum;
    u64::try_from(share)
        .unwrap_or(LARGEST)
        .clamp(SMALLEST.min(total), LARGEST)
}

/// Brings the sum to `total`, from one file to the next, within the limits.
fn spread_the_rest(sizes: &mut [u64], total: u64) {
    let mut sum: u64 = sizes.iter().sum();
    for size in sizes.iter_mut() {
        if sum > total {
            let taken = (sum - total).min(size.saturating_sub(SMALLEST.min(total)));
            *size -= taken;
            sum -= taken;
        } else {
            let added = (total - sum).min(LARGEST.saturating_sub(*size));
            *size += added;
            sum += added;
        }
    }
}
