//! Screen readers and keyboards find their way on every screen: axe-core finds nothing, narrow and
//! wide, light and dark.

use std::time::Duration;

use serde_json::json;

use crate::harness::host_page::HostPage;
use crate::harness::world::{LABELS as WORLD_LABELS, World};
use crate::harness::{
    LABEL_INPUT, Need, Options, Page, TEMPLATE, TestServer, lacks, picture, repository,
};
use crate::probe::with_classes;

const LABELS: [&str; 4] = ["train", "boat", "rocket", "قطة"];

fn still() -> Options {
    Options {
        still: true,
        ..Options::default()
    }
}

fn open(server: &TestServer) -> Page {
    Page::open_with(server, &still())
}

fn scored(server: &TestServer) -> Page {
    let page = open(server);
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(&LABELS);
    page
}

#[test]
fn on_the_first_screen() {
    if lacks(&[Need::Media]) {
        return;
    }
    let server = TestServer::with_page();
    let page = open(&server);
    page.wait_until_ready();
    page.wait_for("[data-testid=works-offline]");
    page.wait_for(".samples button");
    page.axe_finds_nothing("start");
    page.press_button("From a URL");
    page.axe_finds_nothing("address");
    page.choose_file(&picture("truncated.png"));
    page.wait_for("[data-testid=error]");
    page.axe_finds_nothing("error");
    page.set_labels(&["cat"]);
    page.press_button("Clear all");
    page.axe_finds_nothing("no-labels");
}

#[test]
fn beside_a_picture_with_scores() {
    if lacks(&[Need::Media]) {
        return;
    }
    let server = TestServer::with_page();
    let page = scored(&server);
    page.axe_finds_nothing("scores");
    page.press_button("Why this label?");
    page.wait_for("[data-testid=why-map]");
    page.axe_finds_nothing("why");
    page.press_button("Share");
    page.wait_for("[data-testid=share-link]");
    page.axe_finds_nothing("share");
}

#[test]
fn among_labels_and_their_tools() {
    if lacks(&[Need::Media]) {
        return;
    }
    let server = TestServer::with_page();
    let page = scored(&server);
    page.select_label("boat");
    page.press("boat: a photo of a boat; a drawing of a {}; a painting of a boat; a boat");
    page.leave_field();
    page.press_button("More about boat");
    page.wait_for_text("[data-testid=label-details]", "of 77 tokens");
    page.wait_for_scores_of(&LABELS);
    page.type_into(LABEL_INPUT, "airplane");
    page.wait_for_text(".draft-score", "%");
    page.axe_finds_nothing("label-details");

    page.press_button("More about train");
    // Not what there was about boat, which has a button of that name as well.
    page.wait_for_text("[data-testid=label-details]", "a photo of a train");
    page.press_button("Switch off");
    page.retype(TEMPLATE, "no place");
    page.wait_for("#template-fault");
    page.axe_finds_nothing("template-fault");
    page.press_button("Reset");
    page.paste_text(TEMPLATE, "\na drawing of a {}");
    page.click("[data-testid=score-options] summary");
    page.script(
        "for (const box of document.querySelectorAll('.score-options [type=checkbox]')) box.click()",
        [],
    );
    page.wait_for(".label-row .cosine");
    page.axe_finds_nothing("score-options");

    page.press_button("Sets");
    page.type_into(".label-sets-dialog form .field", "Ways to travel");
    page.press_button("Keep");
    page.wait_for_text(".label-sets-dialog .said", "in this browser.");
    page.axe_finds_nothing("label-sets");
    page.press_button("Rename Ways to travel");
    page.axe_finds_nothing("label-sets-renaming");
}

#[test]
fn before_the_camera() {
    if lacks(&[Need::Media, Need::Camera]) {
        return;
    }
    let server = TestServer::with_page();
    let page = Page::open_with(
        &server,
        &Options {
            camera: true,
            ..still()
        },
    );
    page.set_labels(&["a green screen", "a cat"]);
    page.press_button("Use the camera");
    page.wait_for("[data-testid=camera]");
    page.wait_for_text("[data-testid=frame-rate]", "pictures a second");
    page.axe_finds_nothing("camera");
}

