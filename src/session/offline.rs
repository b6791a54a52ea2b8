//! Visits without a network: has the page kept for them, and takes newer versions of it when that is wanted.

use std::time::Duration;

use leptos::prelude::*;

use super::Session;
use crate::browser::{self, Timer};
use crate::offline::{InUse, News, ServiceWorkers};
use crate::state::models::{Models, State};
use crate::text;

/// How long after a model is ready the page is kept: what the person does first should not have to wait for that.
const AFTER_READY: Duration = Duration::from_secs(1);

/// A newer version of the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NewVersion {
    /// It can be taken.
    Waiting,
    /// It can be taken when other pages of Cliplet are closed.
    Blocked,
}

/// What is under way about it.
#[derive(Default)]
pub(super) struct Desk {
    workers: Option<ServiceWorkers>,
    later: Timer,
    told: Option<InUse>,
}

impl Session {
    /// Lets the service worker know what the page uses, once a model answers and whenever that changes.
    pub(super) fn keep_page(self) {
        // A page inside another one leaves that to the page itself.
        if self.is_embedded() {
            return;
        }
        let ready = self.models.with_value(Models::status).state == State::Ready;
        if let Some(in_use) = self.in_use().filter(|_| ready) {
            self.with_desk(|desk| {
                if desk.offline.told.as_ref() != Some(&in_use) {
                    desk.offline.told = Some(in_use);
                    desk.offline.later.set(AFTER_READY, move || {
                        leptos::task::spawn_local(self.tell_what_is_in_use());
                    });
                }
            });
        }
    }

    fn in_use(self) -> Option<InUse> {
        let build = self.build.with_value(Clone::clone)?;
        let catalogue = self.catalogue.read_untracked();
        let stored = self.models.with_value(|models| {
            let kept = catalogue.iter().filter(|model| models.is_kept(model));
            kept.filter_map(|model| model.sha256.clone()).collect()
        });
        Some(InUse {
            build,
            isolated: browser::is_isolated(),
            stored,
        })
    }

    async fn tell_what_is_in_use(self) {
        let known = self.with_desk(|desk| desk.offline.workers.clone());
        let workers = match known {
            Some(workers) => Some(workers),
            None => ServiceWorkers::register(move |news| self.heard_of_page(news)).await,
        };
        self.with_desk(|desk| {
            if let (Some(workers), Some(in_use)) = (&workers, &desk.offline.told) {
                workers.tell(in_use);
            }
            desk.offline.workers = workers;
        });
    }

    fn heard_of_page(self, news: News) {
        let new_version = match news {
            News::Complete => return self.works_offline.set(true),
            News::NewVersion => NewVersion::Waiting,
            News::OtherPages => NewVersion::Blocked,
        };
        self.new_version.set(Some(new_version));
        self.announce(text::new_version(new_version == NewVersion::Blocked).to_owned());
    }

    /// Takes the newer version of the page, which loads it again.
    pub fn take_new_version(self) {
        self.save();
        if let Some(workers) = self.with_desk(|desk| desk.offline.workers.clone()) {
            workers.take_new_version();
        }
    }

    /// Takes the word of a newer version off the page. The next visit has it.
    pub fn dismiss_new_version(self) {
        self.new_version.set(None);
    }
}
