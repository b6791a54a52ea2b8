//! A download that ends before its time goes on from what has arrived.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::harness::world::{FILE, World, kept_sha256, large, sha256};
use crate::harness::{Fault, Need, Options, Page, STATUS, lacks};

/// More than the pieces in which it is asked for, of which there are several at a time.
const SIZE: usize = 40 << 20;
/// What an interruption may cost: a piece (`PIECE` of `crates/engine/src/fetch/download.rs`).
const PIECE: u64 = 8 << 20;
const SLOW: Fault = Fault::Slow {
    bytes_per_second: 4 << 20,
};

fn world(size: usize) -> (World, String) {
    let bytes = large(size, 1);
    let sha256 = sha256(&bytes);
    let world = World::with_models(&[("Better", &bytes)]);
    let mut entry = world.entry("Better", FILE, bytes.len());
    entry["sha256"] = sha256.clone().into();
    world.offer(&[entry]);
    (world, sha256)
}

#[track_caller]
fn assert_served_once(world: &World, size: usize, interruptions: u64) {
    let served = world.models.bytes_served(FILE);
    let (least, most) = (size as u64, size as u64 + interruptions * PIECE);
    assert!(
        (least..=most).contains(&served),
        "{served} bytes served of {size}, with {interruptions} interruptions"
    );
}

/// Waits until the server has sent so much of the file.
#[track_caller]
fn wait_until_served(world: &World, page: &Page, bytes: u64) {
    page.wait_until(&format!("{bytes} bytes"), Duration::from_secs(60), || {
        (world.models.bytes_served(FILE) >= bytes).then_some(())
    });
}

#[test]
fn a_broken_connection_goes_on_where_it_broke() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let (world, sha256) = world(SIZE);
    let cuts = [1_000_000, 0, 3_000_000, 500_000].map(|after| Fault::Cut { after });
    world.models.set_passing_faults(FILE, &cuts);
    let page = Page::open_at(&world.page, "?patience=0.1");
    page.press_button("Download (42 MB)");
    page.wait_for_text(STATUS, "Better CLIP is ready");
    assert_eq!(kept_sha256(&page, "Better"), Some(sha256));
    // What a browser has received when a connection breaks, and not handed over yet, is lost.
    assert_served_once(&world, SIZE, 1);
}

#[test]
fn after_a_stop_and_a_reload_it_goes_on() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let (world, sha256) = world(SIZE);
    world.models.set_fault(FILE, SLOW);
    let page = Page::open_at(&world.page, "?patience=0.1");
    page.press_button("Download (42 MB)");
    wait_until_served(&world, &page, 10 << 20);
    page.press_button("Stop");
    page.wait_until_ready();
    page.press_button("Download (42 MB)");
    wait_until_served(&world, &page, 20 << 20);
    page.reload();
    world.models.clear_fault(FILE);
    page.press_button("Download (42 MB)");
    page.wait_for_text(STATUS, "Better CLIP is ready");
    assert_eq!(kept_sha256(&page, "Better"), Some(sha256));
    assert_served_once(&world, SIZE, 2);
}

#[test]
fn while_the_network_is_gone_it_says_so_and_waits() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let (world, sha256) = world(SIZE);
    world.models.set_fault(FILE, SLOW);
    let page = Page::open_at(&world.page, "?patience=0.5");
    page.press_button("Download (42 MB)");
    wait_until_served(&world, &page, 10 << 20);
    world.models.stop();
    page.wait_for_text(STATUS, "Retrying in");
    page.wait_for_state("downloading");
    world.models.start_again();
    world.models.clear_fault(FILE);
    page.wait_for_text(STATUS, "Better CLIP is ready");
    assert_eq!(kept_sha256(&page, "Better"), Some(sha256));
    assert_served_once(&world, SIZE, 1);
}

