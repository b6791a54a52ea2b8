use leptos::prelude::*;

use super::OpenModels;
use crate::text;

/// Where the picture goes, and where to read about the models.
#[component]
pub fn Footer() -> impl IntoView {
    let open = expect_context::<OpenModels>();
    view! {
        <footer class="footer">
            <p>{text::PRIVACY}</p>
            <button type="button" class="link-button" on:click=move |_| open.run(())>
                "About the models"
            </button>
        </footer>
    }
}
