//! At the first classification a better model is fetched in the background, and takes over when it
//! is there.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::harness::world::{FILE, LABELS, World, better, choose};
use crate::harness::{Fault, Need, Options, Page, STATUS, TestServer, lacks, picture, repository};

fn preview(page: &Page) -> bool {
    page.has(".preview")
}

#[test]
fn it_arrives_with_progress_and_scores_again_what_is_on_screen() {
    let world = World::new();
    world.models.set_fault(
        FILE,
        Fault::Slow {
            bytes_per_second: 100_000,
        },
    );
    let (page, rows) = world.visit();
    assert!(preview(&page));
    page.wait_for_state("downloading");
    page.wait_for_text(STATUS, "Downloading Better CLIP");
    page.wait_for(&format!("{STATUS} progress"));
    page.wait_until("some of it to be here", Duration::from_secs(20), || {
        let value = page.script(
            "return document.querySelector(arguments[0] + ' progress')?.position ?? 0",
            [json!(STATUS)],
        );
        value
            .as_f64()
            .filter(|share| *share > 0.1 && *share < 1.0)
            .map(drop)
    });
    // The starter answers as long as the other is on its way.
    assert_eq!(page.results(), rows);
    world.models.clear_fault(FILE);
    page.wait_for_text(STATUS, "Better CLIP is ready");
    page.wait_for_results("scores by the better model", |better| {
        better.len() == LABELS.len() && better != rows
    });
    page.wait_for_none(".preview");
}

#[test]
fn it_is_kept_and_answers_at_once_on_the_next_visit() {
    let world = World::new();
    let (page, _) = world.visit();
    page.wait_for_text(STATUS, "Better CLIP is ready");
    page.wait_for_none(".preview");
    let rows = page.wait_for_scores_of(&LABELS);
    world.models.stop();
    page.reload();
    page.wait_for_text(STATUS, "Better CLIP is ready");
    page.choose_file(&repository("public/samples/rocket.jpg"));
    let again = page.wait_for_scores_of(&LABELS);
    assert_eq!(again, rows);
    assert!(!preview(&page));
}

#[test]
fn it_can_be_stopped_and_fetched_later() {
    let world = World::new();
    world.models.set_fault(
        FILE,
        Fault::Slow {
            bytes_per_second: 50_000,
        },
    );
    let (page, rows) = world.visit();
    page.wait_for_state("downloading");
    page.press_button("Stop");
    page.wait_until_ready();
    assert_eq!(page.results(), rows);
    world.models.clear_fault(FILE);
    page.press_button("Download (0.5 MB)");
    page.wait_for_text(STATUS, "Better CLIP is ready");
}

#[test]
fn a_visitor_who_saves_data_is_asked_first() {
    if lacks(&[Need::SavingData]) {
        return;
    }
    let world = World::new();
    let options = Options {
        save_data: true,
        ..Options::default()
    };
    let (page, _) = world.visit_with(&options);
    std::thread::sleep(Duration::from_secs(1));
    assert!(world.models.requests(FILE).is_empty());
    page.press_button("Download (0.5 MB)");
    page.wait_for_text(STATUS, "Better CLIP is ready");
}

#[test]
fn without_a_network_the_page_says_so_and_goes_on_with_the_starter() {
    let world = World::new();
    world.models.stop();
    let (page, rows) = world.visit();
    page.wait_for_text(
        STATUS,
        "Couldn’t reach 127.0.0.1. Still using the starter model.",
    );
    assert_eq!(page.results(), rows);
    world.models.start_again();
    page.press_button("Try again");
    page.wait_for_text(STATUS, "Better CLIP is ready");
}

#[test]
fn a_server_that_has_no_such_file_is_told() {
    let world = World::new();
    world.models.set_fault(FILE, Fault::Status(404));
    let (page, rows) = world.visit();
    page.wait_for_text(STATUS, "the server answered 404");
    assert_eq!(page.results(), rows);
}

#[test]
fn a_file_that_is_no_clip_is_told_and_not_kept() {
    let page_of_a_hotel = format!("<!DOCTYPE html>{}", "Please log in. ".repeat(1000));
    let world = World::with_models(&[("Better", page_of_a_hotel.as_bytes())]);
    let (page, rows) = world.visit();
    page.wait_for_text(STATUS, "sent a web page, not a model");
    assert_eq!(page.results(), rows);
    assert_eq!(world.models.requests(FILE).len(), 1);
    page.press_button("Try again");
    page.wait_until("a second request", Duration::from_secs(10), || {
        (world.models.requests(FILE).len() == 2).then_some(())
    });
}

