//! `cliplet.js` in somebody else's page, from a script element: it gives the scores that the page
//! gives, for every kind of image, and says in a sentence what goes wrong.

use std::fs;
use std::time::Duration;

use cliplet_clip::picture;
use cliplet_clip::{Arithmetic, Clip, zero_shot};
use cliplet_protocol::messages::Failure;
use cliplet_protocol::template;
use serde_json::{Value, json};

use crate::harness::world::{better, large};
use crate::harness::{
    Fault, Kind, NO_BLOBS, Need, Options, Page, TestServer, engine_file, lacks, page_directory,
    page_file, picture, repository,
};

const LABELS: [&str; 6] = ["airplane", "rocket", "train", "boat", "car", "bicycle"];

/// The page of somebody else, with the address of `cliplet.js`.
fn host(address: &str) -> String {
    format!(
        "<!DOCTYPE html><meta charset=utf-8><title>Somebody's page</title>
         <script type=module>
           import {{ Cliplet, ClipletError, similarity }} from \"{address}\";
           // What an error is, to the tests.
           const told = (error) => ({{ code: error.code ?? null, name: error.name, sentence: error.message, index: error.index ?? null }});
           const failure = (promise) => promise.then((value) => ({{ value }}), told);
           Object.assign(globalThis, {{ Cliplet, ClipletError, similarity, told, failure }});
         </script>"
    )
}

/// A visit of a page that imports the module beside it, in this browser.
pub(crate) fn visit_in(kind: Kind, server: &TestServer) -> Page {
    server.put("host.html", host("./cliplet.js"));
    let page = Page::open_at_with(
        server,
        "host.html",
        &Options {
            kind,
            ..Options::default()
        },
    );
    wait_for_module(&page);
    page
}

fn visit(server: &TestServer) -> Page {
    visit_in(Kind::default(), server)
}

fn wait_for_module(page: &Page) {
    page.wait_until("the module", Duration::from_secs(30), || {
        (page.script("return typeof Cliplet", []) == "function").then_some(())
    });
}

/// The scores of a picture's labels in their order, as the starter gives them in exact arithmetic
/// on this machine.
fn expected(file: &str, labels: &[&str]) -> Vec<f64> {
    let model = fs::read(repository("public/models/starter.gguf")).unwrap();
    let clip = Clip::read(&mut std::io::Cursor::new(model), Arithmetic::Reference).unwrap();
    let picture = picture::decode(&fs::read(repository(file)).unwrap()).unwrap();
    let image = clip
        .encode_batch(&[clip.preprocess(&picture).unwrap()])
        .unwrap();
    let prompts = labels
        .iter()
        .map(|label| template::fill(template::DEFAULT, label));
    let tokens: Vec<_> = prompts
        .map(|prompt| clip.tokenizer().encode(&prompt).unwrap().ids)
        .collect();
    let tokens: Vec<&[u32]> = tokens.iter().map(|ids| &ids[..]).collect();
    let texts = clip.encode_token_lists(&tokens).unwrap();
    let scores = zero_shot::score(&image[0], &texts, clip.config().logit_scale);
    scores
        .iter()
        .map(|score| f64::from(score.probability))
        .collect()
}

/// The scores of some results, in the order of the labels.
#[track_caller]
fn scores(results: &Value, labels: &[&str]) -> Vec<f64> {
    let results = results.as_array().expect("there are results");
    assert!(
        results.is_sorted_by(|a, b| a["score"].as_f64() >= b["score"].as_f64()),
        "best first: {results:?}"
    );
    let score = |label: &&str| {
        let result = results.iter().find(|result| result["label"] == **label);
        result
            .and_then(|result| result["score"].as_f64())
            .expect("each label has a score")
    };
    labels.iter().map(score).collect()
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= tolerance,
            "{what}: {found} instead of {expected}"
        );
    }
}

