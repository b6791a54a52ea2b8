//! What the browser keeps can be seen and deleted, and where it keeps nothing, the page goes on.

use std::env;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::harness::world::{FILE, LABELS, World, kept_sha256, large, sha256};
use crate::harness::{
    Fault, Kind, LABEL, Need, Options, Page, STATUS, TestServer, lacks, repository,
};

const KEPT: &str = "[data-testid=kept-files]";
const SIZE: usize = 40 << 20;
const SLOW: Fault = Fault::Slow {
    bytes_per_second: 4 << 20,
};

#[test]
fn models_are_listed_with_their_sizes_and_deleted_after_a_question() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let world = World::new();
    let (page, _) = world.visit();
    page.wait_for_text(STATUS, "Better CLIP is ready");
    page.wait_for_none(".preview");
    let rows = page.wait_for_scores_of(&LABELS);
    page.press_button("Models");
    page.wait_for_text(KEPT, "Better CLIP\n0.5 MB");
    page.wait_for_text(KEPT, "Cliplet starter\n13 MB");
    page.wait_for_text(KEPT, "Cliplet uses");
    page.screenshot("kept-models");

    page.press_button("Delete Better CLIP");
    page.wait_for_text(
        KEPT,
        "Delete Better CLIP? It will be downloaded again when it is needed.",
    );
    page.wait_for_text(KEPT, "It stays in use until you leave.");
    page.press_button("Keep it");
    page.press_button("Delete Better CLIP");
    page.screenshot("kept-models-question");
    page.press_button("Delete it");
    page.wait_until("the row to go", Duration::from_secs(10), || {
        page.text(KEPT)
            .filter(|text| !text.contains("Better CLIP"))
            .map(drop)
    });
    assert_eq!(kept_sha256(&page, "Better"), None);
    page.press_button("Close");

    // It answers a question that it was not asked before.
    let again: Vec<_> = rows
        .iter()
        .map(|row| row.label.as_str())
        .chain(["house"])
        .collect();
    page.set_labels(&again);
    page.wait_for_scores_of(&again);
    page.wait_for_text(STATUS, "Better CLIP is ready");
    page.reload();
    page.wait_for_text(STATUS, "Starter model ready. Better: Better CLIP");
}

#[test]
fn a_part_is_listed_and_deleted_like_the_whole() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let world = World::with_models(&[("Better", &large(SIZE, 5))]);
    world.models.set_fault(FILE, SLOW);
    let narrow_and_dark = Options {
        width: 360,
        height: 740,
        dark: true,
        ..Options::default()
    };
    let page = Page::open_with(&world.page, &narrow_and_dark);
    page.press_button("Download (42 MB)");
    page.wait_until("some bytes", Duration::from_secs(30), || {
        (world.models.bytes_served(FILE) > 10 << 20).then_some(())
    });
    page.press_button("Models");
    page.wait_for_text(KEPT, "on its way");
    page.press_button("Close");
    page.press_button("Stop");
    page.wait_until_ready();
    page.press_button("Models");
    page.wait_for_text(KEPT, "of 42 MB so far");
    page.press_button("Delete Better CLIP");
    page.script(
        "document.querySelector(arguments[0]).scrollIntoView()",
        [json!(KEPT)],
    );
    page.screenshot("kept-models-narrow");
    page.press_button("Delete it");
    page.wait_until("the row to go", Duration::from_secs(10), || {
        page.text(KEPT)
            .filter(|text| !text.contains("Better CLIP"))
            .map(drop)
    });
    assert_eq!(kept_sha256(&page, "Better"), None);
}