#[test]
fn among_many_pictures() {
    if lacks(&[Need::Media]) {
        return;
    }
    let server = TestServer::with_page();
    let page = with_classes(open(&server), "axe-many");
    page.axe_finds_nothing("collection");
    page.type_into("[data-testid=collection-search]", "bee");
    page.wait_for("[data-testid=picture][data-name='three.jpg']");
    page.click(".keeping summary");
    page.press_button("Delete what is kept");
    page.axe_finds_nothing("collection-search-and-keeping");
    page.press_button("Keep it");
    page.retype("[data-testid=collection-search]", " ");

    page.click("[data-testid=picture][data-name='one.jpg']");
    page.wait_for("[data-testid=drop-zone] img[alt='Your picture “one.jpg”']");
    page.wait_for_results("scores", |rows| rows.len() == 3);
    page.press_button("Words for it");
    page.wait_until("words", Duration::from_secs(90), || {
        (page.count("[data-testid=words] li") == 10).then_some(())
    });
    page.axe_finds_nothing("one-of-many");
    page.press_button("Find similar");
    page.wait_for(".similar");
    page.axe_finds_nothing("similar");
    page.click("[data-testid=picture][data-name='one.jpg']");
    page.press_button("Remove");
    page.wait_for_text("body", "Removed 1 picture.");
    page.axe_finds_nothing("taken-out");
}

#[test]
fn where_classes_are_taught_and_labels_checked() {
    if lacks(&[Need::Media]) {
        return;
    }
    let server = TestServer::with_page();
    let page = with_classes(open(&server), "axe-teach");
    page.press_button("Teach");
    page.press_button("Folders as classes");
    page.click("[data-testid=picture][data-name='one.jpg']");
    page.wait_for_text("[data-testid=selected]", "1 selected");
    page.axe_finds_nothing("teach");
    page.press_button("Learn");
    page.wait_for("[data-testid=probe-panel]");
    page.axe_finds_nothing("probe");
    page.press_button("Look");
    page.click("[data-testid=picture][data-name='one.jpg']");
    page.wait_for("[data-testid=class-score][data-score]");
    page.axe_finds_nothing("one-by-probe");
    page.press_button("Back to labels");
    page.press_button("← All pictures");

    page.press_button("Check");
    page.wait_for("[data-testid=accuracy]");
    page.wait_for("[data-testid=unmatched]");
    page.script(
        "for (const details of document.querySelectorAll('.check details')) details.open = true",
        [],
    );
    page.wait_for("[data-testid=confusion]");
    page.axe_finds_nothing("check");
}

#[test]
fn in_the_dialogues_about_models_and_the_browser() {
    if lacks(&[Need::Media]) {
        return;
    }
    let world = World::new();
    let (page, _) = world.visit_with(&still());
    page.wait_for_none(".preview");
    page.wait_for_scores_of(&WORLD_LABELS);
    page.press_button("Models");
    page.wait_for_text("[data-testid=kept-files]", "Better CLIP");
    page.press_button("Delete Better CLIP");
    page.axe_finds_nothing("models");
    page.press_button("Keep it");
    page.press_button("Close");
    page.click("a[href='#about-this-browser']");
    page.wait_for("[data-testid=about-browser][open] [data-feature=Camera]");
    page.axe_finds_nothing("about-browser");
}

#[test]
fn inside_other_pages() {
    if lacks(&[Need::Media]) {
        return;
    }
    let host = HostPage::new(
        "<h1>Host</h1><main>
         <cliplet-classifier id=a labels='panda, rocket, bowl of fruit' image='bee.jpg rocket.jpg panda.jpg'></cliplet-classifier>
         <cliplet-classifier id=b labels='cat, dog'></cliplet-classifier>
         <cliplet-classifier id=c mode=search labels='a panda, a rocket' image='bee.jpg rocket.jpg panda.jpg'></cliplet-classifier>
         <cliplet-classifier id=d mode=camera labels='a green screen, a cat'></cliplet-classifier></main>",
    );
    for width in [352, 1280] {
        let page = host.open(&Options { width, ..still() });
        // Frames out of sight are not loaded.
        page.resize(width, 4000);
        page.wait_for_event("a", "result", |_| true);
        page.wait_for_event("c", "result", |_| true);
        for id in ["b", "d"] {
            page.wait_for_event(id, "ready", |_| true);
        }
        // Of the page around, what is ours: the frames.
        let titles = page.script(
            "return Array.from(document.querySelectorAll('iframe'), ({ title }) => title !== '')",
            [],
        );
        assert_eq!(titles, json!([true, true, true, true]));
        for id in ["a", "b", "c", "d"] {
            page.enter(id);
            page.wait_for(".main");
            page.axe_finds_nothing_as_it_is(&format!("embedded-{id}-{width}"));
            page.leave_frames();
        }
    }
}
