use std::collections::HashMap;

use leptos::prelude::*;

use super::LabelDetails;
use super::label_details::details_id;
use super::label_list::Pictures;
use crate::browser;
use crate::controllers::{Row, RowLook};
use crate::session::Session;
use crate::state::collection::Filter;
use crate::state::label_text;
use crate::state::labels::tidy;
use crate::state::scores::RowScore;
use crate::text;

/// One label with its bar and score. What happens in it is heard by the list, which finds in
/// `data-deed` what a button is for.
#[component]
pub fn LabelRow(
    /// Which.
    row: Row,
    /// How many pictures each label fits best, while they are in sight.
    pictures: Memo<HashMap<String, Pictures>>,
) -> impl IntoView {
    let session = expect_context::<Session>();
    let Row { id, look } = row;
    let description = format!("about-{id}");
    let text = look.with_untracked(|look| look.text.clone());
    let looks_otherwise = look.clone();
    let reads = look.clone();
    // What may be cut off in the row is read in full under the pointer.
    let in_full = move || {
        const SURELY_FITS: usize = 24;
        reads.with(|look| (look.text.chars().count() > SURELY_FITS).then(|| tidy(&look.text)))
    };
    let (named, switched) = (look.clone(), look.clone());
    let name = move || named.with(|look| label_text::name(&look.text));
    let of_pictures = {
        let name = name.clone();
        let of_this = Memo::new(move |_| pictures.read().get(&name()).copied());
        let shown = look.clone();
        move || {
            let name = shown.with_untracked(|look| label_text::name(&look.text));
            of_this
                .get()
                .map(|of_this| pictures_button(of_this, &name, session))
        }
    };
    let (more_label, remove_label) = (name.clone(), name);
    let is_open = Memo::new(move |_| session.label_details.open().get() == Some(id));
    let details = move || {
        is_open
            .get()
            .then(|| view! { <LabelDetails id look=look.clone() /> })
    };
    // Inside other pages there is no room for looking closely.
    let more = (!session.frame.is_embedded()).then(|| {
        view! {
            <button
                type="button"
                class="icon-button more"
                tabindex="-1"
                data-deed="more"
                aria-label=move || format!("More about {}", more_label())
                aria-expanded=move || is_open.get().to_string()
                aria-controls=details_id(id)
            >
                "⋯"
            </button>
        }
    });
    let handle = (!session.frame.is_embedded())
        .then(|| view! { <span class="handle" data-handle="" aria-hidden="true"></span> });
    view! {
        <li
            id=browser::row_id(id)
            class="label-row"
            class:open=is_open
            class:off=move || switched.with(|look| look.off)
        >
            {handle}
            <input
                type="text"
                // The list has one stop for the Tab key, and says where it is.
                tabindex="-1"
                dir="auto"
                data-testid="label"
                aria-label="Label"
                aria-describedby=description.clone()
                autocomplete="off"
                autocapitalize="off"
                enterkeyhint="done"
                title=in_full
                prop:value=text
            />
            <span class="about" id=description>
                {move || looks_otherwise.with(|look| about(look, session))}
            </span>
            {of_pictures}
            {more}
            <button
                type="button"
                class="icon-button"
                tabindex="-1"
                data-deed="remove"
                aria-label=move || format!("Remove {}", remove_label())
            >
                "✕"
            </button>
            {details}
        </li>
    }
}

/// How many pictures a label fits best, as a bar and a number: a button that shows those alone.
fn pictures_button(pictures: Pictures, name: &str, session: Session) -> impl IntoView + use<> {
    let Pictures {
        number,
        count,
        share,
    } = pictures;
    let pressed = move || session.collection.filter().get() == Filter::Label(number);
    view! {
        <button
            type="button"
            class="pictures"
            tabindex="-1"
            data-deed="filter"
            data-number=number.to_string()
            aria-label=text::collection::only_of(name, count)
            aria-pressed=move || pressed().to_string()
            style=("--score", share.to_string())
        >
            <span class="bar" aria-hidden="true"></span>
            {text::number(count)}
        </button>
    }
}

/// What there is to say of a label: its score, and what is wrong with it.
fn about(look: &RowLook, session: Session) -> impl IntoView + use<> {
    let note = if look.off {
        Some("Off")
    } else if look.repeated {
        Some(text::REPEATED)
    } else {
        look.score
            .as_ref()
            .filter(|score| score.score.cut)
            .map(|_| text::CUT)
    };
    let label = label_text::name(&look.text);
    let result = look
        .score
        .as_ref()
        .filter(|_| !look.repeated && !look.off)
        .map(|score| result(score, label, session));
    (
        note.map(|note| view! { <span class="note">{note}</span> }),
        result,
    )
}

fn result(score: &RowScore, label: String, session: Session) -> impl IntoView + use<> {
    let RowScore { score, holds } = *score;
    let cosine = move || {
        let shown = session.scoring.shown().get().cosines;
        shown.then(|| {
            view! { <span class="cosine">{text::labels::cosine_digits(score.cosine)}</span> }
        })
    };
    // A score that no longer holds is looked at for a moment longer, and is nobody's result.
    view! {
        {cosine}
        <span
            class="result"
            class:past=!holds
            data-testid=holds.then_some("result")
            data-label=holds.then_some(label)
            data-score=holds.then(|| score.score.to_string())
            style=("--score", score.score.to_string())
        >
            <span class="bar" aria-hidden="true"></span>
            {text::percent(score.score)}
        </span>
    }
}
