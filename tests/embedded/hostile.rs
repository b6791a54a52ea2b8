//! Pages and messages that mean no good: they do nothing.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::host_page::HostPage;
use crate::harness::{ERROR, Options, Page, TestServer, picture};

const LABELS: [&str; 3] = ["panda", "rocket", "bridge"];
const ELEMENT: &str = "<cliplet-classifier id=a labels='panda, rocket, bridge' image=panda.jpg>
    <p id=instead>Something else</p></cliplet-classifier>";

/// A page that makes a frame of its own and speaks to it by hand, without the element.
const BY_HAND: &str = "
    window.heard = [];
    const frame = document.createElement('iframe');
    frame.width = 700;
    frame.height = 420;
    addEventListener('message', ({ data, source }) => {
        if (source === frame.contentWindow && String(data).startsWith('cliplet:hello:')) window.hello = data;
    });
    window.connect = (data = 'cliplet:connect') => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => heard.push(data);
        frame.contentWindow.postMessage(data, '*', [port2]);
        return port1;
    };
    window.begin = (address) => {
        frame.src = address + 'embed.html#token';
        document.body.append(frame);
    };
";

/// Opens that page, with the frame having said hello.
fn by_hand() -> (HostPage, Page) {
    let host = HostPage::new("<script src=by-hand.js></script>");
    host.site.put("by-hand.js", BY_HAND);
    let page = host.open(&Options::default());
    page.script("begin(arguments[0])", [json!(host.cliplet().url())]);
    page.wait_until("hello", Duration::from_secs(30), || {
        (page.script("return window.hello", []) == json!("cliplet:hello:token")).then_some(())
    });
    (host, page)
}

fn enter(page: &Page) {
    page.enter_frame("return document.querySelector('iframe')");
}

/// What the frame has said by hand, in messages of a type.
fn heard(page: &Page, kind: &str) -> Vec<Value> {
    let heard = page.script("return heard.map(JSON.parse)", []);
    let heard = heard.as_array().cloned().unwrap_or_default();
    let of_kind = heard.into_iter().filter(|message| message["type"] == kind);
    of_kind.map(|message| message["detail"].clone()).collect()
}

fn wait_to_hear(page: &Page, kind: &str, is_it: impl Fn(&Value) -> bool) {
    page.wait_until(&format!("{kind} by hand"), Duration::from_secs(60), || {
        heard(page, kind).iter().any(&is_it).then_some(())
    });
}

#[test]
fn what_is_no_message_does_nothing() {
    let (_host, page) = by_hand();
    // Not to the window, and not instead of the port.
    page.script(
        "for (const data of [null, 7, {}, [], 'cliplet', '{\"labels\":[\"evil\"]}', { type: 'settings' }]) connect(data);
        window.port = connect();
        window.second = connect();
        second.postMessage(JSON.stringify({ labels: ['evil'] }));",
        [],
    );
    page.script(
        "port.postMessage(JSON.stringify({ labels: ['cat', 'dog'], theme: 'dark' }));",
        [],
    );
    wait_to_hear(&page, "shown", |_| true);
    enter(&page);
    page.wait_for_labels(2);
    page.leave_frames();

    page.script(
        "const circle = {};
        circle.circle = circle;
        for (const data of [null, undefined, 7, NaN, 1n, true, new Date(), new Map([['labels', ['evil']]]), [], [[]], circle,
            ['https://example.org/a.png', new Blob(['evil'])], [1, 2], { labels: ['evil'] }, new ArrayBuffer(8),
            new Error('evil')]) port.postMessage(data);",
        [],
    );
    for text in [
        "",
        "null",
        "[]",
        "{",
        r#"{"labels":"evil"}"#,
        r#"{"labels":[["evil"]]}"#,
        r#"{"labels":["evil"],"__proto__":{"theme":"light"}}"#,
        r#"{"labels":["evil"],"constructor":{"prototype":{"theme":"light"}}}"#,
        r#"{"labels":["evil"],"unknown":1}"#,
    ] {
        let before = heard(&page, "error").len();
        page.script("port.postMessage(arguments[0])", [json!(text)]);
        page.wait_until("a sentence", Duration::from_secs(30), || {
            (heard(&page, "error").len() > before).then_some(())
        });
        let error = heard(&page, "error").pop().unwrap();
        assert_eq!(error["code"], "settings", "{text}");
        assert_eq!(error["fatal"], false, "{text}");
    }
    let long = "port.postMessage(JSON.stringify({ labels: ['evil', 'x'.repeat(5e6)] }))";
    page.script(long, []);
    enter(&page);
    assert_eq!(page.labels(), ["cat", "dog"]);
    assert_eq!(
        page.script("return [({}).theme, ({}).labels]", []),
        json!([null, null])
    );
    page.wait_for("html[data-theme=dark]");
    page.leave_frames();
    page.script("port.postMessage(JSON.stringify({ labels: ['cup'] }))", []);
    enter(&page);
    page.wait_for_labels(1);
    assert_eq!(page.labels(), ["cup"]);
}