#[test]
fn every_kind_of_image_gets_the_same_scores() {
    let file = "crates/clip/tests/fixtures/photographs/rocket.png";
    let expected = expected(file, &LABELS);
    for &kind in Kind::of_this_run() {
        let server = TestServer::with_page();
        server.put("rocket.png", fs::read(repository(file)).unwrap());
        let page = visit_in(kind, &server);
        page.script(NO_BLOBS, []);
        // WebKitGTK shows no video of what a canvas shows. Films are scored in `orientation`.
        let plays_canvases = kind != Kind::WebKit;
        let kinds = page.script(
            "const clip = globalThis.clip = await Cliplet.load({ model: 'cliplet-starter' });
             const blob = new Blob([await (await fetch('rocket.png')).arrayBuffer()]);
             const bitmap = await createImageBitmap(blob);
             const element = Object.assign(new Image(), { src: 'rocket.png' });
             const drawn = (canvas) => {
                 Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
                 canvas.getContext('2d').drawImage(bitmap, 0, 0);
                 return canvas;
             };
             const canvas = drawn(document.createElement('canvas'));
             const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
             // A picture that is drawn again is a frame.
             const again = setInterval(() => drawn(canvas), 50);
             const playing = async () => {
                 const video = document.createElement('video');
                 video.muted = true;
                 video.srcObject = canvas.captureStream();
                 const plays = new Promise((resolve) => video.requestVideoFrameCallback
                     ? video.requestVideoFrameCallback(resolve) : video.addEventListener('timeupdate', resolve));
                 await video.play();
                 await plays;
                 return { HTMLVideoElement: video };
             };
             const images = {
                 'relative address': 'rocket.png',
                 'absolute address': new URL('rocket.png', location).href,
                 URL: new URL('rocket.png', location),
                 'data address': await new Promise((resolve) => {
                     const reader = new FileReader();
                     reader.onload = () => resolve(reader.result);
                     reader.readAsDataURL(blob);
                 }),
                 Blob: blob,
                 File: new File([blob], 'rocket.png'),
                 ImageBitmap: bitmap,
                 ImageData: data,
                 HTMLImageElement: element,
                 HTMLCanvasElement: canvas,
                 OffscreenCanvas: drawn(new OffscreenCanvas(1, 1)),
                 ...(arguments[1] ? await playing() : {}),
             };
             const kinds = [];
             for (const [kind, image] of Object.entries(images)) {
                 const late = new Promise((_, reject) => setTimeout(() => reject(new Error(`${kind} takes for ever`)), 20_000));
                 kinds.push([kind, await Promise.race([clip.classify(image, arguments[0]), late])]);
             }
             clearInterval(again);
             // What was given is still the caller's.
             if (bitmap.width === 0 || data.data.length === 0) throw new Error('it was taken away');
             return kinds",
            [json!(LABELS), json!(plays_canvases)],
        );
        let kinds = kinds.as_array().unwrap();
        assert_eq!(kinds.len(), if plays_canvases { 12 } else { 11 });
        let from_file = scores(&kinds[4][1], &LABELS);
        assert_close(&from_file, &expected, 0.01, "as computed without a browser");
        for kind_and_results in kinds {
            let what = kind_and_results[0].as_str().unwrap();
            let found = scores(&kind_and_results[1], &LABELS);
            // Videos have colours of their own.
            let tolerance = if what == "HTMLVideoElement" {
                0.05
            } else {
                1e-6
            };
            assert_close(&found, &from_file, tolerance, what);
            let sum: f64 = found.iter().sum();
            assert!((sum - 1.0).abs() < 1e-4, "{what}: {sum}");
        }
        // The same as the page's own, which shows them rounded.
        let page = Page::open_in(kind, &server);
        page.wait_until_ready();
        page.set_labels(&LABELS);
        page.choose_file(&repository(file));
        for row in page.wait_for_scores_of(&LABELS) {
            let at = LABELS.iter().position(|label| *label == row.label).unwrap();
            assert!((row.score.unwrap() - from_file[at]).abs() < 1e-4, "{row:?}");
        }
    }
}

#[test]
fn transparent_images_lie_over_white_whatever_they_come_in() {
    let server = TestServer::with_page();
    let file = "crates/clip/tests/fixtures/photographs/transparent.png";
    server.put("transparent.png", fs::read(repository(file)).unwrap());
    let page = visit(&server);
    let results = page.script(
        "const clip = await Cliplet.load({ model: 'cliplet-starter' });
         const element = Object.assign(new Image(), { src: 'transparent.png' });
         await element.decode();
         const canvas = Object.assign(document.createElement('canvas'), { width: element.width, height: element.height });
         canvas.getContext('2d').drawImage(element, 0, 0);
         const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
         const results = [];
         for (const image of ['transparent.png', element, canvas, data]) results.push(await clip.classify(image, arguments[0]));
         return results",
        [json!(LABELS)],
    );
    let expected = expected(file, &LABELS);
    for results in results.as_array().unwrap() {
        assert_close(
            &scores(results, &LABELS),
            &expected,
            0.01,
            "transparent.png",
        );
    }
}

