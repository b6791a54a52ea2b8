use leptos::html;
use leptos::prelude::*;

use crate::browser;
use crate::session::Session;

/// What went wrong, until it is dismissed or the next picture is taken.
#[component]
pub fn ErrorNote() -> impl IntoView {
    let session = expect_context::<Session>();
    let note = NodeRef::<html::Div>::new();
    Effect::new(move || {
        if session.messages.error().read().is_some() {
            request_animation_frame(move || {
                if let Some(note) = note.get_untracked() {
                    browser::scroll_into_view(&note);
                }
            });
        }
    });
    let error = move || {
        session.messages.error().get().map(|error| {
            view! {
                <div class="error-note" data-testid="error" role="alert" node_ref=note>
                    <p>{error}</p>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label="Dismiss"
                        on:click=move |_| session.messages.dismiss_error()
                    >
                        "✕"
                    </button>
                </div>
            }
        })
    };
    view! { {error} }
}
