use leptos::ev::Event;
use leptos::prelude::*;

use cliplet_protocol::scoring::{Kind, NEUTRAL};

use crate::browser;
use crate::session::Session;
use crate::state::labels::tidy;
use crate::text;
use crate::text::labels as words;

/// The threshold of those who have not chosen another. By the starter's card it refuses from 59 to
/// 92 % of the lists without a right label; 0.5, no better than the neutral prompt, from 36 to 74
/// %.
const THRESHOLD: f32 = 0.8;

/// How scores are made and shown, and what they are: closed until somebody wants to know.
#[component]
pub fn ScoreOptions() -> impl IntoView {
    let session = expect_context::<Session>();
    let kind = move || session.query.scoring().read().kind;
    let short = move || {
        let scoring = session.query.scoring().read();
        words::scoring_in_short(
            scoring.kind == Kind::Independent,
            scoring.temperature,
            scoring.none_below.is_some(),
            session.scoring.shown().get().own_order,
        )
    };
    let kinds = [
        (Kind::Softmax, "Compared with each other"),
        (Kind::Independent, "Each for itself"),
    ];
    let kinds = kinds.map(|(of, name)| {
        let choose = move |_| session.query.set_scoring(|scoring| scoring.kind = of);
        choice("radio", name, move || kind() == of, choose)
    });
    // The slider's places are those of the logarithm, so that half is as far from 1 as twice.
    let temperature = slider(
        "Temperature",
        ["-1", "1", "0.05"],
        move || session.query.scoring().read().temperature.log10(),
        move || words::temperature_digits(session.query.scoring().read().temperature),
        move |place| {
            // To two digits, as it is shown.
            let temperature = (10f32.powf(place) * 100.0).round() / 100.0;
            session
                .query
                .set_scoring(|scoring| scoring.temperature = temperature);
        },
    );
    let threshold = move || {
        session
            .query
            .scoring()
            .read()
            .none_below
            .unwrap_or(THRESHOLD)
    };
    let about_threshold =
        move || words::about_threshold(threshold(), &session.query.scoring().read().neutral);
    // Drawn when it is there, and not with each place of the slider, which would lose its focus.
    let says_none = Memo::new(move |_| session.query.scoring().read().none_below.is_some());
    let threshold_slider = move || {
        says_none.get().then(|| {
            slider(
                "Threshold",
                ["5", "99", "1"],
                move || (threshold() * 100.0).round(),
                move || text::percent(threshold()),
                move |percent| {
                    session
                        .query
                        .set_scoring(|scoring| scoring.none_below = Some(percent / 100.0));
                },
            )
        })
    };
    let needs_neutral = Memo::new(move |_| session.query.scoring().read().needs_neutral());
    let on_neutral = move |event: Event| {
        let neutral = tidy(&event_target_value(&event));
        session.query.set_scoring(|scoring| {
            scoring.neutral = if neutral.is_empty() {
                NEUTRAL.to_owned()
            } else {
                neutral
            };
        });
    };
    let neutral = move || {
        needs_neutral.get().then(|| {
            view! {
                <label>
                    <span>"Neutral prompt"</span>
                    <input
                        type="text"
                        class="field"
                        dir="auto"
                        autocomplete="off"
                        autocapitalize="off"
                        placeholder=NEUTRAL
                        prop:value=move || session.query.scoring().read().neutral.clone()
                        on:change=on_neutral
                    />
                </label>
            }
        })
    };
    let says_none_choice = choice(
        "checkbox",
        "Say when none of these fits",
        move || says_none.get(),
        move |wanted| {
            session
                .query
                .set_scoring(|scoring| scoring.none_below = wanted.then_some(THRESHOLD));
        },
    );
    let cosines = choice(
        "checkbox",
        "Show cosines beside the scores",
        move || session.scoring.shown().get().cosines,
        move |cosines| session.scoring.show_as(|shown| shown.cosines = cosines),
    );
    let own_order = choice(
        "checkbox",
        "Keep my order, not the best first",
        move || session.scoring.shown().get().own_order,
        move |own_order| session.scoring.show_as(|shown| shown.own_order = own_order),
    );
    let reset = move || {
        let changed = *session.query.scoring().read() != Default::default();
        let reset = move |_| {
            session
                .query
                .set_scoring(|scoring| *scoring = Default::default())
        };
        changed.then(|| {
            view! {
                <button type="button" class="link-button" on:click=reset>
                    "Reset to defaults"
                </button>
            }
        })
    };
    let more = browser::book().map(|book| {
        let chapter = book.replace("index.html", "labels.html");
        view! { <a href=chapter target="_blank">"More on labels and scores"</a> }
    });
    view! {
        <details class="score-options" data-testid="score-options">
            <summary>
                <b>"Scores"</b>
                " "
                {short}
            </summary>
            // A slider that is let go of, or anything else that was changed: that is one change.
            <div class="inside" on:change=move |_| session.query.end_change()>
                <fieldset>
                    <legend class="visually-hidden">"What a label is compared with"</legend>
                    {kinds}
                </fieldset>
                {temperature}
                <p>{words::ABOUT_TEMPERATURE}</p>
                {says_none_choice}
                <p>{about_threshold}</p>
                {threshold_slider}
                {neutral}
                {cosines}
                {own_order}
                {reset}
                <p>{words::ABOUT_SCORES}</p>
                {more}
            </div>
        </details>
    }
}

/// A radio button or a box to tick.
fn choice(
    kind: &'static str,
    name: &'static str,
    is: impl Fn() -> bool + Send + Sync + 'static,
    set: impl Fn(bool) + 'static,
) -> AnyView {
    let is = Signal::derive(is);
    let set: Box<dyn Fn(bool)> = Box::new(set);
    view! {
        <label>
            <input
                type=kind
                name=(kind == "radio").then_some("scoring")
                prop:checked=is
                on:change=move |event: Event| set(event_target_checked(&event))
            />
            {name}
        </label>
    }
    .into_any()
}

/// A slider from one number to another in steps, and its place in words.
fn slider(
    name: &'static str,
    [least, most, step]: [&'static str; 3],
    place: impl Fn() -> f32 + Send + Sync + 'static,
    shown: impl Fn() -> String + Send + Sync + 'static,
    set: impl Fn(f32) + 'static,
) -> AnyView {
    let (place, shown) = (Signal::derive(place), Signal::derive(shown));
    let set: Box<dyn Fn(f32)> = Box::new(set);
    let on_input = move |event: Event| {
        if let Ok(place) = event_target_value(&event).parse::<f32>() {
            set(place);
        }
    };
    view! {
        <label class="slider">
            <span>{name}</span>
            <input
                type="range"
                min=least
                max=most
                step=step
                aria-valuetext=shown
                prop:value=move || place.get().to_string()
                on:input=on_input
            />
            <output>{shown}</output>
        </label>
    }
    .into_any()
}