#[test]
fn labels_templates_and_embeddings_fit_together() {
    let server = TestServer::with_page();
    let page = visit(&server);
    let found = page.script(
        "const clip = await Cliplet.load({ model: 'cliplet-starter' });
         const labels = arguments[0];
         const image = 'samples/rocket.jpg';
         const all = await clip.classify(image, labels);
         const best = await clip.classify(image, new Set(labels), { topK: 2 });
         const bare = await clip.classify(image, labels, { template: '{}' });
         const templates = ['a photo of a {}', 'a drawing of a {}'];
         const several = await clip.classify(image, ['boat'], { template: templates });
         const [picture] = await clip.embedImages([image]);
         const prompts = await clip.embedTexts(templates.map((template) => template.replace('{}', 'boat')));
         const mean = prompts[0].map((x, at) => x + prompts[1][at]);
         const texts = await clip.embedTexts(labels.map((label) => `a photo of a ${label}`));
         const [again, twice] = await clip.embedImages([image, image]);
         return {
             all, best, bare,
             mean: [several[0].cosine, clip.similarity(picture, mean)],
             lengths: [picture, ...texts].map((embedding) => Math.hypot(...embedding)),
             arrays: [picture, ...texts].every((embedding) => Object.prototype.toString.call(embedding) === '[object Float32Array]'),
             cosines: texts.map((text) => clip.similarity(picture, text)),
             self: similarity(again, twice),
             none: [await clip.embedTexts([]), await clip.embedImages([])],
             model: clip.model, engine: clip.engine,
             cut: (await clip.classify(image, ['word '.repeat(100), 'rocket'])).map(({ label, cut }) => [label.length, cut ?? null]),
         }",
        [json!(LABELS)],
    );
    assert_eq!(found["all"][0]["label"], "rocket");
    assert_eq!(found["all"].as_array().unwrap().len(), LABELS.len());
    assert_eq!(found["best"], json!([found["all"][0], found["all"][1]]));
    assert_ne!(
        scores(&found["bare"], &LABELS),
        scores(&found["all"], &LABELS)
    );
    let mean = |at: usize| found["mean"][at].as_f64().unwrap();
    assert!((mean(0) - mean(1)).abs() < 1e-5, "{}", found["mean"]);
    assert_eq!(found["arrays"], true);
    for length in found["lengths"].as_array().unwrap() {
        assert!((length.as_f64().unwrap() - 1.0).abs() < 1e-5, "{length}");
    }
    for (label, cosine) in LABELS.iter().zip(found["cosines"].as_array().unwrap()) {
        let results = found["all"].as_array().unwrap();
        let result = results
            .iter()
            .find(|result| result["label"] == *label)
            .unwrap();
        let expected = result["cosine"].as_f64().unwrap();
        assert!(
            (cosine.as_f64().unwrap() - expected).abs() < 1e-5,
            "{label}: {cosine}, {expected}"
        );
    }
    assert!((found["self"].as_f64().unwrap() - 1.0).abs() < 1e-6);
    assert_eq!(found["none"], json!([[], []]));
    assert_eq!(found["model"]["id"], "cliplet-starter");
    assert_eq!(found["model"]["licence"], "Apache-2.0 AND MIT");
    assert_eq!(found["model"]["kept"], true);
    let threads = page.script("return Math.min(navigator.hardwareConcurrency, 8)", []);
    assert_eq!(found["engine"]["threads"], threads);
    assert!(
        found["cut"]
            .as_array()
            .unwrap()
            .contains(&json!([500, true])),
        "{}",
        found["cut"]
    );
    assert!(
        found["cut"].as_array().unwrap().contains(&json!([6, null])),
        "{}",
        found["cut"]
    );
}

#[test]
fn what_makes_no_sense_is_refused_with_a_sentence() {
    let server = TestServer::with_page();
    server.put("broken.html", "<h1>This is no image.</h1>");
    // Another site, whose pictures everybody may show and nobody but one may read.
    let other = TestServer::with_page();
    other.set_fault(
        "samples/rocket.jpg",
        Fault::Header("Access-Control-Allow-Origin", "https://example.org"),
    );
    let page = visit(&server);
    let errors = page.script(
        "const clip = await Cliplet.load({ model: 'cliplet-starter' });
         const image = 'samples/rocket.jpg';
         const foreign = Object.assign(new Image(), { src: arguments[0] });
         await foreign.decode();
         const painted = Object.assign(document.createElement('canvas'), { width: 8, height: 8 });
         painted.getContext('2d').drawImage(foreign, 0, 0);
         const closed = await createImageBitmap(new ImageData(1, 1));
         closed.close();
         const pruned = [];
         for (const [code, ask] of Object.entries({
             'no-labels': () => clip.classify(image, []),
             'empty-label': () => clip.classify(image, ['cat', ' ']),
             'duplicate-label': () => clip.classify(image, ['cat', 'dog', 'cat']),
             'bad-template': () => clip.classify(image, ['cat'], { template: 'a photo' }),
             'bad-argument': () => clip.classify(image, ['cat'], { topK: 0 }),
             'bad-argument 2': () => clip.classify(image, 7),
             'bad-argument 3': () => clip.classify(image, ['cat', 7]),
             'bad-argument 4': () => clip.embedTexts('cat'),
             'bad-argument 5': () => clip.embedImages(image),
             'bad-argument 6': async () => clip.similarity([1, 0], [1]),
             'bad-argument 7': () => Cliplet.load({ model: 'cliplet-starter', threads: 0 }),
             'not-an-image': () => clip.classify({}, ['cat']),
             'not-an-image 2': () => clip.classify(undefined, ['cat']),
             'not-an-image 3': () => clip.classify(document.body, ['cat']),
             'image-status': () => clip.classify('nothing.jpg', ['cat']),
             'image-unreachable': () => clip.classify(arguments[0], ['cat']),
             'image-unreachable 2': () => clip.classify('http://127.0.0.1:1/a.jpg', ['cat']),
             'image-unreachable 3': () => clip.classify('javascript:alert(1)', ['cat']),
             'unreadable-image': () => clip.classify(new Blob([new Uint8Array([1, 2, 3, 4])]), ['cat']),
             'unsupported-image': () => clip.classify('broken.html', ['cat']),
             'empty-image': () => clip.classify(new Blob([]), ['cat']),
             'empty-image 2': () => clip.classify(document.createElement('canvas').transferControlToOffscreen() && new OffscreenCanvas(0, 0), ['cat']),
             'empty-image 3': () => clip.classify(closed, ['cat']),
             'image-not-loaded': () => clip.classify(Object.assign(new Image(), { src: 'nothing.jpg' }), ['cat']),
             'image-not-loaded 2': () => clip.classify(new Image(), ['cat']),
             'no-frame': () => clip.classify(document.createElement('video'), ['cat']),
             'tainted-image': () => clip.classify(foreign, ['cat']),
             'tainted-image 2': () => clip.classify(painted, ['cat']),
             'unknown-model': () => Cliplet.load({ model: 'nothing' }),
             'unknown-model 6': () => Cliplet.load({ model: '__proto__' }),
             'unknown-model 7': () => Cliplet.load({ model: 'constructor' }),
             'unknown-model 2': () => Cliplet.load({ model: 'https://huggingface.co/a/b/blob/main/pytorch_model.bin' }),
             'unknown-model 3': () => Cliplet.load({ model: 'ftp://example.org/a.gguf' }),
             'unknown-model 4': () => Cliplet.load({ model: [new File(['x'], 'model.safetensors')] }),
             'unknown-model 5': () => Cliplet.load({ model: {} }),
             'http-status': () => Cliplet.load({ model: 'nothing.gguf' }),
             'unusable-model': () => Cliplet.load({ model: new File(['This is no model.'], 'a.gguf') }),
             'no-catalogue': () => Cliplet.load({ baseUrl: 'samples' }),
         })) {
             const error = await failure(ask());
             pruned.push([code.split(' ')[0], error, error.value === undefined]);
         }
         // One bad image of several is named.
         pruned.push(['image-status', await failure(clip.embedImages([image, 'nothing.jpg', image])), true]);
         // And nothing was lost.
         return { errors: pruned, after: await clip.classify(image, ['rocket', '__proto__', 'constructor']) }",
        [json!(format!("{}samples/rocket.jpg", other.url()))],
    );
    let all = errors["errors"].as_array().unwrap();
    for error in all {
        assert_eq!(error[1]["code"], error[0], "{error}");
        assert_eq!(error[1]["name"], "ClipletError", "{error}");
        let sentence = error[1]["sentence"].as_str().unwrap();
        assert!(
            sentence.ends_with('.') && sentence.contains(' '),
            "{sentence}"
        );
    }
    assert_eq!(all.last().unwrap()[1]["index"], 1);
    assert_eq!(errors["after"][0]["label"], "rocket");
}

