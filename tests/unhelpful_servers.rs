//! Whatever a server does with a model's file, it ends in the model or in a sentence.

use std::time::Duration;

use crate::harness::world::{World, better, choose, kept_sha256, large, sha256};
use crate::harness::{Fault, Need, Page, STATUS, lacks};

/// Two pieces and a bit.
const SIZE: usize = 20_000_000;
const PIECE: u64 = 8 << 20;

/// What is wrong with all answers, and what with the first ones.
type Faults = (&'static [Fault], &'static [Fault]);

const HANG: Fault = Fault::Hang;
const CUT: Fault = Fault::Cut { after: 5_000_000 };

/// A page that offers a model for each name, and waits a twentieth as long as usual.
fn visit(ids: &[&str], size: usize) -> (World, Page, String) {
    let bytes = large(size, 3);
    let models: Vec<(&str, &[u8])> = ids.iter().map(|&id| (id, &bytes[..])).collect();
    let world = World::with_models(&models);
    let sha256 = sha256(&bytes);
    let mut entries = Vec::new();
    for id in ids {
        let mut entry = world.entry(id, &format!("{id}.gguf"), size);
        entry["sha256"] = sha256.clone().into();
        entries.push(entry);
    }
    world.offer(&entries);
    let page = Page::open_at(&world.page, "?patience=0.05");
    page.wait_until_ready();
    (world, page, sha256)
}

/// Fetches a model after the other, each from a server with these faults, and looks whether it is
/// right.
fn assert_all_come(kinds: &[(&str, Faults)], most_more: u64) -> World {
    let ids: Vec<&str> = kinds.iter().map(|(id, _)| *id).collect();
    let (world, page, sha256) = visit(&ids, SIZE);
    for (id, (always, at_first)) in kinds {
        let file = format!("{id}.gguf");
        world.models.set_faults(&file, always);
        world.models.set_passing_faults(&file, at_first);
        if id != &ids[0] {
            choose(&page, id);
        } else {
            page.press_button("Download (20 MB)");
        }
        page.wait_for_text(STATUS, &format!("{id} CLIP is ready"));
        assert_eq!(kept_sha256(&page, id), Some(sha256.clone()), "{id}");
        let served = world.models.bytes_served(&file);
        assert!(served <= SIZE as u64 + most_more, "{id}: {served}");
    }
    world
}

#[test]
fn servers_that_give_parts_send_nothing_twice() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    const WAIT: Fault = Fault::Header("Retry-After", "1");
    assert_all_come(
        &[
            ("Plain", (&[], &[])),
            ("Busy", (&[WAIT], &[Fault::Status(429), Fault::Status(429)])),
            (
                "Tired",
                (
                    &[],
                    &[Fault::Status(503), Fault::Status(500), Fault::Status(502)],
                ),
            ),
            ("Hanging", (&[], &[HANG, HANG])),
            ("Breaking", (&[], &[CUT, CUT, CUT])),
            ("Refusing", (&[], &[Fault::Status(416)])),
        ],
        // A connection that breaks may lose what it had not delivered.
        PIECE,
    );
}

#[test]
fn servers_without_parts_are_enough() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    const WHOLE: Fault = Fault::NoRanges;
    assert_all_come(
        &[
            ("Whole", (&[WHOLE], &[])),
            ("Endless", (&[WHOLE, Fault::NoLength], &[])),
        ],
        0,
    );
    // What they cannot give in parts they have to give again.
    assert_all_come(
        &[
            ("Broken", (&[WHOLE], &[CUT])),
            ("Chunked", (&[WHOLE, Fault::NoLength], &[CUT])),
        ],
        2 * SIZE as u64,
    );
}

#[test]
fn a_server_that_shows_no_headers_is_enough() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let (world, page, sha256) = visit(&["Reticent"], SIZE);
    world.models.show_no_headers();
    world
        .models
        .set_passing_faults("Reticent.gguf", &[CUT, CUT]);
    page.press_button("Download (20 MB)");
    page.wait_for_text(STATUS, "Reticent CLIP is ready");
    assert_eq!(kept_sha256(&page, "Reticent"), Some(sha256));
}

#[test]
fn a_compressed_answer_is_longer_or_shorter_than_the_file() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    const SIZE: usize = 1_000_000;
    let (world, page, sha256) = visit(&["Zipped"], SIZE);
    world.models.set_fault("Zipped.gguf", Fault::Gzip);
    // What is missing then comes as it is.
    let cut = Fault::Cut { after: 700_000 };
    world.models.set_passing_faults("Zipped.gguf", &[cut]);
    page.press_button("Download (1.0 MB)");
    page.wait_for_text(STATUS, "Zipped CLIP is ready");
    assert_eq!(kept_sha256(&page, "Zipped"), Some(sha256));
    assert!(world.models.bytes_served("Zipped.gguf") < 2 * SIZE as u64);
}

