use leptos::ev::Event;
use leptos::prelude::*;

use crate::browser;
use crate::session::Session;
use crate::text;

/// So many labels are offered, the best.
const MOST_OFFERED: usize = 100;

/// What the map over the picture is of, what its colours mean, and what it is not.
#[component]
pub fn WhyPanel() -> impl IntoView {
    let session = expect_context::<Session>();
    let why = session.why;
    let options = move || {
        let chosen = why.label().get();
        let labels = session.why.explainable().into_iter().enumerate();
        let labels = labels.filter(|(at, (id, _))| *at < MOST_OFFERED || Some(*id) == chosen);
        labels
            .map(|(_, (id, label))| {
                view! {
                    <option value=id.to_string() selected=Some(id) == chosen>
                        {label}
                    </option>
                }
            })
            .collect_view()
    };
    let on_change = move |event: Event| {
        if let Ok(label) = event_target_value(&event).parse() {
            why.choose(label);
        }
    };
    let about = move || match (why.shown().get(), why.trouble().get()) {
        (Some(shown), _) => view! {
            <p>{text::about_why(&shown)}</p>
            <p class="sum">{text::why_sum(&shown)}</p>
        }
        .into_any(),
        (None, Some(trouble)) => view! { <p role="alert">{trouble}</p> }.into_any(),
        (None, None) => view! { <p>{text::LOOKING_FOR_WHY}</p> }.into_any(),
    };
    let hide = move |_| {
        session.why.hide();
        browser::focus_soon(".show-why");
    };
    let is_cut = move || {
        let shown = why.shown().read();
        shown
            .as_ref()
            .is_some_and(|shown| shown.kept[2] < 0.99 || shown.kept[3] < 0.99)
    };
    view! {
        <section class="why-panel" aria-label=text::SHOW_WHY data-testid="why-panel">
            <div class="why-head">
                <label>
                    {text::WHY_LABEL} " "
                    <select class="field" dir="auto" on:change=on_change>
                        {options}
                    </select>
                </label>
                <button type="button" class="button" on:click=hide>
                    {text::HIDE_WHY}
                </button>
            </div>
            <ul class="why-key" role="list">
                <li class="for">{text::FOR}</li>
                <li class="against">{text::AGAINST}</li>
                <Show when=is_cut>
                    <li class="cut">{text::NOT_LOOKED_AT}</li>
                </Show>
            </ul>
            <div class="why-about">{about}</div>
        </section>
    }
}
