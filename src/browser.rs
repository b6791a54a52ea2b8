//! Small things of the browser that several modules need: time, timers, storage, fetching, the
//! address, the order of rows.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use js_sys::{Array, Object, Promise, Reflect};
use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::{document, set_timeout, window};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, Element, HtmlElement, HtmlInputElement, Response};

use crate::state::labels::LabelId;
use crate::state::order;
use crate::state::saved::KeyValueStore;

/// Milliseconds since the page began.
pub fn now() -> f64 {
    window()
        .performance()
        .map_or(0.0, |performance| performance.now())
}

/// A timer that is set for one thing at a time: setting it again forgets the last.
#[derive(Clone, Default)]
pub struct Timer(Rc<RefCell<Option<TimeoutHandle>>>);

impl Timer {
    /// Calls `then` after `wait`, unless the timer is set again or cleared before.
    pub fn set(&self, wait: Duration, then: impl FnOnce() + 'static) {
        self.clear();
        let handle = self.0.clone();
        let set = set_timeout_with_handle(
            move || {
                handle.borrow_mut().take();
                then();
            },
            wait,
        );
        *self.0.borrow_mut() = set.ok();
    }

    /// Whether it is set for something.
    pub fn is_set(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Forgets what it was set for.
    pub fn clear(&self) {
        if let Some(handle) = self.0.borrow_mut().take() {
            handle.clear();
        }
    }
}

/// Comes back after some milliseconds.
pub async fn pause(milliseconds: f64) {
    let (end, over) = futures_channel::oneshot::channel::<()>();
    let wait = Duration::from_secs_f64(milliseconds.max(0.0) / 1_000.0);
    set_timeout(move || drop(end), wait);
    over.await.ok();
}

/// Calls `step` again and again, each time in a task of its own, as long as it returns `true`. The
/// first call is now. So a long job leaves the browser room to draw and to listen.
pub fn in_steps(mut step: impl FnMut() -> bool + 'static) {
    if step() {
        set_timeout(move || in_steps(step), Duration::ZERO);
    }
}

#[wasm_bindgen]
extern "C" {
    type ResizeObserver;

    #[wasm_bindgen(constructor)]
    fn new(hear: &JsValue) -> ResizeObserver;

    #[wasm_bindgen(method)]
    fn observe(this: &ResizeObserver, element: &Element);

    #[wasm_bindgen(method)]
    fn disconnect(this: &ResizeObserver);
}

/// Hears of an element's sizes as long as it is held.
pub struct Sizes {
    observer: ResizeObserver,
    _hear: Closure<dyn FnMut()>,
}

impl Sizes {
    /// Calls `hear` for the element's first size, and whenever it has changed.
    pub fn of(element: &Element, hear: impl FnMut() + 'static) -> Self {
        let hear = Closure::<dyn FnMut()>::new(hear);
        let observer = ResizeObserver::new(hear.as_ref());
        observer.observe(element);
        Self {
            observer,
            _hear: hear,
        }
    }
}

impl Drop for Sizes {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// The browser's `localStorage`.
pub struct BrowserStorage;

impl KeyValueStore for BrowserStorage {
    fn get(&self, key: &str) -> Option<String> {
        window().local_storage().ok()??.get_item(key).ok()?
    }

