//! The browsers that the tests drive, and their drivers.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian::find_or_install;
use crate::files;
use crate::step::Result;
use crate::tools::{self, existing_file, on_path};
use crate::workspace::Workspace;
use clap::ValueEnum;
use xtask::CHROMIUM_ARGUMENTS;

/// A browser that tests of the page can run in.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum Engine {
    /// Chromium, or Chrome.
    Chromium,
    /// Firefox.
    Firefox,
    /// WebKitGTK, whose engine is Safari's.
    #[value(name = "webkit")]
    WebKit,
}

impl Engine {
    /// What the tests know it by, in `CLIPLET_BROWSER`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
        }
    }
}

/// Browsers, each with the driver that fits it.
pub struct Browsers {
    chromium: Option<Chromium>,
    firefox: Option<Firefox>,
    /// The driver of WebKitGTK, which knows its browser itself.
    webkit: Option<PathBuf>,
    /// For what the browsers leave behind when their drivers end them.
    scratch: PathBuf,
}

struct Chromium {
    /// Chromium, or Chrome.
    program: PathBuf,
    chromedriver: PathBuf,
}

struct Firefox {
    program: PathBuf,
    geckodriver: PathBuf,
}

impl Browsers {
    /// Tells tests that `command` will run which browsers to use.
    pub fn for_command<'a>(&self, command: &'a mut Command) -> Result<&'a mut Command> {
        files::empty_directory(&self.scratch)?;
        command.env("TMPDIR", &self.scratch);
        if let Some(chromium) = &self.chromium {
            command
                .env("CHROME", &chromium.program)
                .env("CHROMEDRIVER", &chromium.chromedriver);
        }
        if let Some(firefox) = &self.firefox {
            command
                .env("FIREFOX", &firefox.program)
                .env("GECKODRIVER", &firefox.geckodriver);
        }
        if let Some(driver) = &self.webkit {
            command.env("WEBKITDRIVER", driver);
        }
        Ok(command)
    }

    /// Fails where the disk has less room than browsers need to keep what tests of the page let
    /// them keep.
    ///
    /// Chromium 156 gives no `Response.blob()` of more than some megabytes, and puts no such answer
    /// into the Cache API, where less is free than twice what it may hold in memory, which is 4.3
    /// GB on most machines, although its quota says that there is room.
    pub fn check_room(&self) -> Result {
        let directory = self.scratch.parent().unwrap_or(&self.scratch);
        let Ok(output) = Command::new("df").arg("-Pk").arg(directory).output() else {
            return Ok(());
        };
        match free_kilobytes(&String::from_utf8_lossy(&output.stdout)) {
            Some(free) if free < ROOM_IN_KILOBYTES => Err(format!(
                "The disk of {} has {:.1} GB left, and browsers stop keeping files when it has less than about 4.3. Free some, \
                 to have {} GB at least: `cargo clean` gives back what was built.",
                directory.display(),
                free as f64 * 1024.0 / 1e9,
                ROOM_IN_KILOBYTES * 1024 / 1_000_000_000
            )
            .into()),
            _ => Ok(()),
        }
    }

    /// Writes the file that tells `wasm-bindgen-test-runner` how to start Chromium.
    pub fn write_capabilities(&self, path: &Path) -> Result {
        let chrome = self.chromium.as_ref().map(|chromium| &chromium.program);
        let options = serde_json::json!({ "binary": chrome, "args": CHROMIUM_ARGUMENTS });
        files::write(
            path,
            serde_json::json!({ "goog:chromeOptions": options }).to_string(),
        )
    }
}

