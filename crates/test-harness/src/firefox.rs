//! How the tests start Firefox.

use serde_json::{Value, json};

use crate::browser::Options;

/// What every Firefox of the tests is started with.
pub const ARGUMENTS: &[&str] = &["-headless"];

/// What is set in its profile: no network but this machine's own servers, so that a test runs the
/// same wherever it runs; and what the visitor prefers.
pub fn preferences(options: &Options) -> Value {
    json!({
        "layout.css.prefers-color-scheme.content-override": if options.dark { 0 } else { 1 },
        "ui.prefersReducedMotion": if options.still { 1 } else { 0 },
        "privacy.resistFingerprinting": options.resists_fingerprinting,
        // 2 refuses all, 5 is what Firefox comes with.
        "network.cookie.cookieBehavior": if options.blocks_cookies { 2 } else { 5 },
        "media.navigator.permission.disabled": options.camera,
        "media.navigator.streams.fake": options.camera,
        "app.normandy.enabled": false,
        "browser.safebrowsing.downloads.enabled": false,
        "browser.safebrowsing.malware.enabled": false,
        "browser.safebrowsing.phishing.enabled": false,
        "network.captive-portal-service.enabled": false,
        "network.connectivity-service.enabled": false,
        // Nobody listens at that port. Addresses of this machine do not go through it.
        "network.proxy.type": 1,
        "network.proxy.http": "127.0.0.1",
        "network.proxy.http_port": 9,
        "network.proxy.ssl": "127.0.0.1",
        "network.proxy.ssl_port": 9,
        "network.proxy.no_proxies_on": "127.0.0.1, localhost",
    })
}