    fn put(&self, key: &str, text: &str) {
        if let Ok(Some(storage)) = window().local_storage() {
            storage.set_item(key, text).ok();
        }
    }
}

/// What stands behind the page's address under this name, as in `?name=value`.
pub fn asked_for(name: &str) -> Option<String> {
    let behind = window().location().search().ok()?;
    web_sys::UrlSearchParams::new_with_str(&behind)
        .ok()?
        .get(name)
}

/// All that stands behind the page's address under this name.
pub fn all_asked_for(name: &str) -> Vec<String> {
    let behind = window().location().search().unwrap_or_default();
    let Ok(parameters) = web_sys::UrlSearchParams::new_with_str(&behind) else {
        return Vec::new();
    };
    let values = parameters.get_all(name).into_iter();
    values.filter_map(|value| value.as_string()).collect()
}

/// A URL that may be relative to the page, whole and as browsers write it. `None` if it is none.
pub fn absolute(url: &str) -> Option<String> {
    let base = document().base_uri().ok()??;
    Some(web_sys::Url::new_with_base(url, &base).ok()?.href())
}

/// Whether the document is the one for the inside of other people's pages.
pub fn is_embedded() -> bool {
    let root = document().document_element();
    root.is_some_and(|root| root.has_attribute("data-embed"))
}

/// Puts the document into a theme, a language, and colours: variables of the style sheet with their
/// values. Colours of before that are not among these go.
pub fn dress(theme: &str, lang: &str, colours: &[(String, String)]) {
    let root = document().document_element();
    let Some(root) = root.and_then(|root| root.dyn_into::<HtmlElement>().ok()) else {
        return;
    };
    root.set_attribute("data-theme", theme).ok();
    root.set_lang(lang);
    let style = root.style();
    style.set_css_text("");
    for (name, value) in colours {
        style.set_property(name, value).ok();
    }
}

/// Puts the page into a theme, `light` or `dark`; with any other, the system's holds.
pub fn set_theme(theme: &str) {
    let Some(root) = document().document_element() else {
        return;
    };
    if matches!(theme, "light" | "dark") {
        root.set_attribute("data-theme", theme).ok();
    } else {
        root.remove_attribute("data-theme").ok();
    }
}

/// Whether the device has a connection, as far as the browser knows.
pub fn is_online() -> bool {
    window().navigator().on_line()
}

/// How many gigabytes of memory the device has, about, where the browser says it: Chromium does,
/// up to eight.
pub fn device_memory() -> Option<f64> {
    let navigator = JsValue::from(window().navigator());
    Reflect::get(&navigator, &"deviceMemory".into())
        .ok()?
        .as_f64()
}

/// Loads the document again.
pub fn reload() {
    window().location().reload().ok();
}

/// The browser's storage as a whole. Missing outside secure contexts.
fn storage() -> Option<web_sys::StorageManager> {
    let storage = window().navigator().storage();
    (!JsValue::from(&storage).is_undefined()).then_some(storage)
}

/// Asks the browser not to clear this site's storage when it runs out of room. It may ask the
/// person. Gives whether it agrees.
pub async fn persist_storage() -> bool {
    let promise = storage().and_then(|storage| storage.persist().ok());
    is_true(promise).await
}

/// Whether the browser has agreed to that.
pub async fn is_storage_persistent() -> bool {
    let promise = storage().and_then(|storage| storage.persisted().ok());
    is_true(promise).await
}

async fn is_true(promise: Option<js_sys::Promise>) -> bool {
    match promise {
        Some(promise) => JsFuture::from(promise)
            .await
            .is_ok_and(|value| value.is_truthy()),
        None => false,
    }
}

/// Whether the browser asks to save data.
pub fn wants_to_save_data() -> bool {
    let connection = Reflect::get(&window().navigator(), &"connection".into()).unwrap_or_default();
    connection.is_object()
        && Reflect::get(&connection, &"saveData".into())
            .is_ok_and(|save_data| save_data.is_truthy())
}

/// Whether the page is cross-origin isolated, without which the engine computes on one thread.
pub fn is_isolated() -> bool {
    Reflect::get(&window(), &"crossOriginIsolated".into()).is_ok_and(|value| value.is_truthy())
}

/// What stands behind `#` in the page's address.
pub fn fragment() -> Option<String> {
    let hash = window().location().hash().ok()?;
    hash.strip_prefix('#').map(str::to_owned)
}

/// Takes that away, without a step in the history.
pub fn forget_fragment() {
    let location = window().location();
    if let (Ok(path), Ok(behind), Ok(history)) =
        (location.pathname(), location.search(), window().history())
    {
        let address = format!("{path}{behind}");
        history
            .replace_state_with_url(&JsValue::NULL, "", Some(&address))
            .ok();
    }
}

/// Where the book lies that came with the page, if one did.
pub fn book() -> Option<String> {
    let link = document().query_selector("link[rel=help]").ok()??;
    link.get_attribute("href")
}

/// Whether the person asks for less motion.
pub fn wants_less_motion() -> bool {
    matches!(window().match_media("(prefers-reduced-motion: reduce)"), Ok(Some(query)) if query.matches())
}

async fn fetch(url: &str) -> Result<Response, JsValue> {
    answer(window().fetch_with_str(url)).await
}

/// What a fetch gives, if that is what was asked for.
async fn answer(fetch: Promise) -> Result<Response, JsValue> {
    let response: Response = JsFuture::from(fetch).await?.dyn_into()?;
    if response.ok() {
        Ok(response)
    } else {
        Err(JsValue::from_f64(response.status().into()))
    }
}

/// The text at a URL relative to the page.
pub async fn fetch_text(url: &str) -> Result<String, JsValue> {
    let text = JsFuture::from(fetch(url).await?.text()?).await?;
    Ok(text.as_string().unwrap_or_default())
}

/// The bytes at a URL of any host that lets all pages read it, without telling that host anything
/// of the reader.
pub async fn fetch_open_blob(url: &str) -> Result<Blob, JsValue> {
    let options = web_sys::RequestInit::new();
    options.set_mode(web_sys::RequestMode::Cors);
    options.set_credentials(web_sys::RequestCredentials::Omit);
    options.set_referrer_policy(web_sys::ReferrerPolicy::NoReferrer);
    blob_of(answer(window().fetch_with_str_and_init(url, &options)).await?).await
}

/// The bytes at a URL relative to the page.
pub async fn fetch_blob(url: &str) -> Result<Blob, JsValue> {
    blob_of(fetch(url).await?).await
}

/// An answer's bytes, of the media type that it comes with.
async fn blob_of(response: Response) -> Result<Blob, JsValue> {
    // By `Response.blob`, Chromium gives nothing of more than some megabytes where the disk is
    // nearly full.
    let bytes = JsFuture::from(response.array_buffer()?).await?;
    let options = BlobPropertyBag::new();
    options.set_type(&response.headers().get("Content-Type")?.unwrap_or_default());
    Blob::new_with_buffer_source_sequence_and_options(&Array::of1(&bytes), &options)
}

/// Whether an element takes text, so that keys and pasted text belong to it.
pub fn is_text_field(element: &Element) -> bool {
    match element.dyn_ref::<HtmlInputElement>() {
        Some(input) => matches!(input.type_().as_str(), "text" | "search" | "url"),
        None => element.tag_name() == "TEXTAREA",
    }
}

/// The id of a label's row.
pub fn row_id(label: LabelId) -> String {
    format!("label-{label}")
}

/// The label whose row an element is or lies in.
pub fn label_of(element: &Element) -> Option<LabelId> {
    let row = element.closest("li").ok()??;
    row.id().strip_prefix("label-")?.parse().ok()
}

/// Writes labels' texts into the fields of their rows, where something else stands there.
pub fn write_rows<'a>(list: &Element, texts: impl Iterator<Item = (LabelId, &'a str)>) {
    for (label, text) in texts {
        let field = list
            .query_selector(&format!("#{} > input", row_id(label)))
            .ok()
            .flatten()
            .and_then(|field| field.dyn_into::<HtmlInputElement>().ok());
        if let Some(field) = field.filter(|field| field.value() != text) {
            field.set_value(text);
        }
    }
}

