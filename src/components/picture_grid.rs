use std::collections::HashSet;

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, Url};

use cliplet_protocol::collection::ItemId;

use crate::browser::{self, Sizes};
use crate::controllers::Tool;
use crate::session::Session;
use crate::state::collection::Standing;
use crate::state::grid::Grid;
use crate::text;

/// Pictures that are drawn for the first time in one frame.
const NEW_IN_A_FRAME: usize = 16;

/// All pictures that are shown, of which only those in sight are drawn. One of them at a time can
/// be reached with the Tab key, the others from there with the arrow keys.
#[component]
pub fn PictureGrid() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    let scroller = NodeRef::<html::Div>::new();
    let list = NodeRef::<html::Ul>::new();
    let grid = RwSignal::new(Grid::default());
    let measure = move || {
        if let (Some(element), Some(list)) = (scroller.get_untracked(), list.get_untracked()) {
            let new = Grid::new(
                f64::from(list.client_width()),
                f64::from(element.client_height()),
                f64::from(element.scroll_top()),
            );
            if grid.get_untracked() != new {
                grid.set(new);
            }
        }
    };
    let came_from = many.take_last_shown();
    // When it is drawn, and when what stands around it or a scroll bar leaves it more room, or
    // less.
    let sizes = StoredValue::new_local(Vec::new());
    let follow = move |element: &Element| {
        let hear = move || request_animation_frame(measure);
        sizes.update_value(|sizes| sizes.push(Sizes::of(element, hear)));
    };
    scroller.on_load(move |element| follow(&element));
    list.on_load(move |element| follow(&element));

    // The picture that has the focus, or would get it.
    let current = RwSignal::new(None::<ItemId>);
    let place = move || {
        let order = many.order().read();
        let at = current
            .get()
            .and_then(|id| order.iter().position(|other| *other == id));
        at.unwrap_or_default()
    };
    // New ones are drawn a few in each frame, so that no frame is long.
    let frame = RwSignal::new(0);
    let known = StoredValue::new(HashSet::<ItemId>::new());
    let drawn = Memo::new(move |_| {
        frame.track();
        let order = many.order().read();
        let mut drawn: Vec<(usize, ItemId)> = grid
            .get()
            .in_sight(order.len())
            .map(|at| (at, order[at]))
            .collect();
        let mut new = 0;
        known.with_value(|known| {
            drawn.retain(|(_, id)| {
                let draws = known.contains(id) || new < NEW_IN_A_FRAME;
                new += usize::from(!known.contains(id));
                draws
            });
        });
        if new > NEW_IN_A_FRAME {
            request_animation_frame(move || frame.update(|frame| *frame += 1));
        }
        // Whoever has the focus is never taken away.
        let place = place();
        if let Some(id) = order.get(place)
            && !drawn.iter().any(|(at, _)| *at == place)
        {
            drawn.push((place, *id));
            drawn.sort_unstable();
        }
        known.set_value(drawn.iter().map(|(_, id)| *id).collect());
        if let Some(id) = focused() {
            // The list may move its element, which loses the focus by that, before others.
            request_animation_frame(move || {
                if focused_element().is_none_or(|element| element.tag_name() == "BODY") {
                    focus(id);
                }
            });
        }
        drawn
    });
    // The one that the Tab key reaches.
    let reached = Memo::new(move |_| many.order().read().get(place()).copied());
    let go_to = move |at: usize| {
        let Some(id) = many.order().with_untracked(|order| order.get(at).copied()) else {
            return;
        };
        current.set(Some(id));
        if let Some(element) = scroller.get_untracked() {
            let top = grid.get_untracked().scrolled_to(at);
            if let Some(top) = top {
                element.set_scroll_top(top as i32);
                measure();
            }
        }
        request_animation_frame(move || focus(id));
    };
    // Who comes back from a picture is where it is among all.
    list.on_load(move |_| {
        request_animation_frame(move || {
            measure();
            let order = many.order().read_untracked();
            let at = came_from.and_then(|id| order.iter().position(|other| *other == id));
            drop(order);
            if let Some(at) = at {
                go_to(at);
            }
        });
    });
    let on_key = move |event: KeyboardEvent| {
        let count = many.order().with_untracked(Vec::len);
        let from = untrack(place);
        let to = grid.get_untracked().moved(from, &event.key(), count);
        if let Some(to) = to.filter(|_| !event.ctrl_key() && !event.meta_key() && !event.alt_key())
        {
            event.prevent_default();
            go_to(to);
        } else if event.key() == "Delete" {
            let selected = many.selected().get_untracked();
            let items = if selected.is_empty() {
                many.order()
                    .with_untracked(|order| order.get(from).copied())
                    .into_iter()
                    .collect()
            } else {
                selected.into_iter().collect()
            };
            session.collection.take_out(items);
            // To what is in its place now, or to what brings it back.
            let left = many.order().with_untracked(Vec::len);
            match left.checked_sub(1) {
                Some(last) => go_to(from.min(last)),
                None => browser::focus_soon("[data-testid=undo-note] button"),
            }
        }
    };
    let nothing = move || {
        (many.order().read().is_empty() && many.progress().read().all > 0)
            .then(|| view! { <p class="hint">{text::collection::NONE_SHOWN}</p> })
    };
    view! {
        <div
            class="picture-grid"
            data-testid="picture-grid"
            node_ref=scroller
            on:scroll=move |_| measure()
            on:keydown=on_key
        >
            {nothing}
            <ul
                role="list"
                aria-label="Pictures"
                node_ref=list
                style=("height", move || format!("{}px", grid.get().height(many.order().read().len())))
            >
                <For each=move || drawn.get() key=|(_, id)| *id let((_, id))>
                    <Cell id grid drawn reached current />
                </For>
            </ul>
        </div>
    }
}