/// Whether or not the page may see that an answer was compressed, its length is not taken for the
/// file's.
#[test]
fn progress_of_a_compressed_answer_never_passes_the_whole() {
    const SIZE: usize = 3_000_000;
    // Half of what the file has, as compressed.
    let mut bytes = large(SIZE, 5);
    for byte in &mut bytes[better().len()..] {
        *byte &= 0x0f;
    }
    for is_shown in [true, false] {
        let world = World::with_models(&[]);
        world.models.put("squeezed.gguf", bytes.clone());
        if !is_shown {
            world.models.show_no_headers();
        }
        let slow = Fault::Slow {
            bytes_per_second: 800_000,
        };
        let faults = [Fault::NoRanges, Fault::Gzip, slow];
        world.models.set_faults("squeezed.gguf", &faults);
        let (page, _) = world.visit();
        page.script(
            "const status = document.querySelector(arguments[0]);
             window.told = [];
             new MutationObserver(() => window.told.push(status.textContent))
                 .observe(status, { childList: true, characterData: true, subtree: true });",
            [STATUS.into()],
        );
        page.press_button("Models");
        let address = format!("{}squeezed.gguf", world.models.url());
        page.type_into("dialog[open] #other-model", &address);
        page.press_button("Fetch it");
        page.wait_for_text(STATUS, "squeezed is ready");
        let told = page.script("return window.told", []);
        let told = told.as_array().unwrap().iter();
        let told: Vec<&str> = told.filter_map(|text| text.as_str()).collect();
        let told: Vec<&str> = told
            .into_iter()
            .filter(|text| text.contains("Downloading"))
            .collect();
        assert!(told.len() > 2, "{told:?}");
        for text in told {
            // As in "1.2 of 3.0 MB".
            let words = text.split(|c: char| c.is_whitespace());
            let numbers: Vec<f64> = words.filter_map(|word| word.parse().ok()).collect();
            if let [received, total, ..] = numbers[..] {
                assert!(received <= total, "{text}");
            }
        }
    }
}

#[test]
fn each_part_is_asked_for_at_the_file_s_own_address() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let (world, page, sha256) = visit(&["Moved"], SIZE);
    world.models.put("signed/for-a-minute.gguf", large(SIZE, 3));
    world
        .models
        .set_fault("Moved.gguf", Fault::MovedTo("signed/for-a-minute.gguf"));
    page.press_button("Download (20 MB)");
    page.wait_for_text(STATUS, "Moved CLIP is ready");
    assert_eq!(kept_sha256(&page, "Moved"), Some(sha256));
    let asked = world.models.requests("Moved.gguf").len();
    assert_eq!(asked, 3, "one for each piece");
}

#[test]
fn what_cannot_end_well_ends_in_a_sentence() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let kinds: [(&str, &[Fault], &str); 9] = [
        (
            "Forbidden",
            &[Fault::Status(403)],
            "the server answered 403",
        ),
        ("Missing", &[Fault::Status(404)], "the server answered 404"),
        ("Ranged", &[Fault::Status(416)], "the server answered 416"),
        ("Busy", &[Fault::Status(429)], "the server answered 429"),
        ("Broken", &[Fault::Status(500)], "the server answered 500"),
        (
            "Hotel",
            &[Fault::MediaType("text/html; charset=utf-8")],
            "sent a web page, not a model",
        ),
        ("Silent", &[HANG], "the server sends nothing"),
        (
            "Dropping",
            &[Fault::Cut { after: 0 }],
            "the connection failed immediately",
        ),
        (
            "Shorter",
            &[Fault::NoRanges, Fault::Length(SIZE as u64 - 1_000)],
            "a different file",
        ),
    ];
    let ids: Vec<&str> = kinds.iter().map(|(id, ..)| *id).collect();
    let (world, page, _) = visit(&ids, SIZE);
    for (id, faults, sentence) in kinds {
        world.models.set_faults(&format!("{id}.gguf"), faults);
        if id != ids[0] {
            choose(&page, id);
        } else {
            page.press_button("Download (20 MB)");
        }
        page.wait_for_text(STATUS, &format!("{id} CLIP could not be downloaded"));
        page.wait_for_text(STATUS, sentence);
        page.wait_for_text(STATUS, "Still using the starter model.");
        assert_eq!(kept_sha256(&page, id), None, "{id}");
    }
}

#[test]
fn what_is_not_the_file_that_was_published_is_deleted() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let ids = ["Damaged", "Longer", "Stretched"];
    let (world, page, _) = visit(&ids, SIZE);
    let mut damaged = large(SIZE, 3);
    *damaged.last_mut().unwrap() ^= 1;
    world.models.put("Damaged.gguf", &damaged);
    world.models.put("Longer.gguf", large(SIZE + 1, 3));
    world.models.put("Stretched.gguf", large(SIZE + 1, 3));
    world.models.set_fault("Stretched.gguf", Fault::NoRanges);
    for (id, sentence) in [
        ("Damaged", "its SHA-256 differs"),
        ("Longer", "of 20,000,001 bytes instead of 20,000,000"),
        ("Stretched", "of more than 20,000,000 bytes"),
    ] {
        if id != ids[0] {
            choose(&page, id);
        } else {
            page.press_button("Download (20 MB)");
        }
        page.wait_for_text(STATUS, sentence);
        assert_eq!(kept_sha256(&page, id), None, "{id}");
    }
}

#[test]
fn a_server_that_announces_more_than_there_is_gives_all_or_is_told_of() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let (world, page, sha256) = visit(&["Boasting"], SIZE);
    world.models.set_faults(
        "Boasting.gguf",
        &[Fault::NoRanges, Fault::Length(SIZE as u64 + 1_000)],
    );
    page.press_button("Download (20 MB)");
    // For the browser it is a broken connection, at which it drops what the page has not read yet:
    // on a busy machine that may be the end of the file, again and again.
    let text = page.wait_until("an end", Duration::from_secs(60), || {
        let text = page.text(STATUS).unwrap_or_default();
        let is_end = text.contains("is ready") || text.contains("the connection broke after");
        is_end.then_some(text)
    });
    if text.contains("broke") {
        world.models.clear_fault("Boasting.gguf");
        page.press_button("Try again");
    }
    page.wait_for_text(STATUS, "Boasting CLIP is ready");
    assert_eq!(kept_sha256(&page, "Boasting"), Some(sha256));
}