#[test]
fn of_a_flood_of_settings_the_last_hold() {
    let (host, page) = by_hand();
    page.script("window.port = connect(); port.postMessage('{}')", []);
    wait_to_hear(&page, "ready", |_| true);
    let flood = "const images = [arguments[0]];
        for (let n = 0; n < 20000; n += 1) {
            port.postMessage(n % 7 === 0 ? 'nonsense' : JSON.stringify({ labels: [`label ${n}`, 'panda'], images }));
        }
        port.postMessage(JSON.stringify({ labels: ['panda', 'rocket'], images }));";
    page.script(
        flood,
        [json!(format!("{}samples/panda.jpg", host.cliplet().url()))],
    );
    wait_to_hear(&page, "result", |detail| {
        detail["labels"].as_array().unwrap().len() == 2
            && detail["labels"][0]["label"] == "panda"
            && detail["labels"][1]["label"] == "rocket"
    });
    let all = page.script("return heard.length", []).as_u64().unwrap();
    assert!(all < 200, "{all}");
    enter(&page);
    assert_eq!(
        page.wait_for_scores_of(&["panda", "rocket"])[0].label,
        "panda"
    );
}

#[test]
fn only_the_page_around_is_listened_to() {
    let (_host, page) = by_hand();
    let evil = TestServer::elsewhere();
    evil.put(
        "index.html",
        "<!doctype html><script>
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = ({ data }) => parent.postMessage('evil heard ' + data, '*');
            port1.postMessage(JSON.stringify({ labels: ['evil'] }));
            parent.frames[0].postMessage('cliplet:connect', '*', [port2]);
            parent.postMessage('cliplet:hello:token', '*');
            parent.postMessage('evil is done', '*');
        </script>",
    );
    let add = "window.said = [];
        addEventListener('message', ({ data }) => said.push(data));
        document.body.append(Object.assign(document.createElement('iframe'), { src: arguments[0] }))";
    page.script(add, [json!(evil.url())]);
    page.wait_until("the other frame", Duration::from_secs(30), || {
        (page.script("return said.includes('evil is done')", []) == json!(true)).then_some(())
    });
    page.script(
        "window.port = connect(); port.postMessage(JSON.stringify({ labels: ['cat', 'dog'] }))",
        [],
    );
    wait_to_hear(&page, "ready", |_| true);
    let said = page.script(
        "return said.filter((data) => String(data).startsWith('evil heard'))",
        [],
    );
    assert_eq!(said, json!([]));
    enter(&page);
    assert_eq!(page.labels(), ["cat", "dog"]);
}

/// Says hello without the token, with every origin that it can have, and then what the element
/// would make events of.
const PRETENDER: &str = "<!doctype html><script>
    for (const token of ['', 'token', 'undefined', 'null', location.hash.slice(1)]) {
        parent.postMessage('cliplet:hello:' + token, '*');
    }
    const result = { type: 'result', detail: { mode: 'classify', image: null, model: 'evil', preview: false, labels: [] } };
    parent.postMessage(JSON.stringify(result), '*');
    parent.postMessage(result, '*');
    addEventListener('message', ({ ports }) => {
        ports[0]?.postMessage(JSON.stringify(result));
        document.title = 'connected';
    });
