use leptos::prelude::*;

use crate::controllers::NewVersion;
use crate::session::Session;
use crate::text;

/// That there is a newer version of the page, with a button to take it.
#[component]
pub fn UpdateNote() -> impl IntoView {
    let session = expect_context::<Session>();
    let note = move || {
        session.offline.new_version().get().map(|new_version| {
            view! {
                <div class="update-note" data-testid="update">
                    <p>{text::new_version(new_version == NewVersion::Blocked)}</p>
                    <button type="button" class="button" on:click=move |_| session.offline.take_new_version()>
                        {text::TAKE_NEW_VERSION}
                    </button>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label="Not now"
                        on:click=move |_| session.offline.dismiss_new_version()
                    >
                        "✕"
                    </button>
                </div>
            }
        })
    };
    view! { {note} }
}
