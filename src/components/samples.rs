use leptos::prelude::*;

use crate::session::Session;

/// The samples that come with the page.
#[component]
pub fn Samples() -> impl IntoView {
    let session = expect_context::<Session>();
    let buttons = move || {
        let samples = session.samples.get().into_iter();
        samples
            .map(|sample| {
                let source = format!("samples/{}", sample.file);
                let name = format!("Sample: {}", sample.name);
                view! {
                    <li>
                        <button type="button" aria-label=name title=sample.name.clone() on:click=move |_| {
                            session.take_sample(sample.clone())
                        }>
                            <img src=source alt="" loading="lazy" draggable="false" />
                        </button>
                    </li>
                }
            })
            .collect_view()
    };
    let shown = move || !session.samples.read().is_empty();
    view! {
        <div class="samples" class:shown=shown>
            <p id="samples-heading">"Or try one of these"</p>
            <ul role="list" aria-labelledby="samples-heading">
                {buttons}
            </ul>
        </div>
    }
}
