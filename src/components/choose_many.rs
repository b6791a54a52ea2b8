use leptos::ev::Event;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use crate::controllers::View;
use crate::files;
use crate::session::Session;
use crate::text::collection as words;

/// The ways to many pictures: a folder, those that were open just now, those of the last visit.
#[component]
pub fn ChooseMany() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    let closed = move || many.view().get() == View::Closed;
    let open_again = move || {
        let count = many.count();
        (closed() && count > 0).then(|| {
            view! {
                <button type="button" class="link-button" on:click=move |_| session.collection.open()>
                    {words::open_again(count)}
                </button>
            }
        })
    };
    let open_kept = move || {
        let kept = many.kept().get();
        (closed() && kept > 0 && many.count() == 0).then(|| {
            view! {
                <button type="button" class="link-button" data-testid="open-kept" on:click=move |_| session.collection.open_kept()>
                    {words::open_kept(kept)}
                </button>
            }
        })
    };
    view! {
        {open_again}
        {open_kept}
        <FolderField class="link-button" />
    }
}

/// The button that asks for a folder, where the browser can.
#[component]
pub fn FolderField(
    /// What it looks like.
    class: &'static str,
) -> impl IntoView {
    let session = expect_context::<Session>();
    let field = NodeRef::<html::Input>::new();
    Effect::new(move || {
        // Not among the attributes that the view knows.
        if let Some(field) = field.get() {
            field.set_attribute("webkitdirectory", "").ok();
        }
    });
    let on_change = move |event: Event| {
        let field = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        if let Some(field) = field {
            if let Some(files) = field.files()
                && files.length() > 0
            {
                session.intake.take_chosen(&files, true);
            }
            field.set_value("");
        }
    };
    files::can_choose_folder().then(|| {
        view! {
            <label class=format!("{class} folder-field")>
                <input
                    class="visually-hidden"
                    type="file"
                    multiple
                    node_ref=field
                    data-testid="folder-input"
                    on:change=on_change
                />
                {words::CHOOSE_FOLDER}
            </label>
        }
    })
}