/// The attribute of a list while one of its rows is dragged.
pub const DRAGGING: &str = "data-dragging";

/// Puts the rows of a list in this order. The row with the focus stays in place and the others move
/// around it, so that focus, caret and selection are never lost. Rows glide to their places where
/// there are few enough to follow.
pub fn put_in_order(list: &Element, wanted: &[LabelId]) {
    const MOST_THAT_GLIDE: usize = 60;
    let rows = list.children();
    let rows: Vec<(LabelId, HtmlElement)> = (0..rows.length())
        .filter_map(|at| rows.item(at)?.dyn_into::<HtmlElement>().ok())
        .filter_map(|row| Some((label_of(&row)?, row)))
        .collect();
    let now: Vec<LabelId> = rows.iter().map(|(label, _)| *label).collect();
    let focused = document()
        .active_element()
        .filter(|element| list.contains(Some(element)));
    let moves = order::moves(&now, wanted, focused.as_ref().and_then(label_of));
    if moves.is_empty() {
        return;
    }

    // What is under the pointer must not pass by it.
    let dragging = list.has_attribute(DRAGGING);
    let glide = rows.len() <= MOST_THAT_GLIDE && !dragging && !wants_less_motion();
    let top = |row: &HtmlElement| row.get_bounding_client_rect().top();
    let tops: Vec<f64> = if glide {
        rows.iter().map(|(_, row)| top(row)).collect()
    } else {
        Vec::new()
    };
    let by_label: HashMap<LabelId, &HtmlElement> =
        rows.iter().map(|(label, row)| (*label, row)).collect();
    for step in moves {
        let row = by_label[&step.row];
        match step.before {
            Some(before) => by_label[&before].before_with_node_1(row).ok(),
            None => list
                .last_element_child()
                .and_then(|last| last.after_with_node_1(row).ok()),
        };
    }
    for ((_, row), before) in rows.iter().zip(tops) {
        glide_from(row, before - top(row));
    }
    if let Some(focused) = focused {
        scroll_into_view(&focused);
    }
}