</script>";

#[test]
fn a_frame_that_leaves_is_heard_no_more() {
    let host = HostPage::new(ELEMENT);
    let evil = TestServer::elsewhere();
    evil.put("index.html", PRETENDER);
    let page = host.open(&Options::default());
    page.wait_for_labels_of("a", &LABELS);
    page.script("events.length = 0", []);
    // With the token behind the address, too: the origin is another all the same.
    let leave = "const frame = a.querySelector('iframe');
        const gone = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
        frame.contentWindow.location = arguments[0] + new URL(frame.src).hash;
        await gone";
    page.script(leave, [json!(evil.url())]);
    page.wait_until("what is there instead", Duration::from_secs(30), || {
        page.shows_instead().then_some(())
    });
    assert!(!page.shows_frame("a"));
    let error = page.wait_for_event("a", "error", |_| true);
    assert_eq!(
        (&error["code"], &error["fatal"]),
        (&json!("frame"), &json!(true))
    );
    assert_eq!(page.said("a", "result"), Vec::<Value>::new());
    page.enter("a");
    assert_ne!(page.script("return document.title", []), json!("connected"));
    page.leave_frames();
    // It can be had back.
    page.script("a.load()", []);
    page.wait_for_labels_of("a", &LABELS);
    assert!(page.shows_frame("a"));
}

#[test]
fn a_frame_that_is_loaded_again_goes_on() {
    let host = HostPage::new(ELEMENT);
    let page = host.open(&Options::default());
    page.wait_for_labels_of("a", &LABELS);
    page.script("events.length = 0; a.labels = ['panda', 'cup']", []);
    page.enter("a");
    page.script("setTimeout(() => location.reload())", []);
    page.leave_frames();
    page.wait_for_event("a", "ready", |_| true);
    page.wait_for_labels_of("a", &["panda", "cup"]);
    assert!(page.shows_frame("a"));
    assert_eq!(page.said("a", "error"), Vec::<Value>::new());
}

#[test]
fn what_others_say_to_the_page_around_is_no_event() {
    let host = HostPage::new(ELEMENT);
    let evil = TestServer::elsewhere();
    evil.put("index.html", PRETENDER);
    let page = host.open(&Options::default());
    let add = "const frame = Object.assign(document.createElement('iframe'), { src: arguments[0] });
        const there = new Promise((resolve) => frame.addEventListener('load', resolve));
        document.body.append(frame);
        await there;
        // The page's own scripts can say anything, too.
        postMessage('cliplet:hello:' + new URL(a.querySelector('iframe')?.src ?? 'a:b').hash.slice(1))";
    page.wait_for_event("a", "ready", |_| true);
    page.script(add, [json!(evil.url())]);
    page.wait_for_labels_of("a", &LABELS);
    let models = "return events.map(({ detail }) => detail.model ?? null).filter((model) => model === 'evil').length";
    assert_eq!(page.script(models, []), json!(0));
    assert!(page.shows_frame("a"));
}

#[test]
fn markup_in_labels_is_text() {
    let host = HostPage::new(ELEMENT);
    let page = host.open(&Options::default());
    page.wait_for_labels_of("a", &LABELS);
    let labels = [
        "<img src=x onerror=parent.postMessage(1)>",
        "<script>ran = 1</script>",
        "\"><svg onload=ran=1>",
        "javascript:ran=1",
        "{{ran=1}}",
    ];
    page.script("a.labels = arguments[0]", [json!(labels)]);
    page.enter("a");
    page.wait_for_scores_of(&labels);
    assert_eq!(page.script("return [window.ran ?? 0, document.querySelectorAll('.label-panel :is(img, script, svg)').length]", []), json!([0, 0]));
    page.leave_frames();
    let mut said = page.last_labels("a");
    said.sort();
    let mut expected = labels.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(said, expected);
    assert_eq!(page.script("return window.ran ?? 0", []), json!(0));
}

