//! A page of somebody else, on a site of its own, with Cliplet in it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::World;
use crate::{Options, Page, TestServer, repository};

/// Notes what the elements say, and how far things move on the page.
const NOTES: &str = "
    window.events = [];
    for (const type of ['ready', 'progress', 'result', 'error']) {
        document.addEventListener(type, ({ target, detail }) => {
            if (target.localName === 'cliplet-classifier') events.push({ type, id: target.id, detail });
        }, true);
    }
    window.violations = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
        violations.push(`${effectiveDirective} ${blockedURI}`);
    });
    window.shifted = 0;
    try {
        new PerformanceObserver((list) => {
            for (const shift of list.getEntries()) window.shifted += shift.value;
        }).observe({ type: 'layout-shift', buffered: true });
    } catch {}
";

/// The site, and Cliplet with its models on others.
pub struct HostPage {
    /// Where Cliplet and its models lie.
    pub world: World,
    /// Where the page lies.
    pub site: TestServer,
}

impl HostPage {
    /// With this in the body of its page, behind the element's script. Beside the page lie the
    /// sample pictures.
    pub fn new(body: &str) -> Self {
        Self::on(TestServer::ordinary_site(), "", body)
    }

    /// The same on a site of some kind, and with this in the page's head as well.
    pub fn on(site: TestServer, head: &str, body: &str) -> Self {
        let host = Self {
            world: World::new(),
            site,
        };
        host.site.put("notes.js", NOTES);
        for name in ["bee.jpg", "panda.jpg", "rocket.jpg"] {
            let path = repository(&format!("public/samples/{name}"));
            host.site.put(name, std::fs::read(path).unwrap());
        }
        host.site.put("favicon.ico", "");
        host.put("index.html", head, body);
        host
    }

    /// Puts a page there, with this in its head and its body. `CLIPLET` in it is Cliplet's address.
    pub fn put(&self, name: &str, head: &str, body: &str) {
        let page = format!(
            "<!doctype html><html lang=en><head><meta charset=utf-8><title>Host</title>{head}
            <script src=notes.js></script><script src=CLIPLETembed.js></script></head><body>{body}</body></html>"
        );
        self.site
            .put(name, page.replace("CLIPLET", &self.cliplet().url()));
    }

    /// The server of Cliplet.
    pub fn cliplet(&self) -> &TestServer {
        &self.world.page
    }

    /// Opens the page in a new browser.
    #[track_caller]
    pub fn open(&self, options: &Options) -> Page {
        let page = Page::blank(options);
        page.go(&self.site.url());
        page
    }
}

impl Page {
    /// All that follows is about the inside of the element of this id.
    #[track_caller]
    pub fn enter(&self, id: &str) {
        let frame = format!("document.getElementById('{id}').querySelector('iframe')");
        self.wait_until("the frame", Duration::from_secs(30), || {
            (self.script(&format!("return {frame} !== null"), []) == json!(true)).then_some(())
        });
        self.enter_frame(&format!("return {frame}"));
    }

    /// What the element of this id has said, in events of a type.
    pub fn said(&self, id: &str, kind: &str) -> Vec<Value> {
        let script =
            "return events.filter(({ id, type }) => id === arguments[0] && type === arguments[1])
            .map(({ detail }) => detail)";
        let said = self.script(script, [json!(id), json!(kind)]);
        said.as_array().cloned().unwrap_or_default()
    }

    /// Waits until the element of this id has said something in events of a type.
    #[track_caller]
    pub fn wait_for_event(&self, id: &str, kind: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        self.wait_until(
            &format!("an event {kind} of {id}"),
            Duration::from_secs(60),
            || self.said(id, kind).into_iter().find(|detail| is_it(detail)),
        )
    }

    /// The labels of the last result of the element of this id, best first.
    pub fn last_labels(&self, id: &str) -> Vec<String> {
        let said = self.said(id, "result");
        let labels = said.last().map(|detail| detail["labels"].clone());
        let labels = labels
            .as_ref()
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        labels
            .map(|label| label["label"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Waits until the last result of the element of this id is of these labels, the best being the
    /// first of them.
    #[track_caller]
    pub fn wait_for_labels_of(&self, id: &str, labels: &[&str]) {
        self.wait_until(
            &format!("scores of {labels:?}"),
            Duration::from_secs(60),
            || {
                let last = self.last_labels(id);
                let same = last.len() == labels.len()
                    && labels.iter().all(|label| last.iter().any(|l| l == label));
                (same && last[0] == labels[0]).then_some(())
            },
        );
    }

    /// Whether what a page has written into the element, for where it does not run, is to be seen.
    pub fn shows_instead(&self) -> bool {
        let script = "return document.getElementById('instead').checkVisibility()";
        self.script(script, []) == json!(true)
    }

    /// Whether the element of this id shows its frame.
    pub fn shows_frame(&self, id: &str) -> bool {
        let script = "const frame = document.getElementById(arguments[0]).querySelector('iframe');
            return frame !== null && getComputedStyle(frame).visibility === 'visible'";
        self.script(script, [json!(id)]) == json!(true)
    }
}
