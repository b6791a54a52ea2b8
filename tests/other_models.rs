//! Models that people bring themselves: an address, a folder whose weights are converted while they
//! arrive, files on the device.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cliplet_clip::hugging_face::{
    Conversion, Repository, SAFETENSORS, SAFETENSORS_INDEX, Source, shards,
};
use serde_json::json;

use crate::harness::world::{LABELS, World, better, kept_sha256, sha256};
use crate::harness::{Fault, Need, Page, STATUS, lacks, repository};

/// Models as Hugging Face transformers lays them out.
const SINGLE: &str = "crates/clip/tests/fixtures/hugging_face/bf16-sparse";
const SHARDED: &str = "crates/clip/tests/fixtures/hugging_face/f16-sharded";

const DIALOG: &str = "dialog[open]";
const FIELD: &str = "dialog[open] #other-model";
const FILES: &str = "[data-testid=model-files]";

/// A world without better models, a page with the starter's scores, and a folder on the models'
/// server.
fn visit(folder: &str) -> (World, Page) {
    let world = World::with_models(&[]);
    put(&world, folder);
    let (page, _) = world.visit();
    (world, page)
}

fn put(world: &World, folder: &str) {
    for file in files_of(folder) {
        let name = file.file_name().unwrap().to_str().unwrap();
        world
            .models
            .put(&format!("clip/{name}"), fs::read(&file).unwrap());
    }
}

/// The files of a folder that a repository would have.
fn files_of(folder: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(repository(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .filter(|file| !file.ends_with("expected.safetensors"))
        .collect()
}

fn add(page: &Page, address: &str) {
    page.press_button("Models");
    page.type_into(FIELD, address);
    page.press_button("Fetch it");
}

/// What `cliplet convert` makes of a folder.
fn converted(folder: &str, weights: &str) -> Vec<u8> {
    let small = |name: &str| fs::read(repository(folder).join(name)).ok();
    let (config, preprocessor, tokenizer) = (
        small("config.json"),
        small("preprocessor_config.json"),
        small("tokenizer.json"),
    );
    let read = Repository {
        config: config.as_deref(),
        preprocessor_config: preprocessor.as_deref(),
        tokenizer: tokenizer.as_deref(),
    };
    let mut conversion = Conversion::new(&read, weights.parse().unwrap()).unwrap();
    let mut out = Cursor::new(Vec::new());
    conversion.begin(&mut out).unwrap();
    let files = small(SAFETENSORS_INDEX).map(|index| shards(&index).unwrap());
    for file in files.unwrap_or_else(|| vec![SAFETENSORS.to_owned()]) {
        let bytes = small(&file).unwrap();
        conversion
            .push(&mut Source::new(&file), &bytes, &mut out)
            .unwrap();
    }
    conversion.finish(&mut out).unwrap();
    out.into_inner()
}

/// The id of the one model that was added.
fn own_id(page: &Page) -> String {
    let saved = page.script("return JSON.parse(localStorage.cliplet).own[0].id", []);
    saved
        .as_str()
        .expect("a model was added and saved")
        .to_owned()
}

fn wait_until_saved(page: &Page) {
    page.wait_until("the model to be saved", Duration::from_secs(5), || {
        page.script(
            "return JSON.parse(localStorage.cliplet ?? '{}').own?.length > 0",
            [],
        )
        .as_bool()
        .filter(|saved| *saved)
        .map(drop)
    });
}

#[test]
fn a_folder_is_converted_while_it_arrives_and_kept_as_cliplet_convert_makes_it() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    for folder in [SINGLE, SHARDED] {
        let (world, page) = visit(folder);
        add(&page, &format!("{}clip/", world.models.url()));
        page.wait_for_text(STATUS, "/clip is ready");
        page.wait_for_none(".preview");
        let rows = page.wait_for_scores_of(&LABELS);
        wait_until_saved(&page);
        let file = kept_sha256(&page, &own_id(&page));
        assert_eq!(file, Some(sha256(&converted(folder, "q8_0"))), "{folder}");

        // The next visit reads the small file, and asks the server for nothing.
        let asked = world.models.files_asked_for("clip/").len();
        world.models.stop();
        page.reload();
        page.wait_for_text(STATUS, "/clip is ready");
        page.choose_file(&repository("public/samples/rocket.jpg"));
        assert_eq!(page.wait_for_scores_of(&LABELS), rows, "{folder}");
        assert_eq!(world.models.files_asked_for("clip/").len(), asked);
    }
}

#[test]
fn weights_can_become_four_bits() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let (world, page) = visit(SINGLE);
    page.press_button("Models");
    page.script(
        "const select = document.querySelector(arguments[0]);
         select.value = 'q4_0';
         select.dispatchEvent(new Event('change', { bubbles: true }));",
        [json!("#other-weights")],
    );
    page.type_into(FIELD, &format!("{}clip/", world.models.url()));
    page.press_button("Fetch it");
    page.wait_for_text(STATUS, "/clip is ready");
    wait_until_saved(&page);
    let file = kept_sha256(&page, &own_id(&page));
    assert_eq!(file, Some(sha256(&converted(SINGLE, "q4_0"))));
}

