use leptos::ev::{Event, MouseEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::{
    AskWhy, ErrorNote, GivenPictures, PictureSources, Samples, UndoNote, WhyOverlay, WhyPanel,
};
use crate::controllers::{Picture, View};
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
                    <span class="fits">{text::WHICH_FITS}</span>
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
    let field = NodeRef::<html::Input>::new();
    // The rest is shown over the foot of the picture, where there is little room.
    let more = RwSignal::new(false);
    Effect::new(move || {
        session.pictures.picture().track();
        more.set(false);
    });
    // On a picture, a click is not meant for the field: there is a button for that.
    let on_click = move |event: MouseEvent| {
        let by_the_field = field
            .get_untracked()
            .is_some_and(|field| event.target().as_ref() == Some(&field));
        if session.pictures.picture().read_untracked().is_some() && !by_the_field {
            event.prevent_default();
        }
    };
    view! {
        <section class="stage" aria-label="Picture">
            <label class="drop-zone" class:filled=has_picture data-testid="drop-zone" on:click=on_click>
                <input
                    node_ref=field
                    class="visually-hidden"
                    type="file"
                    accept="image/*"
                    multiple=!session.frame.is_embedded()
                    data-testid="file-input"
                    aria-label=text::CHOOSE_A_PICTURE
                    tabindex=move || has_picture().then_some("-1")
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
            <PictureActions field more />
            <ErrorNote />
            {if session.frame.is_embedded() {
                view! { <GivenPictures /> }.into_any()
            } else {
                view! { <BelowPicture more /> }.into_any()
            }}
        </section>
    }
}

/// What the picture is explained by, or where others come from.
/// Over the foot of the picture, where it moves nothing when it comes: what can be done with it.
#[component]
fn PictureActions(
    /// The field for files.
    field: NodeRef<html::Input>,
    /// Whether the other sources of pictures are shown, where they are not always.
    more: RwSignal<bool>,
) -> impl IntoView {
    let session = expect_context::<Session>();
    let is_own = !session.frame.is_embedded();
    let choose = move |_| {
        if let Some(field) = field.get_untracked() {
            field.click();
        }
    };
    let others = move || {
        is_own.then(|| {
            view! {
                <button
                    type="button"
                    class="button more-sources"
                    aria-expanded=move || more.get().to_string()
                    on:click=move |_| more.update(|more| *more = !*more)
                >
                    {text::MORE_SOURCES}
                </button>
            }
        })
    };
    let has_picture = Memo::new(move |_| session.pictures.picture().read().is_some());
    view! {
        <div class="picture-actions">
            {is_own.then(|| view! { <AskWhy /> })}
            <Show when=move || has_picture.get()>
                <button type="button" class="button again" on:click=choose>
                    {text::CHOOSE_ANOTHER}
                </button>
                {others}
            </Show>
        </div>
    }
}

/// Below the picture: where others come from, or why a label has its score.
#[component]
fn BelowPicture(
    /// Whether it is shown where it is not always.
    more: RwSignal<bool>,
) -> impl IntoView {
    let session = expect_context::<Session>();
    // Of pictures that were not read at all, nothing is left to open.
    let many = session.collection;
    let undo = move || {
        let nothing = many.view().get() == View::Closed && many.count() == 0;
        nothing.then(|| view! { <UndoNote /> })
    };
    view! {
        {undo}
        <div class="below-picture" class:shown=more>
            <PictureSources />
            <Show when=move || session.why.label().get().is_some() fallback=Samples>
                <WhyPanel />
            </Show>
        </div>
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
