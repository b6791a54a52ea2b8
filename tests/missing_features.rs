//! Where a browser lacks a feature, or refuses it, the page, the element and `cliplet.js` give the
//! same scores, or say in a sentence what is missing: never nothing, and never noise.
//!
//! The features are taken away by a script that runs before all others, in the page and in the
//! engine's worker. docs/using.md says which browsers Cliplet runs in; what these lack is here.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::world::{World, large};
use crate::harness::{
    DROP_ZONE, ERROR, Kind, LABEL_INPUT, Need, Options, Page, STATUS, TestServer, lacks, picture,
    repository,
};

const LABELS: [&str; 3] = ["boat", "rocket", "train"];
const PICTURE: &str = "public/samples/rocket.jpg";

/// How long the end of a visit may take on a busy machine: with an answer, or with a sentence.
const PATIENCE: Duration = Duration::from_secs(60);

/// How far a score may be from that of a browser that lacks nothing. Pictures may be decoded
/// otherwise, and the arithmetic of another build rounds otherwise.
const TOLERANCE: f64 = 0.02;

/// How a visit ends.
#[derive(Clone, Copy)]
enum End {
    /// With the scores that it has without the fault.
    Scores,
    /// With a sentence that has one of these in it: the page and the module have words of their
    /// own.
    Sentence(&'static [&'static str]),
    /// With either: a worker of `cliplet.js` may do without.
    Either(&'static str),
}
use End::{Either, Scores, Sentence};

/// Refuses what is asked for, as browsers do where a person does not allow a page to keep anything.
const REFUSE: &str = "
    const refused = () => new DOMException('The operation is insecure.', 'SecurityError');
    const refuse = (type, ...names) => {
        for (const name of names) if (self[type]) self[type].prototype[name] = () => Promise.reject(refused());
    };
    const forbid = (object, name) => Object.defineProperty(object, name, { configurable: true, get() { throw refused(); } });
    const without = (object, name) => {
        for (let at = object; at; at = Object.getPrototypeOf(at)) delete at[name];
    };
";

const NO_RELAXED: &str = "{
    const { validate } = WebAssembly;
    WebAssembly.validate = (bytes) => !String(new Uint8Array(bytes)).includes('253,147,2') && validate(bytes);
}";
const NO_SIMD: &str = "{
    const { validate } = WebAssembly;
    WebAssembly.validate = (bytes) => !String(new Uint8Array(bytes)).includes('253,') && validate(bytes);
    const unknown = async () => { throw new WebAssembly.CompileError('SIMD is not supported'); };
    for (const name of ['compile', 'compileStreaming', 'instantiate', 'instantiateStreaming']) WebAssembly[name] = unknown;
}";
const NO_MODULE_WORKERS: &str = "{
    const Given = self.Worker;
    if (Given) self.Worker = class extends Given {
        constructor(url, options) { super(url, { ...options, type: 'classic' }); }
    };
}";
const NOISE: &str = "
    without(self, 'VideoFrame');
    for (const type of ['CanvasRenderingContext2D', 'OffscreenCanvasRenderingContext2D']) {
        const read = self[type]?.prototype.getImageData;
        if (read) self[type].prototype.getImageData = function (...area) {
            const read_ = read.apply(this, area);
            for (let at = 0; at < read_.data.length; at += 1) read_.data[at] = Math.random() * 256;
            return read_;
        };
    }
";
const NO_STORES: &str = "
    refuse('StorageManager', 'getDirectory');
    refuse('CacheStorage', 'open', 'match', 'keys', 'has', 'delete');
    refuse('LockManager', 'request');
    refuse('ServiceWorkerContainer', 'register');
    self.BroadcastChannel = class { constructor() { throw refused(); } };
    if (self.document) forbid(self, 'localStorage');
";