#[test]
fn a_conversion_goes_on_where_the_page_was_left() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    for (folder, file) in [
        (SINGLE, "model.safetensors"),
        (SHARDED, "model-00003-of-00004.safetensors"),
    ] {
        let (world, page) = visit(folder);
        let file = format!("clip/{file}");
        let whole = fs::metadata(repository(folder).join(&file["clip/".len()..]))
            .unwrap()
            .len();
        world.models.set_fault(
            &file,
            Fault::Slow {
                bytes_per_second: whole / 6,
            },
        );
        add(&page, &format!("{}clip/", world.models.url()));
        page.wait_until("half of it to be here", Duration::from_secs(30), || {
            (world.models.bytes_served(&file) > whole / 2).then_some(())
        });
        // What has come is noted every second.
        std::thread::sleep(Duration::from_millis(1_200));
        wait_until_saved(&page);
        page.reload();
        world.models.clear_fault(&file);
        page.choose_file(&repository("public/samples/rocket.jpg"));
        page.wait_for_text(STATUS, "/clip is ready");
        let requests = world.models.requests(&file);
        let last = requests.last().and_then(|request| request.header("range"));
        let from = last.and_then(|range| {
            range
                .strip_prefix("bytes=")?
                .strip_suffix('-')?
                .parse::<u64>()
                .ok()
        });
        assert!(
            from.is_some_and(|from| from > whole / 4),
            "{folder}: the last request was for {last:?} of {whole}"
        );
        let kept = kept_sha256(&page, &own_id(&page));
        assert_eq!(kept, Some(sha256(&converted(folder, "q8_0"))), "{folder}");
    }
}

#[test]
fn a_folder_that_changes_while_it_arrives_is_begun_with_again() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let (world, page) = visit(SINGLE);
    let file = "clip/model.safetensors";
    let bytes = fs::read(repository(SINGLE).join("model.safetensors")).unwrap();
    world.models.set_fault(
        file,
        Fault::Slow {
            bytes_per_second: bytes.len() as u64 / 6,
        },
    );
    add(&page, &format!("{}clip/", world.models.url()));
    page.wait_until("half of it to be here", Duration::from_secs(30), || {
        (world.models.bytes_served(file) > bytes.len() as u64 / 2).then_some(())
    });
    std::thread::sleep(Duration::from_millis(1_200));
    wait_until_saved(&page);
    page.go("about:blank");
    // The same length, and other weights from the first to the last: a mixture would have another
    // hash than either.
    let mut other = bytes.clone();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    other[header..]
        .as_chunks_mut::<2>()
        .0
        .iter_mut()
        .for_each(|number| number[1] ^= 0x80);
    world.models.put(file, &other);
    world.models.clear_fault(file);
    page.go(&world.page.url());
    page.choose_file(&repository("public/samples/rocket.jpg"));
    page.wait_for_text(STATUS, "/clip is ready");
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("changed-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for file in files_of(SINGLE) {
        fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
    }
    fs::write(folder.join("model.safetensors"), &other).unwrap();
    let expected = sha256(&converted(folder.to_str().unwrap(), "q8_0"));
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(kept_sha256(&page, &own_id(&page)), Some(expected));
}

