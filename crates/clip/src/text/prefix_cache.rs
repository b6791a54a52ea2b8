//! What is remembered of prompts' beginnings from one call to the next: mostly that of the
//! template, which every label typed has in front of it, and that of the label that is being typed.

use std::collections::HashMap;

use candle_core::{Device, Tensor};

use crate::encoder::KeysAndValues;

/// Tokens that are remembered at most; with 12 blocks of width 512 each takes 48 KB.
const MOST: usize = 128;

/// Where a token's row is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// Remembered from earlier calls, by its number there.
    Earlier(usize),
    /// To be computed, by its row.
    New(usize),
}

/// A row that has been computed and may be of use again.
pub(super) struct Shared {
    pub(super) row: usize,
    pub(super) token: u32,
    /// The token before it; none for the first. A row that was computed with it is shared, too.
    pub(super) parent: Option<Place>,
}

/// Tokens of earlier calls, each with the keys and values that all blocks have computed for it.
#[derive(Default)]
pub(super) struct PrefixCache {
    parents: Vec<Option<usize>>,
    children: HashMap<(Option<usize>, u32), usize>,
    /// Block by block, and in a block node by node.
    keys: Vec<Vec<f32>>,
    values: Vec<Vec<f32>>,
}

impl PrefixCache {
    /// The number of a token behind another.
    pub(super) fn find(&self, parent: Option<Place>, token: u32) -> Option<usize> {
        let parent = match parent {
            None => None,
            Some(Place::Earlier(node)) => Some(node),
            Some(Place::New(_)) => return None,
        };
        self.children.get(&(parent, token)).copied()
    }

    /// The token before another.
    pub(super) fn parent(&self, node: usize) -> Option<usize> {
        self.parents[node]
    }

    /// Block by block the keys and values of some tokens; nothing for none.
    pub(super) fn keys_and_values(
        &self,
        nodes: &[usize],
        width: usize,
    ) -> candle_core::Result<Vec<KeysAndValues>> {
        if nodes.is_empty() {
            return Ok(Vec::new());
        }
        let gather = |rows: &Vec<f32>| {
            let numbers = nodes.iter().flat_map(|node| &rows[node * width..][..width]);
            let numbers: Vec<f32> = numbers.copied().collect();
            Tensor::from_vec(numbers, (nodes.len(), width), &Device::Cpu)
        };
        let blocks = self.keys.iter().zip(&self.values);
        blocks
            .map(|(keys, values)| {
                Ok(KeysAndValues {
                    keys: gather(keys)?,
                    values: gather(values)?,
                })
            })
            .collect()
    }

    /// Remembers rows, a parent before its children. Where there is no room, everything is
    /// forgotten instead.
    pub(super) fn remember(
        &mut self,
        shared: &[Shared],
        computed: &[KeysAndValues],
    ) -> candle_core::Result<()> {
        if shared.is_empty() {
            return Ok(());
        }
        if self.parents.len() + shared.len() > MOST {
            *self = Self::default();
            return Ok(());
        }
        let mut numbers = HashMap::new();
        for &Shared { row, token, parent } in shared {
            let parent = match parent {
                None => None,
                Some(Place::Earlier(node)) => Some(node),
                // As many prompts go through it at least, so it has been remembered just now.
                Some(Place::New(row)) => Some(numbers[&row]),
            };
            numbers.insert(row, self.parents.len());
            self.children.insert((parent, token), self.parents.len());
            self.parents.push(parent);
        }
        self.keys.resize_with(computed.len(), Vec::new);
        self.values.resize_with(computed.len(), Vec::new);
        let blocks = self.keys.iter_mut().zip(&mut self.values);
        for ((keys, values), computed) in blocks.zip(computed) {
            append(keys, &computed.keys, shared)?;
            append(values, &computed.values, shared)?;
        }
        Ok(())
    }
}

fn append(to: &mut Vec<f32>, rows: &Tensor, shared: &[Shared]) -> candle_core::Result<()> {
    for one in shared {
        to.extend(rows.get(one.row)?.to_vec1::<f32>()?);
    }
    Ok(())
}
