//! The Content-Security-Policy: what a browser lets the page and its workers do, whatever gets into
//! them.
//!
//! docs/security.md says what each part is for.

/// Where the page and its workers may connect to: their own host, and wherever the person has a
/// model fetched from, which may be any host that keeps what is sent from others' eyes, or a server
/// on their own machine.
const CONNECT: &str = "connect-src 'self' https: http://127.0.0.1:* http://localhost:*";

/// The policy of a worker. It can only come as a header of the worker's script.
pub fn for_workers() -> String {
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; {CONNECT}"
    )
}

/// Scripts that stand in a page, by the base64 of their SHA-256, as sources that a policy allows.
fn sources(hashes: &[String]) -> String {
    hashes
        .iter()
        .map(|hash| format!(" 'sha256-{hash}'"))
        .collect()
}

/// The policy of a page of the book, which stands in it too. mdBook's pages have styles in their
/// elements; the widgets in them read pictures of their own host.
pub fn for_book(inline: &[String]) -> String {
    let inline = sources(inline);
    format!(
        "default-src 'none'; script-src 'self'{inline}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'"
    )
}

/// The policy of the page, which stands in the page itself. `inline` are the hashes of the scripts
/// that do too, as base64 of their SHA-256.
pub fn for_page(inline: &[String]) -> String {
    let inline = sources(inline);
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{inline}; worker-src 'self'; {CONNECT}; style-src 'self'; \
         img-src 'self' blob: data:; manifest-src 'self'; frame-src 'self'; base-uri 'self'; form-action 'none'"
    )
}

/// The policy of the page for the inside of other people's pages, which stands in that page itself.
/// In a sandbox its worker begins with a script from a `blob:`, which does nothing but import the
/// engine's own.
pub fn for_embedded_page(inline: &[String]) -> String {
    for_page(inline)
        .replace("worker-src 'self'", "worker-src 'self' blob:")
        .replace(" manifest-src 'self';", "")
        .replace("frame-src 'self'", "frame-src 'none'")
}

/// What only a header can say of the page: nobody else may show it inside a page of theirs. Of the
/// page for the inside of other people's pages it is not said.
pub const FRAMES: &str = "frame-ancestors 'self'";

#[cfg(test)]
mod tests {
    use super::*;

    /// What docs/hosting.md has hosts send, in their own languages.
    const HEADERS: [(&str, &str); 4] = [
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Embedder-Policy", "require-corp"),
        ("Access-Control-Allow-Origin", "*"),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
    ];

    #[test]
    fn the_book_has_hosts_send_the_right_headers() {
        let languages = ["apache", "caddy", "headers", "nginx"];
        let configurations = cliplet_book::samples_to_run(&languages);
        for language in languages {
            let named = |sample: &&cliplet_book::Sample| sample.language == language;
            let configuration = configurations.iter().find(named).unwrap();
            for (name, value) in HEADERS {
                let line = configuration.code.lines().find_map(|line| {
                    let (_, behind) = line.split_once(name)?;
                    let behind = behind.trim_end_matches(" always;");
                    Some(behind.trim_matches([' ', ':', '"']))
                });
                assert_eq!(line, Some(value), "{}: {name}", configuration.place);
            }
        }
    }

    #[test]
    fn the_book_and_the_service_worker_know_the_headers() {
        let worker = include_str!("../../../js/service-worker.js");
        let hosting = cliplet_book::Document::read("docs/hosting.md");
        for (name, value) in HEADERS {
            let row = format!("| `{name}` | `{value}` |");
            assert!(hosting.text().contains(&row), "{row}");
        }
        for (name, value) in &HEADERS[..2] {
            assert!(worker.contains(&format!("\"{name}\": \"{value}\"")));
        }
        for policy in [FRAMES.to_owned(), for_workers()] {
            assert!(hosting.text().contains(&format!("`{policy}`")), "{policy}");
        }
    }
}
