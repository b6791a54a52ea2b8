use leptos::ev::FocusEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::controllers::Kind;
use crate::session::Session;
use crate::text;

/// Opens the dialogue for taking a result along; given to all components as context.
#[derive(Clone, Copy, Default)]
pub struct OpenShare {
    dialog: NodeRef<html::Dialog>,
    open: RwSignal<bool>,
}

impl OpenShare {
    /// Opens it, with what there is by now.
    pub fn run(self) {
        self.open.set(true);
        if let Some(dialog) = self.dialog.get_untracked() {
            dialog.show_modal().ok();
        }
    }
}

/// Files, a link, and a snippet for a page of one's own.
#[component]
pub fn ShareDialog() -> impl IntoView {
    let OpenShare { dialog, open } = expect_context();
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
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
    view! {
        <dialog
            node_ref=dialog
            class="dialog share-dialog"
            aria-labelledby="share-heading"
            on:click=on_click
            on:close=move |_| open.set(false)
        >
            <div class="inside">
                <div class="dialog-head">
                    <h2 id="share-heading">{text::SHARE}</h2>
                    <button type="button" class="icon-button" aria-label="Close" on:click=move |_| close()>
                        "✕"
                    </button>
                </div>
                <Show when=move || open.get()>
                    <Inside />
                </Show>
            </div>
        </dialog>
    }
}

/// What is there while it is open.
#[component]
fn Inside() -> impl IntoView {
    let session = expect_context::<Session>();
    let said = RwSignal::new(String::new());
    let tell = move |what: String| said.set(what);
    let has_result = Memo::new(move |_| session.export.has_outcome());
    let copy_result = move |_| {
        if let Some(outcome) = session.export.outcome() {
            session
                .export
                .copy(outcome.text(text::percent), move |what| {
                    tell(what.to_owned())
                });
        }
    };
    let result = move || {
        if has_result.get() {
            view! {
            <div class="share-buttons">
                <button type="button" class="button" on:click=copy_result>
                    "Copy as text"
                </button>
                <button type="button" class="button" on:click=move |_| session.export.save_result_picture(tell)>
                    "Save as picture"
                </button>
                <button type="button" class="button" on:click=move |_| session.export.save_result(Kind::Csv, tell)>
                    "Save as CSV"
                </button>
                <button type="button" class="button" on:click=move |_| session.export.save_result(Kind::Json, tell)>
                    "Save as JSON"
                </button>
            </div>
        }
        .into_any()
        } else {
            view! { <p>{text::NO_RESULT}</p> }.into_any()
        }
    };
    let shared = session.export.shared();
    let link = shared.link.map(|link| {
        let copied = link.clone();
        view! {
            <div class="share-copy">
                <input
                    class="field"
                    type="text"
                    readonly
                    aria-label="Link"
                    data-testid="share-link"
                    prop:value=link
                    on:focus=select_all
                />
                <button
                    type="button"
                    class="button"
                    aria-label="Copy the link"
                    on:click=move |_| session.export.copy(copied.clone(), move |what| tell(what.to_owned()))
                >
                    "Copy"
                </button>
            </div>
        }
    });
    let notes = shared
        .notes
        .into_iter()
        .map(|note| view! { <p class="share-note">{note}</p> });
    let snippet_notes = shared.snippet_notes.into_iter();
    let snippet_notes = snippet_notes.map(|note| view! { <p class="share-note">{note}</p> });
    let snippet = shared.snippet;
    let copied = snippet.clone();
    view! {
        <p class="share-said" aria-hidden="true">
            {said}
        </p>
        <h3>"This result"</h3>
        {result}
        <h3>"A link"</h3>
        {link}
        <p>{text::ABOUT_LINK}</p>
        {notes.collect_view()}
        <h3>"Embed"</h3>
        <div class="share-copy">
            <textarea
                class="field"
                readonly
                rows="3"
                spellcheck="false"
                aria-label="HTML for a page of yours"
                data-testid="share-snippet"
                prop:value=snippet
                on:focus=select_all
            ></textarea>
            <button
                type="button"
                class="button"
                aria-label="Copy the HTML"
                on:click=move |_| session.export.copy(copied.clone(), move |what| tell(what.to_owned()))
            >
                "Copy"
            </button>
        </div>
        <p>{text::ABOUT_SNIPPET}</p>
        {snippet_notes.collect_view()}
    }
}

/// What can be copied is selected at once.
fn select_all(event: FocusEvent) {
    let Some(target) = event.target() else { return };
    match target.dyn_into::<web_sys::HtmlInputElement>() {
        Ok(field) => field.select(),
        Err(target) => {
            if let Ok(field) = target.dyn_into::<web_sys::HtmlTextAreaElement>() {
                field.select();
            }
        }
    }
}
