use leptos::prelude::*;

use crate::session::Session;
use crate::text;
use crate::text::collection as words;

/// The classes that a linear probe has learnt, with their scores, in the place of the labels while
/// it answers.
#[component]
pub fn ProbePanel() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    let classes = move || {
        let probabilities = many.probabilities().get();
        let classes = many
            .probe()
            .get()
            .map(|probe| probe.classes)
            .unwrap_or_default();
        let mut scored: Vec<(String, Option<f32>)> = classes
            .into_iter()
            .enumerate()
            .map(|(at, class)| (class, probabilities.get(at).copied()))
            .collect();
        scored.sort_by(|(_, a), (_, b)| b.unwrap_or(-1.0).total_cmp(&a.unwrap_or(-1.0)));
        scored
            .into_iter()
            .map(|(class, score)| {
                view! {
                    <li
                        class="label-row"
                        data-testid="class-score"
                        data-label=class.clone()
                        data-score=score.map(|score| score.to_string())
                    >
                        <span class="name" dir="auto">{class.clone()}</span>
                        <span class="about">
                            {score
                                .map(|score| {
                                    view! {
                                        <span class="result" style=("--score", score.to_string())>
                                            <span class="bar" aria-hidden="true"></span>
                                            {text::percent(score)}
                                        </span>
                                    }
                                })}
                        </span>
                    </li>
                }
            })
            .collect_view()
    };
    let about = move || {
        let probe = many.probe().get()?;
        Some(words::probe(
            probe.examples,
            probe.tried,
            probe.milliseconds,
        ))
    };
    view! {
        <section class="label-panel probe-panel" aria-labelledby="classes-heading" data-testid="probe-panel">
            <div class="label-head">
                <h2 id="classes-heading">{words::CLASSES}</h2>
                <button type="button" class="button" on:click=move |_| session.collection.answer_by_probe(false)>
                    "Back to labels"
                </button>
            </div>
            <p class="hint">{words::ABOUT_CLASSES} " " {about}</p>
            <ol class="label-list" role="list" aria-label="Classes">{classes}</ol>
        </section>
    }
}
