use leptos::html;
use leptos::prelude::*;

use cliplet_protocol::messages::StoredFile;

use crate::session::Session;
use crate::text;

/// The model files that the browser keeps, with how large they are, how much room is left, and a
/// way to delete them.
#[component]
pub fn KeptFiles() -> impl IntoView {
    let session = expect_context::<Session>();
    let files = move || {
        session
            .models
            .kept()
            .get()
            .map(|kept| kept.files)
            .unwrap_or_default()
    };
    let is_empty = move || {
        session
            .models
            .kept()
            .read()
            .as_ref()
            .is_some_and(|kept| kept.files.is_empty())
    };
    let room = move || session.models.kept().read().as_ref().map(text::room);
    let trouble = move || {
        let trouble = session.models.files_trouble().get();
        trouble.map(|trouble| view! { <p class="fault" role="alert">{trouble}</p> })
    };
    view! {
        <h3>"Kept in this browser"</h3>
        <div class="kept-files" data-testid="kept-files">
            <Show when=is_empty>
                <p>{text::NOTHING_KEPT}</p>
            </Show>
            <ul>
                <For each=files key=StoredFile::clone let(file)>
                    <KeptFile file />
                </For>
            </ul>
            {trouble}
            <p class="room">{room}</p>
        </div>
    }
}

#[component]
fn KeptFile(file: StoredFile) -> impl IntoView {
    let session = expect_context::<Session>();
    let asking = RwSignal::new(false);
    let (model, size) = (file.model.clone(), text::kept_size(&file));
    let (title, question) = (file.title.clone(), text::delete_question(&file));
    let label = format!("Delete {title}");
    let file = StoredValue::new(file);
    let model = StoredValue::new(model);
    let on_its_way = move || {
        let status = session.models.status().read();
        let loading = status.as_ref().and_then(|status| status.loading.as_ref());
        loading.is_some_and(|(loading, _)| model.with_value(|model| loading.id == *model))
    };
    let in_use = move || {
        let status = session.models.status().read();
        let answering = status.as_ref().and_then(|status| status.answering.as_ref());
        answering.is_some_and(|answering| model.with_value(|model| answering.id == *model))
    };
    // Whoever has the focus is never left without: it goes to the answer that does no harm, and
    // back to the question.
    let (keep, delete) = (
        NodeRef::<html::Button>::new(),
        NodeRef::<html::Button>::new(),
    );
    let ask = move |_| {
        asking.set(true);
        focus_soon(keep);
    };
    let leave = move |_| {
        asking.set(false);
        focus_soon(delete);
    };
    let answer = move || {
        let goes_on = in_use().then_some(text::GOES_ON_ANSWERING);
        view! {
            <p class="question" role="alert">
                {question.clone()} {goes_on.map(|goes_on| format!(" {goes_on}"))}
            </p>
            <div class="answers">
                <button type="button" class="button" on:click=leave node_ref=keep>
                    "Keep it"
                </button>
                <button
                    type="button"
                    class="button grave"
                    on:click=move |_| session.models.delete_file(file.get_value())
                >
                    "Delete it"
                </button>
            </div>
        }
    };
    view! {
        <li>
            <span class="name">{title}</span>
            <span class="size">{size}</span>
            <Show when=move || !on_its_way() fallback=|| view! { <span class="size">{text::ON_ITS_WAY}</span> }>
                <button
                    type="button"
                    class="link-button"
                    aria-label=label.clone()
                    prop:hidden=move || asking.get()
                    on:click=ask
                    node_ref=delete
                >
                    "Delete"
                </button>
            </Show>
            {move || (asking.get() && !on_its_way()).then(&answer)}
        </li>
    }
}

/// Gives a button the focus once it is drawn.
fn focus_soon(button: NodeRef<html::Button>) {
    request_animation_frame(move || {
        if let Some(button) = button.get_untracked() {
            button.focus().ok();
        }
    });
}
