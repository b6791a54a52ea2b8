use leptos::html;
use leptos::prelude::*;

use cliplet_protocol::catalogue::ModelEntry;

use super::{KeptFiles, ModelCards, OtherModel};
use crate::browser;
use crate::session::Session;
use crate::state::models::{self, ModelState};
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
    let licence = RwSignal::new(String::new());
    let models = move || {
        let catalogue = session.models.catalogue().get();
        let licence = licence.get();
        models::for_device(catalogue, browser::device_memory())
            .into_iter()
            .filter(|(model, _)| licence.is_empty() || model.licence == licence)
            .collect::<Vec<_>>()
    };
    let licences = Memo::new(move |_| models::licences(&session.models.catalogue().read()));
    let filter = move || {
        let licences = licences.get();
        (licences.len() > 1).then(|| {
            let choices = licences
                .into_iter()
                .map(|licence| view! { <option value=licence.clone()>{licence.clone()}</option> });
            view! {
                <label>
                    {text::LICENCE} " "
                    <select on:change=move |event| licence.set(event_target_value(&event))>
                        <option value="">{text::ANY_LICENCE}</option>
                        {choices.collect_view()}
                    </select>
                </label>
            }
        })
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
                <div class="filter">
                    <p id="models-about">{text::ONE_MODEL_ANSWERS}</p>
                    {filter}
                </div>
                <ul class="models" role="list" aria-labelledby="models-heading">
                    <For each=models key=|(model, large)| (model.id.clone(), model.revision.clone(), *large) let((model, large))>
                        <ModelRow model large />
                    </For>
                </ul>
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

/// A model with where it stands, and a button that does the next thing about it. Nothing is
/// downloaded but by that button.
#[component]
fn ModelRow(
    model: ModelEntry,
    /// It may not fit into this device's memory.
    large: bool,
) -> impl IntoView {
    let session = expect_context::<Session>();
    let model = StoredValue::new(model);
    let with = move |read: fn(&ModelEntry) -> String| model.with_value(read);
    let state = Memo::new(move |_| model.with_value(|model| session.models.state_of(model)));
    let id = with(|model| model.id.clone());
    let is_own = {
        let id = id.clone();
        move || session.models.is_own(&id)
    };
    let is_usual = move || {
        session.models.catalogue().track();
        session
            .models
            .with(|models| model.with_value(|model| models.usual() == Some(model)))
    };
    let note = move || {
        let recommended = is_usual().then(|| view! { <em>{text::RECOMMENDED}</em> }.into_any());
        recommended.or_else(|| {
            large.then(|| view! { <em class="large">{text::LARGE_HERE}</em> }.into_any())
        })
    };
    let name = with(|model| model.name.clone());
    // The same button whatever it is for: it keeps the focus.
    let act =
        move |_| model.with_value(|model| session.models.act_on(&model.id, state.get_untracked()));
    let button_name = move || model.with_value(|model| text::model_button_name(model, state.get()));
    let progress = move || match state.get() {
        ModelState::Downloading {
            thousandths: Some(thousandths),
        } => Some(view! {
            <progress class="progress" aria-label="Downloaded" max="1000" prop:value=u32::from(thousandths)></progress>
        }),
        _ => None,
    };
    let why = move || {
        let status = session.models.status().get()?;
        let (of, trouble) = status.trouble.as_ref()?;
        let is_about_it = model.with_value(|model| model.id == of.id);
        (is_about_it && state.get() == ModelState::Failed)
            .then(|| view! { <p class="why">{text::why_not(of, trouble, &status)}</p> })
    };
    view! {
        <li class="model-row" data-model=id.clone() data-state=move || state.get().name()>
            <span class="name">{name} {note}</span>
            <span class="state">{move || text::model_state(state.get())}</span>
            <span class="facts">{with(text::model_facts)}</span>
            <button
                type="button"
                class="button"
                aria-label=button_name
                aria-disabled=move || (state.get() == ModelState::InUse).to_string()
                on:click=act
            >
                {move || text::model_button(state.get())}
            </button>
            {progress}
            <span class="what">{with(|model| model.about.clone())}</span>
            {why}
            <Show when=is_own>
                <button
                    type="button"
                    class="link-button"
                    aria-label=format!("Remove {} from the list", with(|model| model.name.clone()))
                    on:click=move |_| model.with_value(|model| session.models.remove(&model.id))
                >
                    "Remove from the list"
                </button>
            </Show>
        </li>
    }
}
