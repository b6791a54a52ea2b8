//! Prompts as a trie of their tokens.
//!
//! The text tower is causal: what becomes of a token depends on those before it alone. So prompts
//! that begin alike share the rows of their common beginning, and what an earlier call has computed
//! of it need not be computed again.

use std::collections::HashMap;

use super::prefix_cache::{Place, PrefixCache, Shared};
use crate::ops::Visible;

/// A row to be computed.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) token: u32,
    /// Tokens before it.
    pub(super) position: u32,
    /// The token before it; none for the first.
    pub(super) parent: Option<Place>,
    /// Prompts that go through it.
    pub(super) prompts: usize,
    /// It is a prompt's last token.
    pub(super) is_end: bool,
}

/// What is to be computed for some prompts.
#[derive(Debug, Default)]
pub(super) struct Trie {
    /// A parent before its children.
    pub(super) nodes: Vec<Node>,
    /// Rows of earlier calls that are needed, in the order in which they are seen first.
    pub(super) earlier: Vec<usize>,
    /// For each prompt the row of its last token.
    pub(super) ends: Vec<u32>,
}

impl Trie {
    /// Of prompts that each have at least one token. A prompt's last token has a row of its own,
    /// which no other prompt goes through: all of what is wanted of the others is keys and values,
    /// and all that is wanted of this one is what it becomes.
    pub(super) fn new(prompts: &[&[u32]], known: &PrefixCache) -> Self {
        let mut trie = Self::default();
        let mut children: HashMap<(Option<Place>, u32, bool), usize> = HashMap::new();
        for prompt in prompts {
            let mut parent = None;
            for (position, &token) in (0..).zip(*prompt) {
                let is_end = position as usize + 1 == prompt.len();
                if !is_end && let Some(node) = known.find(parent, token) {
                    if !trie.earlier.contains(&node) {
                        trie.earlier.push(node);
                    }
                    parent = Some(Place::Earlier(node));
                    continue;
                }
                let row = *children.entry((parent, token, is_end)).or_insert_with(|| {
                    trie.nodes.push(Node {
                        token,
                        position,
                        parent,
                        prompts: 0,
                        is_end,
                    });
                    trie.nodes.len() - 1
                });
                trie.nodes[row].prompts += 1;
                parent = Some(Place::New(row));
            }
            if let Some(Place::New(row)) = parent {
                trie.ends.push(row as u32);
            }
        }
        trie
    }

    /// The rows that may be of use again: beginnings that several prompts share, and all but the
    /// end of a prompt that comes alone, as one that is being typed does. A parent before its
    /// children.
    pub(super) fn shared(&self) -> Vec<Shared> {
        let alone = self.ends.len() == 1;
        let rows = self.nodes.iter().enumerate();
        rows.filter(|(_, node)| !node.is_end && (alone || node.prompts > 1))
            .map(|(row, node)| Shared {
                row,
                token: node.token,
                parent: node.parent,
            })
            .collect()
    }

    /// Which rows each row sees: itself and its ancestors, where rows of earlier calls are counted
    /// first.
    pub(super) fn visible(&self, known: &PrefixCache) -> Visible {
        let mut visible = Visible::default();
        for row in 0..self.nodes.len() {
            let mut place = Some(Place::New(row));
            visible.push(std::iter::from_fn(|| {
                let at = place?;
                let (row, parent) = match at {
                    Place::New(row) => (self.earlier.len() + row, self.nodes[row].parent),
                    Place::Earlier(node) => {
                        let row = self.earlier.iter().position(|&earlier| earlier == node);
                        // All ancestors of what is needed are needed.
                        (
                            row.unwrap_or_default(),
                            known.parent(node).map(Place::Earlier),
                        )
                    }
                };
                place = parent;
                Some(row as u32)
            }));
        }
        visible
    }
}
