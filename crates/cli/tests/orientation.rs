//! However a file stores its picture, the program gives the embedding that transformers gives of
//! the upright one.

mod common;
#[path = "../../clip/tests/common/orientation.rs"]
mod oriented;

use std::fs;

use common::{cliplet_with, fresh_folder, lines, repository, stdout};
use oriented::{SAME, Stored, cosine};

#[test]
fn pictures_in_all_orientations_have_the_embedding_of_the_upright_one() {
    let fixtures = repository("crates/clip/tests/fixtures");
    let folder = fresh_folder("orientation");
    let all = oriented::all(&fixtures);
    for Stored { name, file, .. } in &all {
        fs::write(folder.join(name), file).unwrap();
    }
    let model = fixtures.join("vit-224/model.gguf");
    let output = cliplet_with(&[&"embed", &"--model", &model, &folder]);
    let lines = lines(&stdout(&output));
    assert_eq!(lines.len(), all.len());
    for Stored {
        name, embedding, ..
    } in &all
    {
        let path = folder.join(name);
        let line = lines
            .iter()
            .find(|line| line["image"].as_str() == path.to_str());
        let found = serde_json::from_value::<Vec<f64>>(line.unwrap()["embedding"].clone()).unwrap();
        let cosine = cosine(&found, embedding);
        assert!(cosine > SAME, "{name}: {cosine}");
    }
}
