//! Opened by a link that brings labels, templates and a model.

use leptos::prelude::*;

use cliplet_protocol::catalogue::ModelEntry;

use super::models::ModelsController;
use super::query::QueryController;
use super::query::Setup;
use super::support::{Local, lasting, readable};
use crate::browser;
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

/// The link that the page was opened by.
pub struct LinkController {
    query: &'static QueryController,
    models: &'static ModelsController,
    contents: RwSignal<Option<LinkContents>>,
    /// What the link took the place of.
    before: Local<Option<Setup>>,
}

impl LinkController {
    pub(crate) fn new(
        query: &'static QueryController,
        models: &'static ModelsController,
    ) -> &'static Self {
        lasting(Self {
            query,
            models,
            contents: RwSignal::default(),
            before: Local::default(),
        })
    }

    readable! {
        /// What a link has brought.
        contents: Option<LinkContents>;
    }

    /// Looks at what stands behind `#`, now and whenever that changes. Labels that a person has
    /// written are not touched: then what the link brings is offered.
    pub(crate) fn follow(&'static self) {
        self.take();
        let _ = window_event_listener(leptos::ev::hashchange, move |_| self.take());
    }

    fn take(&'static self) {
        let Some(link) = browser::fragment().as_deref().and_then(Link::read) else {
            return;
        };
        // So that a reload is one of the person's own page.
        browser::forget_fragment();
        let present = self.query.with_labels(|labels| labels.texts());
        let in_force = self.query.templates_in_force();
        let or_nothing =
            |new: Vec<String>, old: &[String]| if new == old { Vec::new() } else { new };
        let brought = LinkContents {
            labels: or_nothing(link.labels, &present),
            templates: or_nothing(link.templates, &in_force),
            model: link.model,
            taken: false,
        };
        let is_persons = self
            .query
            .with_labels(|labels| labels.origin() == Origin::Person && !labels.list().is_empty())
            || in_force != [template::DEFAULT];
        let takes = brought.is_new() && !is_persons;
        self.contents.set(Some(brought));
        if takes {
            self.accept();
        }
    }

    /// Takes labels and templates of the link; what they take the place of can be had back.
    pub fn accept(&'static self) {
        let Some(brought) = self.contents().get_untracked() else {
            return;
        };
        let before = self.query.setup();
        self.before.with(|kept| *kept = Some(before));
        self.query.replace(|labels, template| {
            if !brought.labels.is_empty() {
                labels.replace(&brought.labels, Origin::Person);
            }
            if !brought.templates.is_empty() {
                template.set(&brought.templates.join("\n"));
            }
        });
        self.contents.update(|link| {
            if let Some(link) = link {
                link.taken = true;
            }
        });
    }

    /// Puts back what was there before.
    pub fn undo(&'static self) {
        self.contents.set(None);
        if let Some(before) = self.before.with(Option::take) {
            self.query.go_back(before);
        }
    }

    /// Leaves everything as it is.
    pub fn dismiss(&'static self) {
        self.contents.set(None);
    }

    /// The link's model on the list of this page, or one that could be added to it. Follows the
    /// list; `None` while there is none, or if that one is wanted in any case.
    pub fn model(&'static self) -> Option<Option<ModelEntry>> {
        let named = self.contents().get()?.model?;
        let list = self.models.catalogue().get();
        if list.is_empty() {
            return None;
        }
        let wanted = self.models.status().get()?.wanted?;
        if wanted.id == named || wanted.url == named {
            return None;
        }
        let on_list = list
            .into_iter()
            .find(|model| model.id == named || model.url == named);
        let elsewhere = || {
            if named.contains('/') {
                address::model_at(&named, address::WEIGHTS[0].0).ok()
            } else {
                None
            }
        };
        Some(on_list.or_else(elsewhere))
    }

    /// Chooses the link's model, and fetches it.
    pub fn use_model(&'static self, model: &ModelEntry) {
        let on_list = self
            .models
            .catalogue()
            .with_untracked(|list| list.iter().any(|other| other.id == model.id));
        if on_list {
            self.models.choose(&model.id);
        } else {
            // A name was made of its address, so that is one.
            self.models.add_at(&model.url, &model.weights).ok();
        }
    }
}
