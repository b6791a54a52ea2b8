use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{DataTransfer, DragEvent, Element, Event};

use crate::browser;
use crate::session::Session;
use crate::text::{self, PictureSource};

/// Takes what is dropped anywhere on the page, and what is pasted; shows that the page would take
/// what is dragged.
#[component]
pub fn DropVeil() -> impl IntoView {
    let session = expect_context::<Session>();
    let dragging = RwSignal::new(false);
    // Entering a child comes before leaving its parent, so the page is left when as many were left
    // as entered.
    let inside = StoredValue::new(0_i32);
    let enter = move |by: i32| {
        let depth = inside.try_update_value(|depth| {
            *depth = (*depth + by).max(0);
            *depth
        });
        if dragging.get_untracked() != (depth != Some(0)) {
            dragging.set(depth != Some(0));
        }
    };

    let on_enter = window_event_listener(ev::dragenter, move |event| {
        if holds_picture(&event) {
            event.prevent_default();
            enter(1);
        }
    });
    let on_leave = window_event_listener(ev::dragleave, move |event| {
        if holds_picture(&event) {
            enter(-1);
        }
    });
    let on_over = window_event_listener(ev::dragover, move |event| {
        if is_ours(&event) {
            event.prevent_default();
            if let Some(transfer) = event.data_transfer() {
                transfer.set_drop_effect("copy");
            }
        }
    });
    let on_drop = window_event_listener(ev::drop, move |event| {
        inside.set_value(0);
        dragging.set(false);
        if is_ours(&event) {
            event.prevent_default();
            if let Some(transfer) = event.data_transfer() {
                session
                    .intake
                    .take_transfer(&transfer, PictureSource::Dropped);
            }
        }
    });
    let on_paste = window_event_listener(ev::paste, move |event| {
        let Some(transfer) = event.clipboard_data() else {
            return;
        };
        let has_picture = transfer.files().is_some_and(|files| files.length() > 0);
        let has_text = !transfer
            .get_data("text/plain")
            .unwrap_or_default()
            .is_empty();
        // Copied cells and paragraphs bring a picture of themselves: in a text field their text is
        // meant.
        if in_text_field(&event) && (has_text || !has_picture) {
            return;
        }
        event.prevent_default();
        session
            .intake
            .take_transfer(&transfer, PictureSource::Pasted);
    });
    on_cleanup(move || {
        on_enter.remove();
        on_leave.remove();
        on_over.remove();
        on_drop.remove();
        on_paste.remove();
    });

    view! {
        <div class="drop-veil" class:shown=dragging aria-hidden="true">
            <span>{text::DROP_IT}</span>
        </div>
    }
}

fn in_text_field(event: &Event) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| browser::is_text_field(&target))
}

/// Files, or an address: a picture that is dragged out of another page comes as one or the other.
fn holds_picture(event: &DragEvent) -> bool {
    let has = |transfer: DataTransfer| {
        let types = transfer.types();
        ["Files", "text/uri-list"].map(|kind| types.includes(&kind.into(), 0))
    };
    event
        .data_transfer()
        .is_some_and(|transfer| has(transfer).contains(&true))
}

/// Text and addresses dragged into a text field are the field's; all else is ours, lest the browser
/// leave the page to open it.
fn is_ours(event: &DragEvent) -> bool {
    let has_files = |transfer: DataTransfer| transfer.types().includes(&"Files".into(), 0);
    event.data_transfer().is_some_and(has_files) || !in_text_field(event)
}
