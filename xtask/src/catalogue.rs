//! The list of models, `models.json`, as far as building needs to know it.

use std::path::Path;

use serde_json::Value;

use crate::files;
use crate::step::Result;

/// The paths of the models that come with the page, as the list in a folder has them, relative to
/// that folder.
pub fn models_beside(folder: &Path) -> Result<Vec<String>> {
    let list = folder.join("models.json");
    models(&String::from_utf8_lossy(&files::read(&list)?))
        .map_err(|error| format!("{} cannot be read: {error}.", list.display()).into())
}

/// What is not at an address of its own.
fn models(list: &str) -> serde_json::Result<Vec<String>> {
    let list: Value = serde_json::from_str(list)?;
    let models = list["models"].as_array().into_iter().flatten();
    let urls = models.filter_map(|model| model["url"].as_str());
    Ok(urls
        .filter(|url| !url.contains("://"))
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_of_other_hosts_do_not_come_with_the_page() {
        let list =
            r#"{"models": [{"url": "https://example.org/a.gguf"}, {"url": "models/small.gguf"}]}"#;
        assert_eq!(models(list).unwrap(), ["models/small.gguf"]);
        assert!(models("<html>").is_err());
    }
}
