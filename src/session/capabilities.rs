//! What the browser and the host give, for people who want to see it.

use leptos::prelude::*;

use super::Session;
use crate::browser;
use crate::engine::EngineStatus;
use crate::probe;
use crate::state::capabilities::Running;

impl Session {
    /// Finds out anew what the browser and the host give, for [`Session::capabilities`].
    pub fn find_out_capabilities(self) {
        leptos::task::spawn_local(async move {
            self.capabilities.set(Some(probe::capabilities().await));
        });
    }

    /// Asks the browser to clear nothing of what is kept. `refused` hears it if the browser does not agree.
    pub fn ask_to_persist(self, refused: impl Fn() + 'static) {
        leptos::task::spawn_local(async move {
            match browser::persist_storage().await {
                true => self.find_out_capabilities(),
                false => refused(),
            }
        });
    }

    /// What runs in the worker, if anything does.
    pub fn running(self) -> Option<Running> {
        match self.engine_life.get() {
            Some(EngineStatus::Listening(running)) => Some(running),
            _ => None,
        }
    }
}
