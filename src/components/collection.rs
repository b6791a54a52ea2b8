use leptos::ev::{self, Event};
use leptos::html;
use leptos::prelude::*;

use super::{CheckPanel, ErrorNote, FolderField, PictureGrid, Tab, TeachPanel};
use crate::browser;
use crate::controllers::{Tool, View, Words};
use crate::session::Session;
use crate::state::collection::{Filter, Sort};
use crate::state::vocabulary::Vocabulary;
use crate::text;
use crate::text::collection as words;

/// Many pictures: all of them in a grid, or a bar over the stage while one of them is there.
#[component]
pub fn Collection() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    move || match many.view().get() {
        View::Closed => ().into_any(),
        View::Grid => view! { <AllPictures /> }.into_any(),
        View::Item(_) | View::Stage => view! { <OnePicture /> }.into_any(),
    }
}

#[component]
fn AllPictures() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    let has_folders = Memo::new(move |_| !many.folders().is_empty());
    let tool = move |tool: Tool, name: &'static str| {
        let pressed = Signal::derive(move || many.tool().get() == tool);
        view! { <Tab pressed name choose=move || session.collection.use_tool(tool) /> }
    };
    let panel = move || match many.tool().get() {
        Tool::Look => ().into_any(),
        Tool::Teach => view! { <TeachPanel /> }.into_any(),
        Tool::Check => view! { <CheckPanel /> }.into_any(),
    };
    view! {
        <section class="collection" aria-labelledby="collection-heading" data-testid="collection">
            <div class="collection-head">
                <Reading />
                <div class="tools" role="group" aria-label="Tools">
                    {tool(Tool::Look, "Look")}
                    {tool(Tool::Teach, "Teach")}
                    <Show when=move || has_folders.get()>{tool(Tool::Check, "Check")}</Show>
                </div>
                <button
                    type="button"
                    class="icon-button"
                    aria-label="Close the pictures"
                    title="Close the pictures"
                    on:click=move |_| {
                        session.collection.close();
                        browser::focus_soon("[data-testid=file-input]");
                    }
                >
                    "✕"
                </button>
            </div>
            <ErrorNote />
            <Note />
            <Finding />
            {panel}
            <PictureGrid />
            <Keeping />
        </section>
    }
}

/// How many pictures there are, or how far reading has come, with ways to pause it and to stop.
#[component]
fn Reading() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    let goes_on = Memo::new(move |_| many.progress().read().goes_on());
    let controls = move || {
        goes_on.get().then(|| {
            let paused = move || many.paused().get();
            view! {
                <progress
                    class="progress"
                    aria-label="Pictures read"
                    max=move || many.progress().read().all.to_string()
                    prop:value=move || many.progress().read().done as f64
                ></progress>
                <button
                    type="button"
                    class="link-button"
                    on:click=move |_| session.collection.pause(!many.paused().get_untracked())
                >
                    {move || if paused() { "Go on" } else { "Pause" }}
                </button>
                <button type="button" class="link-button" on:click=move |_| session.collection.cancel()>
                    "Cancel"
                </button>
            }
        })
    };
    view! {
        <h2 id="collection-heading" data-testid="collection-count">
            {move || words::progress(many.progress().get(), many.paused().get())}
        </h2>
        {controls}
    }
}

/// The offer to undo what was done last.
#[component]
pub fn UndoNote() -> impl IntoView {
    let session = expect_context::<Session>();
    move || {
        session.collection.undo_offer().get().map(|undo| {
            view! {
                <p class="collection-note" data-testid="undo-note">
                    <span>{undo.said}</span>
                    <button
                        type="button"
                        class="button"
                        on:click=move |_| {
                            session.collection.undo();
                        }
                    >
                        "Undo"
                    </button>
                </p>
            }
        })
    }
}

/// What there is to say, and what can be undone.
#[component]
fn Note() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    let note = move || {
        many.note().get().map(|note| {
            view! {
                <p class="collection-note" role="status" data-testid="collection-note">
                    <span>{note}</span>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label="Dismiss"
                        on:click=move |_| many.dismiss_note()
                    >
                        "✕"
                    </button>
                </p>
            }
        })
    };
    view! {
        {note}
        <UndoNote />
    }
}