#[test]
fn the_address_of_a_file_is_enough() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let (world, page) = visit(SINGLE);
    world.models.put("some/other.gguf", better());
    add(&page, &format!("{}some/other.gguf", world.models.url()));
    page.wait_for_text(STATUS, "other is ready");
    page.wait_for_none(".preview");
    wait_until_saved(&page);
    assert_eq!(kept_sha256(&page, &own_id(&page)), Some(sha256(&better())));
}

#[test]
fn what_is_no_clip_is_refused_by_its_name_and_the_starter_goes_on() {
    let (world, page) = visit(SINGLE);
    let config = json!({ "model_type": "siglip", "architectures": ["SiglipModel"] });
    world.models.put("siglip/config.json", config.to_string());
    let rows = page.results();
    add(&page, &format!("{}siglip/", world.models.url()));
    page.wait_for_text(STATUS, "could not be opened");
    page.wait_for_text(STATUS, "siglip");
    page.wait_for_text(STATUS, "Still using the starter model.");
    assert_eq!(page.results(), rows);

    add(&page, &format!("{}nowhere/", world.models.url()));
    page.wait_for_text(STATUS, "no config.json");
    assert_eq!(page.results(), rows);
}

#[test]
fn what_names_no_model_is_told_beside_the_field() {
    let (_world, page) = visit(SINGLE);
    page.press_button("Models");
    for (text, reason) in [
        ("clip", "owner and a name"),
        ("http://example.org/m.gguf", "https"),
        ("https://example.org/m.onnx", ".safetensors"),
    ] {
        page.retype(FIELD, text);
        page.press_button("Fetch it");
        page.wait_for_text("#other-model-trouble", reason);
        assert!(page.has(DIALOG));
    }
}

#[test]
fn files_on_this_device_are_read_and_kept() {
    if lacks(&[Need::PrivateFiles]) {
        return;
    }
    let (_world, page) = visit(SINGLE);
    let rows = page.results();
    page.press_button("Models");
    page.choose_files_in(FILES, &files_of(SINGLE));
    page.wait_for_text(STATUS, "Files on this device is ready");
    page.wait_for_results("scores by that model", |new| {
        new.len() == LABELS.len() && new != rows
    });
    wait_until_saved(&page);
    assert_eq!(
        kept_sha256(&page, &own_id(&page)),
        Some(sha256(&converted(SINGLE, "q8_0")))
    );
    page.reload();
    page.wait_for_text(STATUS, "Files on this device is ready");
}

#[test]
fn a_model_that_is_dropped_on_the_page_is_no_picture() {
    let (_world, page) = visit(SINGLE);
    page.drop_file(
        "[data-testid=drop-zone]",
        &repository("crates/clip/tests/fixtures/golden/q8_0-gelu.gguf"),
    );
    page.wait_for_text(STATUS, "q8_0-gelu is ready");
    page.wait_for_none(".preview");
    page.drop_file(
        "[data-testid=drop-zone]",
        &repository(SINGLE).join("model.safetensors"),
    );
    page.wait_for_text("[data-testid=error]", "config.json");
    page.wait_for_text(STATUS, "q8_0-gelu is ready");
}

#[test]
fn an_own_model_can_be_taken_off_the_list() {
    let (world, page) = visit(SINGLE);
    add(&page, &format!("{}clip/", world.models.url()));
    page.wait_for_text(STATUS, "/clip is ready");
    page.press_button("Models");
    let choices = page.count("dialog[open] .model-row");
    page.click("dialog[open] button[aria-label^=Remove]");
    page.wait_until("one choice less", Duration::from_secs(5), || {
        (page.count("dialog[open] .model-row") == choices - 1).then_some(())
    });
    page.press_button("Close");
    page.wait_for_text(STATUS, "starter is ready");
    page.wait_for_scores_of(&LABELS);
}
