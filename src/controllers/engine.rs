//! The engine as a whole: whether it runs, and as what.

use leptos::prelude::*;

use super::support::{Local, lasting, readable};
use crate::engine::{Engine, EngineStatus};
use crate::state::capabilities::Running;
use crate::text;

/// The engine and what became of it.
pub struct EngineController {
    engine: Local<Engine>,
    status: RwSignal<Option<EngineStatus>>,
    /// The engine's build, once it listens.
    build: Local<Option<String>>,
}

impl EngineController {
    pub(crate) fn new() -> &'static Self {
        lasting(Self {
            engine: Local::new(Engine::new()),
            status: RwSignal::default(),
            build: Local::default(),
        })
    }

    readable! {
        /// What became of the engine, if anything did.
        status: Option<EngineStatus>;
    }

    pub(crate) fn get(&self) -> Engine {
        self.engine.read(Engine::clone)
    }

    /// Starts it, or starts it anew after it died.
    pub(crate) fn start(&self) {
        self.status.set(None);
        self.get().start();
    }

    pub(crate) fn became(&self, status: EngineStatus) {
        if let EngineStatus::Listening(running) = &status {
            self.build
                .with(|build| *build = Some(running.build.clone()));
        }
        self.status.set(Some(status));
    }

    pub(crate) fn build(&self) -> Option<String> {
        self.build.read(Option::clone)
    }

    /// What runs in the worker, if anything does.
    pub fn running(&self) -> Option<Running> {
        match self.status().get() {
            Some(EngineStatus::Listening(running)) => Some(running),
            _ => None,
        }
    }

    /// The sentence about the engine, if it does not run.
    pub fn trouble(&self) -> Option<String> {
        match self.status().get()? {
            EngineStatus::Listening(_) => None,
            EngineStatus::NotStarted(details) => Some(text::engine_not_started(&details)),
            EngineStatus::Died(details) => Some(text::engine_died(&details)),
        }
    }
}