#[test]
fn the_chosen_model_is_remembered() {
    let world = World::new();
    let (page, _) = world.visit();
    page.wait_for_text(STATUS, "Better CLIP is ready");
    choose(&page, "cliplet-starter");
    page.wait_for_text(STATUS, "starter is ready");
    page.reload();
    page.wait_for_text(STATUS, "starter is ready");
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_scores_of(&LABELS);
    std::thread::sleep(Duration::from_millis(500));
    page.wait_for_text(STATUS, "starter is ready");
}

#[test]
fn eight_bits_are_the_default_and_four_are_offered() {
    let server = TestServer::with_page();
    let page = Page::open(&server);
    page.wait_until_ready();
    page.press_button("Models");
    page.wait_for_text(
        "dialog[open] [data-model=laion-vit-b-32-q8_0]",
        "Recommended",
    );
    page.wait_for_text("dialog[open] [data-model=laion-vit-b-32-q4_0]", "90 MB");
}

#[test]
fn another_model_can_be_chosen_while_one_is_on_its_way() {
    let world = World::with_models(&[("Better", &better()), ("Smaller", &better())]);
    world.models.set_fault(FILE, Fault::Hang);
    let (page, _) = world.visit();
    page.wait_for_text(STATUS, "Downloading Better CLIP");
    choose(&page, "Smaller");
    page.wait_for_text(STATUS, "Smaller CLIP is ready");
    page.wait_for_none(".preview");
    page.reload();
    page.wait_for_text(STATUS, "Smaller CLIP is ready");
}

#[test]
fn damaged_and_foreign_files_are_told_and_the_starter_goes_on() {
    let good = better();
    let mut absurd = good.clone();
    // The number of tensors.
    absurd[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    let world = World::with_models(&[
        ("Cut", &good[..good.len() / 2]),
        ("Absurd", &absurd),
        ("Foreign", &fs::read(picture("picture.webp")).unwrap()),
        ("Language", &language_model()),
    ]);
    let (page, rows) = world.visit();
    for (id, reason) in [
        ("Cut", "The file is cut off"),
        ("Absurd", "number of tensors"),
        ("Foreign", "is not a model in the GGUF format"),
        ("Language", "llama"),
    ] {
        if id != "Cut" {
            choose(&page, id);
        }
        page.wait_for_text(STATUS, &format!("{id} CLIP could not be opened"));
        page.wait_for_text(STATUS, reason);
        page.wait_for_text(STATUS, "Still using the starter model.");
        assert_eq!(page.results(), rows, "{id}");
    }
    choose(&page, "cliplet-starter");
    page.wait_for_text(STATUS, "starter is ready");
}

/// The beginning of a GGUF file as llama.cpp writes it: version 3, no tensors, and a key that says
/// what it is.
fn language_model() -> Vec<u8> {
    let string = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    const STRING: u32 = 8;
    [
        b"GGUF",
        &3_u32.to_le_bytes()[..],
        &0_u64.to_le_bytes(),
        &1_u64.to_le_bytes(),
        &string("general.architecture"),
        &STRING.to_le_bytes(),
        &string("llama"),
        &[0; 64],
    ]
    .concat()
}

/// While the status says one thing after the other, and while results come, nothing below the
/// header moves.
#[test]
fn nothing_moves_while_models_come_and_fail() {
    let world = World::new();
    world.models.set_fault(
        FILE,
        Fault::Slow {
            bytes_per_second: 50_000,
        },
    );
    let page = Page::open_at(&world.page, "?patience=0.05");
    let top = || {
        page.script(
            "return document.querySelector('main').getBoundingClientRect().top",
            [],
        )
    };
    page.wait_until_ready();
    let empty = top();
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_text(STATUS, "Downloading Better CLIP: 0.1 of 0.5 MB");
    assert_eq!(top(), empty, "downloading");
    world.models.stop();
    page.wait_for_text(STATUS, "the connection broke after");
    assert_eq!(top(), empty, "broken");
    page.press_button("Try again");
    page.wait_for_text(STATUS, "Couldn’t reach");
    assert_eq!(top(), empty, "without a network");
    let lines = page.script(
        "const line = document.querySelector(arguments[0] + ' .line');
         return line.getBoundingClientRect().height / parseFloat(getComputedStyle(line).lineHeight)",
        [json!(STATUS)],
    );
    assert_eq!(lines.as_f64().map(f64::round), Some(1.0), "{lines}");
}