impl Drop for Browsers {
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

/// With some to spare for what tests put onto the disk meanwhile.
const ROOM_IN_KILOBYTES: u64 = 6_000_000_000 / 1024 + 1;

/// The fourth column of the second line of what `df -Pk` prints, as POSIX has it.
fn free_kilobytes(df: &str) -> Option<u64> {
    df.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

const FIREFOXES: &[&str] = &["firefox-esr", "firefox"];

/// Finds these browsers and their drivers: the files that variables such as CHROME and CHROMEDRIVER
/// name, or programs on the path, or Debian's packages, which are installed if this runs as root.
pub fn find_all(workspace: &Workspace, engines: &[Engine]) -> Result<Browsers> {
    let mut browsers = Browsers {
        chromium: None,
        firefox: None,
        webkit: None,
        // Not below target/: the browser makes a socket in it, whose path must be short.
        scratch: env::temp_dir().join(format!("cliplet-test-{}", std::process::id())),
    };
    for engine in engines {
        match engine {
            Engine::Chromium => browsers.chromium = Some(chromium(workspace)?),
            Engine::Firefox => browsers.firefox = Some(firefox(workspace)?),
            Engine::WebKit => browsers.webkit = Some(webkit(workspace)?),
        }
    }
    Ok(browsers)
}

fn chromium(workspace: &Workspace) -> Result<Chromium> {
    let find = || {
        let chrome = find("CHROME", CHROMES)?;
        let chromedriver = find("CHROMEDRIVER", CHROMEDRIVERS)?;
        Ok(chrome.zip(chromedriver))
    };
    // A font, so that screenshots can be read.
    let packages = ["chromium", "chromium-driver", "fonts-dejavu-core"];
    let found = find_or_install(workspace, "Chromium", &packages, find)?;
    let (program, chromedriver) = found.ok_or(
        "the tests need Chromium and its driver. On Debian, `apt-get install chromium chromium-driver` as root brings \
         both; elsewhere install them, and name their files in CHROME and CHROMEDRIVER if they are not on the path.",
    )?;
    Ok(Chromium {
        program,
        chromedriver,
    })
}

/// FIREFOX names its file. Its driver, which Debian does not have, is the file that GECKODRIVER
/// names, or a program on the path, or else is built.
fn firefox(workspace: &Workspace) -> Result<Firefox> {
    let found = find_or_install(workspace, "Firefox", &["firefox-esr"], || {
        find("FIREFOX", FIREFOXES)
    })?;
    let program = found.ok_or(
        "the tests need Firefox. On Debian, `apt-get install firefox-esr` as root brings it; elsewhere install it, and \
         name its file in FIREFOX if it is not on the path.",
    )?;
    let geckodriver = match find("GECKODRIVER", &["geckodriver"])? {
        Some(geckodriver) => geckodriver,
        None => tools::geckodriver(workspace)?,
    };
    Ok(Firefox {
        program,
        geckodriver,
    })
}

/// What WebKitGTK of the tests consists of, by the names of Debian: the driver, the display, and
/// what `crates/test-harness/src/webkit_browser.py` is written with.
const WEBKIT: &[&str] = &[
    "webkit2gtk-driver",
    "xvfb",
    "python3-gi",
    "gir1.2-webkit2-4.1",
    "gir1.2-gtk-3.0",
    "fonts-dejavu-core",
];

/// Ends well where there is all that the browser is written with.
const HAS_WEBKIT: &str = "import gi
gi.require_version('Gtk', '3.0')
try:
    gi.require_version('WebKit2', '4.1')
except ValueError:
    gi.require_version('WebKit2', '4.0')";

/// Its driver.
fn webkit(workspace: &Workspace) -> Result<PathBuf> {
    let find = || {
        let driver = find("WEBKITDRIVER", &["WebKitWebDriver"])?;
        let python = Command::new("/usr/bin/python3")
            .args(["-c", HAS_WEBKIT])
            .output();
        let is_whole =
            on_path("Xvfb").is_some() && python.is_ok_and(|output| output.status.success());
        Ok(driver.filter(|_| is_whole))
    };
    let found = find_or_install(workspace, "WebKitGTK", WEBKIT, find)?;
    let advice = format!(
        "these tests need WebKitGTK, its driver, Xvfb, and WebKitGTK's library for Python. On Debian and Ubuntu, `apt-get install {}` as \
         root brings them. WEBKITDRIVER names the driver's file if it is not on the path.",
        WEBKIT.join(" ")
    );
    Ok(found.ok_or(advice)?)
}

/// The file that a variable names, or the first of these programs that is on the path.
fn find(variable: &str, names: &[&str]) -> Result<Option<PathBuf>> {
    match env::var_os(variable) {
        Some(value) => existing_file(variable, value).map(Some),
        None => Ok(names.iter().find_map(|name| on_path(name))),
    }
}

#[cfg(test)]
mod tests {
    use super::free_kilobytes;

    #[test]
    fn the_room_on_a_disk_is_read() {
        let df = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n\
                  /dev/vda         264212480 83886080  12582912      88% /\n";
        assert_eq!(free_kilobytes(df), Some(12_582_912));
        assert_eq!(free_kilobytes("df: no such directory\n"), None);
    }
}
