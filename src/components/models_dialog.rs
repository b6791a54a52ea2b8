use leptos::html;
use leptos::prelude::*;

use cliplet_protocol::catalogue::ModelEntry;

use super::{KeptFiles, ModelCards, OtherModel};
use crate::session::Session;
use crate::text;

/// Opens the dialogue of models; given to all components as context.
#[derive(Clone, Copy)]
pub struct OpenModels(NodeRef<html::Dialog>);

impl OpenModels {
    /// For a dialogue that will stand in this node.
    pub fn new() -> Self {
        Self(NodeRef::new())
    }

    /// Opens it, with what the browser keeps by now.
    pub fn run(self, session: Session) {
        session.models.list_files();
        if let Some(dialog) = self.0.get_untracked() {
            dialog.show_modal().ok();
        }
    }
}

impl Default for OpenModels {
    fn default() -> Self {
        Self::new()
    }
}

/// The models to choose from, and what to know before relying on them.
#[component]
pub fn ModelsDialog() -> impl IntoView {
    let session = expect_context::<Session>();
    let OpenModels(dialog) = expect_context();
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    // How far it is, the page says behind the dialogue.
    let close_after_adding = move |()| close();
    // A click beside the dialogue is one on its backdrop, which counts as the dialogue itself.
    let on_click = move |event: leptos::ev::MouseEvent| {
        let target = event.target();
        if dialog
            .get_untracked()
            .is_some_and(|dialog| target.as_ref() == Some(&dialog))
        {
            close();
        }
    };
    let models = move || {
        session
            .models
            .catalogue()
            .get()
            .into_iter()
            .map(|model| view! { <ModelChoice model /> })
            .collect_view()
    };
    let warnings = text::WARNINGS.map(|(what, why)| {
        view! {
            <li>
                <strong>{what}</strong>
                " "
                {why}
            </li>
        }
    });
    view! {
        <dialog node_ref=dialog class="dialog models-dialog" aria-labelledby="models-heading" on:click=on_click>
            <div class="inside">
                <div class="dialog-head">
                    <h2 id="models-heading">"Models"</h2>
                    <button type="button" class="icon-button" aria-label="Close" on:click=move |_| close()>
                        "✕"
                    </button>
                </div>
                <fieldset>
                    <legend>"Which model answers"</legend>
                    {models}
                </fieldset>
                <OtherModel added=close_after_adding />
                <KeptFiles />
                <h3>"Before you rely on it"</h3>
                <ul class="warnings">{warnings}</ul>
                <ModelCards />
                <p class="privacy">
                    {text::PRIVACY} " " {text::MODELS_COME}
                </p>
            </div>
        </dialog>
    }
}

#[component]
fn ModelChoice(model: ModelEntry) -> impl IntoView {
    let session = expect_context::<Session>();
    let id = StoredValue::new(model.id.clone());
    let is = move |other: Option<&ModelEntry>| {
        other.is_some_and(|other| id.with_value(|id| other.id == *id))
    };
    let is_wanted = move || {
        is(session
            .models
            .status()
            .read()
            .as_ref()
            .and_then(|status| status.wanted.as_ref()))
    };
    let facts = text::model_facts(&model);
    let remove_label = format!("Remove {} from the list", model.name);
    let is_own = move || id.with_value(|id| session.models.is_own(id));
    let about = model.about.clone();
    let name = model.name.clone();
    let here = move || {
        let status = session.models.status().read();
        let answering = status.as_ref().and_then(|status| status.answering.as_ref());
        let loading = status.as_ref().and_then(|status| status.loading.as_ref());
        if is(answering) {
            Some(text::IN_USE)
        } else if is(loading.map(|(model, _)| model)) {
            Some(text::ON_ITS_WAY)
        } else {
            session
                .models
                .keeps(&model)
                .then_some(text::KEPT_IN_BROWSER)
        }
    };
    // Beside the label and not within it: a label has one control.
    view! {
        <label class="model-choice">
            <input
                type="radio"
                name="model"
                value=id.get_value()
                prop:checked=is_wanted
                on:change=move |_| id.with_value(|id| session.models.choose(id))
            />
            <span class="name">{name} {move || here().map(|here| view! { " " <em>{here}</em> })}</span>
            <span class="facts">{facts}</span>
            <span class="what">{about}</span>
        </label>
            <Show when=is_own>
                <button
                    type="button"
                    class="link-button"
                    aria-label=remove_label.clone()
                    on:click=move |_| id.with_value(|id| session.models.remove(id))
                >
                    "Remove from the list"
                </button>
            </Show>
    }
}
