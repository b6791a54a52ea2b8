//! Pages that stand side by side in somebody else's page share one engine, and lose nothing when
//! the one that it belongs to goes.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::world::{FILE, World};
use crate::harness::{Fault, Kind, Options, Page, Row, engine_file, page_file};

/// What the page around them can do to them.
const TOOLS: &str = "<!DOCTYPE html><title>Somebody's page</title><script>
    globalThis.frame = (at) => document.querySelectorAll('iframe')[at].contentDocument;
    globalThis.give = async (at, address) => {
        const blob = await (await fetch(address)).blob();
        const transfer = new DataTransfer();
        transfer.items.add(new File([blob], address.split('/').pop(), { type: 'image/jpeg' }));
        const input = frame(at).querySelector('[data-testid=file-input]');
        input.files = transfer.files;
        input.dispatchEvent(new Event('change', { bubbles: true }));
    };
    globalThis.rows = (at) => Array.from(frame(at)?.querySelectorAll('[data-testid=result]') ?? [],
        (row) => [row.dataset.label, row.dataset.score ?? null]);
    globalThis.held = async (kind) => {
        const { held } = await navigator.locks.query();
        return held.filter(({ name }) => name.startsWith(`cliplet:${kind}-`)).length;
    };
    // The places of those that have an engine of their own.
    globalThis.hosts = () => Array.from(document.querySelectorAll('iframe'), (_, at) => at).filter((at) => frames[at].clipletHost);
    </script>";

/// Pages inside of another one, which say that they share, or do not.
struct Side {
    world: World,
    page: Page,
}

impl Side {
    /// All at once: nobody can say which of them has the engine, if they share one.
    fn by_side(world: World, count: usize, share: bool) -> Self {
        Self::in_browser(Kind::default(), world, count, share)
    }

    /// The engine is the first one's.
    fn after_the_first(kind: Kind, world: World, count: usize) -> Self {
        let side = Self::in_browser(kind, world, 1, true);
        side.wait_for_engines(1, 0);
        side.page.script(
            "const first = document.querySelector('iframe');
             for (let more = 1; more < arguments[0]; more += 1) document.body.append(first.cloneNode());",
            [json!(count)],
        );
        side.wait_for_labels(count);
        side.wait_for_engines(1, count - 1);
        assert_eq!(side.hosts(), [0]);
        side
    }

    fn in_browser(kind: Kind, world: World, count: usize, share: bool) -> Self {
        let html = page_file("index.html");
        let embedded = if share {
            html.replacen("<html lang=\"en\"", "<html lang=\"en\" data-embed", 1)
        } else {
            html.clone()
        };
        assert_eq!(share, embedded != html);
        world.page.put("embedded.html", embedded);
        // Without the starter, whose scores could be taken for the better model's.
        let catalogue = fs::read(world.page.file("models.json")).unwrap();
        let mut catalogue: Value = serde_json::from_slice(&catalogue).unwrap();
        let models = catalogue["models"].as_array_mut().unwrap();
        models.retain(|model| model["preview"] != true);
        world.page.put("models.json", catalogue.to_string());
        let frames =
            "<iframe src=embedded.html?download=auto width=900 height=600></iframe>".repeat(count);
        world.page.put("host.html", format!("{TOOLS}{frames}"));
        let page = Page::open_at_with(
            &world.page,
            "host.html",
            &Options {
                kind,
                ..Options::default()
            },
        );
        let side = Self { world, page };
        side.wait_for_labels(count);
        side
    }

    /// Waits until there are that many pages, each with its labels.
    #[track_caller]
    fn wait_for_labels(&self, pages: usize) {
        self.wait("the labels", || {
            let script = "return Array.from(frames, (frame) => frame.document.querySelectorAll('[data-testid=label]').length)";
            let counts = self.page.script(script, []);
            let counts = counts.as_array()?.clone();
            (counts.len() == pages && counts.iter().all(|count| count.as_u64() > Some(0))).then_some(())
        });
    }

