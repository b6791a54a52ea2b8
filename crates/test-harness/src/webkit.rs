//! How the tests start WebKitGTK.
//!
//! It has no headless mode, so each browser gets a display of its own: without a window manager,
//! two on one would take the focus from each other. It also says to nobody at which port its driver
//! listens.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::browser::Options;
use crate::repository;

/// Larger than any window of a test.
const SCREEN: &str = "2700x4200x24";

/// A display without a screen, which ends when it is dropped.
pub struct Display {
    process: Child,
    name: String,
}

impl Display {
    /// Starts one.
    pub fn start() -> Self {
        let mut process = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-nolisten",
                "tcp",
                "-screen",
                "0",
                SCREEN,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("Xvfb cannot be started: {error}; run `cargo xtask test --browser webkit`")
            });
        let mut number = String::new();
        let stdout = process.stdout.take().expect("stdout is piped");
        let read = BufReader::new(stdout).read_line(&mut number);
        let number = number.trim();
        assert!(
            read.is_ok() && !number.is_empty(),
            "Xvfb does not say which display it has made"
        );
        Self {
            name: format!(":{number}"),
            process,
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // Its own way out, by which it takes its socket along.
        let _ = Command::new("kill")
            .arg(self.process.id().to_string())
            .status();
        let _ = self.process.wait();
    }
}

/// What a browser keeps, in a folder that is removed with this.
pub struct Profile(PathBuf);

impl Profile {
    /// An empty one.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("webkit-{}-{count}", std::process::id());
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("the folder for temporary files can be written to");
        Self(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A port that nobody listens at.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address.expect("there is a free port").port()
}

/// The driver, to be started at this port. Its browser will have this display.
pub fn driver(program: &std::ffi::OsStr, port: u16, display: &Display) -> Command {
    let mut command = Command::new(program);
    command
        .arg(format!("--port={port}"))
        .env("DISPLAY", &display.name)
        .env("GDK_BACKEND", "x11")
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        // Nobody asks what assistive technology would be told.
        .env("NO_AT_BRIDGE", "1")
        // Its sandbox needs what a container does not have.
        .env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1")
        // WebKitGTK isolates a page and then keeps from it what that is for, which Safari does not:
        // <https://webkit.org/b/317847>.
        .env("JSC_useSharedArrayBuffer", "1");
    command
}

/// Waits until the driver listens. False if it ends instead.
pub fn listens(process: &mut Child, port: u16) -> bool {
    let patience = Instant::now() + Duration::from_secs(20);
    while Instant::now() < patience && matches!(process.try_wait(), Ok(None)) {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return true;
        }
        thread::sleep(Duration::from_millis(50));
    }
    false
}

/// What the driver is asked for: a browser with this profile.
pub fn capabilities(options: &Options, profile: &Path) -> Value {
    let program = repository("crates/test-harness/src/webkit_browser.py");
    let mut arguments = vec![
        program.display().to_string(),
        "--automation".to_owned(),
        format!("--profile={}", profile.display()),
    ];
    if options.dark {
        arguments.push("--dark".to_owned());
    }
    if options.still {
        arguments.push("--still".to_owned());
    }
    json!({ "webkitgtk:browserOptions": { "binary": "/usr/bin/python3", "args": arguments } })
}

/// WebKitGTK is built without what Safari has of manifests, and so does not know the word.
const NOT_BUILT: &str = "Unrecognized Content-Security-Policy directive 'manifest-src'.";

/// Whether a line that the browser has printed tells of an error of a page: of a script, of a
/// request, or by `console.error`.
pub fn is_error(line: &str) -> bool {
    if line.ends_with(NOT_BUILT) {
        return false;
    }
    let message = match line.strip_prefix("CONSOLE ") {
        Some(message) => Some(message),
        None => line.split_once(": CONSOLE ").map(|(_, message)| message),
    };
    message.is_some_and(|message| {
        let level = message
            .split(' ')
            .find(|word| matches!(*word, "ERROR" | "WARN" | "INFO" | "LOG" | "DEBUG"));
        level == Some("ERROR")
    })
}

#[cfg(test)]
mod tests {
    use super::is_error;

    #[test]
    fn errors_are_told_from_other_messages() {
        for line in [
            "http://127.0.0.1:1/:1:95: CONSOLE JS ERROR Error: 7",
            "[native code]: CONSOLE ERROR 42",
            "http://127.0.0.1:1/missing: CONSOLE NETWORK ERROR Failed to load resource",
        ] {
            assert!(is_error(line), "{line}");
        }
        for line in [
            "CONSOLE LOG no ERROR",
            "[native code]: CONSOLE WARN ERROR",
            "CONSOLE SECURITY ERROR Unrecognized Content-Security-Policy directive 'manifest-src'.",
            "Gtk-WARNING: CONSOLE",
        ] {
            assert!(!is_error(line), "{line}");
        }
    }
}
