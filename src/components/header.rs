use leptos::prelude::*;

use super::{ModelStatus, OpenModels, OpenShare};
use crate::session::Session;
use crate::text;

/// The name, what the page is for, and how the model is.
#[component]
pub fn Header() -> impl IntoView {
    let session = expect_context::<Session>();
    let open = expect_context::<OpenModels>();
    let share = expect_context::<OpenShare>();
    view! {
        <header class="header">
            <div class="brand">
                <h1 class="wordmark">
                    <img src="favicon.svg" alt="" width="30" height="30" />
                    {text::NAME}
                </h1>
                <p class="tagline">{text::TAGLINE}</p>
            </div>
            <ModelStatus />
            <button type="button" class="button" on:click=move |_| share.run()>
                {text::SHARE}
            </button>
            <button type="button" class="button" on:click=move |_| open.run(session)>
                "Models"
            </button>
        </header>
    }
}
