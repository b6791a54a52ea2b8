use leptos::html;
use leptos::prelude::*;

use super::ErrorNote;
use crate::controllers::Live;
use crate::session::Session;
use crate::text;

/// What the camera sees, with the buttons that work it.
#[component]
pub fn CameraStage() -> impl IntoView {
    let session = expect_context::<Session>();
    let camera = session.camera;
    let video = NodeRef::<html::Video>::new();
    // Nobody looks at what is not in view.
    let hidden = window_event_listener_untyped("visibilitychange", move |_| {
        if document().hidden() {
            session.camera.stop();
        }
    });
    let left = window_event_listener_untyped("pagehide", move |_| session.camera.stop());
    on_cleanup(move || {
        hidden.remove();
        left.remove();
        session.camera.stop();
    });
    if !session.frame.is_embedded() {
        // Whoever has come here has pressed a button to do so.
        session.camera.start(video);
    }
    let inside = move || match camera.live().get() {
        Live::On => view! { <Viewfinder video /> }.into_any(),
        state => view! { <Invitation video asked=state == Live::Asked /> }.into_any(),
    };
    view! {
        <section class="stage" aria-label="Camera">
            <div class="camera" class:on=move || camera.live().get() == Live::On>
                {inside}
            </div>
            <ErrorNote />
        </section>
    }
}

/// The picture, how often it is scored, and what can be done.
#[component]
fn Viewfinder(video: NodeRef<html::Video>) -> impl IntoView {
    let session = expect_context::<Session>();
    let camera = session.camera;
    let stop = NodeRef::<html::Button>::new();
    let in_page = !session.frame.is_embedded();
    if in_page {
        stop.on_load(|stop| {
            stop.focus().ok();
        });
    }
    let rate = move || camera.rate().get().map(text::frame_rate);
    let other = move || {
        camera.several().get().then(|| {
            view! {
                <button type="button" class="button" on:click=move |_| session.camera.turn(video)>
                    {text::OTHER_CAMERA}
                </button>
            }
        })
    };
    let snapshot = in_page.then(|| {
        view! {
            <button type="button" class="button" on:click=move |_| session.camera.snapshot(video)>
                {text::TAKE_SNAPSHOT}
            </button>
        }
    });
    view! {
        <video
            node_ref=video
            class:mirrored=camera.mirrored()
            playsinline
            prop:muted=true
            data-testid="camera"
            aria-label=text::CAMERA
        ></video>
        <p class="rate" data-testid="frame-rate">
            {rate}
        </p>
        <div class="controls">
            {other} {snapshot}
            <button node_ref=stop type="button" class="button" on:click=move |_| session.camera.leave()>
                {text::STOP_CAMERA}
            </button>
        </div>
    }
}

/// Before it is on.
#[component]
fn Invitation(
    video: NodeRef<html::Video>,
    /// The browser is asking the person.
    asked: bool,
) -> impl IntoView {
    let session = expect_context::<Session>();
    let button = if session.frame.is_embedded() {
        view! {
            <button
                type="button"
                class="button big-button"
                disabled=asked
                on:click=move |_| session.camera.start(video)
            >
                {text::START_CAMERA}
            </button>
        }
        .into_any()
    } else {
        let cancel = NodeRef::<html::Button>::new();
        cancel.on_load(|cancel| {
            cancel.focus().ok();
        });
        view! {
            <p>{text::CAMERA_ASKED}</p>
            <button
                node_ref=cancel
                type="button"
                class="button big-button"
                on:click=move |_| session.camera.leave()
            >
                "Cancel"
            </button>
        }
        .into_any()
    };
    view! {
        <div class="invitation">
            <svg class="icon" viewBox="0 0 64 64" width="64" height="64" aria-hidden="true">
                <path d="M8 18h10l5-7h18l5 7h10v34H8z" />
                <circle cx="32" cy="34" r="10" />
            </svg>
            {button}
            <p>{text::CAMERA_STAYS}</p>
        </div>
    }
}
