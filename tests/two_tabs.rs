//! Two tabs share one download and one file.

use std::time::Duration;

use crate::harness::world::{FILE, World, kept_sha256, large, sha256};
use crate::harness::{Fault, Need, Page, STATUS, lacks};

const SIZE: usize = 40 << 20;
const SLOW: Fault = Fault::Slow {
    bytes_per_second: 2 << 20,
};

#[test]
fn one_fetches_and_the_other_watches_and_takes_over() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let bytes = large(SIZE, 4);
    let world = World::with_models(&[("Better", &bytes)]);
    world.models.set_fault(FILE, SLOW);
    let page = Page::open_at(&world.page, "?patience=0.1");
    let first = page.tab();
    page.press_button("Download (42 MB)");
    page.wait_for_text(STATUS, "Downloading Better CLIP");

    let second = page.open_tab(&format!("{}?patience=0.1", world.page.url()));
    page.press_button("Download (42 MB)");
    page.wait_for_text(STATUS, "Another tab is downloading Better CLIP");
    page.wait_until("some of it to be there", Duration::from_secs(30), || {
        page.text(STATUS)
            .filter(|text| !text.contains(": 0 of"))
            .map(drop)
    });

    page.switch_to(&first);
    page.close_tab(&second);
    page.wait_for_text(STATUS, "Downloading Better CLIP");
    world.models.clear_fault(FILE);
    page.wait_for_text(STATUS, "Better CLIP is ready");
    assert_eq!(kept_sha256(&page, "Better"), Some(sha256(&bytes)));
    let served = world.models.bytes_served(FILE);
    assert!(served <= (SIZE + (8 << 20)) as u64, "{served}");
}

/// The model is there, and its server no more.
fn visit_of_who_keeps_it() -> (World, Page) {
    let world = World::new();
    let page = Page::open(&world.page);
    page.press_button("Download (0.5 MB)");
    page.wait_for_text(STATUS, "Better CLIP is ready");
    world.models.stop();
    (world, page)
}

#[test]
fn both_open_what_is_kept_at_once() {
    let (world, page) = visit_of_who_keeps_it();
    let first = page.tab();
    let second = page.open_tab(&world.page.url());
    // Both begin anew at the same time.
    page.script("window.name = 'second'; location.reload()", []);
    page.switch_to(&first);
    page.reload();
    page.wait_for_text(STATUS, "Better CLIP is ready");
    page.switch_to(&second);
    page.wait_for_text(STATUS, "Better CLIP is ready");
    assert_eq!(world.models.requests(FILE).len(), 1);
}

/// A tab that goes leaves its lock at once and its open files a little later.
#[test]
fn what_a_tab_that_went_has_open_is_waited_for() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let (world, page) = visit_of_who_keeps_it();
    let first = page.tab();
    // A document of the same origin that may run anything.
    page.open_tab(&format!("{}models.json", world.page.url()));
    page.script(HOLD_OPEN, []);
    page.switch_to(&first);
    page.reload();
    page.wait_for_text(STATUS, "Better CLIP is ready");
    assert_eq!(world.models.requests(FILE).len(), 1);
}

/// Has the files of the model open for three seconds, without their lock.
const HOLD_OPEN: &str = r#"
    const hold = async () => {
        const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle("models");
        const handles = [];
        for (const name of ["Better.1.gguf", "Better.1.gguf.journal"]) {
            handles.push(await (await folder.getFileHandle(name)).createSyncAccessHandle());
        }
        postMessage("open");
        setTimeout(() => handles.forEach((handle) => handle.close()), 3000);
    };
    const url = URL.createObjectURL(new Blob([`(${hold})()`]));
    window.holder = new Worker(url);
    return new Promise((resolve, reject) => {
        holder.onmessage = resolve;
        holder.onerror = reject;
    }).then(() => null);
"#;
