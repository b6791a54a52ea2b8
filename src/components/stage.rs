use leptos::ev::Event;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::{AskWhy, ErrorNote, GivenPictures, PictureSources, Samples, WhyOverlay, WhyPanel};
use crate::controllers::Picture;
use crate::session::Session;
use crate::text;

/// The picture, or the invitation to bring one. All of it is one big label of the file field.
#[component]
pub fn Stage() -> impl IntoView {
    let session = expect_context::<Session>();
    let on_change = move |event: Event| {
        let field = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        if let Some(field) = field {
            if let Some(files) = field.files() {
                session.intake.take_chosen(&files, false);
            }
            // So that choosing the same file once more is a change.
            field.set_value("");
        }
    };
    let has_picture = move || session.pictures.picture().read().is_some();
    let invitation = move || {
        (!has_picture()).then(|| {
            view! {
                <span class="invitation">
                    <InvitationIcon />
                    <span class="big">
                        <span class="with-mouse">{text::DROP_A_PICTURE}</span>
                        <span class="by-touch">{text::CHOOSE_A_PICTURE}</span>
                    </span>
                    <span>{text::WHICH_FITS}</span>
                    <span class="with-mouse">{text::CLICK_OR_PASTE}</span>
                </span>
            }
        })
    };
    let opening = move || {
        session
            .pictures
            .opening()
            .get()
            .map(|name| view! { <span class="opening">{text::opening(&name)}</span> })
    };
    let note = move || {
        let note = session
            .pictures
            .note()
            .get()
            .filter(|_| session.pictures.opening().read().is_none());
        note.map(|note| view! { <span class="picture-note">{note}</span> })
    };
    view! {
        <section class="stage" aria-label="Picture">
            <label class="drop-zone" class:filled=has_picture data-testid="drop-zone">
                <input
                    class="visually-hidden"
                    type="file"
                    accept="image/*"
                    multiple=!session.frame.is_embedded()
                    data-testid="file-input"
                    aria-label=text::CHOOSE_A_PICTURE
                    on:change=on_change
                />
                {invitation}
                // Each picture is an element of its own: none takes the shape of another before its
                // pixels.
                <For each=move || session.pictures.picture().get() key=|picture| picture.id let(picture)>
                    <ShownPicture picture />
                </For>
                {opening}
                {note}
            </label>
            {(!session.frame.is_embedded()).then(|| view! { <AskWhy /> })}
            <ErrorNote />
            {if session.frame.is_embedded() {
                view! { <GivenPictures /> }.into_any()
            } else {
                view! { <BelowPicture /> }.into_any()
            }}
        </section>
    }
}

/// What the picture is explained by, or where others come from.
#[component]
fn BelowPicture() -> impl IntoView {
    let session = expect_context::<Session>();
    view! {
        <PictureSources />
        <Show when=move || session.why.label().get().is_some() fallback=Samples>
            <WhyPanel />
        </Show>
    }
}

#[component]
fn ShownPicture(picture: Picture) -> impl IntoView {
    let session = expect_context::<Session>();
    let explained = move || session.why.shown().read().is_some();
    let overlay = (!session.frame.is_embedded()).then(|| {
        let picture = picture.clone();
        view! { <WhyOverlay picture /> }
    });
    // The style sheet makes the picture as large as its shape allows.
    let ratio = f64::from(picture.width) / f64::from(picture.height.max(1));
    view! {
        <img
            class="picture"
            class:explained=explained
            src=picture.url
            alt=picture.alt
            width=picture.width
            height=picture.height
            style=("--ratio", ratio.to_string())
            draggable="false"
        />
        {overlay}
        <span class="again">"Choose another"</span>
    }
}

#[component]
fn InvitationIcon() -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 64 64" width="64" height="64" aria-hidden="true">
            <path d="M12 8h30l12 12v32a4 4 0 0 1-4 4H12a4 4 0 0 1-4-4V12a4 4 0 0 1 4-4z" />
            <path d="M42 8v12h12" />
            <path d="M32 46V28m-8 8 8-8 8 8" />
        </svg>
    }
}