/// Lets an element come to its place from `distance` pixels below it.
fn glide_from(element: &Element, distance: f64) {
    if distance.abs() < 1.0 {
        return;
    }
    let start = keyframe("transform", &format!("translateY({distance}px)"));
    let end = keyframe("transform", "none");
    animate(element, &[start, end], 260);
}

/// Lets an element light up for a moment.
pub fn flash(element: &Element) {
    let start = keyframe("boxShadow", "inset 0 0 0 2px var(--accent)");
    let end = keyframe("boxShadow", "inset 0 0 0 2px transparent");
    animate(element, &[start, end], 1_200);
}

fn keyframe(property: &str, value: &str) -> Object {
    let frame = Object::new();
    Reflect::set(&frame, &property.into(), &value.into()).ok();
    frame
}

fn animate(element: &Element, frames: &[Object], milliseconds: u32) {
    let frames: Array = frames.iter().collect();
    let options = Object::new();
    Reflect::set(&options, &"duration".into(), &milliseconds.into()).ok();
    Reflect::set(
        &options,
        &"easing".into(),
        &"cubic-bezier(.2, .8, .2, 1)".into(),
    )
    .ok();
    // Called by name: the bindings know only a duration.
    if let Ok(animate) = Reflect::get(element, &"animate".into())
        && let Some(animate) = animate.dyn_ref::<js_sys::Function>()
    {
        animate.call2(element, &frames, &options).ok();
    }
}

/// Scrolls no further than is needed to see an element.
pub fn scroll_into_view(element: &Element) {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// The host in an address, as people read it.
pub fn host_of(address: &str) -> String {
    web_sys::Url::new(address).map_or_else(|_| address.to_owned(), |url| url.host())
}

/// Text with what is percent-encoded in it decoded, or as it is where that makes no text.
pub fn decoded(text: &str) -> String {
    js_sys::decode_uri_component(text).map_or_else(|_| text.to_owned(), String::from)
}

/// The address of the first image in some markup, as it stands there. Nothing of the markup is
/// loaded or run.
pub fn first_image(markup: &str) -> Option<String> {
    #[wasm_bindgen]
    extern "C" {
        type DOMParser;

        #[wasm_bindgen(constructor)]
        fn new() -> DOMParser;

        #[wasm_bindgen(method, js_name = parseFromString)]
        fn parse(this: &DOMParser, markup: &str, kind: &str) -> web_sys::Document;
    }

    if markup.is_empty() {
        return None;
    }
    let parsed = DOMParser::new().parse(markup, "text/html");
    let image = parsed.query_selector("img[src]").ok()??;
    image.get_attribute("src")
}

/// The address of the page without what stands behind it.
pub fn page_address() -> String {
    let location = window().location();
    let part = |part: Result<String, JsValue>| part.unwrap_or_default();
    format!("{}{}", part(location.origin()), part(location.pathname()))
}

/// Puts text into the clipboard. Returns whether the browser lets a page do that.
pub async fn copy(text: &str) -> bool {
    let clipboard = Reflect::get(&window().navigator(), &"clipboard".into()).unwrap_or_default();
    let write = Reflect::get(&clipboard, &"writeText".into()).unwrap_or_default();
    let Some(write) = write.dyn_ref::<js_sys::Function>() else {
        return false;
    };
    let written = write.call1(&clipboard, &text.into());
    match written.map(JsCast::dyn_into::<Promise>) {
        Ok(Ok(written)) => JsFuture::from(written).await.is_ok(),
        _ => false,
    }
}

/// JSON with a line for each part, as people read it.
pub fn pretty(json: &str) -> String {
    let pretty = js_sys::JSON::parse(json).and_then(|value| {
        js_sys::JSON::stringify_with_replacer_and_space(&value, &JsValue::NULL, &2.into())
    });
    pretty.map_or_else(|_| json.to_owned(), String::from)
}

/// Gives an element the focus that is about to be drawn.
pub fn focus_soon(selector: &'static str) {
    leptos::prelude::request_animation_frame(move || {
        if let Some(element) = find::<HtmlElement>(selector) {
            element.focus().ok();
        }
    });
}

/// The first element that a selector is for, if it is of that kind.
pub fn find<T: JsCast>(selector: &str) -> Option<T> {
    let element = document().query_selector(selector).ok()??;
    element.dyn_into().ok()
}
