use leptos::prelude::*;

use super::OpenModels;
use crate::session::Session;
use crate::text;

/// Where the picture goes, and where to read about the models.
#[component]
pub fn Footer() -> impl IntoView {
    let open = expect_context::<OpenModels>();
    let session = expect_context::<Session>();
    view! {
        <footer class="footer">
            <p>
                {text::PRIVACY}
                <Show when=move || session.works_offline.get()>
                    <span data-testid="works-offline">" "{text::WORKS_OFFLINE}</span>
                </Show>
            </p>
            <button type="button" class="link-button" on:click=move |_| open.run(session)>
                "About the models"
            </button>
        </footer>
    }
}
