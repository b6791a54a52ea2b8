use leptos::html;
use leptos::prelude::*;

use super::{LabelAdder, LabelList, LabelNotice, OpenLabelSets, ScoreOptions, TemplateField};
use crate::controllers::AtWork;
use crate::session::Session;
use crate::state::models::State;
use crate::text;

use cliplet_protocol::scoring::Kind;

/// The labels: the field that adds them, the template, and the list with its scores.
#[component]
pub fn LabelPanel() -> impl IntoView {
    let session = expect_context::<Session>();
    let adder = NodeRef::<html::Input>::new();

    // A few labels are read faster than anybody can follow.
    const WORTH_COUNTING: u32 = 24;
    let counting = move || match session.scoring.at_work().get() {
        Some(AtWork::Labels { done, total }) if total >= WORTH_COUNTING => Some((done, total)),
        _ => None,
    };
    let waits_for_model = move || {
        let none_answers = session
            .models
            .status()
            .read()
            .as_ref()
            .is_none_or(|status| {
                status.answering.is_none()
                    && matches!(
                        status.state,
                        State::None | State::Loading | State::Downloading
                    )
            });
        none_answers
            && !session.models.no_catalogue().get()
            && session.pictures.picture().read().is_some()
    };
    let count = move || match (counting(), session.scoring.at_work().get()) {
        (Some((done, total)), _) => text::labels_read(done, total),
        (None, Some(AtWork::Picture)) => text::READING_PICTURE.to_owned(),
        _ if waits_for_model() => text::WAITING_FOR_MODEL.to_owned(),
        _ => {
            let off = session.labels.off_count().get();
            let off = (off > 0).then(|| text::labels::off_count(off));
            text::label_count(session.labels.count().get()) + &off.unwrap_or_default()
        }
    };
    let progress = move || {
        counting().map(|(done, total)| {
            view! { <progress class="progress" aria-label="Labels read" max=total prop:value=done></progress> }
        })
    };
    let clear = move || {
        // Also before the rows are drawn.
        let has_some = session.labels.count().get() > 0 || !session.labels.rows().read().is_empty();
        has_some.then(|| {
            view! {
                <button
                    type="button"
                    class="link-button"
                    on:click=move |_| {
                        session.labels.clear();
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
    let is_softmax = move || session.query.scoring().read().kind == Kind::Softmax;
    let hint = move || match session.labels.count().get() {
        0 => Some(text::NO_LABELS),
        1 if is_softmax() && session.pictures.picture().read().is_some() => Some(text::ONE_LABEL),
        _ => None,
    };
    let last = move || session.query.last().get();
    let next = move || session.query.next().get();
    // There as soon as there has been something to take back, so that they stay where they are
    // while they are used.
    let has_changed = Memo::new(move |_| last().is_some() || next().is_some());
    let undo_name = move || last().map_or(text::UNDO.to_owned(), |last| text::labels::undo(&last));
    let redo_name = move || next().map_or("Redo".to_owned(), |next| text::labels::redo(&next));
    let steps = move || {
        has_changed.get().then(|| {
            let undo = step(
                "↶",
                undo_name,
                move || last().is_none(),
                move || session.undo(),
            );
            let redo = step(
                "↷",
                redo_name,
                move || next().is_none(),
                move || session.query.redo(),
            );
            view! { <span class="steps">{undo} {redo}</span> }
        })
    };
    // Inside other pages, whoever wrote them has chosen the labels.
    let sets = (!session.frame.is_embedded()).then(|| {
        let open = expect_context::<OpenLabelSets>();
        view! {
            {steps}
            <button type="button" class="link-button" on:click=move |_| open.run(session)>
                "Sets"
            </button>
        }
    });
    let none_fits = move || {
        let none_fits = session.scoring.none_fits().get();
        none_fits.map(|said| view! { <p class="none-fits" data-testid="none-fits">{said}</p> })
    };
    let is_preview = move || {
        session
            .scoring
            .scored_by()
            .read()
            .as_ref()
            .is_some_and(|model| model.preview)
    };
    let preview =
        move || is_preview().then(|| view! { <strong class="preview">"Preview"</strong> });
    let about_preview = move || {
        let status = session.models.status().get();
        let on_its_way = status
            .as_ref()
            .is_some_and(|status| status.loading.is_some());
        let wanted = status
            .and_then(|status| status.wanted)
            .filter(|model| !model.preview);
        // It keeps its room when the download has stopped, so that nothing around it moves.
        let better = wanted.map(|wanted| {
            let better = text::better_scores(&wanted);
            view! { " "<span class="better" data-comes=on_its_way.to_string()>{better}</span> }
        });
        is_preview().then(|| view! { <p class="about-preview">{text::BY_THE_STARTER}{better}</p> })
    };

    view! {
        <section class="label-panel" aria-labelledby="labels-heading">
            <div class="label-head">
                <h2 id="labels-heading">"Labels"</h2>
                <p class="count">{count}</p>
                {preview}
                {sets}
                {clear}
                {progress}
            </div>
            <LabelAdder field=adder />
            {(!session.frame.is_embedded()).then(|| view! { <TemplateField /> })}
            {move || hint().map(|hint| view! { <p class="hint">{hint}</p> })}
            {none_fits}
            <LabelList adder />
            {about_preview}
            {(!session.frame.is_embedded()).then(|| view! { <ScoreOptions /> })}
            <LabelNotice />
        </section>
    }
}

/// A button that takes a change back, or makes it again.
fn step(
    sign: &'static str,
    name: impl Fn() -> String + Send + Sync + 'static,
    idle: impl Fn() -> bool + Send + Sync + 'static,
    take: impl Fn() + 'static,
) -> AnyView {
    let (name, idle) = (Signal::derive(name), Signal::derive(idle));
    let take: Box<dyn Fn()> = Box::new(take);
    view! {
        <button
            type="button"
            class="icon-button step"
            aria-label=name
            title=name
            disabled=idle
            on:click=move |_| take()
        >
            {sign}
        </button>
    }
    .into_any()
}
