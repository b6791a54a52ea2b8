//! Puts the page into the document, and says so if it breaks.

#![forbid(unsafe_code)]

use std::panic::PanicHookInfo;

use cliplet_page::app::{App, AppProps};
use cliplet_page::embedded::{Embedded, EmbeddedProps};
use cliplet_page::host::Host;
use cliplet_page::state::embed::settings::Settings;
use cliplet_page::{browser, text};
use leptos::prelude::document;
use wasm_bindgen::prelude::*;

fn main() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        show_broken(info).ok();
    }));
    if browser::is_embedded() {
        // Leptos' own way to do this is there once something is mounted.
        wasm_bindgen_futures::spawn_local(mount_embedded());
    } else {
        let labels = take_outline();
        leptos::mount::mount_to_body(move || App(AppProps { labels }));
    }
}

/// Puts the page for the inside of other people's pages into the document, once it is known what
/// the page around wants: its `embed.js` says so, or else the address.
async fn mount_embedded() {
    let (host, (settings, faults)) = match Host::greet().await {
        Some((host, text)) => {
            let read = Settings::from_message(&text, browser::absolute);
            (
                Some(host),
                read.unwrap_or_else(|fault| (Settings::default(), vec![fault])),
            )
        }
        None => (
            None,
            Settings::from_query(browser::all_asked_for, browser::absolute),
        ),
    };
    take_outline();
    leptos::mount::mount_to_body(move || {
        Embedded(EmbeddedProps {
            settings,
            host,
            faults,
        })
    });
}

/// Takes away what was there before the program was, and gives the HTML of its labels.
fn take_outline() -> String {
    let Some(outline) = document().get_element_by_id("outline") else {
        return String::new();
    };
    outline.remove();
    let labels = outline.query_selector(".label-panel").ok().flatten();
    labels.map_or_else(String::new, |labels| labels.inner_html())
}

/// Says over the page that it cannot go on, with the details to copy. Made by hand: what draws the
/// page has just broken.
fn show_broken(info: &PanicHookInfo) -> Result<(), JsValue> {
    let document = document();
    if document.query_selector(".broken")?.is_some() {
        return Ok(());
    }
    let element = |tag: &str, text: &str| -> Result<web_sys::Element, JsValue> {
        let element = document.create_element(tag)?;
        element.set_text_content(Some(text));
        Ok(element)
    };
    let broken = element("div", "")?;
    broken.set_class_name("broken");
    broken.set_attribute("role", "alert")?;
    broken.append_child(&*element("p", text::BROKEN)?)?;

    let reload = element("button", "Reload")?;
    reload.set_class_name("button");
    let on_click = Closure::<dyn Fn()>::new(browser::reload);
    reload.add_event_listener_with_callback("click", on_click.as_ref().unchecked_ref())?;
    on_click.forget();
    broken.append_child(&reload)?;

    let details = element("details", "")?;
    details.append_child(&*element("summary", "Details to copy")?)?;
    let agent = leptos::prelude::window()
        .navigator()
        .user_agent()
        .unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    details.append_child(&*element(
        "pre",
        &format!("Cliplet {version}\n{agent}\n{info}"),
    )?)?;
    broken.append_child(&details)?;

    document
        .body()
        .ok_or(JsValue::NULL)?
        .append_child(&broken)?;
    Ok(())
}
