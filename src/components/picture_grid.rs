use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Url};

use cliplet_engine::collection::ItemId;

use crate::session::{Session, Tool};
use crate::state::collection::Standing;
use crate::state::grid::Grid;
use crate::text;

/// All pictures that are shown, of which only those in sight are drawn. One of them at a time can be reached with the Tab key, the others from
/// there with the arrow keys.
#[component]
pub fn PictureGrid() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.many;
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
    let on_resize = window_event_listener(leptos::ev::resize, move |_| measure());
    on_cleanup(move || on_resize.remove());
    Effect::new(move || {
        // When it is drawn, and when what stands above it may have changed its size.
        many.tool.track();
        many.note.track();
        many.undo.track();
        many.progress.track();
        scroller.track();
        request_animation_frame(measure);
    });

    // The picture that has the focus, or would get it.
    let current = RwSignal::new(None::<ItemId>);
    let place = move || {
        let order = many.order.read();
        let at = current
            .get()
            .and_then(|id| order.iter().position(|other| *other == id));
        at.unwrap_or_default()
    };
    let drawn = move || {
        let order = many.order.read();
        let mut drawn: Vec<(usize, ItemId)> = grid
            .get()
            .in_sight(order.len())
            .map(|at| (at, order[at]))
            .collect();
        // Whoever has the focus is never taken away.
        let place = place();
        if let Some(id) = order.get(place)
            && !drawn.iter().any(|(at, _)| *at == place)
        {
            drawn.push((place, *id));
            drawn.sort_unstable();
        }
        drawn
    };
    let go_to = move |at: usize| {
        let Some(id) = many.order.with_untracked(|order| order.get(at).copied()) else {
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
    let on_key = move |event: KeyboardEvent| {
        let count = many.order.with_untracked(Vec::len);
        let from = untrack(place);
        let to = grid.get_untracked().moved(from, &event.key(), count);
        if let Some(to) = to.filter(|_| !event.ctrl_key() && !event.meta_key() && !event.alt_key())
        {
            event.prevent_default();
            go_to(to);
        } else if event.key() == "Delete" {
            let selected = many.selected.get_untracked();
            let items = match selected.is_empty() {
                true => many
                    .order
                    .with_untracked(|order| order.get(from).copied())
                    .into_iter()
                    .collect(),
                false => selected.into_iter().collect(),
            };
            session.take_out(items);
        }
    };
    let nothing = move || {
        (many.order.read().is_empty() && many.progress.read().all > 0)
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
                style=("height", move || format!("{}px", grid.get().height(many.order.read().len())))
            >
                <For each=drawn key=|(_, id)| *id let((_, id))>
                    <Cell id grid current />
                </For>
            </ul>
        </div>
    }
}

fn element_id(id: ItemId) -> String {
    format!("picture-{id}")
}

fn focus(id: ItemId) {
    let element = document().get_element_by_id(&element_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        element.focus().ok();
    }
}

/// One picture of the grid.
#[component]
fn Cell(id: ItemId, grid: RwSignal<Grid>, current: RwSignal<Option<ItemId>>) -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.many;
    let place = Memo::new(move |_| {
        let order = many.order.read();
        order.iter().position(|other| *other == id)
    });
    let item = Memo::new(move |_| many.item(id));
    // Made when there is something to be seen, and given back with the cell.
    let address = StoredValue::new(None::<String>);
    let source = move || {
        item.track();
        let known = address.get_value();
        known.or_else(|| {
            let preview = session.preview(id)?;
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
        let label = match best.none_fits {
            true => text::collection::NONE_FITS.to_owned(),
            false => many.label(best.label),
        };
        // The score that the order is by, where it is by one.
        Some((label, best.of.unwrap_or(best.score)))
    });
    let class = Memo::new(move |_| {
        let teaches = many.tool.get() == Tool::Teach;
        let lessons = many.lessons.read();
        teaches
            .then(|| lessons.class_of(id).map(str::to_owned))
            .flatten()
    });
    let name = move || {
        let Some(item) = item.get() else {
            return String::new();
        };
        let best = best.get();
        let best = best.as_ref().map(|(label, score)| (&label[..], *score));
        text::collection::item(&item.name, &item.standing, best, class.get().as_deref())
    };
    let selects = move || many.tool.get() == Tool::Teach;
    let is_selected = move || many.selected.read().contains(&id);
    let pressed = move || selects().then(|| if is_selected() { "true" } else { "false" });
    let on_click = move |_| {
        current.set(Some(id));
        match many.tool.get_untracked() {
            Tool::Teach => session.select_item(id),
            _ => session.show_item(id),
        }
    };
    let reachable = move || {
        let order = many.order.read();
        let is_current = current.get() == Some(id);
        let nobody_is = current.get().is_none_or(|other| !order.contains(&other));
        let first = nobody_is && order.first() == Some(&id);
        if is_current || first { "0" } else { "-1" }
    };
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
        (Some(cosine), best) => {
            let label = best.map(|(label, _)| label).unwrap_or_default();
            Some((label, text::cosine(cosine)))
        }
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
            aria-setsize=move || many.order.read().len().to_string()
        >
            <button
                type="button"
                id=element_id(id)
                data-testid="picture"
                data-name=move || item.get().map(|item| item.name)
                data-label=move || best.get().map(|(label, _)| label)
                aria-label=name
                aria-pressed=pressed
                title=move || item.get().map(|item| item.name)
                tabindex=reachable
                on:click=on_click
                on:focus=move |_| current.set(Some(id))
            >
                <span class="image">{inside}</span>
                <span class="said" aria-hidden="true">
                    {move || said().map(|(label, number)| view! {
                        <span class="label" dir="auto">{label}</span>
                        <span class="number">{number}</span>
                    })}
                </span>
                {move || class.get().map(|class| view! { <span class="class" aria-hidden="true" dir="auto">{class}</span> })}
            </button>
        </li>
    }
}
