//! The Content-Security-Policy: what a browser lets the page and its workers do, whatever gets into them.
//!
//! docs/security.md says what each part is for.

/// Where the page and its workers may connect to: their own host, and wherever the person has a model fetched from, which may
/// be any host that keeps what is sent from others' eyes, or a server on their own machine.
const CONNECT: &str = "connect-src 'self' https: http://127.0.0.1:* http://localhost:*";

/// The policy of a worker. It can only come as a header of the worker's script.
pub fn for_workers() -> String {
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; {CONNECT}"
    )
}

/// The policy of the page, which stands in the page itself. `inline` are the hashes of the scripts that do too, as
/// base64 of their SHA-256.
pub fn for_page(inline: &[String]) -> String {
    let mut scripts = "'self' 'wasm-unsafe-eval'".to_owned();
    for hash in inline {
        scripts.push_str(&format!(" 'sha256-{hash}'"));
    }
    format!(
        "default-src 'none'; script-src {scripts}; worker-src 'self'; {CONNECT}; style-src 'self'; \
         img-src 'self' blob: data:; manifest-src 'self'; frame-src 'self'; base-uri 'self'; form-action 'none'"
    )
}

/// What only a header can say of the page: nobody else may show it inside a page of theirs.
pub const FRAMES: &str = "frame-ancestors 'self'";
