//! Opened by a link that brings labels, templates and a model.

use leptos::prelude::*;

use cliplet_protocol::catalogue::ModelEntry;

use super::Session;
use super::label_tools::Setup;
use crate::browser;
use crate::state::history::Change;
use crate::state::labels::Origin;
use crate::state::link::Link;
use crate::state::{address, template};

/// What a link has brought, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkContents {
    /// Labels that differ from those that were there.
    pub labels: Vec<String>,
    /// Templates that differ from those that were in force.
    pub templates: Vec<String>,
    /// The model it was made with.
    pub model: Option<String>,
    /// Labels and templates are in force.
    pub taken: bool,
}

impl LinkContents {
    /// Whether it changes anything but the model.
    pub fn is_new(&self) -> bool {
        !self.labels.is_empty() || !self.templates.is_empty()
    }
}

/// What a link took the place of.
#[derive(Default)]
pub(super) struct Desk {
    before: Option<Setup>,
}

impl Session {
    /// Looks at what stands behind `#`, now and whenever that changes. Labels that a person has written are not touched: then what
    /// the link brings is offered.
    pub(super) fn follow_links(self) {
        self.take_link();
        let _ = window_event_listener(leptos::ev::hashchange, move |_| self.take_link());
    }

    fn take_link(self) {
        let Some(link) = browser::fragment().as_deref().and_then(Link::read) else {
            return;
        };
        // So that a reload is one of the person's own page.
        browser::forget_fragment();
        let present = self.labels.with_value(|labels| labels.texts());
        let in_force = self.templates_in_force();
        let or_nothing =
            |new: Vec<String>, old: &[String]| if new == old { Vec::new() } else { new };
        let brought = LinkContents {
            labels: or_nothing(link.labels, &present),
            templates: or_nothing(link.templates, &in_force),
            model: link.model,
            taken: false,
        };
        let is_persons = self
            .labels
            .with_value(|labels| labels.origin() == Origin::Person && !labels.list().is_empty())
            || in_force != [template::DEFAULT];
        let takes = brought.is_new() && !is_persons;
        self.link.set(Some(brought));
        if takes {
            self.use_link();
        }
    }

    /// Takes labels and templates of the link; what they take the place of can be had back.
    pub fn use_link(self) {
        let Some(brought) = self.link.get_untracked() else {
            return;
        };
        let before = self.setup();
        self.with_desk(|desk| desk.link.before = Some(before));
        self.before_change(Change::Replaced);
        self.end_change();
        if !brought.labels.is_empty() {
            self.labels
                .update_value(|labels| labels.replace(&brought.labels, Origin::Person));
        }
        if !brought.templates.is_empty() {
            self.template.update(|template| {
                template.set(&brought.templates.join("\n"));
            });
        }
        self.notice.set(None);
        self.labels_changed();
        self.link.update(|link| {
            if let Some(link) = link {
                link.taken = true;
            }
        });
    }

    /// Puts back what was there before.
    pub fn undo_link(self) {
        self.link.set(None);
        if let Some(before) = self.with_desk(|desk| desk.link.before.take()) {
            self.before_change(Change::Replaced);
            self.end_change();
            self.become_again(before);
        }
    }

    /// Leaves everything as it is.
    pub fn dismiss_link(self) {
        self.link.set(None);
    }

    /// The link's model on the list of this page, or one that could be added to it. Follows the list; `None` while there is none, or
    /// if that one is wanted in any case.
    pub fn model_of_link(self) -> Option<Option<ModelEntry>> {
        let named = self.link.get()?.model?;
        let list = self.catalogue.get();
        if list.is_empty() {
            return None;
        }
        let wanted = self.model_status.get()?.wanted?;
        if wanted.id == named || wanted.url == named {
            return None;
        }
        let on_list = list
            .into_iter()
            .find(|model| model.id == named || model.url == named);
        let elsewhere = || match named.contains('/') {
            true => address::model_at(&named, address::WEIGHTS[0].0).ok(),
            false => None,
        };
        Some(on_list.or_else(elsewhere))
    }

    /// Chooses the link's model, and fetches it.
    pub fn use_model_of_link(self, model: &ModelEntry) {
        let on_list = self
            .catalogue
            .with_untracked(|list| list.iter().any(|other| other.id == model.id));
        match on_list {
            true => self.choose_model(&model.id),
            // A name was made of its address, so that is one.
            false => drop(self.add_model_at(&model.url, &model.weights)),
        }
    }
}
