//! The page inside other people's pages.

use leptos::prelude::*;

use crate::app::{in_pieces, listen};
use crate::components::{
    Announcer, CameraStage, DropVeil, EmbedFooter, LabelPanel, SearchPanel, Stage,
};
use crate::host::Host;
use crate::session::Session;
use crate::state::embed::settings::{Fault, Mode, Settings};

/// Everything the reader sees, in little room.
#[component]
pub fn Embedded(
    /// What the page around has set.
    settings: Settings,
    /// The page around, if it listens.
    host: Option<Host>,
    /// What it has set and what cannot be used.
    faults: Vec<Fault>,
) -> impl IntoView {
    let session = Session::embedded(settings, host);
    provide_context(session);
    listen(session);
    session.embed.begin(faults);
    let piece = in_pieces(move || {
        session.start();
        session.embed.say_shown();
    });
    let labels = move || {
        view! {
            <Show when=move || { piece.get() >= 2 } fallback=|| view! { <section class="label-panel"></section> }>
                <LabelPanel />
            </Show>
        }
    };
    let inside = move || match session.frame.mode().get() {
        Mode::Search => view! { <SearchPanel /> }.into_any(),
        Mode::Classify => view! { <Stage /> {labels()} }.into_any(),
        Mode::Camera => view! { <CameraStage /> {labels()} }.into_any(),
    };
    view! {
        <main class="main">{inside}</main>
        <EmbedFooter />
        <DropVeil />
        <Announcer />
    }
}
