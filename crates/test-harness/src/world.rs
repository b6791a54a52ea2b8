//! A page whose better models come from a server of another origin, and what becomes of them in the
//! browser.

use std::fs;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Options, Page, Row, TestServer, repository};

/// The labels of [`World::visit`].
pub const LABELS: [&str; 3] = ["boat", "cat", "dog"];
/// Stands in for LAION's model: another CLIP, small enough for a test.
const BETTER: &str = "crates/clip/tests/fixtures/golden/q8_0-gelu.gguf";
/// A CLIP of 224 pixels and patches of 32, as published ones have them, whose embedding tells
/// pictures apart that are turned, cropped otherwise or of other colours.
const REAL_SHAPE: &str = "crates/clip/tests/fixtures/vit-224/model.gguf";
/// The file of the better model, on its server.
pub const FILE: &str = "Better.gguf";

/// The page, and the server of another origin from which its better models come.
pub struct World {
    /// The page.
    pub page: TestServer,
    /// The better models.
    pub models: TestServer,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// With the one better model that most tests need.
    pub fn new() -> Self {
        Self::with_models(&[("Better", &better())])
    }

    /// With better models of these ids and bytes. The first is the default.
    pub fn with_models(better: &[(&str, &[u8])]) -> Self {
        let world = Self {
            page: TestServer::with_page(),
            models: TestServer::elsewhere(),
        };
        let mut entries = Vec::new();
        for (id, bytes) in better {
            let file = format!("{id}.gguf");
            world.models.put(&file, bytes);
            entries.push(world.entry(id, &file, bytes.len()));
        }
        world.offer(&entries);
        world
    }

    /// An entry of `models.json`.
    pub fn entry(&self, id: &str, file: &str, bytes: usize) -> Value {
        json!({
            "id": id, "name": format!("{id} CLIP"), "weights": "q8_0", "revision": "1", "licence": "MIT",
            "url": format!("{}{file}", self.models.url()), "bytes": bytes, "about": "For a test.",
        })
    }

    /// Offers these models, and the starter.
    pub fn offer(&self, entries: &[Value]) {
        let catalogue = fs::read_to_string(repository("public/models.json")).unwrap();
        let mut catalogue: Value = serde_json::from_str(&catalogue).unwrap();
        let models = catalogue["models"].as_array_mut().unwrap();
        models.retain(|model| model["preview"] == true);
        models.splice(0..0, entries.iter().cloned());
        self.page.put("models.json", catalogue.to_string());
    }

    /// A visitor who has the starter's scores of a picture.
    pub fn visit(&self) -> (Page, Vec<Row>) {
        self.visit_with(&Options::default())
    }

    /// The same with a browser that is set up so.
    pub fn visit_with(&self, options: &Options) -> (Page, Vec<Row>) {
        let page = Page::open_with(&self.page, options);
        page.wait_until_ready();
        page.set_labels(&LABELS);
        page.choose_file(&repository("public/samples/rocket.jpg"));
        let rows = page.wait_for_scores_of(&LABELS);
        (page, rows)
    }
}

/// The bytes of the better model.
pub fn better() -> Vec<u8> {
    fs::read(repository(BETTER)).unwrap()
}

/// The bytes of a model whose pictures are as large as most models' are.
/// [`references`](crate::references) has what transformers computes with it.
pub fn real_shape() -> Vec<u8> {
    fs::read(repository(REAL_SHAPE)).unwrap()
}

/// A CLIP of this many bytes: the better model, with numbers behind it that no tensor has. `seed`
/// makes different ones.
pub fn large(bytes: usize, seed: u64) -> Vec<u8> {
    let mut model = better();
    let mut state = seed;
    while model.len() < bytes {
        // Knuth's multiplier for 64 bits.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        model.extend((state >> 16).to_le_bytes());
    }
    model.truncate(bytes);
    model
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Chooses a model in the dialogue of models.
pub fn choose(page: &Page, id: &str) {
    page.press_button("Models");
    page.click(&format!("dialog[open] .model-row[data-model={id}] .button"));
    page.press_button("Close");
}

/// The SHA-256 of a model's file in the browser's private file system, whether it is whole or not.
/// `None` without one.
pub fn kept_sha256(page: &Page, id: &str) -> Option<String> {
    let script = "const root = await navigator.storage.getDirectory();
        try {
            const folder = await root.getDirectoryHandle('models');
            const file = await (await folder.getFileHandle(arguments[0])).getFile();
            const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
            return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
        } catch (error) {
            if (error.name === 'NotFoundError') return null;
            throw error;
        }";
    let script = format!("return (async () => {{ {script} }})()");
    let digest = page.script(&script, [json!(format!("{id}.1.gguf"))]);
    digest.as_str().map(str::to_owned)
}