#[test]
fn a_network_that_stays_away_is_told_and_what_arrived_is_kept() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let (world, sha256) = world(SIZE);
    world.models.set_fault(FILE, SLOW);
    let page = Page::open_at(&world.page, "?patience=0.05");
    page.press_button("Download (42 MB)");
    wait_until_served(&world, &page, 10 << 20);
    world.models.stop();
    page.wait_for_text(STATUS, "the connection broke after");
    page.wait_for_text(
        STATUS,
        "of 42 MB, which are kept. Still using the starter model.",
    );
    world.models.start_again();
    world.models.clear_fault(FILE);
    page.press_button("Try again");
    page.wait_for_text(STATUS, "Better CLIP is ready");
    assert_eq!(kept_sha256(&page, "Better"), Some(sha256));
    assert_served_once(&world, SIZE, 1);
}

#[test]
fn a_file_that_was_replaced_meanwhile_is_not_mixed_with_the_old_one() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let old = large(SIZE, 1);
    let new = large(SIZE, 2);
    // No SHA-256 is known, so that nothing else would notice.
    let world = World::with_models(&[("Better", &old)]);
    world.models.set_fault(FILE, SLOW);
    let page = Page::open_at(&world.page, "?patience=0.1");
    page.press_button("Download (42 MB)");
    wait_until_served(&world, &page, 10 << 20);
    page.press_button("Stop");
    page.wait_until_ready();
    world.models.clear_fault(FILE);
    world.models.put(FILE, &new);
    page.press_button("Download (42 MB)");
    page.wait_for_text(STATUS, "Better CLIP is ready");
    assert_eq!(kept_sha256(&page, "Better"), Some(sha256(&new)));
}

/// The size of LAION's file in eight bits, and ten ends of the browser in the middle of it.
#[test]
fn a_browser_that_is_killed_goes_on_at_the_next_visit() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    const SIZE: usize = 164_391_744;
    const KILLS: u64 = 10;
    let (world, sha256) = world(SIZE);
    world.models.set_fault(
        FILE,
        Fault::Slow {
            bytes_per_second: 10 << 20,
        },
    );
    let profile =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("killed-{}", std::process::id()));
    let options = Options {
        profile: Some(profile.clone()),
        ..Options::default()
    };
    // Where in the file it happens is random; a failure names it.
    let mut random = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .subsec_nanos() as u64;
    for kill in 0..KILLS {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let share = SIZE as u64 / (KILLS + 1);
        let more = (random >> 33) % share;
        let page = Page::open_at_with(&world.page, "?patience=0.1", &options);
        let before = world.models.bytes_served(FILE);
        page.press_button("Download (164 MB)");
        println!("kill {kill} {more} bytes after {before}");
        wait_until_served(&world, &page, before + more + 1);
        page.kill();
    }
    world.models.clear_fault(FILE);
    let page = Page::open_at_with(&world.page, "?patience=0.1", &options);
    page.press_button("Download (164 MB)");
    page.wait_for_text(STATUS, "Better CLIP is ready");
    assert_eq!(kept_sha256(&page, "Better"), Some(sha256));
    assert_served_once(&world, SIZE, KILLS);
    drop(page);
    let _ = std::fs::remove_dir_all(profile);
}

/// What three pieces at a time gain against a server that gives each connection so much and no
/// more, and cost against one that gives all it has.
#[test]
#[ignore = "prints how long downloads take, for docs/performance.md"]
fn times_of_pieces_and_of_wholes() {
    const SIZE: usize = 164_391_744;
    let limited = Fault::Slow {
        bytes_per_second: 10_000_000,
    };
    let (world, _) = world(SIZE);
    for (what, faults) in [
        ("pieces, 10 MB/s for each connection", vec![limited]),
        (
            "whole, 10 MB/s for each connection",
            vec![limited, Fault::NoRanges],
        ),
        ("pieces, no limit", vec![]),
        ("whole, no limit", vec![Fault::NoRanges]),
    ] {
        world.models.set_faults(FILE, &faults);
        for _ in 0..3 {
            let page = Page::open(&world.page);
            page.wait_until_ready();
            let began = Instant::now();
            page.press_button("Download (164 MB)");
            page.wait_for_text(STATUS, "Better CLIP is ready");
            println!("{what}: {:.1} s", began.elapsed().as_secs_f64());
        }
    }
}
