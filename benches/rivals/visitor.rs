//! A person who visits a page with a picture in hand, in a browser of their own: Cliplet's own
//! page, or the least that a page with Transformers.js can be.

use std::time::Duration;

use serde_json::json;

use crate::arena::wait_for;
use crate::labels::TEMPLATE;
use crate::plan::Plan;
use crate::site::Sites;
use cliplet_test_harness::{LABEL, Options, Page, STATUS};

/// How long a model may take to arrive and be read.
const MODEL_PATIENCE: Duration = Duration::from_secs(120);

/// What they visit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// Cliplet's page.
    Cliplet,
    /// A page with Transformers.js.
    Transformers,
}

impl Place {
    /// What its numbers are filed under. Both use as many threads as there are.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cliplet => "cliplet/n",
            Self::Transformers => "transformers/n",
        }
    }
}

/// The visitor's browser, and where it goes.
pub struct Visitor {
    page: Page,
    place: Place,
    url: String,
    labels: Vec<String>,
}

impl Visitor {
    /// Starts a browser that has never been anywhere, with the labels that the visitor will ask
    /// about.
    pub fn new(sites: &Sites, plan: &Plan, place: Place, picture: &str, labels: &[String]) -> Self {
        let page = Page::blank_alone(&Options::default());
        let url = match place {
            Place::Cliplet => {
                page.run_before_pages(
                    &include_str!("page/visitor.js")
                        .replace("PICTURE", &json!(sites.url(picture)).to_string())
                        .replace("LABELS", &labels.len().to_string()),
                );
                sites.url("/cliplet/")
            }
            Place::Transformers => {
                let options = json!({
                    "hub": format!("/models/{}/hub", plan.models[0].name),
                    "threads": plan.threads,
                    "picture": picture,
                    "labels": labels,
                    "template": TEMPLATE,
                });
                sites.url(&format!(
                    "/bench/visit.html?options={}",
                    encoded(&options.to_string())
                ))
            }
        };
        Self {
            page,
            place,
            url,
            labels: labels.to_vec(),
        }
    }

    /// Visits for the first time, and stays until the picture is scored by the model that is timed
    /// and everything that the next visit needs is kept.
    pub fn visit_first(&self) {
        match self.place {
            Place::Cliplet => {
                self.page.go(&self.url);
                self.page
                    .wait_until("Cliplet's page", Duration::from_secs(30), || {
                        self.page.has(LABEL).then_some(())
                    });
                let labels: Vec<&str> = self.labels.iter().map(String::as_str).collect();
                self.page.set_labels(&labels);
                self.first_result();
                // The small model may have answered first.
                self.page
                    .wait_until("the model that is timed", MODEL_PATIENCE, || {
                        let has = |css: &str| self.page.has(css);
                        (has(&format!("{STATUS}[data-state=ready]")) && !has(".preview"))
                            .then_some(())
                    });
                self.page.wait_for("[data-testid=works-offline]");
                // What the page remembers is written with a little delay.
                std::thread::sleep(Duration::from_secs(1));
            }
            Place::Transformers => {
                self.visit_again();
            }
        }
    }

    /// Visits in a new document. Returns the time from the navigation's start to the first result,
    /// in milliseconds.
    pub fn visit_again(&self) -> f64 {
        self.page.go("about:blank");
        std::thread::sleep(Duration::from_millis(500));
        self.page.go(&self.url);
        self.first_result()
    }

    /// Visits in a new document with a processor that is so many times slower. Returns the time
    /// from the navigation's start until all is drawn and the page's thread answers, in
    /// milliseconds: the end of the last task of the first seconds that holds it up for longer than
    /// 50 ms, if there is one behind the last drawing.
    pub fn visit_slowly(&self, times: u32) -> f64 {
        self.page.go("about:blank");
        std::thread::sleep(Duration::from_millis(500));
        self.page
            .cdp("Emulation.setCPUThrottlingRate", json!({ "rate": times }));
        self.page.go(&self.url);
        self.page
            .wait_until("all to be drawn", Duration::from_secs(60), || {
                (self.page.script("return Number.isFinite(window.drawn)", []) == json!(true))
                    .then_some(())
            });
        // As long as Lighthouse waits for more.
        std::thread::sleep(Duration::from_secs(5));
        let time = self.page.script(
            "return Math.max(window.drawn, ...window.longTasks.map(({ start, ms }) => start + ms))",
            [],
        );
        self.page
            .cdp("Emulation.setCPUThrottlingRate", json!({ "rate": 1 }));
        time.as_f64().expect("a visit takes some time")
    }

    /// Types letters into the first label, in the place of what stands there, one after the other.
    /// Returns the time from each to the frame that shows the score of the label as it then reads,
    /// in milliseconds.
    pub fn type_into_label(&self, letters: &[char]) -> Vec<f64> {
        let listens = self.page.script("return 'keystrokes' in window", []);
        if listens == json!(false) {
            self.page.script(include_str!("page/keystroke.js"), []);
        }
        self.page.script(
            "window.keystrokes.length = 0;
             const label = document.querySelector(arguments[0]);
             label.focus();
             label.select()",
            [json!(LABEL)],
        );
        let times = || self.page.script("return window.keystrokes", []);
        for (typed, letter) in letters.iter().enumerate() {
            self.page.press(&letter.to_string());
            self.page
                .wait_until("the score of a letter", Duration::from_secs(30), || {
                    (times().as_array()?.len() > typed).then_some(())
                });
        }
        let times = times();
        let times = times.as_array().expect("a list of times").iter();
        times.filter_map(serde_json::Value::as_f64).collect()
    }

    fn first_result(&self) -> f64 {
        let expression = "new Promise((resolve) => {
            const look = () => window.firstResult ? resolve(window.firstResult) : setTimeout(look, 20);
            look();
        }).then((result) => result.failed ? result : { value: result.ms })";
        let time = wait_for(&self.page, expression, self.place.name());
        time.as_f64().expect("a visit takes some time")
    }

    /// The browser's processes descend from this one.
    pub fn process_id(&self) -> u32 {
        self.page.process_id()
    }

    /// Opens the page and waits until it is as ready as it gets without a picture.
    pub fn open_without_picture(sites: &Sites) -> Page {
        let page = Page::blank_alone(&Options::default());
        page.go(&sites.url("/cliplet/"));
        page.wait_for(&format!("{STATUS}[data-state=ready]"));
        page
    }
}

/// Text as a part of a query.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
