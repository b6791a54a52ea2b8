use leptos::prelude::*;

use crate::controllers::RowLook;
use crate::session::Session;
use crate::state::label_text;
use crate::state::labels::LabelId;
use crate::text::{self, labels as words};

/// A label looked at closely: what the model reads of it, and what can be done with it. Its buttons
/// say what they are for in `data-deed`; the list hears them.
#[component]
pub fn LabelDetails(
    /// Which.
    id: LabelId,
    /// What its row shows.
    look: ArcRwSignal<RowLook>,
) -> impl IntoView {
    let session = expect_context::<Session>();
    let looks = look.clone();
    let cosine = move || {
        let score = looks.with(|look| look.score.clone());
        let score = score.filter(|score| score.holds);
        score.map(|score| view! { <p class="cosine">{words::cosine_of(score.score.cosine)}</p> })
    };
    let looks = look.clone();
    let scored = move || looks.with(|look| look.score.is_some() && !look.repeated && !look.off);
    let asked = move || (session.why.label().get() == Some(id)).to_string();
    let looks = look.clone();
    let switch = move || {
        if looks.with(|look| look.off) {
            "Switch on"
        } else {
            "Switch off"
        }
    };
    let has_colon = move || {
        let candidate = look.with(|look| label_text::read(&look.text));
        (!candidate.prompts.is_empty()).then(|| {
            view! {
                <button type="button" class="link-button" data-deed="colon">
                    "The colon belongs to the label"
                </button>
            }
        })
    };
    let prompts = move || {
        let reading = session.label_details.reading().get();
        let tokens = reading.tokens;
        let count = reading.prompts.len();
        let prompts = reading.prompts.into_iter().enumerate();
        let prompts = prompts.map(|(at, prompt)| {
            let measured = tokens
                .as_ref()
                .and_then(|(context, tokens)| Some((*context, *tokens.get(at)?)));
            let cut_at = measured.and_then(|(_, tokens)| tokens.cut_at);
            let cut_at = cut_at.map_or(prompt.len(), |at| at as usize);
            let (read, cut) = prompt.split_at_checked(cut_at).unwrap_or((&*prompt, ""));
            let (read, cut) = (read.to_owned(), cut.to_owned());
            let tokens = measured.map(|(context, tokens)| {
                words::tokens(tokens.tokens, context, tokens.cut_at.is_some())
            });
            view! {
                <p class="prompt">
                    <bdi>
                        <q>{read} {(!cut.is_empty()).then(|| view! { <del>{cut}</del> })}</q>
                    </bdi>
                    " "
                    <span class="tokens">{tokens}</span>
                </p>
            }
        });
        view! {
            <p class="heading">{words::prompts_heading(count)}</p>
            <div class="prompts" tabindex=(count > 3).then_some("0") role=(count > 3).then_some("group") aria-label=(count > 3).then_some("Prompts")>
                {prompts.collect_view()}
            </div>
        }
    };
    view! {
        <div class="label-details" id=details_id(id) data-testid="label-details">
            {prompts} {cosine}
            <div class="actions">
                <Show when=scored>
                    <button type="button" class="button" data-deed="why" aria-pressed=asked>
                        {text::SHOW_WHY}
                    </button>
                </Show>
                {deed("up", || "Move up")}
                {deed("down", || "Move down")}
                {deed("switch", switch)}
                {has_colon}
            </div>
        </div>
    }
}

/// A button for something that can be done with the label.
fn deed(what: &'static str, name: impl Fn() -> &'static str + Send + Sync + 'static) -> AnyView {
    let name = Signal::derive(name);
    view! {
        <button type="button" class="button" data-deed=what>
            {name}
        </button>
    }
    .into_any()
}

/// The id of a label's details.
pub fn details_id(id: LabelId) -> String {
    format!("details-{id}")
}
