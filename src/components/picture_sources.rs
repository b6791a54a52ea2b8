use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;

use super::ChooseMany;
use crate::browser;
use crate::session::Session;
use crate::state::labels::LabelId;
use crate::text;

/// Over the foot of the picture, where it moves nothing when it comes: the button that asks what
/// speaks for the best label.
#[component]
pub fn AskWhy() -> impl IntoView {
    let session = expect_context::<Session>();
    // While somebody types, the last one stays: looking through a long list takes a while.
    let best = Memo::new(move |before: Option<&Option<LabelId>>| {
        if session.scoring.settled().get() || session.pictures.picture().read().is_none() {
            session.why.explainable().first().map(|(label, _)| *label)
        } else {
            let before = before.copied().flatten();
            let rows = session.labels.rows().read();
            before.filter(|label| rows.iter().any(|row| row.id == *label))
        }
    });
    move || {
        let best = best.get().filter(|_| session.why.label().get().is_none());
        best.map(|label| {
            view! {
                <button
                    type="button"
                    class="button show-why"
                    on:click=move |_| {
                        session.why.toggle(label);
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
    let intake = session.intake;
    let camera = NodeRef::<html::Button>::new();
    camera.on_load(move |button| {
        if session.camera.was_left() {
            button.focus().ok();
            if !button.matches(":focus").unwrap_or(true) {
                // It is behind another one, where there is little room.
                browser::focus_soon(".more-sources");
            }
        }
    });
    view! {
        <div class="picture-sources">
            <ChooseMany />
            <button
                node_ref=camera
                type="button"
                class="link-button"
                on:click=move |_| session.camera.show()
            >
                {text::USE_CAMERA}
            </button>
            <button
                type="button"
                class="link-button from-address"
                aria-expanded=move || intake.address_open().get().to_string()
                on:click=move |_| intake.open_address(!intake.address_open().get_untracked())
            >
                {text::FROM_ADDRESS}
            </button>
        </div>
        <Show when=move || intake.address_open().get()>
            <AddressForm />
        </Show>
    }
}

/// The field for the address of a picture.
#[component]
fn AddressForm() -> impl IntoView {
    let session = expect_context::<Session>();
    let intake = session.intake;
    let field = NodeRef::<html::Input>::new();
    field.on_load(|field| {
        field.focus().ok();
        field.select();
    });
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        intake.take_address(&intake.address().get_untracked());
    };
    let on_keydown = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            intake.open_address(false);
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
                prop:value=intake.address()
                on:input=move |event| intake.type_address(event_target_value(&event))
            />
            <button type="submit" class="button">
                "Fetch"
            </button>
            <p id="about-picture-address">{text::ABOUT_ADDRESS}</p>
        </form>
    }
}
