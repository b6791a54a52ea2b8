use leptos::prelude::*;

use crate::session::Session;
use crate::state::samples;
use crate::text;

/// The samples that come with the page, and whose picture the one on screen is.
#[component]
pub fn Samples() -> impl IntoView {
    let session = expect_context::<Session>();
    let samples = samples::all().into_iter();
    let buttons = samples
        .map(|sample| {
            let source = format!("samples/thumbnails/{}", sample.file);
            let name = format!("Sample: {}", sample.name);
            view! {
                <li>
                    <button type="button" aria-label=name title=sample.name.clone() on:click=move |_| {
                        session.pictures.take_sample(sample.clone())
                    }>
                        <img src=source alt="" loading="lazy" draggable="false" />
                    </button>
                </li>
            }
        })
        .collect_view();
    let credit = move || {
        let sample = session.pictures.picture().get()?.sample?;
        let credit = text::credit(&sample.author, &sample.licence);
        Some(view! {
            <a class="credit" href=sample.source target="_blank" rel="noopener" title=credit.clone()>
                {credit.clone()}
            </a>
        })
    };
    view! {
        <div class="samples">
            <div class="samples-head">
                <p id="samples-heading">{text::TRY_A_SAMPLE}</p>
                {credit}
            </div>
            <ul role="list" aria-labelledby="samples-heading">
                {buttons}
            </ul>
        </div>
    }
}