#[test]
fn a_model_that_arrives_tells_how_far_it_is_and_can_be_stopped() {
    // Elsewhere nothing of a part is kept.
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let server = TestServer::with_page();
    let models = TestServer::elsewhere();
    models.put("large.gguf", large(600_000, 1));
    models.set_fault(
        "large.gguf",
        Fault::Slow {
            bytes_per_second: 200_000,
        },
    );
    let page = visit(&server);
    let stopped = page.script(
        "const control = new AbortController();
         const stages = [];
         const onProgress = (progress) => {
             stages.push(progress);
             if (progress.stage === 'downloading' && progress.received > 0) control.abort(new Error('That is enough.'));
             throw new Error('What a listener throws is its own affair.');
         };
         addEventListener('error', (event) => event.preventDefault());
         const error = await failure(Cliplet.load({ model: arguments[0], onProgress, signal: control.signal }));
         const early = await failure(Cliplet.load({ model: arguments[0], signal: AbortSignal.abort() }));
         return { stages, error, early }",
        [json!(format!("{}large.gguf", models.url()))],
    );
    assert_eq!(stopped["error"]["sentence"], "That is enough.");
    assert_eq!(stopped["early"]["name"], "AbortError");
    let stages = stopped["stages"].as_array().unwrap();
    assert_eq!(stages[0], json!({ "stage": "starting" }));
    assert_eq!(stages[1]["stage"], "downloading");
    // What is still on its way of the first does not count.
    models.stop();
    models.clear_fault("large.gguf");
    models.start_again();
    let before = models.bytes_served("large.gguf");
    let loaded = page.script(
        "const stages = new Set();
         const clip = await Cliplet.load({ model: arguments[0], onProgress: ({ stage }) => stages.add(stage) });
         return { stages: [...stages], model: clip.model, score: (await clip.classify('samples/rocket.jpg', ['a']))[0].score }",
        [json!(format!("{}large.gguf", models.url()))],
    );
    assert_eq!(
        loaded["stages"],
        json!(["starting", "downloading", "opening"])
    );
    assert_eq!(loaded["model"]["name"], "large");
    assert_eq!(loaded["score"], 1.0);
    let after = models.bytes_served("large.gguf") - before;
    assert!(
        after < 600_000,
        "it goes on where it was, and fetched {after} bytes"
    );
}

#[test]
fn the_page_s_own_thread_is_left_alone() {
    if lacks(&[Need::Observers]) {
        return;
    }
    let server = TestServer::with_page();
    let page = visit(&server);
    page.forget_tasks();
    let labels = page.script(
        "const clip = await Cliplet.load({ model: 'cliplet-starter' });
         const files = ['bee', 'bridge', 'fruit', 'panda', 'rocket'].map((name) => `samples/${name}.jpg`);
         const blobs = await Promise.all(files.map(async (file) => (await fetch(file)).blob()));
         const labels = Array.from({ length: 40 }, (_, at) => `label ${at}`);
         let count = 0;
         for (const image of [...files, ...blobs, await createImageBitmap(blobs[0])]) {
             count += (await clip.classify(image, labels)).length;
         }
         count += (await clip.embedImages(files)).length + (await clip.embedTexts(labels)).length;
         clip.dispose();
         return count",
        [],
    );
    assert_eq!(labels, 11 * 40 + 5 + 40);
    assert_eq!(page.longest_task(), Duration::ZERO);
}

