//! A part of a collection, for one machine of several.

use std::path::Path;

use sha2::{Digest, Sha256};

/// The I-th of N parts, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) index: u64,
    pub(crate) count: u64,
}

impl Shard {
    /// From `I/N`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let numbers = parts.and_then(|(index, count)| {
            Some(Self {
                index: index.parse().ok()?,
                count: count.parse().ok()?,
            })
        });
        numbers
            .filter(|shard| shard.index < shard.count)
            .ok_or_else(|| "it is I/N, with I from 0 to N-1, as in 0/8".to_owned())
    }

    /// Whether a path is in this part. That depends on nothing but the path as it is named, so that
    /// every machine finds the same, and that a path stays where it is when others are added.
    pub(crate) fn has(&self, path: &Path) -> bool {
        let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
        let first = digest.first_chunk().expect("a SHA-256 has 32 bytes");
        u64::from_be_bytes(*first) % self.count == self.index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_in_one_part() {
        let paths: Vec<String> = (0..1000).map(|i| format!("folder/{i}.jpg")).collect();
        let count = 7;
        let mut sizes = Vec::new();
        for index in 0..count {
            let shard = Shard { index, count };
            sizes.push(
                paths
                    .iter()
                    .filter(|path| shard.has(Path::new(path)))
                    .count(),
            );
        }
        assert_eq!(sizes.iter().sum::<usize>(), paths.len());
        assert!(
            sizes.iter().all(|size| (90..200).contains(size)),
            "{sizes:?}"
        );
    }

    #[test]
    fn a_part_that_is_none_is_refused() {
        assert_eq!(Shard::parse("0/8"), Ok(Shard { index: 0, count: 8 }));
        for text in ["8/8", "1", "-1/8", "0/0", "a/b", ""] {
            assert!(Shard::parse(text).is_err(), "{text}");
        }
    }
}
