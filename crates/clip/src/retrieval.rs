//! Comparing one embedding with many: searching pictures with words or with a picture, and finding
//! words for one.

/// The cosine of an embedding with each of many, in their order; all of unit length.
///
/// Summed in eight lanes, which compilers turn into vectors: for thousands of embeddings that
/// matters. The last digit may be another than that of [`crate::zero_shot::cosine`], which sums one
/// after the other.
///
/// # Panics
/// If they are not all of one width.
pub fn cosines(query: &[f32], many: &[impl AsRef<[f32]>]) -> Vec<f32> {
    let each = many.iter().map(|one| dot(query, one.as_ref()));
    each.map(|dot| dot.clamp(-1.0, 1.0)).collect()
}

/// Where the largest values are, largest first, at most `count` of them. Of equal ones the first
/// comes first; what is no number comes last.
pub fn largest(values: &[f32], count: usize) -> Vec<usize> {
    let mut best: Vec<usize> = Vec::with_capacity(count.min(values.len()) + 1);
    let key = |at: usize| {
        if values[at].is_nan() {
            f32::NEG_INFINITY
        } else {
            values[at]
        }
    };
    for at in 0..values.len() {
        let place = best.partition_point(|other| key(*other) >= key(at));
        if place < count {
            best.insert(place, at);
            best.truncate(count);
        }
    }
    best
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "embeddings of one model have one width");
    let (a_lanes, a_rest) = a.as_chunks::<8>();
    let (b_lanes, b_rest) = b.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zero_shot;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_largest_come_first_and_equal_ones_as_they_stand() {
        let values = [0.2, 0.9, f32::NAN, 0.9, -0.1];
        assert_eq!(largest(&values, 3), [1, 3, 0]);
        assert_eq!(largest(&values, 9), [1, 3, 0, 4, 2]);
        assert!(largest(&values, 0).is_empty() && largest(&[], 3).is_empty());
    }

    proptest! {
        #[test]
        fn cosines_are_those_of_one_at_a_time(a in prop::collection::vec(-1.0f32..1.0, 1..40), seed in 0u32..100) {
            let unit = |x: &[f32]| -> Vec<f32> {
                let length = x.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-6);
                x.iter().map(|x| x / length).collect()
            };
            let turned = a.iter().enumerate().map(|(at, x)| x + ((at as u32 * 37 + seed) % 11) as f32 / 10.0);
            let (a, b) = (unit(&a), unit(&turned.collect::<Vec<f32>>()));
            let ours = cosines(&a, &[&b[..]])[0];
            prop_assert!((ours - zero_shot::cosine(&a, &b)).abs() < 1e-5);
        }
    }
}