    #[track_caller]
    fn wait<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        self.page.wait_until(what, Duration::from_secs(40), look)
    }

    fn give(&self, at: usize, sample: &str) {
        self.page.script(
            "await give(arguments[0], arguments[1])",
            [json!(at), json!(format!("samples/{sample}.jpg"))],
        );
    }

    fn rows(&self, at: usize) -> Vec<Row> {
        let rows = self.page.script("return rows(arguments[0])", [json!(at)]);
        let row = |row: &Value| Row {
            label: row[0].as_str().unwrap_or_default().to_owned(),
            score: row[1].as_str().and_then(|score| score.parse().ok()),
        };
        rows.as_array().into_iter().flatten().map(row).collect()
    }

    /// A page's scores once the better model has given them.
    #[track_caller]
    fn scores(&self, at: usize) -> Vec<Row> {
        self.wait(&format!("the scores of page {at}"), || {
            // Asked before the rows are read: they are put in order a moment after they have got
            // their scores.
            let settled = self.page.script(
                "const inside = frame(arguments[0]);
                 return !!inside?.querySelector('[data-settled=true]') && !inside.querySelector('.stale, [data-testid=error]')",
                [json!(at)],
            );
            let status = "return frame(arguments[0])?.querySelector('[data-testid=model-status]')?.innerText ?? ''";
            let status = self.page.script(status, [json!(at)]);
            let rows = self.rows(at);
            let sum: f64 = rows.iter().filter_map(|row| row.score).sum();
            let complete = !rows.is_empty() && rows.iter().all(|row| row.score.is_some());
            let ready = status.as_str().is_some_and(|status| status.contains("Better CLIP is ready"));
            (ready && complete && (sum - 1.0).abs() < 1e-3 && settled == true).then_some(rows)
        })
    }

    fn hosts(&self) -> Vec<u64> {
        let hosts = self.page.script("return hosts()", []);
        hosts
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .collect()
    }

    /// How many engines and guests there are.
    #[track_caller]
    fn wait_for_engines(&self, engines: usize, guests: usize) {
        let wanted = json!([engines, guests]);
        self.wait(&format!("{engines} engines and {guests} guests"), || {
            let found = self
                .page
                .script("return [await held('host'), await held('guest')]", []);
            (found == wanted).then_some(())
        });
    }
}

/// What a page by itself makes of a sample, with the labels that it has.
fn alone(sample: &str) -> Vec<Row> {
    let side = Side::by_side(World::new(), 1, false);
    side.give(0, sample);
    side.scores(0)
}

#[test]
fn pages_side_by_side_have_one_engine_and_scores_of_their_own() {
    let side = Side::by_side(World::new(), 3, true);
    side.wait_for_engines(1, 2);
    assert_eq!(side.hosts().len(), 1);
    let samples = ["rocket", "panda", "bridge"];
    for (at, sample) in samples.iter().enumerate() {
        side.give(at, sample);
    }
    for (at, sample) in samples.iter().enumerate() {
        assert_eq!(side.scores(at), alone(sample), "page {at}");
    }
    assert_eq!(side.world.models.requests(FILE).len(), 1);
    side.wait_for_engines(1, 2);
}

#[test]
fn when_the_page_with_the_engine_goes_another_one_takes_over_and_nothing_is_lost() {
    for (kind, away) in [
        (Kind::Chromium, "remove()"),
        (Kind::Chromium, "src = 'about:blank'"),
        (Kind::Firefox, "remove()"),
        (Kind::WebKit, "remove()"),
    ] {
        if !Kind::of_this_run().contains(&kind) {
            continue;
        }
        let side = Side::after_the_first(kind, World::new(), 3);
        side.give(1, "panda");
        let before = side.scores(1);
        // In the middle of what this one has asked for.
        side.give(2, "bridge");
        side.page
            .script(&format!("document.querySelector('iframe').{away}"), []);
        let (second, third) = match away {
            "remove()" => (0, 1),
            _ => (1, 2),
        };
        side.wait_for_engines(1, 1);
        // Browsers differ in the last digits.
        let expected = alone("bridge");
        for (row, expected) in side.scores(third).iter().zip(&expected) {
            assert_eq!(row.label, expected.label);
            assert!(
                (row.score.unwrap() - expected.score.unwrap()).abs() < 0.01,
                "{row:?}, {expected:?}"
            );
        }
        // What it had is still there, and the new engine knows it: other labels of the same
        // picture.
        assert_eq!(side.rows(second), before);
        side.page.script(
            "const button = Array.from(frame(arguments[0]).querySelectorAll('button')).find((button) => button.innerText === '✕'
                 || button.getAttribute('aria-label')?.startsWith('Remove'));
             button.click()",
            [json!(second)],
        );
        let after = side.wait("scores of fewer labels", || {
            let rows = side.scores(second);
            (rows.len() == before.len() - 1).then_some(rows)
        });
        assert_ne!(after, before);
        side.give(second, "rocket");
        side.wait("another picture", || {
            (side.scores(second)[0].score != after[0].score).then_some(())
        });
        assert_eq!(side.world.models.requests(FILE).len(), 1);
    }
}