#[test]
fn work_can_be_aborted_and_goes_on_afterwards() {
    let server = TestServer::with_page();
    server.set_fault("samples/panda.jpg", Fault::Hang);
    let page = visit(&server);
    let found = page.script(
        "const clip = await Cliplet.load({ model: 'cliplet-starter' });
         const many = Array.from({ length: 3000 }, (_, at) => `label ${at} of many`);
         const aborted = (work) => {
             const control = new AbortController();
             const promise = failure(work(control.signal));
             setTimeout(() => control.abort(), 50);
             return promise;
         };
         const errors = [
             await aborted((signal) => clip.classify('samples/rocket.jpg', many, { signal })),
             await aborted((signal) => clip.embedTexts(many, { signal })),
             await aborted((signal) => clip.classify('samples/panda.jpg', ['panda'], { signal })),
             await aborted((signal) => clip.embedImages(['samples/panda.jpg'], { signal })),
             await failure(clip.embedTexts(['a'], { signal: AbortSignal.abort() })),
         ];
         const stages = [];
         clip.embedTexts(many).catch(() => {});
         const after = await clip.classify('samples/rocket.jpg', many.slice(0, 40), { onProgress: (p) => stages.push(p) });
         return { errors, stages, after: after.length }",
        [],
    );
    for error in found["errors"].as_array().unwrap() {
        assert_eq!(error["name"], "AbortError", "{error}");
    }
    assert_eq!(found["after"], 40);
}

#[test]
fn what_is_disposed_of_rejects_and_answers_no_more() {
    let server = TestServer::with_page();
    let page = visit(&server);
    let found = page.script(
        "const clip = await Cliplet.load({ model: 'cliplet-starter' });
         const other = await Cliplet.load({ model: 'cliplet-starter' });
         const many = Array.from({ length: 3000 }, (_, at) => `label ${at}`);
         const pending = [clip.classify('samples/rocket.jpg', many), clip.embedTexts(many), clip.embedImages(['samples/rocket.jpg'])];
         setTimeout(() => clip.dispose(), 20);
         const errors = await Promise.all(pending.map(failure));
         errors.push(await failure(clip.embedTexts(['a'])), await failure(clip.classify('samples/rocket.jpg', ['a'])));
         clip.dispose();
         return { errors, other: (await other.embedTexts(['a'])).length }",
        [],
    );
    for error in found["errors"].as_array().unwrap() {
        assert_eq!(error["code"], "disposed", "{error}");
    }
    assert_eq!(found["other"], 1);
}

#[test]
fn an_engine_that_breaks_or_does_not_start_says_so() {
    let worker = worker_script();
    // It listens, and then breaks down as it would for want of memory.
    let breaking = "postMessage({ message: { Listening: { build: 'none', threads: 1 } } });
         onmessage = () => postMessage({ message: { Crashed: { message: 'unreachable executed' } } });";
    for (script, code, words) in [
        (Some(breaking), "engine-crashed", "unreachable executed"),
        (
            Some("throw new Error('Not today.');"),
            "engine-not-started",
            "Not today.",
        ),
        (None, "engine-not-started", &*worker),
    ] {
        let server = TestServer::with_page();
        match script {
            Some(script) => server.put(&worker, script),
            None => server.set_fault(&worker, Fault::Status(404)),
        }
        let page = visit(&server);
        let error = page.script(
            "return failure(Cliplet.load({ model: 'cliplet-starter' }))",
            [],
        );
        assert_eq!(error["code"], code, "{error}");
        assert!(
            error["sentence"].as_str().unwrap().contains(words),
            "{error}"
        );
    }
}

/// A newer starter comes with a newer page, and takes the place of the one before it.
#[test]
fn a_starter_of_another_revision_is_dropped_for_the_new_one() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let server = TestServer::with_page();
    let catalogue = page_file("models.json");
    let mut older: Value = serde_json::from_str(&catalogue).unwrap();
    let models = older["models"].as_array_mut().unwrap().iter_mut();
    for model in models.filter(|model| model["preview"] == true) {
        model["revision"] = json!("older");
    }
    server.put("models.json", older.to_string());
    let page = visit(&server);
    for revision in ["older", "2"] {
        let kept = page.script(
            "const clip = await Cliplet.load({ model: 'cliplet-starter' });
             const results = await clip.classify('samples/rocket.jpg', ['boat', 'rocket']);
             clip.dispose();
             const root = await navigator.storage.getDirectory();
             const folder = await root.getDirectoryHandle('models');
             const names = [];
             for await (const name of folder.keys()) if (name.endsWith('.gguf')) names.push(name);
             return [results[0].label, ...names]",
            [],
        );
        assert_eq!(
            kept,
            json!(["rocket", format!("cliplet-starter.{revision}.gguf")])
        );
        server.put("models.json", &catalogue);
        page.reload();
        wait_for_module(&page);
    }
}

/// The path of the worker's script in the built page.
fn worker_script() -> String {
    let module = page_file("cliplet.js");
    let (_, path) = module
        .split_once("const WORKER = \"")
        .expect("the module names the worker");
    path.split_once('"').unwrap().0.to_owned()
}

