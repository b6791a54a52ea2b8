//! As much of HTML as the build has to read, of pages that it knows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

/// The value of an attribute of an element, where it is quoted.
pub fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let value = element.split_once(&format!(" {name}=\""))?.1;
    Some(value.split_once('"')?.0)
}

/// The SHA-256, in base64, of each script that stands in a page, as a Content-Security-Policy names
/// it.
pub fn script_hashes(html: &str) -> Vec<String> {
    inline_scripts(html)
        .map(|script| BASE64.encode(Sha256::digest(script)))
        .collect()
}

/// The texts of the scripts that stand in a page.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    let scripts = html.split("<script").skip(1);
    scripts
        .filter_map(|rest| rest.split_once("</script>")?.0.split_once('>'))
        .filter(|(attributes, _)| attribute(attributes, "src").is_none())
        .map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_in_a_page_are_those_without_an_address() {
        let html = r#"<script src="a.js"></script><script type="module">go()</script>"#;
        assert_eq!(inline_scripts(html).collect::<Vec<_>>(), ["go()"]);
    }
}
