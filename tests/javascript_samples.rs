//! Each sample of JavaScript in the documentation runs as it stands there.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::world::World;
use crate::harness::{Kind, Need, Options, Page, repository};

/// The texts with samples.
const TEXTS: [&str; 3] = ["README.md", "docs/javascript.md", "js/cliplet/README.md"];

/// Runs a sample as a project's module, notes what it writes on the console, and how it ends. A
/// camera shows a picture that is drawn.
const PROJECT: &str = "<!DOCTYPE html>
    <meta charset=utf-8>
    <title>A sample</title>
    <script type=importmap>{ \"imports\": { \"cliplet\": \"./cliplet.js\" } }</script>
    <img src=photo.jpg alt=''>
    <script type=module>
      globalThis.written = 0;
      for (const way of ['log', 'table']) console[way] = () => (written += 1);
      navigator.mediaDevices.getUserMedia = async () => {
          const canvas = document.createElement('canvas');
          const context = canvas.getContext('2d');
          setInterval(() => context.fillRect(0, 0, 300, 150), 50);
          return canvas.captureStream();
      };
      import('./sample.js').then(() => (globalThis.ended = 'well'), (error) => (globalThis.ended = String(error.stack)));
    </script>";

/// The samples of a text that are written in a language.
fn samples(text: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    let mut samples = Vec::new();
    for rest in text.split(&begin).skip(1) {
        let (sample, _) = rest.split_once("\n```").expect("a sample has an end");
        samples.push(sample.to_owned());
    }
    samples
}

/// The page with a small model as the default, and a photograph.
fn world() -> World {
    let world = World::new();
    let photograph = fs::read(repository("public/samples/rocket.jpg")).unwrap();
    world.page.put("photo.jpg", photograph);
    world
}

#[track_caller]
fn wait_for(page: &Page, what: &str, script: &str) -> Value {
    page.wait_until(what, Duration::from_secs(60), || {
        Some(page.script(script, [])).filter(|found| !found.is_null())
    })
}

#[test]
fn every_sample_of_a_module_runs() {
    let world = world();
    world.page.put("sample.html", PROJECT);
    let page = Page::blank(&Options::default());
    let mut count = 0;
    for name in TEXTS {
        let text = fs::read_to_string(repository(name)).unwrap();
        for sample in samples(&text, "js") {
            count += 1;
            if sample.contains("getUserMedia") && !Need::Camera.is_met_by(Kind::default()) {
                continue;
            }
            world.page.put("sample.js", &sample);
            page.go(&format!("{}sample.html", world.page.url()));
            let ended = wait_for(&page, &sample, "return globalThis.ended ?? null");
            assert_eq!(ended, "well", "{name}:\n{sample}");
            assert_ne!(
                page.script("return written", []),
                json!(0),
                "{name}:\n{sample}"
            );
        }
    }
    assert!(count >= 8, "{count} samples");
}

#[test]
fn every_sample_of_a_page_runs() {
    let world = world();
    let page = Page::blank(&Options::default());
    let text = fs::read_to_string(repository("docs/javascript.md")).unwrap();
    let pages = samples(&text, "html");
    assert!(!pages.is_empty());
    for sample in pages {
        world.page.put("sample.html", &sample);
        page.go(&format!("{}sample.html", world.page.url()));
        let result = "const result = document.querySelector('#result')?.textContent; return result?.endsWith('%') ? result : null";
        wait_for(&page, &sample, result);
    }
}