/// What is missing, the script that takes it away, and how a visit ends without it.
const ROWS: &[(&str, &str, End)] = &[
    (
        "WebAssembly, as in Lockdown Mode",
        "without(self, 'WebAssembly')",
        Sentence(&["WebAssembly"]),
    ),
    ("SIMD", NO_SIMD, Sentence(&["too old", "SIMD"])),
    ("relaxed SIMD", NO_RELAXED, Scores),
    (
        "shared memory",
        "without(self, 'SharedArrayBuffer')",
        Scores,
    ),
    (
        "modules in workers",
        NO_MODULE_WORKERS,
        Either("start"),
    ),
    (
        "channels between tabs",
        "without(self, 'BroadcastChannel')",
        Scores,
    ),
    (
        "locks",
        "without(navigator, 'locks')",
        Scores,
    ),
    (
        "the private file system",
        "if (self.StorageManager) delete StorageManager.prototype.getDirectory",
        Scores,
    ),
    (
        "synchronous handles of files",
        "if (self.FileSystemFileHandle) delete FileSystemFileHandle.prototype.createSyncAccessHandle",
        Scores,
    ),
    (
        "open files, as in WebKit's private file system on Linux",
        "if (self.FileSystemFileHandle) FileSystemFileHandle.prototype.createSyncAccessHandle =
            () => Promise.reject(new DOMException('The file is open.', 'InvalidStateError'))",
        Scores,
    ),
    ("the Cache API", "without(self, 'caches')", Scores),
    (
        "storage of any kind, outside a secure context",
        "without(navigator, 'storage'); without(self, 'caches'); without(navigator, 'locks'); without(navigator, 'serviceWorker')",
        Scores,
    ),
    (
        "the page's own storage",
        "if (self.document) forbid(self, 'localStorage')",
        Scores,
    ),
    (
        "canvases in workers",
        "if (!self.document) without(self, 'OffscreenCanvas')",
        Scores,
    ),
    (
        "frames of videos",
        "without(self, 'VideoFrame')",
        Scores,
    ),
    (
        "bitmaps in workers",
        "if (!self.document) without(self, 'createImageBitmap')",
        Scores,
    ),
    (
        "the browser's own hashes",
        "delete Crypto.prototype.subtle",
        Scores,
    ),
    (
        "service workers",
        "without(navigator, 'serviceWorker')",
        Scores,
    ),
    ("canvases that tell the truth", NOISE, Scores),
    ("all that keeps, as where cookies are blocked", NO_STORES, Scores),
    (
        "what Safari 16.4 lacks",
        "{ const { validate } = WebAssembly;
           WebAssembly.validate = (bytes) => !String(new Uint8Array(bytes)).includes('253,147,2') && validate(bytes); }
         without(self, 'SharedArrayBuffer');
         if (self.StorageManager) delete StorageManager.prototype.estimate;",
        Scores,
    ),
    (
        "what private windows of Firefox lack",
        "refuse('StorageManager', 'getDirectory', 'persist');
         refuse('CacheStorage', 'open', 'match', 'keys', 'has', 'delete');
         without(navigator, 'serviceWorker')",
        Scores,
    ),
    (
        "room for more than a few bytes, as in a private window of Chromium on a small disk",
        "if (self.FileSystemSyncAccessHandle) {
             const { prototype } = FileSystemSyncAccessHandle;
             prototype.truncate = function (size) {
                 if (size > 100_000) throw new DOMException('No space available', 'QuotaExceededError');
             };
             const { write } = prototype;
             prototype.write = function (bytes, options) {
                 return bytes.byteLength > 100_000 ? 18446744073709552000 : write.call(this, bytes, options);
             };
         }
         refuse('CacheStorage', 'open')",
        Scores,
    ),
];

