use leptos::prelude::*;

use super::{ABOUT_BROWSER, OpenKeys, OpenModels, ThemeChoice};
use crate::browser;
use crate::session::Session;
use crate::text;

/// Where the picture goes, and where to read about the models, the browser, and all of it.
#[component]
pub fn Footer() -> impl IntoView {
    let open = expect_context::<OpenModels>();
    let keys = expect_context::<OpenKeys>();
    let session = expect_context::<Session>();
    // In a tab of its own: a page that is left loses the picture.
    let book = browser::book().map(|book| {
        view! { <a class="link-button" href=book target="_blank">{text::BOOK}</a> }
    });
    view! {
        <footer class="footer">
            <p>
                {text::PRIVACY}
                <Show when=move || session.offline.works_offline().get()>
                    <span data-testid="works-offline">" "{text::WORKS_OFFLINE}</span>
                </Show>
            </p>
            <nav aria-label="More about Cliplet">
                <button type="button" class="link-button" on:click=move |_| open.run(session)>
                    "About the models"
                </button>
                <a class="link-button" href=format!("#{ABOUT_BROWSER}")>
                    {text::capabilities::HEADING}
                </a>
                <button type="button" class="link-button with-mouse" on:click=move |_| keys.run()>
                    {text::KEYS}
                </button>
                {book}
                <ThemeChoice />
            </nav>
        </footer>
    }
}
