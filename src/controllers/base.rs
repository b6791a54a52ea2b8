//! What nearly every controller uses.

use super::autosave::Autosave;
use super::engine::EngineController;
use super::frame::Frame;
use super::messages::MessagesController;
use crate::engine::Engine;

/// The controllers that know no others.
#[derive(Clone, Copy)]
pub(crate) struct Base {
    pub(crate) messages: &'static MessagesController,
    pub(crate) engine: &'static EngineController,
    pub(crate) autosave: &'static Autosave,
    pub(crate) frame: &'static Frame,
}

impl Base {
    pub(crate) fn new(frame: &'static Frame) -> Self {
        Self {
            messages: MessagesController::new(),
            engine: EngineController::new(),
            autosave: Autosave::new(),
            frame,
        }
    }

    /// The engine, to be asked.
    pub(super) fn engine(&self) -> Engine {
        self.engine.get()
    }
}
