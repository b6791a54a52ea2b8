//! The beginning and the end of a visit: what is there at first, how the engine starts, what is
//! saved.

use std::time::Duration;

use leptos::prelude::*;

use super::Session;
use crate::browser::{self, BrowserStorage};
use crate::controllers::{Action, Frame};
use crate::engine::EngineStatus;
use crate::host::Host;
use crate::state::collection_saved::SavedCollection;
use crate::state::embed::settings::Settings;
use crate::state::label_text;
use crate::state::labels::{FIRST_LABELS, Labels, Origin};
use crate::state::models::Models;
use crate::state::saved::{Saved, Tools};
use crate::state::template::Template;

impl Session {
    /// The page as it was left at the last visit. Nothing is fetched or computed until
    /// [`start`](Self::start).
    pub fn restored() -> Self {
        let saved = Saved::read(&BrowserStorage);
        let saves_data = browser::wants_to_save_data();
        let (labels, template, tools, models) = match saved {
            Some(saved) => {
                let tools = saved.tools();
                let mut labels = Labels::new(saved.labels, saved.labels_by);
                labels.switch_off_at(&tools.off);
                let models = Models::new(saved.model, saved.kept, saves_data).with_own(saved.own);
                (labels, Template::restored(&saved.template), tools, models)
            }
            None => (
                Labels::new(FIRST_LABELS, Origin::Default),
                Template::default(),
                Tools::default(),
                Models::new(None, [], saves_data),
            ),
        };
        let collection = SavedCollection::read(&BrowserStorage);
        Self::new(Frame::none(), labels, template, tools, models, collection)
    }

    /// The page inside another one: what that has set, and nothing of earlier visits, which are to
    /// the person's own page.
    pub fn embedded(settings: Settings, host: Option<Host>) -> Self {
        let mut models = Models::new(None, [], false);
        let saves_data = browser::wants_to_save_data();
        models.set_by_host(settings.model.clone(), settings.download, saves_data);
        // To a host, a colon is a colon.
        let labels = settings
            .labels
            .iter()
            .map(|label| label_text::escaped(label));
        Self::new(
            Frame::around(settings.clone(), host),
            Labels::new(labels, Origin::Default),
            Template::restored(&settings.template),
            Tools::default(),
            models,
            SavedCollection::default(),
        )
    }

    /// Draws the labels, then starts the engine and fetches what the page needs.
    pub fn start(self) {
        self.labels.draw();
        let is_own = !self.frame.is_embedded();
        if is_own {
            self.link.follow();
            self.why.follow();
        }
        // In a task of its own, so that the page is painted first.
        set_timeout(
            move || {
                self.engine.start();
                self.models.fetch_catalogue();
            },
            Duration::ZERO,
        );
    }

    /// Starts the engine anew after it died, and gives it back what it had.
    pub fn start_again(self) {
        self.engine.start();
        self.models.engine_started();
        self.pictures.give_again();
        self.collection.start_again();
        if self.frame.searches() {
            self.search.take_all();
        }
        self.models.go_on();
    }

    pub(super) fn engine_became(self, status: EngineStatus) {
        let listens = matches!(status, EngineStatus::Listening(_));
        self.engine.became(status);
        if listens {
            self.models.find_out_what_is_kept();
        } else {
            self.pictures.engine_died();
            self.scoring.engine_died();
            self.models.engine_died();
        }
        if let Some(trouble) = untrack(|| self.engine.trouble()) {
            self.messages.announce(trouble);
        }
    }

    /// Undoes the last change: of pictures as long as that is offered, else of labels.
    pub fn undo(self) {
        if !self.collection.undo() {
            self.query.undo();
        }
    }

    /// Does what the notice offers.
    pub fn act_on_notice(self) {
        let notice = self.messages.notice().get_untracked();
        match notice.and_then(|notice| notice.action) {
            Some(Action::Undo) => self.undo(),
            Some(Action::UseLabels(labels)) => self.labels.use_sample_labels(labels),
            Some(Action::ShowMyOrder) => self.scoring.show_my_order(),
            None => {}
        }
    }

    /// Saves what stays between visits. What is kept under this origin is the person's own page's.
    pub(super) fn save(self) {
        if self.frame.is_embedded() {
            return;
        }
        let ((labels, off), labels_by) = self
            .query
            .with_labels(|labels| (labels.saved(), labels.origin()));
        let tools = Tools {
            off,
            scoring: self.query.scoring().get_untracked(),
            shown: self.scoring.shown().get_untracked(),
        };
        let template = self.query.template().with_untracked(Template::text);
        let (model, kept, own) = self.models.with(|models| {
            let chosen = models.chosen().map(str::to_owned);
            (chosen, models.kept(), models.own().to_vec())
        });
        Saved::new(labels, labels_by, template, model, kept, own, tools).write(&BrowserStorage);
    }
}
