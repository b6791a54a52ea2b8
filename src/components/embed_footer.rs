use leptos::prelude::*;

use super::ModelStatus;
use crate::text;

/// Below the page inside another one: how the model is, and the way to Cliplet itself.
#[component]
pub fn EmbedFooter() -> impl IntoView {
    view! {
        <footer class="embed-footer">
            <ModelStatus />
            <a class="open" href="./" target="_blank" rel="noopener" title=text::PRIVACY>
                <img src="favicon.svg" alt="" width="16" height="16" />
                {text::OPEN_IN_CLIPLET}
            </a>
        </footer>
    }
}
