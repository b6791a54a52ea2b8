//! The other tests can be believed: the harness does what it says, on a page made for that.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Fault, Kind, Need, Options, Page, TestServer, lacks};

/// Notes the files that come in by each of the three ways.
const PROBE: &str = r#"<!doctype html><title>Probe</title>
<div data-testid="drop-zone" style="width: 300px; height: 200px; margin-top: 3000px">Drop here</div>
<input data-testid="file-input" type="file"> <input id="text">
<script>
    const note = async (way, file) => {
        document.body.dataset[way] = `${file.name} ${file.type} ${file.size} ${await file.text()}`;
    };
    const zone = document.querySelector('[data-testid=drop-zone]');
    zone.addEventListener('dragover', (event) => { event.preventDefault(); document.body.dataset.held = 'yes'; });
    zone.addEventListener('drop', (event) => { event.preventDefault(); note('dropped', event.dataTransfer.files[0]); });
    document.querySelector('input').addEventListener('change', (event) => note('chosen', event.target.files[0]));
    document.addEventListener('paste', (event) => {
        const file = event.clipboardData.files[0];
        if (file) note('pasted', file);
    });
</script>"#;

fn probe() -> (TestServer, Page) {
    let server = TestServer::elsewhere();
    server.put("index.html", PROBE);
    server.put("favicon.ico", "");
    let page = Page::open(&server);
    (server, page)
}

/// Fetches a file and gives how many bytes arrived, or that the request failed.
fn fetch(page: &Page, url: &str) -> Value {
    let script = "try { return (await (await fetch(arguments[0], { cache: 'no-store' })).arrayBuffer()).byteLength }
                  catch (error) { return 'failed' }";
    page.script(script, [json!(url)])
}

#[test]
fn files_come_in_by_drop_choice_and_paste() {
    let (_server, page) = probe();
    let file =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("probe-{}.txt", std::process::id()));
    fs::write(&file, "hello").unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();

    page.hold_file_over("[data-testid=drop-zone]", &file);
    page.wait_for("body[data-held]");
    assert!(!page.has("body[data-dropped]"));
    page.drop_file("[data-testid=drop-zone]", &file);
    page.choose_file(&file);
    let mut ways = vec!["dropped", "chosen"];
    if Need::Pasted.is_met_by(Kind::default()) {
        page.paste_file(&file, "text/plain");
        ways.push("pasted");
    }
    for way in ways {
        page.wait_for(&format!("body[data-{way}='{name} text/plain 5 hello']"));
    }
    fs::remove_file(file).unwrap();
}

#[test]
fn text_is_typed_pasted_and_typed_over() {
    let (_server, page) = probe();
    page.type_into("#text", "one");
    assert_eq!(page.value("#text").as_deref(), Some("one"));
    page.paste_text("#text", " two");
    assert_eq!(page.value("#text").as_deref(), Some("one two"));
    page.retype("#text", "three");
    assert_eq!(page.value("#text").as_deref(), Some("three"));
    page.press("!");
    assert_eq!(page.value("#text").as_deref(), Some("three!"));
}

#[test]
fn a_network_can_be_slow_break_hang_and_refuse() {
    let (server, page) = probe();
    let elsewhere = TestServer::elsewhere();
    elsewhere.put("model", vec![7; 100_000]);
    let url = format!("{}model", elsewhere.url());
    assert_eq!(fetch(&page, &url), 100_000);
    assert_eq!(elsewhere.requests("model").len(), 1);

    elsewhere.set_fault("model", Fault::Cut { after: 1000 });
    assert_eq!(fetch(&page, &url), "failed");
    elsewhere.set_fault("model", Fault::Status(503));
    assert_eq!(
        page.script("return (await fetch(arguments[0])).status", [json!(url)]),
        503
    );

    elsewhere.set_fault(
        "model",
        Fault::Slow {
            bytes_per_second: 200_000,
        },
    );
    let started = Instant::now();
    assert_eq!(fetch(&page, &url), 100_000);
    assert!(
        started.elapsed() > Duration::from_millis(400),
        "{:?}",
        started.elapsed()
    );

    elsewhere.set_fault("model", Fault::Hang);
    page.script(
        "window.state = 'waiting'; fetch(arguments[0]).then((answer) => answer.arrayBuffer()).then(() => window.state = 'done')",
        [json!(url)],
    );
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(page.script("return window.state", []), "waiting");
    elsewhere.clear_fault("model");
    page.wait_until("the answer to come through", Duration::from_secs(5), || {
        (page.script("return window.state", []) == "done").then_some(())
    });

    elsewhere.stop();
    assert_eq!(fetch(&page, &url), "failed");
    elsewhere.start_again();
    assert_eq!(fetch(&page, &url), 100_000);
    drop(server);
}

#[test]
fn a_browser_can_be_off_the_network() {
    if lacks(&[Need::Protocol]) {
        return;
    }
    let (server, page) = probe();
    let elsewhere = TestServer::elsewhere();
    elsewhere.put("model", vec![7; 100_000]);
    let url = format!("{}model", elsewhere.url());
    page.set_offline(true);
    assert_eq!(page.script("return navigator.onLine", []), json!(false));
    assert_eq!(fetch(&page, &url), "failed");
    page.set_offline(false);
    assert_eq!(fetch(&page, &url), 100_000);
    drop(server);
}

