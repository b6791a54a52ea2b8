use leptos::html;
use leptos::prelude::*;

use super::ErrorNote;
use crate::session::{Embed, Live, Session};
use crate::text;

/// What the camera sees, with the button that switches it on and off.
#[component]
pub fn CameraStage(
    /// What there is of the page around.
    embed: Embed,
) -> impl IntoView {
    let session = expect_context::<Session>();
    let video = NodeRef::<html::Video>::new();
    // Nobody looks at what is not in view.
    let hidden = window_event_listener_untyped("visibilitychange", move |_| {
        if document().hidden() {
            session.stop_camera();
        }
    });
    on_cleanup(move || {
        hidden.remove();
        session.stop_camera();
    });
    let inside = move || {
        match embed.live.get() {
        Live::On => view! {
            <video node_ref=video playsinline prop:muted=true data-testid="camera" aria-label=text::CAMERA></video>
            <button type="button" class="button" on:click=move |_| session.stop_camera()>
                {text::STOP_CAMERA}
            </button>
        }
        .into_any(),
        state => view! {
            <div class="invitation">
                <svg class="icon" viewBox="0 0 64 64" width="64" height="64" aria-hidden="true">
                    <path d="M8 18h10l5-7h18l5 7h10v34H8z" />
                    <circle cx="32" cy="34" r="10" />
                </svg>
                <button
                    type="button"
                    class="button big-button"
                    disabled=state == Live::Asked
                    on:click=move |_| session.start_camera(video)
                >
                    {text::START_CAMERA}
                </button>
                <p>{text::CAMERA_STAYS}</p>
            </div>
        }
        .into_any(),
    }
    };
    view! {
        <section class="stage" aria-label="Camera">
            <div class="camera" class:on=move || embed.live.get() == Live::On>
                {inside}
            </div>
            <ErrorNote />
        </section>
    }
}
