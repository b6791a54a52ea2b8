//! The page as a whole.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};

use crate::browser;
use crate::components::{
    AboutBrowser, Announcer, CameraStage, Collection, DropVeil, Footer, Header, KeysDialog,
    LabelPanel, LabelSetsDialog, LinkNote, ModelsDialog, OpenKeys, OpenLabelSets, OpenModels,
    OpenShare, ProbePanel, ShareDialog, Stage, UpdateNote,
};
use crate::controllers::View;
use crate::session::Session;

/// Draws in three pieces: gives the number of the one that is drawn now, from 1 on. `then` comes
/// with the last.
///
/// A function of WebAssembly is compiled when it first runs, so drawing takes long the first time:
/// a piece in a task.
pub(crate) fn in_pieces(then: impl Fn() + 'static) -> RwSignal<u32> {
    let piece = RwSignal::new(0);
    browser::in_steps(move || {
        piece.update(|piece| *piece += 1);
        let all = piece.get_untracked() == 3;
        if all {
            then();
        }
        !all
    });
    piece
}

/// Everything the person sees.
#[component]
pub fn App(
    /// What stands in the place of the labels until they are drawn, as HTML.
    labels: String,
) -> impl IntoView {
    let session = Session::restored();
    provide_context(session);
    provide_context(OpenModels::new());
    provide_context(OpenLabelSets::new());
    provide_context(OpenShare::default());
    provide_context(OpenKeys::default());
    listen(session);
    let piece = in_pieces(move || session.start());
    view! {
        <Header />
        <main
            class="main"
            class:with-many=move || session.collection.view().get() != View::Closed
            class:looking-over=move || session.collection.view().get() == View::Grid
            class:by-probe=move || session.collection.by_probe().get()
        >
            <Collection />
            <Show when=move || session.camera.open().get() fallback=Stage>
                <CameraStage />
            </Show>
            <Show when=move || { piece.get() >= 2 } fallback=move || view! { <section class="label-panel" inner_html=labels.clone()></section> }>
                <LabelPanel />
                <Show when=move || session.collection.by_probe().get()>
                    <ProbePanel />
                </Show>
            </Show>
        </main>
        <Footer />
        <Show when=move || { piece.get() >= 3 }>
            <ModelsDialog />
            <LabelSetsDialog />
            <AboutBrowser />
            <ShareDialog />
            <KeysDialog />
        </Show>
        <UpdateNote />
        <LinkNote />
        <DropVeil />
        <Announcer />
    }
}

/// What the session hears of the window, for as long as the page lives.
pub(crate) fn listen(session: Session) {
    let in_field = |event: &web_sys::Event| {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        target.is_some_and(|target| browser::is_text_field(&target))
    };
    let _ = window_event_listener(ev::keydown, move |event| {
        let typed = in_field(&event);
        if typed {
            session.scoring.typed();
        }
        // What is typed into other fields, the browser takes back itself.
        if event.default_prevented() || (typed && !takes_back_as_a_whole(&event)) {
            return;
        }
        let with_control = (event.ctrl_key() || event.meta_key()) && !event.alt_key();
        match (&*event.key().to_lowercase(), event.shift_key()) {
            ("z", false) if with_control => session.undo(),
            ("z", true) | ("y", false) if with_control => session.query.redo(),
            _ => return,
        }
        event.prevent_default();
    });
    let _ = window_event_listener(ev::input, move |event| {
        if in_field(&event) {
            session.scoring.typed();
        }
    });
    let _ = window_event_listener(ev::compositionstart, move |_| {
        session.scoring.composing(true)
    });
    let _ = window_event_listener(ev::compositionend, move |_| {
        session.scoring.composing(false)
    });
    let _ = window_event_listener(ev::online, move |_| session.models.online());
    let _ = window_event_listener_untyped("pagehide", move |_| session.autosave.now());
}

/// Whether a key was pressed in a field whose text is taken back with all else about labels: a
/// label's, or the empty one that adds labels.
fn takes_back_as_a_whole(event: &web_sys::Event) -> bool {
    let target = event.target();
    let field = target.and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
    field.is_some_and(|field| {
        browser::label_of(&field).is_some()
            || (field.matches("[data-testid=label-input]").unwrap_or(false)
                && field.value().is_empty())
    })
}
