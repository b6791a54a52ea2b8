use leptos::ev::{MouseEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;

use crate::session::Session;
use crate::state::label_sets::{OwnSet, ReadySet};
use crate::text;
use crate::text::labels as words;

/// Opens the dialogue of label sets; given to all components as context.
#[derive(Clone, Copy)]
pub struct OpenLabelSets(NodeRef<html::Dialog>);

impl OpenLabelSets {
    /// For a dialogue that will stand in this node.
    pub fn new() -> Self {
        Self(NodeRef::new())
    }

    /// Opens it, with what there is by now.
    pub fn run(self, session: Session) {
        session.label_sets.list();
        if let Some(dialog) = self.0.get_untracked() {
            dialog.show_modal().ok();
        }
    }

    fn close(self) {
        if let Some(dialog) = self.0.get_untracked() {
            dialog.close();
        }
    }
}

impl Default for OpenLabelSets {
    fn default() -> Self {
        Self::new()
    }
}

/// Sets of labels: the person's own, to keep, take, rename and delete, and those that come with the
/// page.
#[component]
pub fn LabelSetsDialog() -> impl IntoView {
    let session = expect_context::<Session>();
    let open = expect_context::<OpenLabelSets>();
    let OpenLabelSets(dialog) = open;
    let name = NodeRef::<html::Input>::new();
    // A click beside the dialogue is one on its backdrop, which counts as the dialogue itself.
    let on_click = move |event: MouseEvent| {
        let target = event.target();
        if dialog
            .get_untracked()
            .is_some_and(|dialog| target.as_ref() == Some(&dialog))
        {
            open.close();
        }
    };
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(name) = name.get_untracked()
            && session.label_sets.save(&name.value())
        {
            name.set_value("");
        }
    };
    let said = move || {
        let undo = session.label_sets.can_be_undone().get().then(|| {
            view! {
                <button type="button" class="button" on:click=move |_| session.label_sets.undo()>
                    {text::UNDO}
                </button>
            }
        });
        session
            .label_sets
            .said()
            .get()
            .map(|said| view! { <p>{said}</p> {undo} })
    };
    let own = move || {
        let sets = session.label_sets.own().get();
        if sets.is_empty() {
            view! { <p class="hint">{words::NO_OWN_SETS}</p> }.into_any()
        } else {
            let sets = sets.into_iter().map(|set| view! { <OwnSetEntry set /> });
            view! { <ul class="sets">{sets.collect_view()}</ul> }.into_any()
        }
    };
    let ready = move || {
        let sets = session.label_sets.ready().get().into_iter();
        sets.map(|set| view! { <ReadySetEntry set /> })
            .collect_view()
    };
    view! {
        <dialog node_ref=dialog class="dialog label-sets-dialog" aria-labelledby="label-sets-heading" on:click=on_click>
            <div class="inside">
                <div class="dialog-head">
                    <h2 id="label-sets-heading">"Label sets"</h2>
                    <button type="button" class="icon-button" aria-label="Close" on:click=move |_| open.close()>
                        "✕"
                    </button>
                </div>
                <div class="said" aria-live="polite">
                    {said}
                </div>
                <h3>"Yours"</h3>
                <form class="line" on:submit=save>
                    <input
                        node_ref=name
                        class="field"
                        type="text"
                        dir="auto"
                        aria-label="Name this set"
                        placeholder="Name this set"
                        autocomplete="off"
                    />
                    <button type="submit" class="button">
                        "Keep"
                    </button>
                </form>
                {own}
                <h3>"Ready"</h3>
                <ul class="sets">{ready}</ul>
            </div>
        </dialog>
    }
}

#[component]
fn OwnSetEntry(set: OwnSet) -> impl IntoView {
    let session = expect_context::<Session>();
    let open = expect_context::<OpenLabelSets>();
    let renaming = RwSignal::new(false);
    let field = NodeRef::<html::Input>::new();
    let count = text::label_count(set.labels.len());
    let (rename_label, delete_label) = (
        format!("Rename {}", set.name),
        format!("Delete {}", set.name),
    );
    let set = StoredValue::new(set);
    let name = move || set.with_value(|set| set.name.clone());
    let rename = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(field) = field.get_untracked() {
            session.label_sets.rename(&name(), &field.value());
        }
    };
    // The field is there as soon as this has been drawn.
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            field.select();
        }
    });
    let head = move || {
        if renaming.get() {
            view! {
            <form class="line" on:submit=rename>
                <input node_ref=field class="field" type="text" dir="auto" aria-label="New name" value=name() autocomplete="off" />
                <button type="submit" class="button">
                    "Rename"
                </button>
                <button type="button" class="link-button" on:click=move |_| renaming.set(false)>
                    "Cancel"
                </button>
            </form>
        }
        .into_any()
        } else {
            view! {
                <button
                    type="button"
                    class="link-button name"
                    on:click=move |_| {
                        set.with_value(|set| session.label_sets.load_own(set));
                        open.close();
                    }
                >
                    <bdi>{name()}</bdi>
                </button>
                <span class="count">{count.clone()}</span>
                <span class="actions">
                    <button
                        type="button"
                        class="link-button"
                        aria-label=rename_label.clone()
                        on:click=move |_| renaming.set(true)
                    >
                        "Rename"
                    </button>
                    <button
                        type="button"
                        class="link-button"
                        aria-label=delete_label.clone()
                        on:click=move |_| session.label_sets.delete(&name())
                    >
                        "Delete"
                    </button>
                </span>
            }
            .into_any()
        }
    };
    view! { <li>{head}</li> }
}

#[component]
fn ReadySetEntry(set: ReadySet) -> impl IntoView {
    let session = expect_context::<Session>();
    let open = expect_context::<OpenLabelSets>();
    let source_label = format!("Source of {}", set.name);
    let (name, count) = (set.name.clone(), text::label_count(set.count));
    let (about, source) = (set.about.clone(), set.source.clone());
    let load = move |_| {
        session.label_sets.load_ready(set.clone(), move |came| {
            if came {
                open.close();
            }
        });
    };
    view! {
        <li>
            <button type="button" class="link-button name" on:click=load>
                {name}
            </button>
            <span class="count">{count}</span>
            <span class="actions">
                <a href=source target="_blank" rel="noopener noreferrer" aria-label=source_label>
                    "Source"
                </a>
            </span>
            <p class="about">{about}</p>
        </li>
    }
}
