use leptos::prelude::*;

use crate::browser;
use crate::session::{Row, RowLook};
use crate::state::labels::tidy;
use crate::state::scores::RowScore;
use crate::text;

/// One label with its bar and score. What happens in it is heard by the list.
#[component]
pub fn LabelRow(row: Row) -> impl IntoView {
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
    let remove = move || look.with(|look| format!("Remove {}", tidy(&look.text)));
    view! {
        <li id=browser::row_id(id) class="label-row">
            <input
                type="text"
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
                {move || looks_otherwise.with(about)}
            </span>
            <button type="button" class="icon-button" aria-label=remove>
                "✕"
            </button>
        </li>
    }
}

/// What there is to say of a label: its score, and what is wrong with it.
fn about(look: &RowLook) -> impl IntoView + use<> {
    let note = if look.repeated {
        Some(text::REPEATED)
    } else {
        look.score
            .as_ref()
            .filter(|score| score.score.cut)
            .map(|_| text::CUT)
    };
    let label = tidy(&look.text);
    let result = look
        .score
        .as_ref()
        .filter(|_| !look.repeated)
        .map(|score| result(score, label));
    (
        note.map(|note| view! { <span class="note">{note}</span> }),
        result,
    )
}

fn result(score: &RowScore, label: String) -> impl IntoView + use<> {
    let RowScore { score, holds } = *score;
    // A score that no longer holds is looked at for a moment longer, and is nobody's result.
    view! {
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
