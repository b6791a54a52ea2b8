//! What `cargo xtask` and the browser tests both need to know. Everything else is the program's own
//! (`main.rs` and its modules).

/// What every headless Chromium of the tests is started with: no background traffic, no network but
/// this machine's own servers, so that a test runs the same wherever it runs, and no sandbox, which
/// root cannot have.
pub const CHROMIUM_ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--no-first-run",
];
