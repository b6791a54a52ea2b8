use std::collections::HashMap;

use leptos::ev::{FocusEvent, KeyboardEvent, MouseEvent, PointerEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement};

use super::LabelRow;
use crate::browser;
use crate::controllers::View;
use crate::session::Session;
use crate::state::labels::{LabelId, tidy};

/// The labels and their scores, one list. Its listeners serve all rows, so that a thousand rows
/// cost no thousand listeners.
#[component]
pub fn LabelList(
    /// The field that adds labels, which the focus goes to from the last row.
    adder: NodeRef<html::Input>,
) -> impl IntoView {
    let session = expect_context::<Session>();
    // What the row with the focus read when it got it.
    let before = StoredValue::new(None::<(LabelId, String)>);
    let text_before = move |label: LabelId| {
        before.with_value(|before| {
            before
                .as_ref()
                .filter(|(id, _)| *id == label)
                .map(|(_, text)| text.clone())
        })
    };

    let go_to =
        move |element: Option<Element>| match element.and_then(|element| element.dyn_into().ok()) {
            Some(element) => focus(&element),
            None => {
                if let Some(adder) = adder.get_untracked() {
                    adder.focus().ok();
                }
            }
        };

    // One stop for the Tab key, however long the list is: the control that had the focus last.
    let stop = move |at: &Element| {
        let list = session.labels.list().get_untracked();
        let before = list.and_then(|list| list.query_selector(STOP).ok()?);
        if let Some(before) = before.filter(|before| before != at) {
            before.set_attribute("tabindex", "-1").ok();
        }
        at.set_attribute("tabindex", "0").ok();
    };
    Effect::new(move || {
        session.labels.rows().track();
        // Once the rows are drawn.
        request_animation_frame(move || {
            let list = session.labels.list().get_untracked();
            let Some(list) = list.filter(|list| matches!(list.query_selector(STOP), Ok(None)))
            else {
                return;
            };
            if let Ok(Some(first)) = list.query_selector("input") {
                stop(&first);
            }
        });
    });

    let on_focusin = move |event: FocusEvent| {
        if let Some(control) = element(&event).filter(is_control) {
            stop(&control);
        }
        if let Some((_, label)) = field_of(&event) {
            session.query.end_change();
            before.set_value(Some((label, session.labels.text(label))));
        }
    };

    let on_focusout = move |event: FocusEvent| {
        // A window that loses the focus keeps it for later: nobody has left the row.
        let Some((field, label)) =
            field_of(&event).filter(|_| document().has_focus().unwrap_or(true))
        else {
            return;
        };
        let text = tidy(&field.value());
        if text.is_empty() {
            session.labels.remove(label, text_before(label));
        } else if text != field.value() {
            field.set_value(&text);
            session.labels.edit(label, &text);
        }
        session.query.end_change();
    };

    let on_input = move |event: Event| {
        if let Some((field, label)) = field_of(&event) {
            session.labels.edit(label, &field.value());
        }
    };

    let on_keydown = move |event: KeyboardEvent| {
        if let Some(control) = element(&event).filter(is_control)
            && !event.is_composing()
            && let Some(next) = beside(&control, &event)
        {
            event.prevent_default();
            return focus(&next);
        }
        let within = element(&event).and_then(|element| element.closest(".label-details").ok()?);
        if event.key() == "Escape"
            && let Some(label) = within.as_ref().and_then(browser::label_of)
        {
            event.prevent_default();
            session.label_details.toggle(label);
            let more = within.and_then(|details| {
                details
                    .parent_element()?
                    .query_selector("[data-deed=more]")
                    .ok()?
            });
            return go_to(more);
        }
        let Some((field, label)) = field_of(&event).filter(|_| !event.is_composing()) else {
            return;
        };
        let row = field.closest("li").ok().flatten();
        let next = row
            .as_ref()
            .and_then(Element::next_element_sibling)
            .and_then(|row| row.query_selector("input").ok()?);
        let previous = row
            .as_ref()
            .and_then(Element::previous_element_sibling)
            .and_then(|row| row.query_selector("input").ok()?);
        match event.key().as_str() {
            "Enter" => {
                event.prevent_default();
                go_to(next);
                session.scoring.ask_now();
            }
            "ArrowUp" | "ArrowDown" if event.alt_key() => {
                event.prevent_default();
                session.scoring.move_label(label, event.key() == "ArrowUp");
            }
            "ArrowDown" if next.is_some() => {
                event.prevent_default();
                go_to(next);
            }
            "ArrowUp" => {
                event.prevent_default();
                go_to(previous);
            }
            "Escape" => {
                if let Some(text) = text_before(label) {
                    event.prevent_default();
                    field.set_value(&text);
                    session.labels.edit(label, &text);
                }
            }
            "Backspace" if field.value().is_empty() => {
                event.prevent_default();
                session.labels.remove(label, text_before(label));
                go_to(previous);
            }
            "Delete" if field.value().is_empty() => {
                event.prevent_default();
                session.labels.remove(label, text_before(label));
                go_to(next.or(previous));
            }
            _ => {}
        }
    };

    let remove = move |button: &Element, label: LabelId| {
        let row = button.closest("li").ok().flatten();
        let neighbour = row.and_then(|row| {
            row.next_element_sibling()
                .or_else(|| row.previous_element_sibling())
        });
        session.labels.remove(label, None);
        go_to(neighbour.and_then(|row| row.query_selector("[data-deed=remove]").ok()?));
    };

    let on_click = move |event: MouseEvent| {
        let Some(button) = element(&event).and_then(|element| element.closest("button").ok()?)
        else {
            return;
        };
        let Some(label) = browser::label_of(&button) else {
            return;
        };
        match &*button.get_attribute("data-deed").unwrap_or_default() {
            "why" => session.why.toggle(label),
            "more" => session.label_details.toggle(label),
            "up" => session.scoring.move_label(label, true),
            "down" => session.scoring.move_label(label, false),
            "filter" => session.collection.toggle_filter(label_number(&button)),
            "switch" => session.labels.switch(label, !session.labels.is_off(label)),
            "colon" => session.labels.keep_colon(label),
            "remove" => remove(&button, label),
            _ => {}
        }
    };

    // Which label is dragged.
    let dragged = StoredValue::new(None::<LabelId>);
    let on_pointerdown = move |event: PointerEvent| {
        let handle = element(&event).filter(|element| element.has_attribute("data-handle"));
        let Some(handle) = handle.filter(|_| event.button() == 0) else {
            return;
        };
        event.prevent_default();
        session.query.end_change();
        dragged.set_value(browser::label_of(&handle));
        // The row itself will be moved, which would end its capture.
        if let Some(list) = session.labels.list().get_untracked() {
            list.set_pointer_capture(event.pointer_id()).ok();
            list.set_attribute(browser::DRAGGING, "").ok();
        }
    };
    let on_pointermove = move |event: PointerEvent| {
        let Some(label) = dragged.get_value() else {
            return;
        };
        let (x, y) = (event.client_x() as f32, event.client_y() as f32);
        let under = document().element_from_point(x, y);
        let under = under.and_then(|element| element.closest("li.label-row").ok()?);
        let Some((row, other)) =
            under.and_then(|row| Some((row.clone(), browser::label_of(&row)?)))
        else {
            return;
        };
        if other == label {
            return;
        }
        // Above the other's middle it comes to stand before it, below behind it.
        let place = row.get_bounding_client_rect();
        let before = if f64::from(y) < place.top() + place.height() / 2.0 {
            Some(other)
        } else {
            row.next_element_sibling()
                .and_then(|row| browser::label_of(&row))
        };
        if before != Some(label) {
            session.scoring.drag_label(label, before);
        }
    };
    let on_pointerup = move |_: PointerEvent| {
        if dragged.try_update_value(Option::take).flatten().is_some() {
            session.query.end_change();
            if let Some(list) = session.labels.list().get_untracked() {
                list.remove_attribute(browser::DRAGGING).ok();
            }
        }
    };

    let in_grid = move || session.collection.view().get() == View::Grid;
    // Of all pictures, where they are in sight: how many each label fits best.
    let pictures = Memo::new(move |_| {
        if in_grid() {
            pictures_of(session.collection.counts().0)
        } else {
            HashMap::new()
        }
    });

    view! {
        <ol
            node_ref=session.labels.list()
            class="label-list"
            role="list"
            aria-label="Labels and scores"
            class:scored=move || session.scoring.scored_by().read().is_some() && !in_grid()
            class:stale=session.scoring.stale()
            class:movable=move || session.scoring.scored_by().read().is_none() || session.scoring.shown().get().own_order
            class:own-order=move || session.scoring.shown().get().own_order
            class:none-fits=move || session.scoring.none_fits().read().is_some()
            style=("--full", move || session.scoring.full_bar().get().to_string())
            data-settled=move || session.scoring.settled().get().to_string()
            on:focusin=on_focusin
            on:focusout=on_focusout
            on:input=on_input
            on:keydown=on_keydown
            on:click=on_click
            on:pointerdown=on_pointerdown
            on:pointermove=on_pointermove
            on:pointerup=on_pointerup
            on:pointercancel=on_pointerup
        >
            <For each=move || session.labels.rows().get() key=|row| row.id children=move |row| view! { <LabelRow row pictures /> } />
        </ol>
    }
}

