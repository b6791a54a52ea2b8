//! The element in an ordinary page of another site: what it shows, what it says, what can be set.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::host_page::HostPage;
use crate::harness::world::FILE;
use crate::harness::{
    Fault, Kind, NO_BLOBS, Need, Options, Page, STATUS, TestServer, lacks, picture,
};

const LABELS: [&str; 3] = ["panda", "rocket", "boat"];
const ELEMENT: &str =
    "<cliplet-classifier id=a labels='panda, rocket, boat' image='panda.jpg rocket.jpg'>
    <p id=instead>Something else</p></cliplet-classifier>";

fn in_browser(kind: Kind) -> Options {
    Options {
        kind,
        ..Options::default()
    }
}

fn it_scores_what_it_is_given(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let head = format!("<script>{NO_BLOBS}</script>");
    let host = HostPage::on(TestServer::ordinary_site(), &head, ELEMENT);
    let page = host.open(&in_browser(kind));
    let ready = page.wait_for_event("a", "ready", |_| true);
    assert_eq!(
        ready,
        json!({ "model": "cliplet-starter", "preview": true })
    );
    page.wait_for_labels_of("a", &LABELS);
    let result = page.said("a", "result").pop().unwrap();
    assert_eq!(result["mode"], "classify");
    assert_eq!(result["model"], "cliplet-starter");
    assert_eq!(result["preview"], true);
    assert_eq!(result["image"], format!("{}panda.jpg", host.site.url()));
    let labels = result["labels"].as_array().unwrap();
    let scores = labels.iter().map(|label| label["score"].as_f64().unwrap());
    assert!((scores.clone().sum::<f64>() - 1.0).abs() < 1e-3);
    assert!(scores.is_sorted_by(|a, b| a >= b));
    assert!(
        labels
            .iter()
            .all(|label| label["cosine"].as_f64().unwrap().abs() <= 1.0)
    );
    assert!(page.shows_frame("a"));
    assert_eq!(page.said("a", "error"), Vec::<Value>::new());

    page.enter("a");
    assert_eq!(page.wait_for_scores_of(&LABELS)[0].label, "panda");
    page.press_button("Picture rocket.jpg");
    page.wait_for_results("the rocket's scores", |rows| rows[0].label == "rocket");
    // Nothing of this is kept under the name of the person's own page.
    let kept = "return [localStorage.length, (await navigator.serviceWorker?.getRegistrations() ?? []).length]";
    assert_eq!(page.script(kept, []), json!([0, 0]));
    page.leave_frames();
    page.wait_for_labels_of("a", &["rocket", "panda", "boat"]);
    // It lies on the page's own host, which lets no other pages read it: the page itself has read
    // it.
    let requests = host.site.requests("panda.jpg");
    assert!(
        requests
            .iter()
            .all(|request| request.header("origin").is_none())
    );
}

#[test]
fn it_scores_what_it_is_given_in_chromium() {
    it_scores_what_it_is_given(Kind::Chromium);
}

#[test]
fn it_scores_what_it_is_given_in_firefox() {
    it_scores_what_it_is_given(Kind::Firefox);
}

#[test]
fn it_scores_what_it_is_given_in_webkit() {
    it_scores_what_it_is_given(Kind::WebKit);
}

#[test]
fn attributes_and_properties_are_the_same_and_can_be_changed_at_any_time() {
    let host = HostPage::new(ELEMENT);
    let page = host.open(&Options::default());
    page.wait_for_labels_of("a", &LABELS);
    let read = "return [a.labels, a.image, a.template, a.model, a.mode, a.theme, a.accent, a.height, a.download, a.lang]";
    let defaults = json!([
        LABELS,
        ["panda.jpg", "rocket.jpg"],
        "a photo of a {}",
        "",
        "classify",
        "auto",
        "",
        "auto",
        "ask",
        ""
    ]);
    assert_eq!(page.script(read, []), defaults);

    page.script("a.labels = ['rocket', 'sheep dog']", []);
    assert_eq!(page.attribute("#a", "labels").unwrap(), "rocket, sheep dog");
    page.wait_for_labels_of("a", &["sheep dog", "rocket"]);
    page.script(
        "a.setAttribute('image', 'rocket.jpg'); a.template = 'a {}'",
        [],
    );
    page.wait_for_labels_of("a", &["rocket", "sheep dog"]);
    page.enter("a");
    page.wait_for_none("[data-testid=given-pictures]");
    page.leave_frames();

    page.script(
        "Object.assign(a, { theme: 'dark', accent: '#0000ff', lang: 'en-GB', height: 300 })",
        [],
    );
    page.enter("a");
    page.wait_for("html[data-theme=dark][lang=en-GB]");
    let colours = "const style = getComputedStyle(document.documentElement);
        return [style.getPropertyValue('--accent'), style.colorScheme, innerHeight]";
    // Blue on near black is made lighter until it can be read.
    let [accent, scheme, height] = [0, 1, 2].map(|at| page.script(colours, [])[at].clone());
    assert_ne!(accent, json!("#0000ff"));
    assert_eq!((scheme, height), (json!("dark"), json!(298)));
    page.leave_frames();

    page.script(
        "for (const name of a.getAttributeNames()) if (name !== 'id') a.removeAttribute(name)",
        [],
    );
    page.enter("a");
    page.wait_for("html[data-theme=auto][lang=en]");
    page.wait_for_labels(6);
    page.leave_frames();
    assert_eq!(page.script("return a.labels", []), json!([]));
    assert_eq!(page.said("a", "error"), Vec::<Value>::new());
}

