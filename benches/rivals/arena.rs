//! A browser in which contestants are started and asked, one at a time.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::contestants::Contestant;
use crate::plan::{Model, Plan};
use crate::site::Sites;
use cliplet_test_harness::{Options, Page};

/// How long the machine rests between two measurements: what the last contestant leaves running has
/// ended by then.
const REST: Duration = Duration::from_millis(100);

/// How long a script may wait for an answer before it is asked again; drivers give up after 30
/// seconds.
const TURN: Duration = Duration::from_secs(20);

/// The longest that anything may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// A page with contestants.
pub struct Arena<'a> {
    page: Page,
    sites: &'a Sites,
}

impl<'a> Arena<'a> {
    /// Opens a new browser.
    pub fn open(sites: &'a Sites) -> Self {
        let page = Page::blank_alone(&Options::default());
        page.go(&sites.url("/bench/"));
        page.wait_until("the benchmark's page", Duration::from_secs(30), || {
            page.script("return 'bench' in window && crossOriginIsolated", [])
                .as_bool()
                .filter(|ready| *ready)
        });
        Self { page, sites }
    }

    /// Starts a contestant with some parts of a model. Returns the engine's build where it is
    /// Cliplet.
    pub fn start(&self, contestant: &Contestant, plan: &Plan, model: &Model) -> Option<String> {
        self.sites.fetched();
        let (kind, options) = contestant.options(self.sites, plan, model);
        self.call("start", json!([contestant.name, kind, options]));
        let engine = self.sites.fetched().into_iter().find_map(|path| {
            let (_, file) = path.rsplit_once('/')?;
            let build = file.strip_prefix("engine-")?.strip_suffix("_bg.wasm")?;
            Some(build.rsplit_once('-')?.0.to_owned())
        });
        thread::sleep(REST);
        engine
    }

    /// Ends a contestant.
    pub fn stop(&self, contestant: &Contestant) {
        self.call("stop", json!([contestant.name]));
    }

    /// Measures something; in milliseconds.
    pub fn time(&self, method: &str, arguments: Value) -> f64 {
        let time = self.call(method, arguments);
        thread::sleep(REST);
        time.as_f64()
            .unwrap_or_else(|| panic!("{method} gave no time but {time}"))
    }

    /// Calls one of the page's functions, and waits for what it gives.
    pub fn call(&self, method: &str, arguments: Value) -> Value {
        let begin = "const [method, args] = arguments;
            window.outcome = window.bench[method](...args).then(
                (value) => ({ value: value ?? null }), (error) => ({ failed: String(error.stack ?? error) }))";
        self.page
            .script(&format!("{begin}; return null"), [json!(method), arguments]);
        wait_for(&self.page, "window.outcome", method)
    }
}

/// Waits for an expression of a page to become `{ value }`; `{ failed }` ends the program.
pub fn wait_for(page: &Page, expression: &str, what: &str) -> Value {
    let script = format!(
        "const late = new Promise((resolve) => setTimeout(resolve, {}, null));
         return await Promise.race([{expression}, late])",
        TURN.as_millis()
    );
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let mut outcome = page.script(&script, []);
        if let Some(failed) = outcome["failed"].as_str() {
            panic!("{what} failed in the browser: {failed}");
        }
        if outcome.is_object() {
            return outcome["value"].take();
        }
    }
    panic!(
        "{what} took longer than {} minutes\n{}",
        PATIENCE.as_secs() / 60,
        page.describe()
    );
}