/// How many pictures a label fits best.
#[derive(Clone, Copy, PartialEq)]
pub struct Pictures {
    /// The label's number among those that the pictures are judged by.
    pub number: u32,
    /// How many pictures.
    pub count: usize,
    /// Which share of all that a label fits.
    pub share: f32,
}

/// By label.
fn pictures_of(counts: Vec<(u32, String, usize)>) -> HashMap<String, Pictures> {
    let all: usize = counts.iter().map(|(_, _, count)| count).sum();
    let each = counts.into_iter().map(|(number, label, count)| {
        let share = count as f32 / all.max(1) as f32;
        let pictures = Pictures {
            number,
            count,
            share,
        };
        (label, pictures)
    });
    each.collect()
}

/// The number of a label, which its row's button for pictures has.
fn label_number(button: &Element) -> Option<u32> {
    button.get_attribute("data-number")?.parse().ok()
}

/// Where the Tab key stops in the list.
const STOP: &str = ".label-row > [tabindex='0']";

/// Whether an element is one of a row's own controls.
fn is_control(element: &Element) -> bool {
    let row = element.parent_element();
    row.is_some_and(|row| row.class_list().contains("label-row"))
        && element.matches("input, button").unwrap_or_default()
}

/// The control that an arrow key leads to: beside this one in its row, or from a button to the same
/// one of the next row. In a field, arrows move the caret first.
fn beside(control: &Element, event: &KeyboardEvent) -> Option<HtmlElement> {
    let modified = event.alt_key() || event.ctrl_key() || event.meta_key() || event.shift_key();
    if modified {
        return None;
    }
    let field = control.dyn_ref::<HtmlInputElement>();
    let row = control.parent_element()?;
    let children = std::iter::successors(row.first_element_child(), |child| {
        child.next_element_sibling()
    });
    let controls: Vec<Element> = children.filter(is_control).collect();
    let here = controls.iter().position(|other| other == control)?;
    let other_row = match (&*event.key(), field) {
        ("ArrowRight", Some(field)) => {
            let end = field.value().encode_utf16().count() as u32;
            let at_end = field.selection_start().ok()? == Some(end);
            return controls
                .get(here + 1)
                .filter(|_| at_end)?
                .clone()
                .dyn_into()
                .ok();
        }
        ("ArrowRight", None) => return controls.get(here + 1)?.clone().dyn_into().ok(),
        ("ArrowLeft", None) => return controls.get(here.checked_sub(1)?)?.clone().dyn_into().ok(),
        ("ArrowDown", None) => row.next_element_sibling()?,
        ("ArrowUp", None) => row.previous_element_sibling()?,
        _ => return None,
    };
    let deed = control.get_attribute("data-deed")?;
    let same = other_row.query_selector(&format!("[data-deed={deed}]"));
    same.ok()??.dyn_into().ok()
}

/// Puts the focus into the first row, if there is one.
pub fn focus_first_row(session: Session) {
    let first = session
        .labels
        .list()
        .get_untracked()
        .and_then(|list| list.query_selector("input").ok()?);
    if let Some(first) = first.and_then(|first| first.dyn_into().ok()) {
        focus(&first);
    }
}

fn focus(element: &HtmlElement) {
    element.focus().ok();
    if let Some(field) = element.dyn_ref::<HtmlInputElement>() {
        let end = field.value().encode_utf16().count() as u32;
        field.set_selection_range(end, end).ok();
    }
}

fn element(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// The row's field that an event happened in, and the row's label.
fn field_of(event: &Event) -> Option<(HtmlInputElement, LabelId)> {
    let field = element(event)?.dyn_into::<HtmlInputElement>().ok()?;
    let label = browser::label_of(&field)?;
    Some((field, label))
}
