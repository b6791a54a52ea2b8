//! The image towers, each in a module of its own that reads as its paper does.
//!
//! What is not here: the blocks that a Vision Transformer shares with the text tower (`encoder`),
//! the operations that towers are made of ([`ops`](crate::ops)), and the text tower
//! ([`text`](crate::text)).

pub mod vit;
