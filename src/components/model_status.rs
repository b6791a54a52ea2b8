use leptos::prelude::*;

use crate::engine::EngineStatus;
use crate::session::Session;
use crate::text;

/// How the model is, in a line, with what can be done about it.
#[component]
pub fn ModelStatus() -> impl IntoView {
    let session = expect_context::<Session>();

    let state = move || match session.models.status().read().as_ref() {
        _ if session.models.no_catalogue().get() => "error",
        Some(status) => status.state.name(),
        None => "none",
    };
    let line = Memo::new(move |_| {
        if let Some(trouble) = session.engine.trouble() {
            return trouble;
        }
        if session.models.no_catalogue().get() {
            return text::NO_CATALOGUE.to_owned();
        }
        session
            .models
            .status()
            .read()
            .as_ref()
            .map_or_else(|| text::STARTING.to_owned(), text::model_status)
    });
    let arrived = Memo::new(move |_| {
        let status = session.models.status().read();
        let (_, stage) = status.as_ref()?.loading.as_ref()?;
        stage.thousandths()
    });
    let progress = move || {
        arrived.get().map(|thousandths| {
            view! {
                <progress class="progress" aria-label="Model fetched" max="1000" prop:value=u32::from(thousandths)></progress>
            }
        })
    };
    let troubled = move || {
        let status = session.models.status().read();
        status
            .as_ref()
            .is_some_and(|status| status.trouble.is_some())
    };
    let offer = Memo::new(move |_| {
        let status = session.models.status().get()?;
        let offer = status.offer?;
        Some((offer, text::offer(offer, status.wanted.as_ref())))
    });
    let button = move || {
        let died = matches!(session.engine.status().get(), Some(EngineStatus::Died(_)));
        if died {
            return Some(
                view! { <StatusButton name="Start again".to_owned() run=move || session.start_again() /> },
            );
        }
        if session.models.no_catalogue().get() {
            let run = move || session.models.fetch_catalogue();
            return Some(view! { <StatusButton name="Try again".to_owned() run /> });
        }
        offer.get().map(
            |(offer, name)| view! { <StatusButton name run=move || session.models.take_offer(offer) /> },
        )
    };

    // A sentence of another kind is another element: it takes the place of the one before, and is
    // not that one moved.
    let kind = move || [(state(), troubled())];
    view! {
        <div class="model-status" role="group" aria-label="Model" class:troubled=troubled data-testid="model-status" data-state=state>
            <span class="dot" aria-hidden="true"></span>
            <For each=kind key=Clone::clone let(_)>
                <p class="line">{line}</p>
            </For>
            {progress}
            {button}
        </div>
    }
}

#[component]
fn StatusButton(name: String, #[prop(into)] run: Callback<()>) -> impl IntoView {
    view! {
        <button type="button" class="button" on:click=move |_| run.run(())>
            {name}
        </button>
    }
}
