//! What it looks like. The pictures lie in `target/screenshots`, for people to look at.

use serde_json::json;

use crate::harness::host_page::HostPage;
use crate::harness::{Options, TestServer};

const BODY: &str = "<h1>How a picture is read</h1>
    <p>Below, a model tells which of these words fits the picture. It runs in your browser.</p>
    <cliplet-classifier id=a labels='panda, rocket, bridge, bowl of fruit' image='bee.jpg rocket.jpg panda.jpg'
        model=cliplet-starter></cliplet-classifier><p>Text below.</p>
    <cliplet-classifier id=b labels='cat, dog'></cliplet-classifier><p>Text below.</p>";

/// Takes a picture of the page, and sees that nothing sticks out.
fn look(width: u32, dark: bool, name: &str, attributes: &str) {
    let head = "<link rel=stylesheet href=host.css>";
    let body = BODY.replace("model=cliplet-starter", attributes);
    let host = HostPage::on(TestServer::ordinary_site(), head, &body);
    let css = ":root { color-scheme: light dark; font-family: sans-serif }
        body { box-sizing: border-box; max-width: 732px; margin: 1rem auto; padding: 0 1rem }";
    host.site.put("host.css", css);
    let options = Options {
        width,
        height: if width < 500 { 1500 } else { 1150 },
        dark,
        ..Options::default()
    };
    let page = host.open(&options);
    page.wait_for_event("a", "result", |_| true);
    page.wait_for_event("b", "ready", |_| true);
    for id in ["a", "b"] {
        page.enter(id);
        let sticks_out = "const all = document.querySelectorAll('.main *, .embed-footer *');
            return Array.from(all).filter((element) => {
                const { left, right, bottom, width } = element.getBoundingClientRect();
                const scrolls = element.closest('.label-list, .given-pictures, .visually-hidden');
                return width > 0 && !scrolls && (left < 0 || right > innerWidth + 1 || bottom > innerHeight + 1);
            }).map((element) => element.outerHTML.slice(0, 100))";
        assert_eq!(page.script(sticks_out, []), json!([]), "{name} {id}");
        page.wait_for(".main");
        page.leave_frames();
    }
    page.screenshot(&format!("embedded-{name}"));
}

#[test]
fn wide_and_narrow_light_and_dark() {
    look(764, false, "wide-light", "model=cliplet-starter");
    look(764, true, "wide-dark", "accent=#c026d3");
    look(352, false, "narrow-light", "theme=light");
    look(352, true, "narrow-dark", "model=cliplet-starter");
}
