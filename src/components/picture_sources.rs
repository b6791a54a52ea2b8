use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;

use super::{ChooseMany, UndoNote};
use crate::browser;
use crate::session::{Session, View};
use crate::state::labels::LabelId;
use crate::text;

/// Over the foot of the picture, where it moves nothing when it comes: the button that asks what speaks for the best label.
#[component]
pub fn AskWhy() -> impl IntoView {
    let session = expect_context::<Session>();
    // While somebody types, the last one stays: looking through a long list takes a while.
    let best = Memo::new(move |before: Option<&Option<LabelId>>| {
        match session.settled.get() || session.picture.read().is_none() {
            true => session.explainable().first().map(|(label, _)| *label),
            false => before.copied().flatten(),
        }
    });
    move || {
        let best = best.get().filter(|_| session.why.label.get().is_none());
        best.map(|label| {
            view! {
                <button
                    type="button"
                    class="button show-why"
                    on:click=move |_| {
                        session.ask_why(label);
                        browser::focus_soon(".why-panel select");
                    }
                >
                    {text::SHOW_WHY}
                </button>
            }
        })
    }
}

/// Below the picture: where else pictures may come from.
#[component]
pub fn PictureSources() -> impl IntoView {
    let session = expect_context::<Session>();
    let address = session.address;
    let camera = NodeRef::<html::Button>::new();
    camera.on_load(move |button| {
        if session.camera.left.try_update(std::mem::take) == Some(true) {
            button.focus().ok();
        }
    });
    // Of pictures that were not read at all, nothing is left to open.
    let many = session.many;
    let undo = move || {
        let nothing = many.view.get() == View::Closed && many.count() == 0;
        nothing.then(|| view! { <UndoNote /> })
    };
    view! {
        {undo}
        <div class="picture-sources">
            <ChooseMany />
            <button
                node_ref=camera
                type="button"
                class="link-button"
                on:click=move |_| session.open_camera()
            >
                {text::USE_CAMERA}
            </button>
            <button
                type="button"
                class="link-button from-address"
                aria-expanded=move || address.open.get().to_string()
                on:click=move |_| address.open.update(|open| *open = !*open)
            >
                {text::FROM_ADDRESS}
            </button>
        </div>
        <Show when=move || address.open.get()>
            <AddressForm />
        </Show>
    }
}

/// The field for the address of a picture.
#[component]
fn AddressForm() -> impl IntoView {
    let session = expect_context::<Session>();
    let address = session.address;
    let field = NodeRef::<html::Input>::new();
    field.on_load(|field| {
        field.focus().ok();
        field.select();
    });
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        session.take_address(&address.typed.get_untracked());
    };
    let on_keydown = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            address.open.set(false);
            browser::focus_soon(".from-address");
        }
    };
    view! {
        <form class="address-form" novalidate on:submit=on_submit on:keydown=on_keydown>
            <label for="picture-address">{text::PICTURE_ADDRESS}</label>
            <input
                node_ref=field
                id="picture-address"
                class="field"
                type="url"
                inputmode="url"
                placeholder="https://"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                enterkeyhint="go"
                aria-describedby="about-picture-address"
                prop:value=address.typed
                on:input=move |event| address.typed.set(event_target_value(&event))
            />
            <button type="submit" class="button">
                "Fetch"
            </button>
            <p id="about-picture-address">{text::ABOUT_ADDRESS}</p>
        </form>
    }
}