#[test]
fn what_was_set_before_the_script_came_holds() {
    let host = HostPage::new(ELEMENT);
    host.site.put(
        "late.html",
        "<!doctype html><script src=notes.js></script><cliplet-classifier id=a></cliplet-classifier>",
    );
    let page = Page::blank(&Options::default());
    page.go(&format!("{}late.html", host.site.url()));
    // As frameworks do it, which set properties; and as a module, which has no element of its own.
    let set = "a.labels = ['rocket', 'panda']; a.image = ['panda.jpg'];
        await import(arguments[0]);
        return [a.getAttribute('labels'), a.getAttribute('image')]";
    let script = format!("{}embed.js", host.cliplet().url());
    assert_eq!(
        page.script(set, [json!(script)]),
        json!(["rocket, panda", "panda.jpg"])
    );
    page.wait_for_labels_of("a", &["panda", "rocket"]);
}

#[test]
fn what_the_reader_has_changed_stays_until_the_page_sets_that_anew() {
    let host = HostPage::new(ELEMENT);
    let page = host.open(&Options::default());
    page.wait_for_labels_of("a", &LABELS);
    page.enter("a");
    page.set_labels(&["cup", "plate"]);
    page.choose_file(&picture("cmyk.jpg"));
    page.wait_for_scores_of(&["cup", "plate"]);
    page.leave_frames();
    page.wait_until("a picture of the reader's", Duration::from_secs(30), || {
        let last = page.said("a", "result").pop()?;
        (last["image"].is_null() && last["labels"].as_array()?.len() == 2).then_some(())
    });
    page.script("a.theme = 'dark'; a.image = ['bee.jpg', 'rocket.jpg']", []);
    page.enter("a");
    page.wait_for("html[data-theme=dark]");
    page.wait_for("[aria-label='Picture bee.jpg'] img");
    assert_eq!(page.labels().len(), 2);
    // It has a description, as every picture has, and that has its name.
    let alt = page.attribute(".drop-zone img", "alt").unwrap();
    assert!(alt.contains("cmyk.jpg"), "{alt}");
    page.leave_frames();
    page.script("a.labels = ['bee', 'rocket']", []);
    page.enter("a");
    page.wait_for_scores_of(&["bee", "rocket"]);
}

#[test]
fn nothing_comes_before_it_nears_the_view_and_nothing_moves() {
    if lacks(&[Need::Observers]) {
        return;
    }
    let host = HostPage::new(
        "<div id=far></div><cliplet-classifier id=a image=panda.jpg>Instead</cliplet-classifier><p id=below>Below</p>",
    );
    host.site.put("far.css", "#far { height: 4000px }");
    host.put(
        "index.html",
        "<link rel=stylesheet href=far.css>",
        "<div id=far></div><cliplet-classifier id=a image=panda.jpg>Instead</cliplet-classifier><p id=below>Below</p>",
    );
    let page = host.open(&Options::default());
    page.wait_for("#below");
    // Longer than it would take.
    thread::sleep(Duration::from_secs(2));
    assert_eq!(host.cliplet().files_asked_for(""), ["embed.js"]);
    assert!(host.site.requests("panda.jpg").is_empty());
    let place = "return document.getElementById('below').getBoundingClientRect().top + scrollY";
    let before = page.script(place, []);

    // 200 pixels below the view.
    page.script("scrollTo(0, 4000 - innerHeight - 150)", []);
    page.wait_for_event("a", "result", |_| true);
    page.script("scrollTo(0, 4000)", []);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(page.script(place, []), before);
    assert_eq!(page.script("return shifted", []), json!(0));
    assert_eq!(page.longest_task(), Duration::ZERO);
}