/// Search, order and filter.
#[component]
fn Finding() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    let similar = move || {
        let id = many.like().get()?;
        let name = many.item(id)?.name;
        Some(view! {
            <p class="similar">
                <span>{words::similar_to(&name)}</span>
                <button
                    type="button"
                    class="icon-button"
                    aria-label="Show all pictures again"
                    on:click=move |_| {
                        session.collection.look_for_nothing();
                        browser::focus_soon("[data-testid=collection-search]");
                    }
                >
                    "✕"
                </button>
            </p>
        })
    };
    // While pictures are being read, what can be chosen does not change under the pointer.
    let reads = Memo::new(move |_| many.progress().read().goes_on());
    let offered = Memo::new(move |_| Offered::of(many.counts(), reads.get()));
    let names = Memo::new(move |_| {
        let labels = many.counts().0.into_iter();
        labels
            .map(|(number, label, _)| (number, label))
            .take(MOST_OFFERED)
            .collect::<Vec<_>>()
    });
    let failed = Memo::new(move |_| many.progress().read().failed);
    let looks = move || !many.phrase().read().trim().is_empty() || many.like().get().is_some();
    view! {
        <div class="finding">
            <input
                class="field"
                type="search"
                dir="auto"
                data-testid="collection-search"
                aria-label=words::SEARCH
                placeholder=words::SEARCH
                autocomplete="off"
                autocapitalize="off"
                enterkeyhint="search"
                prop:value=many.phrase()
                on:input=move |event: Event| session.collection.look_for(&event_target_value(&event))
            />
            {similar}
            <select
                class="field"
                data-testid="collection-filter"
                aria-label="Show"
                prop:value=move || { offered.track(); filter_value(&many.filter().get()) }
                on:change=move |event| session.collection.filter_by(filter_of(&event_target_value(&event)))
            >
                {move || filters(&offered.get(), failed.get())}
            </select>
            <select
                class="field"
                data-testid="collection-sort"
                aria-label="Order"
                prop:value=move || { names.track(); sort_value(many.sort().get()) }
                prop:disabled=looks
                on:change=move |event| session.collection.sort_by(sort_of(&event_target_value(&event)))
            >
                {move || orders(&names.get())}
            </select>
        </div>
    }
}

/// Labels that are offered to filter or sort by at most: more are found by typing them into the
/// search field.
const MOST_OFFERED: usize = 200;

/// Labels that are offered to filter by, with how many pictures each fits best where that stands.
#[derive(Clone, PartialEq)]
struct Offered {
    labels: Vec<(u32, String, Option<usize>)>,
    none: usize,
}

impl Offered {
    fn of((mut labels, none): (Vec<(u32, String, usize)>, usize), reads: bool) -> Self {
        if !reads {
            labels.retain(|(_, _, count)| *count > 0);
            labels.sort_by(|(_, _, a), (_, _, b)| b.cmp(a));
        }
        labels.truncate(MOST_OFFERED);
        let labels = labels.into_iter();
        Self {
            labels: labels
                .map(|(number, label, count)| (number, label, (!reads).then_some(count)))
                .collect(),
            none: if reads { 0 } else { none },
        }
    }
}

fn filters(offered: &Offered, failed: usize) -> impl IntoView + use<> {
    let option = |filter: &Filter, label: &str, count: Option<usize>| {
        let said = count.map_or(label.to_owned(), |count| words::with_count(label, count));
        view! { <option value=filter_value(filter)>{said}</option> }
    };
    let labels = offered.labels.iter();
    let labels =
        labels.map(|(number, label, count)| option(&Filter::Label(*number), label, *count));
    let labels = labels.collect_view();
    let none = offered.none;
    view! {
        <option value=filter_value(&Filter::All)>"All labels"</option>
        {labels}
        {(none > 0).then(|| option(&Filter::None, words::NONE_FITS, Some(none)))}
        {(failed > 0).then(|| option(&Filter::Failed, "Unreadable", Some(failed)))}
    }
}

fn orders(labels: &[(u32, String)]) -> impl IntoView + use<> {
    let of_labels = labels.iter().map(|(number, label)| {
        view! { <option value=sort_value(Sort::ScoreOf(*number))>{words::by_score_of(label)}</option> }
    });
    let of_labels = of_labels.collect_view();
    view! {
        <option value=sort_value(Sort::Added)>"As they came"</option>
        <option value=sort_value(Sort::Sure)>"Surest first"</option>
        <option value=sort_value(Sort::Unsure)>"Least sure first"</option>
        <option value=sort_value(Sort::Label)>"By label"</option>
        <option value=sort_value(Sort::Name)>"By name"</option>
        {of_labels}
    }
}