/// One of each. Whoever adds a variant is told here that it is missing below.
fn failures() -> Vec<Failure> {
    let all = vec![
        Failure::Unreachable,
        Failure::HttpStatus { code: 418 },
        Failure::Interrupted {
            received: 5,
            total: None,
        },
        Failure::Stalled {
            received: 5,
            total: Some(9),
        },
        Failure::WebPage,
        Failure::WrongLength {
            expected: 9,
            found: None,
        },
        Failure::WrongHash,
        Failure::Changing,
        Failure::NoRoom { missing: Some(77) },
        Failure::FileInUse,
        Failure::FilesGone,
        Failure::UnusableModel {
            reason: "It is a poem".to_owned(),
        },
        Failure::OutOfMemory { wanted: None },
        Failure::OutOfMemory {
            wanted: Some(303_810_560),
        },
        Failure::EmptyPicture,
        Failure::UnreadablePicture,
        Failure::UnsupportedPicture {
            what: "a poem".to_owned(),
            advice: "Read it aloud".to_owned(),
        },
        Failure::NoDecoder,
        Failure::HiddenPixels,
        Failure::PictureTooLarge {
            width: 123_456,
            height: 7,
        },
        Failure::UnknownPicture,
        Failure::NoModel,
        Failure::Internal {
            message: "It broke".to_owned(),
        },
        Failure::UnusableProbe {
            reason: "It has no classes".to_owned(),
        },
        Failure::ProbeOfOtherModel {
            model: "another".to_owned(),
        },
    ];
    for failure in &all {
        match failure {
            Failure::Unreachable
            | Failure::HttpStatus { .. }
            | Failure::Interrupted { .. }
            | Failure::Stalled { .. }
            | Failure::WebPage
            | Failure::WrongLength { .. }
            | Failure::WrongHash
            | Failure::Changing
            | Failure::NoRoom { .. }
            | Failure::FileInUse
            | Failure::FilesGone
            | Failure::UnusableModel { .. }
            | Failure::OutOfMemory { .. }
            | Failure::EmptyPicture
            | Failure::UnreadablePicture
            | Failure::UnsupportedPicture { .. }
            | Failure::NoDecoder
            | Failure::HiddenPixels
            | Failure::PictureTooLarge { .. }
            | Failure::UnknownPicture
            | Failure::NoModel
            | Failure::Internal { .. }
            | Failure::UnusableProbe { .. }
            | Failure::ProbeOfOtherModel { .. } => {}
        }
    }
    all
}

/// A worker that says them, in the place of the engine.
#[test]
fn every_failure_of_the_engine_is_a_sentence() {
    let server = TestServer::with_page();
    let failures = failures();
    server.put(
        &worker_script(),
        format!(
            "const failures = {};
             postMessage({{ message: {{ Listening: {{ build: 'none', threads: 1 }} }} }});
             onmessage = ({{ data: {{ message: {{ id, request }} }} }}) => {{
                 const reply = request.LoadModel
                     ? {{ Done: {{ ModelReady: {{ model: 'm', kept: true }} }} }} : {{ Failed: failures[request.Embed.prompts[0]] }};
                 postMessage({{ message: {{ Reply: {{ id, reply }} }} }});
             }};",
            serde_json::to_string(&failures).unwrap()
        ),
    );
    let page = visit(&server);
    let errors = page.script(
        "const clip = await Cliplet.load({ model: 'cliplet-starter' });
         const errors = [];
         for (let at = 0; at < arguments[0]; at += 1) errors.push(await failure(clip.embedTexts([String(at)])));
         return errors",
        [json!(failures.len())],
    );
    let types = fs::read_to_string(repository("js/cliplet/cliplet.d.ts")).unwrap();
    for (failure, error) in failures.iter().zip(errors.as_array().unwrap()) {
        let (code, sentence) = (
            error["code"].as_str().unwrap(),
            error["sentence"].as_str().unwrap(),
        );
        assert!(
            types.contains(&format!("| \"{code}\"")),
            "{code} is in the types"
        );
        assert!(
            sentence.ends_with('.') && !sentence.contains("undefined"),
            "{sentence}"
        );
        let is_a_defect = matches!(
            failure,
            Failure::UnknownPicture
                | Failure::NoModel
                | Failure::Internal { .. }
                | Failure::UnusableProbe { .. }
                | Failure::ProbeOfOtherModel { .. }
        );
        assert_eq!(code == "internal", is_a_defect, "{failure:?}: {code}");
        // What the engine says of it stands in the sentence.
        for detail in ["418", "77", "It is a poem", "123456", "It broke"] {
            let said = format!("{failure:?}").replace('_', "").contains(detail);
            assert_eq!(sentence.contains(detail), said, "{failure:?}: {sentence}");
        }
    }
}

/// The codes that the module gives are those of its types.
#[test]
fn every_code_is_in_the_types() {
    let types = fs::read_to_string(repository("js/cliplet/cliplet.d.ts")).unwrap();
    let typed: std::collections::BTreeSet<&str> = types
        .lines()
        .filter_map(|line| line.trim().strip_prefix("| \"")?.split('"').next())
        .filter(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .collect();
    let module = page_file("cliplet.js");
    let mut given: std::collections::BTreeSet<&str> = module
        .split("new ClipletError(")
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
        .collect();
    let (_, table) = module.split_once("const FAILURES = {").unwrap();
    let (table, _) = table.split_once("\n};").unwrap();
    given.extend(
        table
            .split('[')
            .skip(1)
            .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next()),
    );
    assert!(given.len() > 30, "{given:?}");
    assert_eq!(typed, given);
}