#[test]
fn a_model_that_has_no_room_is_not_begun_with() {
    if lacks(&[Need::Protocol]) {
        return;
    }
    let world = World::with_models(&[("Better", &large(SIZE, 5))]);
    let page = Page::open(&world.page);
    page.wait_until_ready();
    page.set_quota(&world.page, Some(30_000_000));
    page.press_button("Download (42 MB)");
    page.wait_for_text(STATUS, "the browser has no room for it: ");
    page.wait_for_text(
        STATUS,
        "MB are missing. Delete models you do not need, then try again.",
    );
    assert_eq!(world.models.requests(FILE).len(), 0);
    page.set_quota(&world.page, None);
    page.press_button("Try again");
    page.wait_for_text(STATUS, "Better CLIP is ready");
}

#[test]
fn room_that_runs_out_in_the_middle_costs_nothing_that_has_arrived() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let bytes = large(SIZE, 5);
    let world = World::with_models(&[("Better", &bytes)]);
    // As on a disk that other programs fill. The third attempt finds room again.
    change_worker(
        &world.page,
        "const { write } = FileSystemSyncAccessHandle.prototype;
         let refused = 0;
         FileSystemSyncAccessHandle.prototype.write = function (bytes, options) {
             if (options.at > 20_000_000 && refused < 2) {
                 refused += 1;
                 throw new DOMException('', 'QuotaExceededError');
             }
             return write.call(this, bytes, options);
         };",
    );
    world.models.set_fault(FILE, SLOW);
    let page = Page::open(&world.page);
    page.wait_until_ready();
    page.press_button("Download (42 MB)");
    for _ in 0..2 {
        page.wait_for_text(STATUS, "the browser has no room for it: ");
        page.wait_for_text(STATUS, "Still using the starter model.");
        page.press_button("Try again");
    }
    page.wait_for_text(STATUS, "Better CLIP is ready");
    assert_eq!(kept_sha256(&page, "Better"), Some(sha256(&bytes)));
    let served = world.models.bytes_served(FILE);
    assert!(served <= (SIZE + 2 * (8 << 20)) as u64, "{served}");
}

/// Lets the worker find a browser that lacks something: `script` runs before the worker's own.
fn change_worker(server: &TestServer, script: &str) {
    let page = Page::open(server);
    page.wait_for(LABEL);
    let path = page
        .attribute("link[href*='engine/worker-']", "href")
        .unwrap();
    let directory = env::var_os("CLIPLET_PAGE").unwrap();
    let worker = fs::read_to_string(Path::new(&directory).join(&path)).unwrap();
    server.put(&path, format!("{script}\n{worker}"));
}

const NO_FILES: &str = "delete globalThis.StorageManager?.prototype.getDirectory;
    if (globalThis.StorageManager) StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('', 'SecurityError'));";

#[test]
fn without_private_files_models_are_kept_in_the_cache() {
    let world = World::new();
    change_worker(&world.page, NO_FILES);
    let (page, _) = world.visit();
    page.wait_for_text(STATUS, "Better CLIP is ready");
    assert!(!page.text(STATUS).unwrap().contains("no room"));
    page.press_button("Models");
    page.wait_for_text(KEPT, "Better CLIP\n0.5 MB");
    page.press_button("Close");
    if Need::PrivateFiles.is_met_by(Kind::default()) {
        assert_eq!(kept_sha256(&page, "Better"), None);
    }
    world.models.stop();
    page.reload();
    page.wait_for_text(STATUS, "Better CLIP is ready");
    page.press_button("Models");
    page.press_button("Delete Better CLIP");
    page.press_button("Delete it");
    page.wait_until("the row to go", Duration::from_secs(10), || {
        page.text(KEPT)
            .filter(|text| !text.contains("Better CLIP"))
            .map(drop)
    });
}

#[test]
fn where_nothing_can_be_kept_the_page_says_so() {
    let world = World::new();
    let no_cache = "Object.defineProperty(globalThis, 'caches', { value: undefined });";
    change_worker(&world.page, &format!("{NO_FILES}{no_cache}"));
    let page = Page::open(&world.page);
    page.wait_until_ready();
    page.set_labels(&LABELS);
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_text(
        STATUS,
        "has no room to keep it, so the next visit downloads it again",
    );
    page.wait_for_scores_of(&LABELS);
}