fn filter_value(filter: &Filter) -> String {
    match filter {
        Filter::All => "all".to_owned(),
        Filter::None => "none".to_owned(),
        Filter::Failed => "failed".to_owned(),
        Filter::Label(number) => number.to_string(),
    }
}

fn filter_of(value: &str) -> Filter {
    match value {
        "none" => Filter::None,
        "failed" => Filter::Failed,
        other => other.parse().map_or(Filter::All, Filter::Label),
    }
}

fn sort_value(sort: Sort) -> String {
    match sort {
        Sort::Added => "added".to_owned(),
        Sort::Sure => "sure".to_owned(),
        Sort::Unsure => "unsure".to_owned(),
        Sort::Label => "label".to_owned(),
        Sort::Name => "name".to_owned(),
        Sort::ScoreOf(number) => number.to_string(),
    }
}

fn sort_of(value: &str) -> Sort {
    match value {
        "sure" => Sort::Sure,
        "unsure" => Sort::Unsure,
        "label" => Sort::Label,
        "name" => Sort::Name,
        other => other.parse().map_or(Sort::Added, Sort::ScoreOf),
    }
}

/// More pictures, what is kept, and the end of that.
#[component]
fn Keeping() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    let asking = RwSignal::new(false);
    let stay = NodeRef::<html::Button>::new();
    let delete = NodeRef::<html::Button>::new();
    let ask = move |_| {
        asking.set(true);
        focus_soon(stay);
    };
    let leave = move |_| {
        asking.set(false);
        focus_soon(delete);
    };
    let others = move || {
        let kept = many.kept().get();
        (kept > 0).then(|| {
            view! {
                <button type="button" class="link-button" on:click=move |_| session.collection.open_kept()>
                    {words::open_others(kept)}
                </button>
            }
        })
    };
    let question = move || {
        asking.get().then(|| {
            view! {
                <p class="question" role="alert">{words::DELETE_QUESTION}</p>
                <div class="answers">
                    <button type="button" class="button" on:click=leave node_ref=stay>"Keep it"</button>
                    <button
                        type="button"
                        class="button grave"
                        on:click=move |_| {
                            asking.set(false);
                            session.collection.delete_kept();
                            focus_soon(delete);
                        }
                    >
                        "Delete it"
                    </button>
                </div>
            }
        })
    };
    view! {
        <details class="keeping">
            <summary>
                {move || if many.keeps().get() { words::KEPT_HERE } else { words::NOTHING_KEPT_HERE }}
                ", and more"
            </summary>
            <div class="inside">
                <FolderField class="button" />
                {others}
                <label class="switch">
                    <input
                        type="checkbox"
                        data-testid="keep-pictures"
                        prop:checked=many.keeps()
                        on:change=move |event| session.collection.keep_from_now(event_target_checked(&event))
                    />
                    {words::KEEP}
                </label>
                <button type="button" class="link-button" node_ref=delete prop:hidden=asking on:click=ask>
                    "Delete what is kept"
                </button>
                {question}
                <p class="hint">{words::ABOUT_KEEPING}</p>
            </div>
        </details>
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

/// The bar over the stage: back to all, to the ones beside it, to those like it, and words for it.
#[component]
fn OnePicture() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    let back = NodeRef::<html::Button>::new();
    // Whoever has opened it with a key goes back with the next.
    focus_soon(back);
    let item = move || match many.view().get() {
        View::Item(id) => Some(id),
        _ => None,
    };
    let place = move || {
        let id = item()?;
        let order = many.order().read();
        Some((order.iter().position(|other| *other == id)?, order.len()))
    };
    let on_key = window_event_listener(ev::keydown, move |event| {
        let elsewhere = document().active_element().is_some_and(|element| {
            browser::is_text_field(&element)
                || element
                    .closest("dialog, select, .why-panel, .label-panel, .words")
                    .ok()
                    .flatten()
                    .is_some()
        });
        let modified = event.ctrl_key() || event.meta_key() || event.alt_key() || event.shift_key();
        if elsewhere || modified || event.default_prevented() || untrack(item).is_none() {
            return;
        }
        match &*event.key() {
            "ArrowLeft" => session.collection.show_item_after(-1),
            "ArrowRight" => session.collection.show_item_after(1),
            "Escape" => session.collection.show_all_items(),
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || on_key.remove());
    let of_item = move || {
        item().map(|id| {
            view! {
                <button
                    type="button"
                    class="icon-button"
                    aria-label="The one before"
                    prop:disabled=move || place().is_none_or(|(at, _)| at == 0)
                    on:click=move |_| session.collection.show_item_after(-1)
                >
                    <span class="arrow" aria-hidden="true">"‹"</span>
                </button>
                <span class="place">{move || place().map(|(at, count)| words::place(at, count))}</span>
                <button
                    type="button"
                    class="icon-button"
                    aria-label="The next one"
                    prop:disabled=move || place().is_none_or(|(at, count)| at + 1 == count)
                    on:click=move |_| session.collection.show_item_after(1)
                >
                    <span class="arrow" aria-hidden="true">"›"</span>
                </button>
                <button type="button" class="button" on:click=move |_| session.collection.find_like(id)>
                    "Find similar"
                </button>
                <button type="button" class="button" on:click=move |_| session.collection.describe(id)>
                    "Words for it"
                </button>
                <button type="button" class="link-button" on:click=move |_| session.collection.take_out(vec![id])>
                    "Remove"
                </button>
            }
        })
    };
    view! {
        <section class="one-picture" aria-label="Picture of many">
            <button type="button" class="button" node_ref=back on:click=move |_| session.collection.show_all_items()>
                <span aria-hidden="true">"← "</span>
                {words::ALL_PICTURES}
            </button>
            {of_item}
            <WordsForIt />
        </section>
    }
}

/// Words for the picture, and where they are from.
#[component]
fn WordsForIt() -> impl IntoView {
    let session = expect_context::<Session>();
    let many = session.collection;
    let option = |vocabulary: &Vocabulary, name: String| {
        view! { <option value=vocabulary.value()>{name}</option> }
    };
    let offered = Memo::new(move |_| {
        let own = session.label_sets.own().get().into_iter();
        let own = own.map(|set| (Vocabulary::Own(set.name.clone()), set.name));
        let ready = session.label_sets.ready().get().into_iter();
        let ready = ready.map(|set| {
            (
                Vocabulary::Ready(set.file),
                words::with_count(&set.name, set.count),
            )
        });
        let labels = (Vocabulary::Labels, words::YOUR_LABELS.to_owned());
        std::iter::once(labels)
            .chain(own)
            .chain(ready)
            .collect::<Vec<_>>()
    });
    let options = move || {
        let offered = offered.get().into_iter();
        offered
            .map(|(vocabulary, name)| option(&vocabulary, name))
            .collect_view()
    };
    let found = move || {
        many.described().get().map(|described| match described.words {
            Words::Found(found) => {
                let found = found.into_iter().map(|(word, score)| {
                    view! {
                        <li style=("--score", score.to_string())>
                            <span class="bar" aria-hidden="true"></span>
                            <span dir="auto">{word}</span>
                            <span class="number">{text::percent(score)}</span>
                        </li>
                    }
                });
                view! { <ol data-testid="words">{found.collect_view()}</ol> }.into_any()
            }
            Words::Read(done, total) => view! {
                <progress class="progress" aria-label="Words read" max=total prop:value=done></progress>
            }
            .into_any(),
            Words::Failed(why) => view! { <p class="fault" role="alert">{why}</p> }.into_any(),
        })
    };
    let is_open = Memo::new(move |_| many.described().read().is_some());
    view! {
        <Show when=move || is_open.get()>
            <div class="words">
                <label>
                    <span>{words::WORDS_FROM}</span>
                    <select
                        class="field"
                        data-testid="vocabulary"
                        prop:value=move || { offered.track(); many.vocabulary().get().value() }
                        on:change=move |event| {
                            session.collection.choose_vocabulary(Vocabulary::of_value(&event_target_value(&event)))
                        }
                    >
                        {options}
                    </select>
                </label>
                <button
                    type="button"
                    class="icon-button"
                    aria-label="Dismiss the words"
                    on:click=move |_| session.collection.dismiss_words()
                >
                    "✕"
                </button>
                {found}
            </div>
        </Show>
    }
}
