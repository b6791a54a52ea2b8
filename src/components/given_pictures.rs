use leptos::prelude::*;

use crate::controllers::{HostPicture, HostPictureState};
use crate::session::Session;

/// The pictures that the page around has given, to choose from where there are several.
#[component]
pub fn GivenPictures() -> impl IntoView {
    let given = expect_context::<Session>().host_pictures.list();
    let several = move || given.read().len() > 1;
    view! {
        <Show when=several>
            <ul class="given-pictures" role="list" aria-label="Pictures" data-testid="given-pictures">
                <For each=move || given.get() key=|given| given.url.clone() let(given)>
                    <Thumbnail given />
                </For>
            </ul>
        </Show>
    }
}

#[component]
fn Thumbnail(given: HostPicture) -> impl IntoView {
    let session = expect_context::<Session>();
    let HostPicture { url, name, state } = given;
    let chosen = {
        let url = url.clone();
        move || {
            let picture = session.pictures.picture().read();
            let shown = picture.as_ref().and_then(|picture| picture.given.as_ref());
            shown == Some(&url)
        }
    };
    let inside = {
        let state = state.clone();
        move || match state.get() {
            HostPictureState::OnItsWay => view! { <span class="waiting"></span> }.into_any(),
            HostPictureState::Here(shown_at) => {
                view! { <img src=shown_at alt="" draggable="false" /> }.into_any()
            }
            HostPictureState::Failed(_) => {
                view! { <span class="failed" aria-hidden="true">"!"</span> }.into_any()
            }
        }
    };
    let title = {
        let name = name.clone();
        move || match state.get() {
            HostPictureState::Failed(why) => why,
            _ => name.clone(),
        }
    };
    view! {
        <li>
            <button
                type="button"
                aria-label=format!("Picture {name}")
                aria-pressed=move || chosen().to_string()
                title=title
                on:click=move |_| session.embed.choose_given(&url)
            >
                {inside}
            </button>
        </li>
    }
}
