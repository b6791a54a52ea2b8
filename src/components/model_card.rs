use leptos::prelude::*;

use crate::browser;
use crate::session::Session;
use crate::state::model_card::{self, ModelCard, Results};
use crate::text;

/// The cards of the models that are offered, folded up; each is fetched when it is opened.
#[component]
pub fn ModelCards() -> impl IntoView {
    let session = expect_context::<Session>();
    move || {
        // Models that differ only in how their weights are stored have one card.
        let mut cards: Vec<(String, String)> = Vec::new();
        for model in session.models.catalogue().get() {
            if let Some(card) = model.card
                && cards.iter().all(|(_, other)| *other != card)
            {
                cards.push((model.name, card));
            }
        }
        let cards = cards.into_iter();
        cards
            .map(|(name, url)| view! { <FoldedCard name url /> })
            .collect_view()
    }
}

/// A card that has come, or has not.
type Fetched = Result<ModelCard, ()>;

#[component]
fn FoldedCard(name: String, url: String) -> impl IntoView {
    let fetched = RwSignal::<Option<Fetched>>::new(None);
    let is_open = RwSignal::new(false);
    let fetch = Callback::new(move |()| {
        let url = url.clone();
        fetched.set(None);
        leptos::task::spawn_local(async move {
            let json = browser::fetch_text(&url).await.ok();
            fetched.set(Some(
                json.and_then(|json| model_card::read(&json)).ok_or(()),
            ));
        });
    });
    let toggled = move |_| {
        is_open.update(|is_open| *is_open = !*is_open);
        if is_open.get_untracked() && !matches!(*fetched.read_untracked(), Some(Ok(_))) {
            fetch.run(());
        }
    };
    let content = move || match fetched.get() {
        None => view! { <p>{text::CARD_ON_ITS_WAY}</p> }.into_any(),
        Some(Err(())) => view! {
            <p role="alert">
                {text::NO_CARD} " "
                <button type="button" class="link-button" on:click=move |_| fetch.run(())>
                    "Try again"
                </button>
            </p>
        }
        .into_any(),
        Some(Ok(card)) => view! { <Card card /> }.into_any(),
    };
    view! {
        <details class="model-card" on:toggle=toggled>
            <summary>{text::about_model(&name)}</summary>
            {move || is_open.get().then_some(content)}
        </details>
    }
}

#[component]
fn Card(card: ModelCard) -> impl IntoView {
    let sections = card.sections.into_iter().map(|section| {
        let paragraphs = section.paragraphs.into_iter();
        view! {
            <h4>{section.heading}</h4>
            {paragraphs.map(|paragraph| view! { <p>{paragraph}</p> }).collect_view()}
        }
    });
    let results = card
        .results
        .into_iter()
        .map(|results| view! { <ResultTable results /> });
    let sources = card.sources.into_iter().map(|source| {
        view! {
            <li>
                <a href=source.url target="_blank" rel="noopener">{source.name}</a>
            </li>
        }
    });
    let citations = card.citations.into_iter();
    view! {
        {sections.collect_view()}
        <h4>"How well it does"</h4>
        {results.collect_view()}
        <h4>"Where this is from, and how to cite it"</h4>
        <ul>
            {sources.collect_view()}
            {citations.map(|citation| view! { <li>{citation}</li> }).collect_view()}
        </ul>
    }
}

#[component]
fn ResultTable(results: Results) -> impl IntoView {
    let rows = results.rows.into_iter().map(|(benchmark, score)| {
        view! {
            <tr>
                <th scope="row">{benchmark}</th>
                <td>{text::hundredths(score)}</td>
            </tr>
        }
    });
    view! {
        <table>
            <caption>{results.caption}</caption>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}