#[test]
fn models_are_named_in_many_ways() {
    let server = TestServer::with_page();
    let models = TestServer::elsewhere();
    models.put("Better.gguf", better());
    for file in fs::read_dir(repository(
        "crates/clip/tests/fixtures/hugging_face/bf16-sparse",
    ))
    .unwrap()
    {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        models.put(&format!("clip/{name}"), fs::read(&path).unwrap());
    }
    let page = visit(&server);
    let found = page.script(
        "const [base, sha256, wrong] = arguments;
         const load = async (model) => {
             const clip = await Cliplet.load({ model });
             const [embedding] = await clip.embedTexts(['a cat']);
             clip.dispose();
             return { name: clip.model.name, revision: clip.model.revision, embedding: [...embedding] };
         };
         const file = async (path, name) => new File([await (await fetch(base + path)).arrayBuffer()], name);
         const names = ['config.json', 'preprocessor_config.json', 'tokenizer.json', 'model.safetensors'];
         const folder = await Promise.all(names.map((name) => file(`clip/${name}`, name)));
         const gguf = await file('Better.gguf', 'mine.gguf');
         const starter = new File([await (await fetch('models/starter.gguf')).arrayBuffer()], 'mine.gguf');
         return {
             address: await load(`${base}Better.gguf`),
             url: await load(new URL(`${base}Better.gguf`)),
             relative: await load('models/starter.gguf'),
             described: await load({ url: `${base}Better.gguf`, sha256, name: 'Described', revision: '7' }),
             mismatched: await failure(load({ url: `${base}Better.gguf`, sha256: wrong, revision: '8' })),
             blob: await load(new Blob([gguf])),
             file: await load(gguf),
             // Of the same name, but not the same.
             otherFile: await load([starter]),
             folder: await load(`${base}clip`),
             files: await load(folder),
             four: await load({ url: `${base}clip/`, weights: 'q4_0' }),
         }",
        [
            json!(models.url()),
            json!(crate::harness::world::sha256(&better()).to_uppercase()),
            json!("0".repeat(64)),
        ],
    );
    let embedding = |kind: &str| {
        let numbers = found[kind]["embedding"].as_array();
        numbers
            .unwrap_or_else(|| panic!("{kind}: {}", found[kind]))
            .clone()
    };
    for kind in ["url", "described", "blob", "file"] {
        assert_eq!(embedding(kind), embedding("address"), "{kind}");
    }
    assert_eq!(embedding("otherFile"), embedding("relative"));
    assert_ne!(embedding("otherFile"), embedding("file"));
    assert_eq!(embedding("files"), embedding("folder"));
    assert_ne!(embedding("four"), embedding("folder"));
    assert_eq!(found["address"]["name"], "Better");
    assert_eq!(found["described"]["name"], "Described");
    assert_eq!(found["described"]["revision"], "7");
    assert_eq!(found["mismatched"]["code"], "wrong-hash");
    // Fetched for the address, and for each description that names another revision.
    assert_eq!(
        models
            .requests("Better.gguf")
            .iter()
            .filter(|request| request.header("range").is_some())
            .count(),
        3
    );
}

#[test]
fn what_names_a_model_is_read_by_a_program_that_few_fetch() {
    let server = TestServer::with_page();
    let reader = engine_file("reader-", "_bg.wasm");
    let page = visit(&server);
    page.script("await Cliplet.load({ model: 'cliplet-starter' })", []);
    assert_eq!(
        server.files_asked_for("engine/reader-"),
        Vec::<String>::new()
    );
    server.set_fault(&reader, Fault::Status(503));
    let failed = page.script(
        "return failure(Cliplet.load({ model: 'models/starter.gguf' }))",
        [],
    );
    assert_eq!(failed["code"], "no-model-reader");
    assert!(failed["sentence"].as_str().unwrap().ends_with("try again."));
    server.clear_fault(&reader);
    let name = "return (await Cliplet.load({ model: 'models/starter.gguf' })).model.name";
    assert_eq!(page.script(name, []), "starter");
}

#[test]
fn the_page_and_the_module_keep_one_model_for_both() {
    let server = TestServer::with_page();
    let models = TestServer::elsewhere();
    models.put("Better.gguf", better());
    let page = visit(&server);
    page.script(
        "await Cliplet.load({ model: arguments[0] })",
        [json!(format!("{}Better.gguf", models.url()))],
    );
    let before = models.requests("Better.gguf").len();
    page.go(&server.url());
    page.press_button("Models");
    page.type_into(
        "dialog[open] #other-model",
        &format!("{}Better.gguf", models.url()),
    );
    page.press_button("Fetch it");
    page.wait_for_text(crate::harness::STATUS, "Better is ready");
    assert_eq!(models.requests("Better.gguf").len(), before);
}

