use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use web_sys::File;

use crate::session::Session;
use crate::state::address::WEIGHTS;
use crate::text;

/// A model that is not on the list: from a repository, an address, or files on this device.
#[component]
pub fn OtherModel(
    /// Called when a model was added.
    #[prop(into)]
    added: Callback<()>,
) -> impl IntoView {
    let session = expect_context::<Session>();
    let field = NodeRef::<html::Input>::new();
    let files = NodeRef::<html::Input>::new();
    let weights = RwSignal::new(WEIGHTS[0].0.to_owned());
    let trouble = RwSignal::new(None::<&'static str>);
    let take = move |result: Result<(), &'static str>| {
        trouble.set(result.err());
        if result.is_ok() {
            added.run(());
        }
    };
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(field) = field.get_untracked() else {
            return;
        };
        let result = session
            .models
            .add_at(&field.value(), &weights.get_untracked());
        match result {
            Ok(()) => field.set_value(""),
            Err(_) => drop(field.focus()),
        }
        take(result);
    };
    let on_files = move |_| {
        let Some(input) = files.get_untracked() else {
            return;
        };
        let list = input.files();
        let chosen: Vec<File> = list
            .iter()
            .flat_map(|list| (0..list.length()).filter_map(|at| list.item(at)))
            .collect();
        // So that the same files can be chosen again.
        input.set_value("");
        if !chosen.is_empty() {
            take(session.models.add_of(chosen, &weights.get_untracked()));
        }
    };
    let choose = move |_| {
        if let Some(input) = files.get_untracked() {
            input.click();
        }
    };
    let choices = WEIGHTS.map(|(value, name)| view! { <option value=value>{name}</option> });
    view! {
        <h3>"Another model"</h3>
        <form class="other-model" data-testid="other-model" on:submit=on_submit>
            <label for="other-model">"Repository or address"</label>
            <input
                id="other-model"
                class="field"
                type="text"
                inputmode="url"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                placeholder="owner/name or https://…"
                aria-describedby="other-model-hint other-model-trouble"
                aria-invalid=move || trouble.get().is_some().then_some("true")
                on:input=move |_| trouble.set(None)
                node_ref=field
            />
            <label for="other-weights">"Weights of a folder become"</label>
            <select
                id="other-weights"
                class="field"
                on:change=move |event| weights.set(event_target_value(&event))
            >
                {choices}
            </select>
            <div class="actions">
                <button type="submit" class="button">
                    "Fetch it"
                </button>
                <button type="button" class="button" on:click=choose>
                    "Choose files…"
                </button>
                <input
                    type="file"
                    multiple
                    hidden
                    accept=".gguf,.safetensors,.json,.txt"
                    aria-label="Files of a model"
                    data-testid="model-files"
                    on:change=on_files
                    node_ref=files
                />
            </div>
            <p class="fault" id="other-model-trouble" role="alert">
                {move || trouble.get()}
            </p>
            <p class="hint" id="other-model-hint">
                {text::OTHER_MODEL_HINT}
            </p>
        </form>
    }
}
