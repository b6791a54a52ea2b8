use leptos::prelude::*;

use crate::controllers::LinkContents;
use crate::session::Session;
use crate::text;

/// What a link has brought, with buttons to take it, to take it back, and to take its model.
#[component]
pub fn LinkNote() -> impl IntoView {
    let session = expect_context::<Session>();
    let labels = move || {
        let brought = session.link.contents().get().filter(LinkContents::is_new)?;
        Some(if brought.taken {
            view! {
                <p role="status">{text::link_taken(&brought.labels, &brought.templates)}</p>
                <button type="button" class="button" on:click=move |_| session.link.undo()>
                    {text::UNDO}
                </button>
            }
            .into_any()
        } else {
            view! {
                <p role="status">{text::link_offers(&brought.labels, &brought.templates)}</p>
                <button type="button" class="button" on:click=move |_| session.link.accept()>
                    {text::USE_LINK}
                </button>
            }
            .into_any()
        })
    };
    let model = move || {
        session.link.model().map(|model| match model {
            None => view! { <p>{text::LINK_MODEL_UNKNOWN}</p> }.into_any(),
            Some(model) => {
                let use_it = text::use_model(&model.name, &text::model_size(&model));
                view! {
                    <p>{text::link_model(&model.name)}</p>
                    <button type="button" class="button" on:click=move |_| session.link.use_model(&model)>
                        {use_it}
                    </button>
                }
                .into_any()
            }
        })
    };
    let has_something = move || {
        let news = session
            .link
            .contents()
            .read()
            .as_ref()
            .is_some_and(LinkContents::is_new);
        news || session.link.model().is_some()
    };
    view! {
        <Show when=has_something>
            <div class="link-note" data-testid="link-note">
                {labels} {model}
                <button
                    type="button"
                    class="icon-button"
                    aria-label="Dismiss"
                    on:click=move |_| session.link.dismiss()
                >
                    "✕"
                </button>
            </div>
        </Show>
    }
}