#[test]
fn another_origin_can_bring_the_engine() {
    for &kind in Kind::of_this_run() {
        let host_server = TestServer::with_page();
        let scripts = TestServer::of(&page_directory());
        scripts.open_to_all();
        host_server.put("host.html", host(&format!("{}cliplet.js", scripts.url())));
        let page = Page::open_at_with(
            &host_server,
            "host.html",
            &Options {
                kind,
                ..Options::default()
            },
        );
        wait_for_module(&page);
        let found = page.script(
            "const clip = await Cliplet.load({ model: 'cliplet-starter' });
             return { isolated: crossOriginIsolated, engine: clip.engine, results: await clip.classify('samples/rocket.jpg', ['rocket', 'cat']) }",
            [],
        );
        assert_eq!(found["results"][0]["label"], "rocket");
        assert_eq!(found["isolated"], true);
        assert!(
            found["engine"]["build"]
                .as_str()
                .unwrap()
                .ends_with("-threads"),
            "{}",
            found["engine"]
        );
        assert!(host_server.files_asked_for("engine/").is_empty());
        assert!(!scripts.files_asked_for("engine/engine-").is_empty());
    }
}

#[test]
fn a_base_address_names_another_place() {
    let server = TestServer::with_page();
    let scripts = TestServer::of(&page_directory());
    scripts.open_to_all();
    let page = visit(&server);
    let found = page.script(
        "const clip = await Cliplet.load({ model: 'cliplet-starter', baseUrl: arguments[0], threads: 1 });
         return { engine: clip.engine, results: await clip.classify('samples/rocket.jpg', ['rocket', 'cat']) }",
        [json!(scripts.url().trim_end_matches('/'))],
    );
    assert_eq!(found["results"][0]["label"], "rocket");
    assert_eq!(found["engine"]["threads"], 1);
    assert!(server.files_asked_for("engine/").is_empty());
}

#[test]
fn a_page_with_a_strict_policy_and_without_isolation_can_use_it() {
    if lacks(&[Need::Log]) {
        return;
    }
    let server = TestServer::with_page();
    server.set_no_headers();
    let policy = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; \
        script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'\">";
    server.put(
        "host.js",
        "import { Cliplet } from './cliplet.js'; globalThis.Cliplet = Cliplet;",
    );
    server.put(
        "host.html",
        format!(
            "<!DOCTYPE html>{policy}<title>Strict</title><script type=module src=host.js></script>"
        ),
    );
    let page = Page::open_at(&server, "host.html");
    wait_for_module(&page);
    let found = page.script(
        "const clip = await Cliplet.load({ model: 'cliplet-starter' });
         return { engine: clip.engine, results: await clip.classify('samples/rocket.jpg', ['rocket', 'cat']) }",
        [],
    );
    assert_eq!(found["results"][0]["label"], "rocket");
    assert_eq!(found["engine"]["threads"], 1);
    assert_eq!(page.console_errors(), Vec::<String>::new());
}

#[test]
fn a_worker_can_use_it_too() {
    let server = TestServer::with_page();
    server.put(
        "own-worker.js",
        "import { Cliplet } from './cliplet.js';
         const clip = await Cliplet.load({ model: 'cliplet-starter' });
         postMessage(await clip.classify('samples/rocket.jpg', ['rocket', 'cat']));",
    );
    let page = visit(&server);
    let results = page.script(
        "const worker = new Worker('own-worker.js', { type: 'module' });
         return new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data) })",
        [],
    );
    assert_eq!(results[0]["label"], "rocket");
}

#[test]
fn a_page_in_a_sandbox_can_use_it() {
    for &kind in Kind::of_this_run() {
        let server = TestServer::with_page();
        // Which a page without an origin needs.
        server.open_to_all();
        server.put(
            "sandboxed.html",
            "<!DOCTYPE html><script type=module>
               import { Cliplet } from './cliplet.js';
               const run = async () => {
                   const clip = await Cliplet.load({ model: 'cliplet-starter' });
                   return { results: await clip.classify('samples/rocket.jpg', ['rocket', 'cat']), kept: clip.model.kept };
               };
               parent.postMessage(await run().catch((error) => String(error)), '*');
             </script>",
        );
        server.put("host.html", "<!DOCTYPE html><title>Somebody's page</title>");
        let options = Options {
            kind,
            ..Options::default()
        };
        let page = Page::open_at_with(&server, "host.html", &options);
        let found = page.script(
            "const frame = document.createElement('iframe');
             frame.sandbox = 'allow-scripts';
             frame.src = 'sandboxed.html';
             const said = new Promise((resolve) => addEventListener('message', ({ data }) => resolve(data)));
             document.body.append(frame);
             return said",
            [],
        );
        if kind == Kind::WebKit {
            // It lets the worker of a page without an origin import nothing.
            let sentence = found.as_str().unwrap();
            assert!(sentence.contains("worker cannot be loaded"), "{sentence}");
            continue;
        }
        assert_eq!(found["results"][0]["label"], "rocket", "{found}");
        assert_eq!(found["kept"], false);
    }
}

#[test]
fn pictures_of_every_kind_of_file_are_read() {
    let server = TestServer::with_page();
    for name in [
        "cmyk.jpg",
        "turned.jpg",
        "picture.webp",
        "picture.avif",
        "picture.tiff",
    ] {
        server.put(name, fs::read(picture(name)).unwrap());
    }
    let page = visit(&server);
    let best = page.script(
        "const clip = await Cliplet.load({ model: 'cliplet-starter' });
         const best = [];
         for (const name of ['cmyk.jpg', 'turned.jpg', 'picture.webp', 'picture.avif', 'picture.tiff'])
             best.push((await clip.classify(name, arguments[0], { topK: 1 }))[0].label);
         return best",
        [json!(LABELS)],
    );
    assert_eq!(best, json!(vec!["rocket"; 5]));
}
