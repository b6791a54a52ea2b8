//! Puts the page into the document, and says so if it breaks.

use std::panic::PanicHookInfo;

use cliplet_page::app::App;
use cliplet_page::text;
use leptos::prelude::document;
use wasm_bindgen::JsValue;

fn main() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        show_broken(info).ok();
    }));
    // The outline that was there before the program was.
    if let Some(outline) = document().get_element_by_id("outline") {
        outline.remove();
    }
    leptos::mount::mount_to_body(App);
}

/// Says over the page that it cannot go on, with the details to copy. Made by hand: what draws the page has just broken.
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

    let reload = element("a", "Reload")?;
    reload.set_class_name("button");
    reload.set_attribute("href", "")?;
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
