use leptos::ev::{ClipboardEvent, Event, KeyboardEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::InputEvent;

use super::label_list::focus_first_row;
use crate::session::Session;
use crate::state::label_text;
use crate::text;

/// The field that adds labels: Enter and the comma add one, a pasted list adds all of it.
#[component]
pub fn LabelAdder(
    /// The field, so that the list can send the focus back to it.
    field: NodeRef<html::Input>,
) -> impl IntoView {
    let session = expect_context::<Session>();

    let add_all = move || {
        if let Some(field) = field.get_untracked() {
            session.labels.add(&field.value());
            field.set_value("");
            session.draft.set("");
            field.focus().ok();
        }
    };
    let on_input = move |event: Event| {
        let composing = event
            .dyn_ref::<InputEvent>()
            .is_some_and(InputEvent::is_composing);
        let Some(field) = field.get_untracked().filter(|_| !composing) else {
            return;
        };
        let value = field.value();
        match label_text::split_typed(&value) {
            Some((done, rest)) => {
                session.labels.add(done);
                session.draft.set(rest);
                field.set_value(rest);
            }
            None => session.draft.set(&value),
        }
    };
    let on_keydown = move |event: KeyboardEvent| match event.key().as_str() {
        _ if event.is_composing() => {}
        "Enter" => {
            event.prevent_default();
            add_all();
        }
        "ArrowDown" => {
            event.prevent_default();
            focus_first_row(session);
        }
        _ => {}
    };
    let on_paste = move |event: ClipboardEvent| {
        let pasted = event
            .clipboard_data()
            .and_then(|data| data.get_data("text/plain").ok())
            .unwrap_or_default();
        let Some(field) = field
            .get_untracked()
            .filter(|_| label_text::is_list(&pasted))
        else {
            return;
        };
        event.prevent_default();
        session.labels.add(&with_pasted(&field, &pasted));
        field.set_value("");
        session.draft.set("");
    };

    view! {
        <div class="label-adder">
            <input
                node_ref=field
                class="field"
                type="text"
                dir="auto"
                data-testid="label-input"
                aria-label="Add a label"
                aria-describedby="label-adder-hint"
                placeholder="Add a label or a list"
                autocomplete="off"
                autocapitalize="off"
                enterkeyhint="enter"
                on:input=on_input
                on:keydown=on_keydown
                on:paste=on_paste
            />
            <span class="draft-score" aria-hidden="true">
                {move || session.draft.score().get().map(text::percent)}
            </span>
            <button type="button" class="button" on:click=move |_| add_all()>
                "Add"
            </button>
            <span id="label-adder-hint" hidden>
                {text::labels::HOW_TO_ADD}
            </span>
        </div>
    }
}

/// What the field would hold after the paste, had it room for more than one line.
fn with_pasted(field: &web_sys::HtmlInputElement, pasted: &str) -> String {
    // The browser counts UTF-16 units.
    let value: Vec<u16> = field.value().encode_utf16().collect();
    let length = value.len();
    let at = |position: Result<Option<u32>, _>| {
        position
            .ok()
            .flatten()
            .map_or(length, |at| (at as usize).min(length))
    };
    let (start, end) = (at(field.selection_start()), at(field.selection_end()));
    let before = String::from_utf16_lossy(&value[..start]);
    let after = String::from_utf16_lossy(&value[end.max(start)..]);
    format!("{before}{pasted}{after}")
}