#[test]
fn what_blocks_a_page_is_noticed() {
    if lacks(&[Need::Observers]) {
        return;
    }
    let (_server, page) = probe();
    page.script(
        "setTimeout(() => { const end = performance.now() + 200; while (performance.now() < end); })",
        [],
    );
    page.wait_until("the long task", Duration::from_secs(5), || {
        (page.longest_task() >= Duration::from_millis(200)).then_some(())
    });
    page.forget_tasks();
    assert!(page.longest_task() < Duration::from_millis(200));
}

#[test]
fn what_goes_wrong_in_a_page_is_noticed() {
    if lacks(&[Need::Log]) {
        return;
    }
    let (server, page) = probe();
    assert_eq!(page.console_errors(), Vec::<String>::new());
    page.script(
        "console.log('no error');
         console.error('said');
         setTimeout(() => { throw new Error('as planned') });
         await fetch('missing')",
        [],
    );
    let mut expected = vec!["said", "as planned"];
    if Kind::default() == Kind::Chromium {
        expected.push("404");
    }
    page.wait_until("the errors", Duration::from_secs(5), || {
        (page.console_errors().len() == expected.len()).then_some(())
    });
    for expected in expected {
        let errors = page.console_errors();
        let is_there = errors.iter().any(|error| error.contains(expected));
        assert!(is_there, "{expected}: {errors:?}");
    }
    assert_eq!(server.requests("missing").len(), 1);
}

#[test]
fn a_visitor_prefers_something_in_every_browser() {
    let server = TestServer::elsewhere();
    server.put("index.html", PROBE);
    for prefers in [true, false] {
        let options = Options {
            width: 700,
            height: 640,
            dark: prefers,
            still: prefers,
            ..Options::default()
        };
        let page = Page::open_with(&server, &options);
        let script = "return [innerWidth, innerHeight, document.hasFocus(),
            matchMedia('(prefers-color-scheme: dark)').matches, matchMedia('(prefers-reduced-motion: reduce)').matches]";
        assert_eq!(
            page.script(script, []),
            json!([700, 640, true, prefers, prefers])
        );
        page.resize(1000, 700);
        let size = page.script("return [innerWidth, innerHeight]", []);
        assert_eq!(size, json!([1000, 700]));
    }
}

#[test]
fn a_browser_has_what_it_is_said_to_have() {
    let (_server, page) = probe();
    let script = "const hasFiles = async () => {
            try { return Boolean(await navigator.storage.getDirectory()) } catch { return false }
        };
        // (func (param v128 v128 v128) (result v128) local.get 0..2 f32x4.relaxed_madd)
        const relaxed = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123,
            3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2, 253, 133, 2, 11]);
        return {
            PrivateFiles: await hasFiles(),
            RelaxedSimd: WebAssembly.validate(relaxed),
            Observers: ['longtask', 'layout-shift'].every((type) => PerformanceObserver.supportedEntryTypes.includes(type)),
            SavingData: typeof navigator.connection?.saveData === 'boolean',
            Pasted: (() => {
                const clipboardData = new DataTransfer();
                clipboardData.items.add(new File([], 'empty'));
                return new ClipboardEvent('paste', { clipboardData }).clipboardData.files.length === 1;
            })(),
        }";
    let kind = Kind::default();
    let expected = [
        Need::PrivateFiles,
        Need::RelaxedSimd,
        Need::Observers,
        Need::SavingData,
        Need::Pasted,
    ]
    .map(|need| (format!("{need:?}"), json!(need.is_met_by(kind))));
    let expected: serde_json::Map<String, Value> = expected.into_iter().collect();
    assert_eq!(page.script(script, []), Value::Object(expected), "{kind}");
}

#[test]
fn a_visitor_has_a_screen_and_preferences() {
    if lacks(&[Need::SavingData]) {
        return;
    }
    let server = TestServer::elsewhere();
    server.put("index.html", PROBE);
    let page = Page::open_with(
        &server,
        &Options {
            width: 360,
            height: 640,
            dark: true,
            save_data: true,
            ..Options::default()
        },
    );
    let script =
        "return [innerWidth, innerHeight, matchMedia('(prefers-color-scheme: dark)').matches,
                          navigator.connection.saveData]";
    assert_eq!(page.script(script, []), json!([360, 640, true, true]));
    page.resize(1000, 700);
    assert_eq!(
        page.script("return [innerWidth, innerHeight]", []),
        json!([1000, 700])
    );
    // Loaded again, the page finds the same.
    page.resize(360, 640);
    page.reload();
    assert_eq!(page.script(script, []), json!([360, 640, true, true]));
}

#[test]
fn firefox_is_driven_in_the_same_way() {
    if lacks(&[Need::Browser(Kind::Firefox)]) {
        return;
    }
    let server = TestServer::elsewhere();
    server.put("index.html", PROBE);
    let page = Page::open_with(
        &server,
        &Options {
            kind: Kind::Firefox,
            width: 600,
            height: 500,
            dark: true,
            ..Options::default()
        },
    );
    let script =
        "return [innerWidth, innerHeight, matchMedia('(prefers-color-scheme: dark)').matches,
                          navigator.userAgent.includes('Firefox')]";
    assert_eq!(page.script(script, []), json!([600, 500, true, true]));
    page.retype("#text", "three");
    page.press("!");
    assert_eq!(page.value("#text").as_deref(), Some("three!"));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures/words.jpg");
    page.choose_file(&file);
    page.wait_for("body[data-chosen^='words.jpg image/jpeg']");
    let url = format!("{}missing", server.url());
    assert_eq!(
        page.script("return (await fetch(arguments[0])).status", [json!(url)]),
        404
    );
    server.stop();
    assert_eq!(fetch(&page, &url), "failed");
}
