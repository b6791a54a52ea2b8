//! Visits without a network: has the page kept for them, and takes newer versions of it when that
//! is wanted.

use std::time::Duration;

use leptos::prelude::*;

use super::base::Base;
use super::models::ModelsController;
use super::support::{Local, lasting, readable};
use crate::browser::{self, Timer};
use crate::offline::{InUse, News, ServiceWorkers};
use crate::state::models::{Models, State};
use crate::text;

/// How long after a model is ready the page is kept: what the person does first should not have to
/// wait for that.
const AFTER_READY: Duration = Duration::from_secs(1);

/// A newer version of the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NewVersion {
    /// It can be taken.
    Waiting,
    /// It can be taken when other pages of Cliplet are closed.
    Blocked,
}

/// What is kept for a visit without a network.
pub struct OfflineController {
    base: Base,
    models: &'static ModelsController,
    works_offline: RwSignal<bool>,
    new_version: RwSignal<Option<NewVersion>>,
    pending: Local<Pending>,
}

#[derive(Default)]
struct Pending {
    workers: Option<ServiceWorkers>,
    later: Timer,
    told: Option<InUse>,
}

impl OfflineController {
    pub(crate) fn new(base: Base, models: &'static ModelsController) -> &'static Self {
        lasting(Self {
            base,
            models,
            works_offline: RwSignal::default(),
            new_version: RwSignal::default(),
            pending: Local::default(),
        })
    }

    readable! {
        /// Everything is kept that a visit without a network needs.
        works_offline: bool;
        /// There is a newer version of the page.
        new_version: Option<NewVersion>;
    }

    /// Lets the service worker know what the page uses, once a model answers and whenever that
    /// changes.
    pub(crate) fn keep_page(&'static self) {
        // A page inside another one leaves that to the page itself.
        if self.base.frame.is_embedded() {
            return;
        }
        let ready = self.models.with(Models::status).state == State::Ready;
        if let Some(in_use) = self.in_use().filter(|_| ready) {
            self.pending.with(|pending| {
                if pending.told.as_ref() != Some(&in_use) {
                    pending.told = Some(in_use);
                    pending.later.set(AFTER_READY, move || {
                        leptos::task::spawn_local(self.tell_what_is_in_use());
                    });
                }
            });
        }
    }

    fn in_use(&'static self) -> Option<InUse> {
        let build = self.base.engine.build()?;
        let catalogue = self.models.catalogue().read_untracked();
        let stored = self.models.with(|models| {
            let kept = catalogue.iter().filter(|model| models.is_kept(model));
            kept.filter_map(|model| model.sha256.clone()).collect()
        });
        Some(InUse {
            build,
            isolated: browser::is_isolated(),
            stored,
        })
    }

    async fn tell_what_is_in_use(&'static self) {
        let known = self.pending.with(|pending| pending.workers.clone());
        let workers = match known {
            Some(workers) => Some(workers),
            None => ServiceWorkers::register(move |news| self.heard(news)).await,
        };
        self.pending.with(|pending| {
            if let (Some(workers), Some(in_use)) = (&workers, &pending.told) {
                workers.tell(in_use);
            }
            pending.workers = workers;
        });
    }

    fn heard(&'static self, news: News) {
        let new_version = match news {
            News::Complete => return self.works_offline.set(true),
            News::NewVersion => NewVersion::Waiting,
            News::OtherPages => NewVersion::Blocked,
        };
        self.new_version.set(Some(new_version));
        self.base
            .messages
            .announce(text::new_version(new_version == NewVersion::Blocked).to_owned());
    }

    /// Takes the newer version of the page, which loads it again.
    pub fn take_new_version(&'static self) {
        self.base.autosave.now();
        if let Some(workers) = self.pending.with(|pending| pending.workers.clone()) {
            workers.take_new_version();
        }
    }

    /// Takes the word of a newer version off the page. The next visit has it.
    pub fn dismiss_new_version(&'static self) {
        self.new_version.set(None);
    }
}