#[test]
fn pictures_of_other_schemes_are_refused_in_a_sentence() {
    let host = HostPage::new("<cliplet-classifier id=a></cliplet-classifier>");
    let page = host.open(&Options::default());
    page.wait_for_event("a", "ready", |_| true);
    for image in [
        "javascript:alert(1)",
        "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
        "blob:null/1",
        "file:///etc/passwd",
        "ftp://example.org/a.png",
        "http://example.org/a.png",
        "https://name:word@example.org/a.png",
    ] {
        page.script(
            "events.length = 0; a.image = [arguments[0]]",
            [json!(image)],
        );
        let error = page.wait_for_event("a", "error", |_| true);
        assert_eq!(error["code"], "image", "{image}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("https addresses"), "{message}");
    }
    page.enter("a");
    page.wait_for_text(ERROR, "https addresses");
    assert!(!page.has(".drop-zone img"));
    let fetched = "return performance.getEntriesByType('resource').filter(({ name }) => /example|passwd|^data|^blob/.test(name)).length";
    assert_eq!(page.script(fetched, []), json!(0));
}

/// Loads the element's script and waits for scores, while every object of the page around has
/// members that it should not have.
const POLLUTED: &str = "const evil = { labels: ['evil'], type: 'result', detail: {}, theme: 'light', url: 'x', mode: 'evil',
        image: 'evil', fatal: true, preview: true, message: 'evil' };
    const prototypes = [Object.prototype, Array.prototype, HTMLElement.prototype];
    for (const prototype of prototypes) {
        for (const name of Object.keys(evil)) {
            Object.defineProperty(prototype, name, { value: evil[name], writable: true, configurable: true });
        }
    }
    try {
        await new Promise((resolve, reject) => {
            document.addEventListener('result', resolve, { capture: true, once: true });
            const script = document.createElement('script');
            script.src = arguments[0];
            script.onerror = reject;
            document.head.append(script);
            setTimeout(reject, 25000);
        });
    } finally {
        for (const prototype of prototypes) {
            for (const name of Object.keys(evil)) delete prototype[name];
        }
    }";

#[test]
fn polluted_prototypes_change_nothing() {
    let host = HostPage::new("");
    host.site.put(
        "bare.html",
        format!("<!doctype html><script src=notes.js></script>{ELEMENT}"),
    );
    let page = Page::blank(&Options::default());
    page.go(&format!("{}bare.html", host.site.url()));
    page.script(
        POLLUTED,
        [json!(format!("{}embed.js", host.cliplet().url()))],
    );
    page.wait_for_labels_of("a", &LABELS);
    page.enter("a");
    assert_eq!(page.wait_for_scores_of(&LABELS)[0].label, "panda");
    page.wait_for("html[data-theme=auto]");
}

#[test]
fn the_page_around_never_gets_the_reader_s_picture() {
    let host = HostPage::new(ELEMENT);
    let page = host.open(&Options::default());
    page.wait_for_labels_of("a", &LABELS);
    page.script("events.length = 0; window.messages = []; addEventListener('message', ({ data }) => messages.push(data))", []);
    page.enter("a");
    page.choose_file(&picture("cmyk.jpg"));
    page.wait_for("[data-testid=drop-zone] img[alt*='cmyk.jpg']");
    page.wait_for_scores_of(&LABELS);
    page.leave_frames();
    let result = page.wait_for_event("a", "result", |detail| detail["image"].is_null());
    let mut members: Vec<&String> = result.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["image", "labels", "mode", "model", "preview"]);
    for label in result["labels"].as_array().unwrap() {
        let mut members: Vec<&String> = label.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["cosine", "label", "score"]);
    }
    let all = page.script("return JSON.stringify(events)", []);
    assert!(!all.as_str().unwrap().contains("cmyk"), "{all}");
    assert_eq!(page.script("return messages", []), json!([]));
    // Nor by reaching into the frame.
    let reach = "try { return a.querySelector('iframe').contentWindow.document.title } catch (error) { return error.name }";
    assert_eq!(page.script(reach, []), json!("SecurityError"));
}
