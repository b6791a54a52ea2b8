//! The small files of a repository below `tests/fixtures/hugging_face`.

use cliplet_clip::hugging_face::Repository;
use serde_json::Value;

use super::fixture;

/// What [`Repository`] borrows.
#[derive(Clone)]
pub struct Files {
    pub config: Option<Vec<u8>>,
    pub preprocessor_config: Option<Vec<u8>>,
    pub tokenizer: Option<Vec<u8>>,
}

impl Files {
    pub fn read(case: &str) -> Self {
        let read = |name: &str| std::fs::read(fixture(&format!("hugging_face/{case}/{name}"))).ok();
        Self {
            config: read("config.json"),
            preprocessor_config: read("preprocessor_config.json"),
            tokenizer: read("tokenizer.json"),
        }
    }

    pub fn borrow(&self) -> Repository<'_> {
        Repository {
            config: self.config.as_deref(),
            preprocessor_config: self.preprocessor_config.as_deref(),
            tokenizer: self.tokenizer.as_deref(),
        }
    }
}

/// The same with another value in its `config.json`, at a path with slashes.
pub fn config_with(files: &Files, path: &str, value: Value) -> Files {
    let mut config: Value = serde_json::from_slice(files.config.as_ref().unwrap()).unwrap();
    *config.pointer_mut(&format!("/{path}")).unwrap() = value;
    Files {
        config: Some(config.to_string().into()),
        ..files.clone()
    }
}
