use leptos::prelude::*;

use crate::session::Session;

/// Says in words, to a screen reader alone, what others see.
#[component]
pub fn Announcer() -> impl IntoView {
    let session = expect_context::<Session>();
    view! { <p class="visually-hidden" role="status">{move || session.messages.announcement().get()}</p> }
}
