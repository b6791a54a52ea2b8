//! What the browser and the host give, for people who want to see it.

use leptos::prelude::*;

use super::support::{lasting, readable};
use crate::browser;
use crate::probe;
use crate::state::capabilities::Capabilities;

/// What was found out about the browser and the host.
pub struct CapabilitiesController {
    found: RwSignal<Option<Capabilities>>,
}

impl CapabilitiesController {
    pub(crate) fn new() -> &'static Self {
        lasting(Self {
            found: RwSignal::default(),
        })
    }

    readable! {
        /// What they give, once somebody wanted to see it.
        found: Option<Capabilities>;
    }

    /// Finds out anew what the browser and the host give, for [`Self::found`].
    pub fn find_out(&'static self) {
        leptos::task::spawn_local(async move {
            self.found.set(Some(probe::capabilities().await));
        });
    }

    /// Asks the browser to clear nothing of what is kept. `refused` hears it if the browser does
    /// not agree.
    pub fn ask_to_persist(&'static self, refused: impl Fn() + 'static) {
        leptos::task::spawn_local(async move {
            if browser::persist_storage().await {
                self.find_out()
            } else {
                refused()
            }
        });
    }
}
