//! What the model gives.

use std::rc::Rc;

/// An embedding of unit length, shared instead of copied.
pub(super) type Embedding = Rc<[f32]>;

/// What is known of one prompt, or of several together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EncodedPrompt {
    pub(super) embedding: Embedding,
    /// The prompt was longer than the model's context.
    pub(super) cut: bool,
}

impl AsRef<[f32]> for EncodedPrompt {
    fn as_ref(&self) -> &[f32] {
        &self.embedding
    }
}
