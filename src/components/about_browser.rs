use leptos::ev;
use leptos::html;
use leptos::prelude::*;

use crate::browser;
use crate::session::Session;
use crate::state::capabilities::{Capabilities, Feature, GROUPS, Standing};
use crate::text::capabilities as text;

/// What stands behind `#` in the page's address when this is to be seen.
pub const ADDRESS: &str = "about-this-browser";

/// What the browser and the host give, and what to do for more. It is a dialogue with an address of
/// its own: links lead to it, and the button "back" leaves it.
#[component]
pub fn AboutBrowser() -> impl IntoView {
    let session = expect_context::<Session>();
    let dialog = NodeRef::<html::Dialog>::new();
    let follow_address = move || {
        let Some(dialog) = dialog.get() else { return };
        let wanted = browser::fragment().as_deref() == Some(ADDRESS);
        if wanted && !dialog.open() {
            session.capabilities.find_out();
            dialog.show_modal().ok();
        } else if !wanted && dialog.open() {
            dialog.close();
        }
    };
    Effect::new(follow_address);
    let _ = window_event_listener(ev::hashchange, move |_| untrack(follow_address));

    let leave_address = move || {
        if browser::fragment().as_deref() == Some(ADDRESS) {
            browser::forget_fragment();
        }
    };
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
        // Not only when the dialogue says that it is closed, which is a moment later.
        leave_address();
    };
    // A click beside the dialogue is one on its backdrop, which counts as the dialogue itself.
    let on_click = move |event: ev::MouseEvent| {
        let target = event.target();
        if dialog
            .get_untracked()
            .is_some_and(|dialog| target.as_ref() == Some(&dialog))
        {
            close();
        }
    };
    let groups = move || match session.capabilities.found().get() {
        Some(found) => GROUPS
            .map(|(group, features)| {
                let rows = features
                    .iter()
                    .map(|&feature| row(session, feature, &found));
                view! {
                    <h3>{text::group(group)}</h3>
                    <ul class="features">{rows.collect_view()}</ul>
                }
            })
            .collect_view()
            .into_any(),
        None => view! { <p>{text::FINDING_OUT}</p> }.into_any(),
    };
    view! {
        <dialog
            node_ref=dialog
            class="dialog about-browser"
            aria-labelledby="about-browser-heading"
            data-testid="about-browser"
            on:click=on_click
            on:close=move |_| leave_address()
        >
            <div class="inside">
                <div class="dialog-head">
                    <h2 id="about-browser-heading">{text::HEADING}</h2>
                    <button type="button" class="icon-button" aria-label="Close" on:click=move |_| close()>
                        "✕"
                    </button>
                </div>
                <p>{text::INTRODUCTION}</p>
                {groups}
            </div>
        </dialog>
    }
}

/// What there is of one feature, as of now: all of it is drawn anew when something changes.
fn row(session: Session, feature: Feature, found: &Capabilities) -> impl IntoView {
    let running = session.engine.running();
    let needed = session
        .models
        .catalogue()
        .read()
        .first()
        .and_then(|model| model.bytes);
    let standing = found.standing(feature, running.as_ref(), needed);
    let mark = match standing {
        Standing::Full => "✓",
        Standing::Less => "–",
        Standing::Missing => "✕",
        Standing::Unknown => "?",
    };
    let trouble = session
        .engine
        .trouble()
        .filter(|_| matches!(feature, Feature::Build | Feature::Threads));
    let advice = (standing != Standing::Full).then(|| {
        let advice = trouble.unwrap_or_else(|| text::advice(feature, found, needed));
        view! { <p class="advice">{advice} " " {more(feature)}</p> }
    });
    view! {
        <li data-testid="feature" data-feature=format!("{feature:?}") data-standing=standing.name()>
            <span class="mark" aria-hidden="true">{mark}</span>
            <span class="name">{text::name(feature)}</span>
            <span class="value">{text::value(feature, found, running.as_ref())}</span>
            <p class="purpose">{text::purpose(feature)}</p>
            {advice}
        </li>
    }
}

/// What can be done for more from here.
fn more(feature: Feature) -> Option<AnyView> {
    match feature {
        Feature::Persistence => Some(view! { <AskToKeep /> }.into_any()),
        Feature::Headers => browser::book().map(|book| {
            let chapter = book.replace("index.html", "hosting.html");
            view! { <a class="link-button" href=chapter target="_blank">{text::HOW_TO_HOST}</a> }
                .into_any()
        }),
        _ => None,
    }
}

#[component]
fn AskToKeep() -> impl IntoView {
    let session = expect_context::<Session>();
    let refused = RwSignal::new(false);
    view! {
        <button
            type="button"
            class="link-button"
            on:click=move |_| session.capabilities.ask_to_persist(move || refused.set(true))
        >
            {text::ASK_TO_KEEP}
        </button>
        " "
        <span role="status">{move || refused.get().then_some(text::NOT_KEPT)}</span>
    }
}
