use leptos::html;
use leptos::prelude::*;

use super::{LabelAdder, LabelList, LabelNotice, TemplateField};
use crate::session::{AtWork, Session};
use crate::state::models::State;
use crate::text;

/// The labels: the field that adds them, the template, and the list with its scores.
#[component]
pub fn LabelPanel() -> impl IntoView {
    let session = expect_context::<Session>();
    let adder = NodeRef::<html::Input>::new();

    // A few labels are read faster than anybody can follow.
    const WORTH_COUNTING: u32 = 24;
    let counting = move || match session.at_work.get() {
        Some(AtWork::Labels { done, total }) if total >= WORTH_COUNTING => Some((done, total)),
        _ => None,
    };
    let waits_for_model = move || {
        let none_answers = session.model_status.read().as_ref().is_none_or(|status| {
            status.answering.is_none()
                && matches!(
                    status.state,
                    State::None | State::Loading | State::Downloading
                )
        });
        none_answers && !session.no_catalogue.get() && session.picture.read().is_some()
    };
    let count = move || match (counting(), session.at_work.get()) {
        (Some((done, total)), _) => text::labels_read(done, total),
        (None, Some(AtWork::Picture)) => text::READING_PICTURE.to_owned(),
        _ if waits_for_model() => text::WAITING_FOR_MODEL.to_owned(),
        _ => text::label_count(session.label_count.get()),
    };
    let progress = move || {
        counting().map(|(done, total)| {
            view! { <progress class="progress" aria-label="Labels read" max=total prop:value=done></progress> }
        })
    };
    let clear = move || {
        (!session.rows.read().is_empty()).then(|| {
            view! {
                <button
                    type="button"
                    class="link-button"
                    on:click=move |_| {
                        session.clear_labels();
                        if let Some(adder) = adder.get_untracked() {
                            adder.focus().ok();
                        }
                    }
                >
                    "Clear all"
                </button>
            }
        })
    };
    let hint = move || match session.label_count.get() {
        0 => Some(text::NO_LABELS),
        1 if session.picture.read().is_some() => Some(text::ONE_LABEL),
        _ => None,
    };
    let is_preview = move || {
        session
            .scored_by
            .read()
            .as_ref()
            .is_some_and(|model| model.preview)
    };
    let preview =
        move || is_preview().then(|| view! { <strong class="preview">"Preview"</strong> });
    let about_preview = move || {
        let status = session.model_status.get();
        let wanted = status.as_ref().and_then(|status| status.wanted.clone());
        let on_its_way = status.is_some_and(|status| status.loading.is_some());
        let about = text::preview_scores(wanted.as_ref(), on_its_way);
        is_preview().then(|| view! { <p class="about-preview">{about}</p> })
    };

    view! {
        <section class="label-panel" aria-labelledby="labels-heading">
            <div class="label-head">
                <h2 id="labels-heading">"Labels"</h2>
                {preview}
                <p class="count">{count}</p>
                {clear}
                {progress}
            </div>
            <LabelAdder field=adder />
            {(!session.is_embedded()).then(|| view! { <TemplateField /> })}
            {move || hint().map(|hint| view! { <p class="hint">{hint}</p> })}
            <LabelList adder />
            {about_preview}
            <LabelNotice />
        </section>
    }
}
