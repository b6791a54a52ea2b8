//! The page runs nothing but its own scripts, whatever gets into it, and connects and shows only
//! what it must.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Kind, Need, Page, TestServer, lacks, page_file, repository};

const LABELS: [&str; 3] = ["boat", "rocket", "panda"];

/// Notes what the policy refuses.
const LISTEN: &str = "window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => {
        window.violations.push(`${event.effectiveDirective} ${event.blockedURI}`);
    });";

fn violations(page: &Page) -> Value {
    page.script("return window.violations", [])
}

#[test]
fn the_page_does_nothing_that_its_policy_forbids() {
    if lacks(&[Need::Log]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::blank(&Default::default());
    page.run_before(&server, LISTEN);
    page.go(&server.url());
    page.set_labels(&LABELS);
    page.press_button("Sample: Rocket");
    assert_eq!(page.wait_for_scores_of(&LABELS)[0].label, "rocket");
    page.choose_file(&repository("tests/pictures/picture.tiff"));
    page.wait_for("[data-testid=drop-zone] img");
    page.press_button("Models");
    page.wait_for("dialog[open]");
    page.press_button("Close");
    if Kind::default() == Kind::Chromium {
        // Elsewhere the page has a script of this test's, and is not the one that is to be kept.
        page.wait_for("[data-testid=works-offline]");
    }
    page.reload();
    page.wait_until_ready();
    assert_eq!(violations(&page), json!([]));
    assert_eq!(page.console_errors(), Vec::<String>::new());
}

/// Tries all that must not work, as a script of the page's own, which must. `ELSEWHERE` is another
/// host.
const TRIES: &str = r"
    const [ran, refused, violations] = [[], [], []];
    globalThis.ran = ran;
    document.addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective));
    const add = (tag, attributes, text = '') => {
        const element = Object.assign(document.createElement(tag), attributes);
        element.textContent = text;
        document.body.append(element);
        // Not everything that is refused says so.
        return new Promise((resolve) => {
            element.onload = element.onerror = resolve;
            setTimeout(resolve, 500);
        });
    };
    const attempt = async (name, run) => {
        try {
            await run();
        } catch {
            refused.push(name);
        }
    };
    const answer = (worker) => new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = reject;
    });
    (async () => {
        await add('script', {}, `ran.push('inline script')`);
        await add('script', { type: 'module' }, `ran.push('inline module')`);
        await add('script', { src: ELSEWHERE + 'evil.js' });
        await add('script', { src: `data:text/javascript,ran.push('data')` });
        await add('iframe', { src: ELSEWHERE + 'evil.html' });
        document.body.insertAdjacentHTML('beforeend', `<img src='' onerror='ran.push(1)'>`);
        await attempt('eval', () => (0, eval)(`ran.push('eval')`));
        await attempt('Function', () => new Function(`ran.push('Function')`)());
        await attempt('blob', async () => {
            const url = URL.createObjectURL(new Blob([`postMessage('blob')`]));
            ran.push(await answer(new Worker(url)));
        });
        await attempt('fetch', () => fetch('http://example.org/'));
        const allowed = (await fetch(ELSEWHERE + 'evil.html')).ok;
        const worker = await answer(new Worker('probe.js'));
        return { ran, refused, violations, allowed, worker };
    })().then((outcome) => { document.body.dataset.outcome = JSON.stringify(outcome) });
";

/// What a worker is refused.
const PROBE: &str = "const refused = [];
    const probe = async () => {
        try { (0, eval)('1') } catch { refused.push('eval') }
        try { await fetch('http://example.org/') } catch { refused.push('fetch') }
        postMessage(refused);
    };
    probe();";

fn nothing_foreign_runs(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let server = TestServer::with_page();
    let elsewhere = TestServer::elsewhere();
    elsewhere.put("evil.js", "ran.push('script of another origin')");
    elsewhere.put("evil.html", "<p>framed</p>");
    let tries = TRIES.replace("ELSEWHERE", &json!(elsewhere.url()).to_string());
    server.put("tries.js", tries);
    server.put("probe.js", PROBE);
    let page = Page::open_in(kind, &server);
    page.wait_until_ready();
    page.script(
        "document.body.append(Object.assign(document.createElement('script'), { src: 'tries.js' }))",
        [],
    );
    page.wait_for("body[data-outcome]");
    let outcome = page.attribute("body", "data-outcome").unwrap();
    let outcome: Value = serde_json::from_str(&outcome).unwrap();
    assert_eq!(outcome["ran"], json!([]));
    assert_eq!(
        outcome["refused"],
        json!(["eval", "Function", "blob", "fetch"])
    );
    for directive in ["script-src", "frame-src", "worker-src", "connect-src"] {
        let violations = outcome["violations"].to_string();
        assert!(violations.contains(directive), "{directive}: {violations}");
    }
    // A model may come from any server of the person's own machine.
    assert_eq!(outcome["allowed"], json!(true));
    assert_eq!(outcome["worker"], json!(["eval", "fetch"]));
    assert!(elsewhere.requests("evil.js").is_empty());
}

#[test]
fn nothing_foreign_runs_in_chromium() {
    nothing_foreign_runs(Kind::Chromium);
}

#[test]
fn nothing_foreign_runs_in_firefox() {
    nothing_foreign_runs(Kind::Firefox);
}

#[test]
fn nothing_foreign_runs_in_webkit() {
    nothing_foreign_runs(Kind::WebKit);
}

#[test]
fn what_stands_in_the_page_does_not_run_either() {
    let server = TestServer::with_page();
    let index = page_file("index.html");
    let infected = index.replace(
        "</body>",
        "<script>document.body.dataset.ran = 'script'</script>
         <img src='' onerror=\"document.body.dataset.ran = 'attribute'\">
         <p style='display: none' id='styled'>.</p></body>",
    );
    assert_ne!(infected, index);
    server.put("index.html", infected);
    let page = Page::open(&server);
    page.wait_until_ready();
    assert!(!page.has("body[data-ran]"));
    let shown = page.script(
        "return document.querySelector('#styled').checkVisibility()",
        [],
    );
    assert_eq!(shown, json!(true));
}

#[test]
fn others_cannot_show_the_page_inside_theirs_where_a_header_says_so() {
    let guarded = TestServer::with_page();
    let bare = TestServer::with_page();
    bare.set_no_headers();
    let elsewhere = TestServer::elsewhere();
    elsewhere.set_no_headers();
    elsewhere.put("index.html", "<!doctype html><title>Frames</title>");
    let page = Page::open(&elsewhere);
    for server in [&guarded, &bare] {
        let show =
            "const frame = Object.assign(document.createElement('iframe'), { src: arguments[0] });
            const loaded = new Promise((resolve) => { frame.onload = resolve });
            document.body.append(frame);
            await loaded";
        page.script(show, [json!(server.url())]);
    }
    // By the time that the other one starts its engine, this one would have done so too.
    page.wait_until("the engine", Duration::from_secs(30), || {
        (!bare.files_asked_for("engine/start-").is_empty()).then_some(())
    });
    assert_eq!(guarded.files_asked_for("engine/"), Vec::<String>::new());
    assert_eq!(guarded.requests("").len(), 1);
}