/// What the ids of pictures' elements begin with.
const PREFIX: &str = "picture-";

fn element_id(id: ItemId) -> String {
    format!("{PREFIX}{id}")
}

fn focused_element() -> Option<Element> {
    document().active_element()
}

/// The picture that has the focus, if one has.
fn focused() -> Option<ItemId> {
    focused_element()?.id().strip_prefix(PREFIX)?.parse().ok()
}

fn focus(id: ItemId) {
    let element = document().get_element_by_id(&element_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        element.focus().ok();
    }
}

/// One picture of the grid.
#[component]
fn Cell(
    id: ItemId,
    grid: RwSignal<Grid>,
    /// All that are drawn, with their places among all.
    drawn: Memo<Vec<(usize, ItemId)>>,
    reached: Memo<Option<ItemId>>,
    current: RwSignal<Option<ItemId>>,
) -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    let place = Memo::new(move |_| {
        let drawn = drawn.read();
        let place = drawn.iter().find(|(_, other)| *other == id);
        place.map(|(at, _)| *at)
    });
    let item = Memo::new(move |_| many.item(id));
    // Made when there is something to be seen, and given back with the cell.
    let address = StoredValue::new(None::<String>);
    let source = move || {
        item.track();
        let known = address.get_value();
        known.or_else(|| {
            let preview = session.collection.preview(id)?;
            let url = Url::create_object_url_with_blob(&preview).ok();
            address.set_value(url.clone());
            url
        })
    };
    on_cleanup(move || {
        if let Some(Some(url)) = address.try_get_value() {
            Url::revoke_object_url(&url).ok();
        }
    });
    let best = Memo::new(move |_| {
        let best = item.get()?.best?;
        let label = if best.none_fits {
            text::collection::NONE_FITS.to_owned()
        } else {
            many.label(best.label)
        };
        // The score that the order is by, where it is by one.
        Some((label, best.of.unwrap_or(best.score)))
    });
    let class = Memo::new(move |_| {
        let teaches = many.tool().get() == Tool::Teach;
        let lessons = many.lessons().read();
        teaches
            .then(|| lessons.class_of(id).map(str::to_owned))
            .flatten()
    });
    // For those who do not see it; what is seen follows.
    let name = move || {
        let item = item.get();
        item.map(|item| text::collection::item(&item.name, &item.standing, best.read().is_some()))
    };
    let selects = move || many.tool().get() == Tool::Teach;
    let is_selected = move || many.selected().read().contains(&id);
    let pressed = move || selects().then(|| if is_selected() { "true" } else { "false" });
    let on_click = move |_| {
        current.set(Some(id));
        match many.tool().get_untracked() {
            Tool::Teach => session.collection.select(id),
            _ => session.collection.show_item(id),
        }
    };
    let reachable = move || if reached.get() == Some(id) { "0" } else { "-1" };
    let inside = move || match (source(), item.get().map(|item| item.standing)) {
        (Some(url), _) => {
            view! { <img src=url alt="" draggable="false" decoding="async" /> }.into_any()
        }
        (None, Some(Standing::Failed(_))) => {
            view! { <span class="failed" aria-hidden="true">"!"</span> }.into_any()
        }
        _ => view! { <span class="waiting" aria-hidden="true"></span> }.into_any(),
    };
    let said = move || match (many.cosine(id), best.get()) {
        // How well it fits what is looked for, beside which no label's name belongs.
        (Some(cosine), _) => Some((String::new(), text::cosine(cosine))),
        (None, Some((label, score))) => Some((label, text::percent(score))),
        (None, None) => None,
    };
    view! {
        <li
            class="cell"
            style=("transform", move || {
                let (x, y) = grid.get().position(place.get().unwrap_or_default());
                format!("translate({x}px, {y}px)")
            })
            style=("width", move || format!("{}px", grid.get().cell_width()))
            style=("height", move || format!("{}px", grid.get().cell_height()))
            aria-posinset=move || (place.get().unwrap_or_default() + 1).to_string()
            aria-setsize=move || many.order().read().len().to_string()
        >
            <button
                type="button"
                id=element_id(id)
                data-testid="picture"
                data-name=move || item.get().map(|item| item.name)
                data-label=move || best.get().map(|(label, _)| label)
                aria-pressed=pressed
                title=move || item.get().map(|item| item.name)
                tabindex=reachable
                on:click=on_click
                on:focus=move |_| current.set(Some(id))
            >
                <span class="image">{inside}</span>
                <span class="visually-hidden">{name}</span>
                <span class="said">
                    {move || said().map(|(label, number)| view! {
                        <span class="label" dir="auto">{label}</span>
                        " "
                        <span class="number">{number}</span>
                    })}
                </span>
                {move || class.get().map(|class| view! {
                    <span class="class">
                        <span class="visually-hidden">{text::collection::EXAMPLE_OF}</span>
                        <bdi>{class}</bdi>
                    </span>
                })}
            </button>
        </li>
    }
}