/// A visit of something else for each row, in one browser: each has an origin of its own.
///
/// `visit` opens it and waits for its end. It gives the page of somebody else the script that it is
/// handed as well.
fn each_row(visit: impl Fn(&Page, &TestServer, &str) -> Result<Vec<(String, f64)>, String>) {
    let page = Page::blank(&Options::default());
    let whole = visit(&page, &TestServer::with_page(), "").expect("nothing is missing");
    assert_eq!(whole[0].0, "rocket");
    let mut wrong = Vec::new();
    for (what, script, end) in ROWS {
        let server = TestServer::with_page();
        let script = format!("{{ {REFUSE} {script} }}");
        server.run_before_scripts(&script);
        let found = visit(&page, &server, &script);
        let is_right = match (end, &found) {
            (Scores | Either(_), Ok(found)) => {
                let same = |(one, other): (&(String, f64), &(String, f64))| {
                    one.0 == other.0 && (one.1 - other.1).abs() < TOLERANCE
                };
                whole.len() == found.len() && whole.iter().zip(found).all(same)
            }
            (Sentence(words), Err(sentence)) => words.iter().any(|words| sentence.contains(words)),
            (Either(words), Err(sentence)) => sentence.contains(words),
            _ => false,
        };
        if !is_right {
            wrong.push(format!("without {what}: {found:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nwith all: {whole:?}",
        wrong.join("\n")
    );
}

/// What a page of somebody else has noted of the end.
fn end_of(page: &Page) -> Result<Value, String> {
    within_patience(|| {
        Some(page.script("return window.ended ?? null", [])).filter(|ended| !ended.is_null())
    })
}

/// Waits until `look` gives something. A visit that has no end is told with the others.
fn within_patience<T>(look: impl Fn() -> Option<T>) -> Result<T, String> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(found) = look() {
            return Ok(found);
        }
        thread::sleep(Duration::from_millis(50));
    }
    Err(format!("nothing within {PATIENCE:?}"))
}

fn pairs(results: &Value) -> Vec<(String, f64)> {
    let results = results.as_array().into_iter().flatten();
    results
        .map(|result| {
            let label = result["label"].as_str().unwrap_or_default();
            (
                label.to_owned(),
                result["score"].as_f64().unwrap_or(f64::NAN),
            )
        })
        .collect()
}

#[test]
fn the_page() {
    each_row(|page, server, _| {
        page.go(&server.url());
        // What says that it cannot run, or else where to begin.
        let shown = "[data-lacks] .lacks-wasm, [data-lacks] .lacks-simd, [data-testid=label-input]";
        within_patience(|| page.has(shown).then_some(()))?;
        if page.has("[data-lacks]") {
            return Err(page.text("[data-lacks] .model-status").unwrap_or_default());
        }
        let state = format!("{STATUS}[data-state=ready], {STATUS}[data-state=error]");
        within_patience(|| page.has(&state).then_some(()))?;
        if page.has(&format!("{STATUS}[data-state=error]")) {
            return Err(page.text(STATUS).unwrap_or_default());
        }
        page.set_labels(&LABELS);
        page.choose_file(&repository(PICTURE));
        page.wait_for(&format!("{DROP_ZONE} img"));
        page.wait_for(LABEL_INPUT);
        let rows = page.wait_for_scores_of(&LABELS);
        Ok(rows
            .into_iter()
            .map(|row| (row.label, row.score.unwrap_or(f64::NAN)))
            .collect())
    });
}

#[test]
fn the_element() {
    each_row(|page, server, script| {
        server.put("before.js", script);
        server.put(
            "host.html",
            "<!doctype html><meta charset=utf-8><title>Host</title>
             <script src=before.js></script><script src=embed.js></script><script src=notes.js></script>
             <cliplet-classifier labels='boat, rocket, train' image=samples/rocket.jpg></cliplet-classifier>",
        );
        server.put(
            "notes.js",
            "window.ended = null;
             for (const type of ['result', 'error']) document.addEventListener(type, ({ target, detail }) => {
                 if (target.localName === 'cliplet-classifier') window.ended ??= { type, detail };
             }, true);",
        );
        page.go(&format!("{}host.html", server.url()));
        let ended = end_of(page)?;
        match ended["type"].as_str() {
            Some("result") => Ok(pairs(&ended["detail"]["labels"])),
            _ => Err(ended["detail"]["message"].to_string()),
        }
    });
}

/// From another origin: the engine then runs in a worker whose script is not at any address, which
/// is where most can be missing.
#[test]
fn the_module() {
    each_row(|page, server, script| {
        server.open_to_all();
        classify_in_a_page_of(page, &TestServer::ordinary_site(), server, script)
    });
}

/// Scores of a page's picture by the `cliplet.js` of a server.
fn classify_in_a_page_of(
    page: &Page,
    site: &TestServer,
    server: &TestServer,
    script: &str,
) -> Result<Vec<(String, f64)>, String> {
    site.put("rocket.jpg", std::fs::read(repository(PICTURE)).unwrap());
    site.put(
        "host.html",
        "<!doctype html><meta charset=utf-8><title>Host</title>
         <script src=before.js></script><script type=module src=start.js></script>",
    );
    site.put("before.js", script);
    site.put(
        "start.js",
        format!(
            "import {{ Cliplet }} from '{}cliplet.js';
             window.ended = null;
             Cliplet.load({{ model: 'cliplet-starter' }}).then((clip) => clip.classify('rocket.jpg', {}))
                 .then((results) => (window.ended = {{ results }}), (error) => (window.ended = {{ message: error.message }}));",
            server.url(),
            json!(LABELS),
        ),
    );
    page.go(&format!("{}host.html", site.url()));
    let ended = end_of(page)?;
    match ended["message"].as_str() {
        Some(message) => Err(message.to_owned()),
        None => Ok(pairs(&ended["results"])),
    }
}

/// Firefox as LibreWolf and Tor Browser have it: what a page reads of a canvas is noise.
#[test]
fn a_browser_that_resists_fingerprinting() {
    if lacks(&[Need::Browser(Kind::Firefox)]) {
        return;
    }
    let visit = |resists: bool| {
        let server = TestServer::with_page();
        let options = Options {
            kind: Kind::Firefox,
            resists_fingerprinting: resists,
            ..Options::default()
        };
        let page = Page::open_with(&server, &options);
        page.wait_until_ready();
        page.set_labels(&LABELS);
        page.choose_file(&repository(PICTURE));
        (page.wait_for_scores_of(&LABELS), page)
    };
    let (plain, _) = visit(false);
    let (resisting, page) = visit(true);
    for (one, other) in plain.iter().zip(&resisting) {
        assert_eq!(one.label, other.label);
        assert!(
            (one.score.unwrap() - other.score.unwrap()).abs() < TOLERANCE,
            "{plain:?} {resisting:?}"
        );
    }
    page.press_button("Share");
    page.press_button("Save as picture");
    page.wait_for_text("dialog[open]", "lets no web page save what it draws");
    page.press_button("Close");
    // Firefox shows it, and there is no decoder of ours for it.
    page.choose_file(&picture("picture.avif"));
    page.wait_for_text(ERROR, "hides what is in “picture.avif”");
}

// With the browser's own setting, which refuses more than one thinks.

#[test]
fn a_browser_that_blocks_cookies_in_chromium() {
    blocks_cookies(Kind::Chromium);
}

#[test]
fn a_browser_that_blocks_cookies_in_firefox() {
    blocks_cookies(Kind::Firefox);
}

fn blocks_cookies(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let server = TestServer::with_page();
    let options = Options {
        kind,
        blocks_cookies: true,
        ..Options::default()
    };
    let page = Page::open_with(&server, &options);
    page.wait_until_ready();
    page.set_labels(&LABELS);
    page.choose_file(&repository(PICTURE));
    assert_eq!(page.wait_for_scores_of(&LABELS)[0].label, "rocket");
}

/// As on a phone: what has no room in memory is said before it is read, with how much it takes, and
/// the model that answers goes on.
#[test]
fn a_model_that_has_no_room_in_memory_is_refused_in_a_sentence() {
    let world = World::with_models(&[("Large", &large(300_000_000, 1))]);
    world.page.run_before_scripts(
        "if (!self.document) {
             const { Memory } = WebAssembly;
             WebAssembly.Memory = function ({ maximum, ...others }) {
                 // 256 MiB in pages of 64 KiB.
                 return new Memory({ maximum: Math.min(maximum, 4096), ...others });
             };
         }",
    );
    let (page, rows) = world.visit();
    page.wait_for_text(STATUS, "300 MB of memory, more than this browser gives");
    page.wait_for_text(STATUS, "Still using the starter model");
    page.paste_text(LABEL_INPUT, "sled\n");
    let labels: Vec<&str> = rows
        .iter()
        .map(|row| &row.label[..])
        .chain(["sled"])
        .collect();
    page.wait_for_scores_of(&labels);
}