#[test]
fn a_download_goes_on_when_its_page_goes() {
    let large = crate::harness::world::large(900_000, 7);
    let world = World::with_models(&[("Better", &large)]);
    world.models.set_fault(
        FILE,
        Fault::Slow {
            bytes_per_second: 150_000,
        },
    );
    let side = Side::after_the_first(Kind::default(), world, 2);
    side.give(0, "rocket");
    side.give(1, "panda");
    side.wait("some of the model", || {
        (side.world.models.bytes_served(FILE) > 300_000).then_some(())
    });
    side.page
        .script("document.querySelector('iframe').remove()", []);
    side.world.models.clear_fault(FILE);
    assert!(!side.scores(0).is_empty());
    side.wait_for_engines(1, 0);
}

#[test]
fn an_engine_that_breaks_is_said_in_every_page_and_started_again_once() {
    let side = Side::after_the_first(Kind::default(), World::new(), 2);
    for at in [0, 1] {
        side.give(at, "rocket");
        side.scores(at);
    }
    // As a thread says it that has broken down.
    side.page.script(
        "const line = new BroadcastChannel(frames[0].clipletHost.line);
         line.postMessage({ message: { Crashed: { message: 'It broke.' } } })",
        [],
    );
    for at in [1, 0] {
        side.wait("a sentence", || {
            let script = "return frame(arguments[0]).body.innerText.includes('It broke.')";
            (side.page.script(script, [json!(at)]) == true).then_some(())
        });
    }
    for at in [1, 0] {
        side.page.script(
            "Array.from(frame(arguments[0]).querySelectorAll('button')).find((button) => button.innerText === 'Start again').click()",
            [json!(at)],
        );
    }
    side.wait_for_engines(1, 1);
    assert_eq!(side.hosts().len(), 1);
    assert_eq!(side.scores(0), side.scores(1));
}

#[test]
fn a_guest_that_goes_is_forgotten() {
    let side = Side::after_the_first(Kind::default(), World::new(), 3);
    side.page
        .script("document.querySelectorAll('iframe')[1].remove()", []);
    side.wait_for_engines(1, 1);
    side.give(1, "rocket");
    side.give(0, "panda");
    assert_eq!(side.scores(1), alone("rocket"));
    assert_eq!(side.scores(0), alone("panda"));
}

#[test]
fn pages_that_do_not_say_so_share_nothing() {
    let side = Side::by_side(World::new(), 2, false);
    side.give(0, "rocket");
    side.give(1, "rocket");
    assert_eq!(side.scores(0), side.scores(1));
    side.wait_for_engines(0, 0);
    assert_eq!(side.hosts(), Vec::<u64>::new());
}

#[test]
fn an_engine_that_does_not_start_is_said_in_every_page() {
    let world = World::new();
    let worker = engine_file("worker-", ".js");
    world.page.set_fault(&worker, Fault::Status(404));
    let side = Side::by_side(world, 2, true);
    side.wait("two sentences", || {
        let script = "return Array.from(frames, (frame) => frame.document.body.innerText.includes('could not start'))";
        (side.page.script(script, []) == json!([true, true])).then_some(())
    });
}