#[test]
fn without_javascript_or_before_it_there_is_something_else() {
    let host = HostPage::new(ELEMENT);
    host.site
        .put("plain.html", format!("<!doctype html>{ELEMENT}"));
    let page = Page::blank(&Options::default());
    page.go(&format!("{}plain.html", host.site.url()));
    assert!(page.shows_instead());
    // With the script, as long as the frame has not come.
    host.put("index.html", "", &ELEMENT.replace("id=a", "id=a hidden"));
    host.cliplet().set_fault("embed.html", Fault::Hang);
    page.go(&host.site.url());
    page.script("a.hidden = false", []);
    page.wait_until("the frame", Duration::from_secs(30), || {
        (!host.cliplet().requests("embed.html").is_empty()).then_some(())
    });
    assert!(page.shows_instead());
    assert!(!page.shows_frame("a"));
    host.cliplet().clear_fault("embed.html");
    page.wait_for_event("a", "ready", |_| true);
    assert!(page.shows_frame("a"));
    assert!(!page.shows_instead());
}

#[test]
fn ten_on_a_page_share_one_download() {
    let ten: String = (0..10)
        .map(|n| {
            format!("<cliplet-classifier id=w{n} height=200 labels='a, b' image=panda.jpg download=auto></cliplet-classifier>")
        })
        .collect();
    let host = HostPage::new(&ten);
    let page = host.open(&Options::default());
    // As a reader would by scrolling down.
    page.script(
        "for (const one of document.querySelectorAll('cliplet-classifier')) one.load()",
        [],
    );
    for n in 0..10 {
        page.wait_until("the better model", Duration::from_secs(240), || {
            let said = page.said(&format!("w{n}"), "result");
            said.iter()
                .any(|detail| detail["model"] == "Better")
                .then_some(())
        });
    }
    // They can find each other.
    assert_eq!(page.script("return frames.length", []), json!(10));
    let size = crate::harness::world::better().len() as u64;
    assert_eq!(host.world.models.bytes_served(FILE), size);
    let starter = host.cliplet().bytes_served("models/starter.gguf");
    let size = std::fs::metadata(crate::harness::repository("public/models/starter.gguf"));
    assert_eq!(starter, size.unwrap().len());
}

fn a_plain_frame_does_the_same(kind: Kind) {
    if lacks(&[Need::Browser(kind)]) {
        return;
    }
    let cliplet = TestServer::with_page();
    let site = TestServer::ordinary_site();
    let address = "embed.html?labels=panda,rocket&template=a+photo+of+a+{}&image=samples/panda.jpg&theme=dark&model=cliplet-starter";
    site.put(
        "index.html",
        format!(
            "<!doctype html><iframe width=700 height=420 src='{}{address}'></iframe>",
            cliplet.url()
        ),
    );
    let page = Page::blank(&in_browser(kind));
    page.go(&site.url());
    page.enter_frame("return document.querySelector('iframe')");
    assert_eq!(
        page.wait_for_scores_of(&["panda", "rocket"])[0].label,
        "panda"
    );
    page.wait_for("html[data-theme=dark]");
    page.wait_for_text(STATUS, "Cliplet starter is ready");
}

#[test]
fn a_plain_frame_does_the_same_in_chromium() {
    a_plain_frame_does_the_same(Kind::Chromium);
}

#[test]
fn a_plain_frame_does_the_same_in_firefox() {
    a_plain_frame_does_the_same(Kind::Firefox);
}

#[test]
fn a_plain_frame_does_the_same_in_webkit() {
    a_plain_frame_does_the_same(Kind::WebKit);
}

#[test]
fn it_can_be_taken_out_and_put_back() {
    let host = HostPage::new(ELEMENT);
    let page = host.open(&Options::default());
    page.wait_for_labels_of("a", &LABELS);
    page.script(
        "events.length = 0; window.one = a; one.remove(); one.labels = ['panda', 'cup']",
        [],
    );
    let empty = "return one.querySelector('iframe') === null";
    assert_eq!(page.script(empty, []), json!(true));
    page.script("document.body.append(one)", []);
    page.wait_for_labels_of("a", &["panda", "cup"]);
    // As a framework may do it that takes the element's children for its own.
    page.script("events.length = 0; one.textContent = 'Instead'", []);
    page.wait_for_labels_of("a", &["panda", "cup"]);
    assert!(page.shows_frame("a"));
    // A copy is another one.
    page.script("const copy = one.cloneNode(true); copy.id = 'copy'; document.body.append(copy); copy.load()", []);
    page.wait_for_labels_of("copy", &["panda", "cup"]);
    assert_eq!(page.count("#copy iframe"), 1);
}

#[test]
fn the_script_is_small() {
    let host = HostPage::new("");
    let page = host.open(&Options::default());
    let compressed = "const { body } = await fetch(arguments[0]);
        const gzip = body.pipeThrough(new CompressionStream('gzip'));
        return (await new Response(gzip).arrayBuffer()).byteLength";
    let script = format!("{}embed.js", host.cliplet().url());
    let bytes = page.script(compressed, [json!(script)]);
    assert!(bytes.as_u64().unwrap() < 10_000, "{bytes}");
}
