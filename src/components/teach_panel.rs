use leptos::ev::{Event, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::Tab;
use crate::session::Session;
use crate::state::collection::Lesson;
use crate::text::collection as words;

/// Classes and their examples, and the linear probe that has learnt from them.
#[component]
pub fn TeachPanel() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    let name = NodeRef::<html::Input>::new();
    let selected = Memo::new(move |_| many.selected().read().len());
    let has_folders = Memo::new(move |_| !many.folders().is_empty());
    let teach = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(field) = name.get_untracked() {
            session.collection.teach(&field.value());
            field.set_value("");
        }
    };
    let classes = move || many.lessons().get().classes().to_vec();
    let cannot_learn = move || !many.lessons().read().can_be_learnt() || many.training().get();
    let names = move || {
        let names = classes().into_iter();
        names
            .map(|class| view! { <option value=class.name></option> })
            .collect_view()
    };
    view! {
        <section class="teach" aria-label="Teach by example">
            <p class="hint">{words::ABOUT_TEACHING}</p>
            <form class="teach-form" on:submit=teach>
                <span class="selected" data-testid="selected">{move || words::selected(selected.get())}</span>
                <button
                    type="button"
                    class="link-button"
                    on:click=move |_| session.collection.select_all(selected.get_untracked() == 0)
                >
                    {move || if selected.get() == 0 { "Select all" } else { "Select none" }}
                </button>
                <input
                    class="field"
                    type="text"
                    dir="auto"
                    list="class-names"
                    data-testid="class-name"
                    aria-label="Class of the selected pictures"
                    placeholder="Class"
                    autocomplete="off"
                    node_ref=name
                />
                <datalist id="class-names">{names}</datalist>
                <button type="submit" class="button" prop:disabled=move || selected.get() == 0>
                    "Add to class"
                </button>
                <Show when=move || has_folders.get()>
                    <button type="button" class="button" on:click=move |_| session.collection.teach_folders()>
                        "Folders as classes"
                    </button>
                </Show>
            </form>
            <ul class="classes" role="list" aria-label="Classes">
                <For each=classes key=|class| (class.id, class.items.len()) let(class)>
                    <Class class />
                </For>
            </ul>
            <div class="teach-end">
                <button type="button" class="button main-one" prop:disabled=cannot_learn on:click=move |_| session.collection.train()>
                    {move || if many.training().get() { "Learning" } else { "Learn" }}
                </button>
                <ImportProbe />
                <ProbeState />
            </div>
        </section>
    }
}

#[component]
fn Class(class: Lesson) -> impl IntoView {
    let session = expect_context::<Session>();
    let id = class.id;
    let remove = format!("Remove the class {}", class.name);
    view! {
        <li data-testid="class">
            <span dir="auto">{class.name}</span>
            <span class="number">{class.items.len()}</span>
            <button type="button" class="icon-button" aria-label=remove on:click=move |_| session.collection.remove_class(id)>
                "✕"
            </button>
        </li>
    }
}

#[component]
fn ImportProbe() -> impl IntoView {
    let session = expect_context::<Session>();
    let on_change = move |event: Event| {
        let field = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        if let Some(field) = field {
            let file = field.files().and_then(|files| files.get(0));
            if let Some(file) = file {
                session.collection.import_probe(&file);
            }
            field.set_value("");
        }
    };
    view! {
        <label class="button folder-field">
            <input
                class="visually-hidden"
                type="file"
                accept=".json,application/json"
                data-testid="probe-input"
                on:change=on_change
            />
            "Import"
        </label>
    }
}

/// What the probe is worth, and who answers.
#[component]
fn ProbeState() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    let answering = move |by_probe: bool, name: &'static str| {
        let pressed = Signal::derive(move || many.by_probe().get() == by_probe);
        view! { <Tab pressed name choose=move || session.collection.answer_by_probe(by_probe) /> }
    };
    move || {
        many.probe().get().map(|probe| {
            let said = words::probe(probe.examples, probe.tried, probe.milliseconds);
            view! {
                <button type="button" class="button" on:click=move |_| session.collection.export_probe()>"Export"</button>
                <div class="tools" role="group" aria-label="Who answers">
                    {answering(false, words::BY_LABELS)}
                    {answering(true, words::BY_EXAMPLES)}
                </div>
                <p class="probe-state" data-testid="probe-state">{said}</p>
            }
        })
    }
}
