use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::browser;
use crate::text;

/// Opens the dialogue of keys; given to all components as context.
#[derive(Clone, Copy, Default)]
pub struct OpenKeys(NodeRef<html::Dialog>);

impl OpenKeys {
    /// Opens it.
    pub fn run(self) {
        if let Some(dialog) = self.0.get_untracked().filter(|dialog| !dialog.open()) {
            dialog.show_modal().ok();
        }
    }
}

/// What keys do. The question mark opens it, wherever nobody types.
#[component]
pub fn KeysDialog() -> impl IntoView {
    let open = expect_context::<OpenKeys>();
    let OpenKeys(dialog) = open;
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let _ = window_event_listener(ev::keydown, move |event| {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        let types = target.is_some_and(|target| browser::is_text_field(&target));
        let another = browser::find::<Element>("dialog[open]").is_some();
        if event.key() == "?" && !types && !another {
            event.prevent_default();
            open.run();
        }
    });
    // A click beside the dialogue is one on its backdrop, which counts as the dialogue itself.
    let on_click = move |event: ev::MouseEvent| {
        let target = event.target();
        if dialog
            .get_untracked()
            .is_some_and(|dialog| target.as_ref() == Some(&dialog))
        {
            close();
        }
    };
    let keys = text::KEYS_DO.map(|(keys, what)| {
        let keys = keys.split(", ").map(|key| view! { <kbd>{key}</kbd> " " });
        view! {
            <dt>{keys.collect_view()}</dt>
            <dd>{what}</dd>
        }
    });
    view! {
        <dialog node_ref=dialog class="dialog keys-dialog" aria-labelledby="keys-heading" on:click=on_click>
            <div class="inside">
                <div class="dialog-head">
                    <h2 id="keys-heading">{text::KEYS}</h2>
                    <button type="button" class="icon-button" aria-label="Close" on:click=move |_| close()>
                        "✕"
                    </button>
                </div>
                <dl>{keys}</dl>
            </div>
        </dialog>
    }
}
