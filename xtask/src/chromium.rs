//! How the tests start Chromium.

/// What every headless Chromium of the tests is started with: no background traffic, and no sandbox, which root cannot
/// have.
pub const ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
];
