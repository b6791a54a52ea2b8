//! The browser that the tests drive, and its driver.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files;
use crate::step::{Result, quiet, step, watch};
use crate::tools::{existing_file, on_path};
use crate::workspace::Workspace;
use xtask::chromium;

/// A browser and the driver of the same version.
pub struct Browser {
    /// Chromium, or Chrome.
    chrome: PathBuf,
    chromedriver: PathBuf,
    /// For what the browser leaves behind when its driver ends it.
    scratch: PathBuf,
}

impl Browser {
    fn new(chrome: PathBuf, chromedriver: PathBuf) -> Self {
        // Not below target/: the browser makes a socket in it, whose path must be short.
        let scratch = env::temp_dir().join(format!("cliplet-test-{}", std::process::id()));
        Self {
            chrome,
            chromedriver,
            scratch,
        }
    }

    /// Tells tests that `command` will run which browser to use.
    pub fn for_command<'a>(&self, command: &'a mut Command) -> Result<&'a mut Command> {
        files::empty_directory(&self.scratch)?;
        command
            .env("CHROME", &self.chrome)
            .env("CHROMEDRIVER", &self.chromedriver)
            .env("TMPDIR", &self.scratch);
        Ok(command)
    }

    /// Writes the file that tells `wasm-bindgen-test-runner` how to start the browser.
    pub fn write_capabilities(&self, path: &Path) -> Result {
        let options = serde_json::json!({ "binary": self.chrome, "args": chromium::ARGUMENTS });
        files::write(
            path,
            serde_json::json!({ "goog:chromeOptions": options }).to_string(),
        )
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

const CHROMES: &[&str] = &[
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
const CHROMEDRIVERS: &[&str] = &["chromedriver", "chromium.chromedriver"];

/// Finds the browser: the files that CHROME and CHROMEDRIVER name, or programs on the path, or Debian's packages, which
/// are installed if this runs as root.
pub fn for_testing(workspace: &Workspace) -> Result<Browser> {
    if let Some(browser) = find()? {
        return Ok(browser);
    }
    let is_root = quiet(workspace.command("id").arg("-u"), "").is_ok_and(|id| id.trim() == "0");
    if is_root && on_path("apt-get").is_some() {
        step("Installing Chromium for the tests (once)", || {
            install(workspace)
        })?;
        if let Some(browser) = find()? {
            return Ok(browser);
        }
    }
    Err("the tests need Chromium and its driver. On Debian, `apt-get install chromium chromium-driver` as root brings \
         both; elsewhere install them, and name their files in CHROME and CHROMEDRIVER if they are not on the path."
        .into())
}

fn find() -> Result<Option<Browser>> {
    let find = |variable: &str, names: &[&str]| match env::var_os(variable) {
        Some(value) => existing_file(variable, value).map(Some),
        None => Ok(names.iter().find_map(|name| on_path(name))),
    };
    let chrome = find("CHROME", CHROMES)?;
    let chromedriver = find("CHROMEDRIVER", CHROMEDRIVERS)?;
    Ok(chrome
        .zip(chromedriver)
        .map(|(chrome, chromedriver)| Browser::new(chrome, chromedriver)))
}

fn install(workspace: &Workspace) -> Result {
    let apt = |arguments: &[&str]| {
        let mut command = workspace.command("apt-get");
        command
            .args(["-q", "-y"])
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        watch(
            &mut command,
            "Is there a connection to the network? Is another installation under way?",
        )
    };
    apt(&["update"])?;
    // A font, so that screenshots can be read.
    apt(&[
        "install",
        "--no-install-recommends",
        "chromium",
        "chromium-driver",
        "fonts-dejavu-core",
    ])
}
