use leptos::ev::Event;
use leptos::prelude::*;

use super::ErrorNote;
use crate::controllers::{HostPicture, HostPictureState};
use crate::session::Session;
use crate::text;

/// The pictures that the page around has given, those first that fit what is looked for.
#[component]
pub fn SearchPanel() -> impl IntoView {
    let session = expect_context::<Session>();
    let search = session.search;
    let suggestions = move || {
        let suggestions = search.suggestions().get().into_iter();
        suggestions
            .map(|suggestion| {
                let phrase = suggestion.clone();
                view! {
                    <button type="button" class="link-button" on:click=move |_| session.search.look_for(&phrase)>
                        {suggestion}
                    </button>
                }
            })
            .collect_view()
    };
    let state = move || {
        let searched = !search.hits().read().is_empty();
        text::search_state(
            search.under_way().get(),
            session.host_pictures.list().read().len(),
            searched,
        )
    };
    let is_preview = move || {
        let model = session.scoring.scored_by().read();
        model.as_ref().is_some_and(|model| model.preview) && !search.hits().read().is_empty()
    };
    view! {
        <section class="search-panel" aria-label="Search">
            <input
                class="field"
                type="search"
                dir="auto"
                data-testid="search-input"
                aria-label=text::LOOK_FOR
                placeholder=text::LOOK_FOR
                autocomplete="off"
                autocapitalize="off"
                enterkeyhint="search"
                prop:value=search.phrase()
                on:input=move |event: Event| session.search.look_for(&event_target_value(&event))
            />
            <div class="search-head">
                <p class="count">{state}</p>
                <Show when=is_preview>
                    <strong class="preview" title=text::BY_THE_STARTER>"Preview"</strong>
                </Show>
                <div class="suggestions">{suggestions}</div>
            </div>
            <ol class="found" role="list" tabindex="0" aria-label="Pictures" data-testid="found">
                <For each=move || session.search.pictures_in_order() key=|given| given.url.clone() let(given)>
                    <Hit given />
                </For>
            </ol>
            <ErrorNote />
        </section>
    }
}

/// One picture, with its cosine.
#[component]
fn Hit(given: HostPicture) -> impl IntoView {
    let hits = expect_context::<Session>().search.hits();
    let HostPicture { url, name, state } = given;
    let cosine = Memo::new(move |_| hits.read().get(&url).copied());
    // The best of all has the whole width.
    let share = move || {
        let best = hits.read().values().copied().fold(0.0, f32::max);
        cosine
            .get()
            .map(|cosine| (cosine.max(0.0) / best.max(f32::EPSILON)).to_string())
    };
    let alt = name.clone();
    let inside = move || {
        match state.get() {
        HostPictureState::OnItsWay => view! { <span class="waiting"></span> }.into_any(),
        HostPictureState::Here(shown_at) => {
            view! { <img src=shown_at alt=alt.clone() draggable="false" /> }.into_any()
        }
        HostPictureState::Failed(why) => {
            view! { <span class="failed" title=why role="img" aria-label="Not to be had">"!"</span> }.into_any()
        }
    }
    };
    view! {
        <li
            data-testid="hit"
            data-name=name
            data-cosine=move || cosine.get().map(|cosine| cosine.to_string())
            style=("--share", share)
        >
            <div class="inside">{inside}</div>
            <p>
                <span class="bar" aria-hidden="true"></span>
                <span class="cosine">{move || cosine.get().map(text::cosine)}</span>
            </p>
        </li>
    }
}
