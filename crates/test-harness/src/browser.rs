//! A headless browser with a profile of its own, and its driver.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::iter;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::prelude::*;
use tokio::runtime::Runtime;
use xtask::CHROMIUM_ARGUMENTS;

use crate::firefox;

/// Which browser it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Kind {
    /// Chromium, which most tests use: only it lets a test do all that the harness offers.
    #[default]
    Chromium,
    /// Firefox, for what depends on the browser.
    Firefox,
}

/// How the visitor's browser is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which browser it is.
    pub kind: Kind,
    /// Width of the viewport in CSS pixels.
    pub width: u32,
    /// Height of the viewport in CSS pixels.
    pub height: u32,
    /// The visitor prefers dark pages.
    pub dark: bool,
    /// The visitor prefers that nothing moves. Chromium alone can be told to.
    pub still: bool,
    /// The device has a camera, which sees a pattern that moves, and pages are allowed it. In
    /// Chromium alone.
    pub camera: bool,
    /// The visitor asks to save data. Chromium alone can be told to.
    pub save_data: bool,
    /// The browser gives pages noise for what they draw, as LibreWolf and Tor Browser do. Firefox
    /// alone can be told to.
    pub resists_fingerprinting: bool,
    /// No page may keep anything. In Chromium and Firefox.
    pub blocks_cookies: bool,
    /// Where the browser keeps all that it keeps, if that is to outlive it.
    pub profile: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kind: Kind::Chromium,
            width: 1280,
            height: 800,
            dark: false,
            still: false,
            camera: false,
            save_data: false,
            resists_fingerprinting: false,
            blocks_cookies: false,
            profile: None,
        }
    }
}

/// A browser and its driver. Both end when it is dropped.
pub struct Browser {
    runtime: Runtime,
    /// `None` only while it is being dropped.
    driver: Option<WebDriver>,
    process: Child,
    port: u16,
    kind: Kind,
}

/// Longest time for one command to the browser.
const COMMAND: Duration = Duration::from_secs(60);

impl Browser {
    /// Starts a browser. `before_pages` is JavaScript that runs in every page of Chromium before
    /// the page's own.
    pub fn start(options: &Options, before_pages: &str) -> Self {
        let (variable, name, arguments): (_, _, &[&str]) = match options.kind {
            Kind::Chromium => ("CHROMEDRIVER", "chromedriver", &["--port=0"]),
            Kind::Firefox => (
                "GECKODRIVER",
                "geckodriver",
                &["--port=0", "--websocket-port=0"],
            ),
        };
        let program = env::var_os(variable).unwrap_or_else(|| OsString::from(name));
        let mut command = Command::new(&program);
        if options.kind == Kind::Firefox {
            // It writes there, although it has a profile elsewhere.
            command.env("HOME", env::temp_dir());
        }
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let start = || {
            let mut process = command.spawn().unwrap_or_else(|error| {
                panic!(
                    "{} cannot be started: {error}; run `cargo xtask test`",
                    program.display()
                )
            });
            match driver_port(&mut process) {
                Some(port) => Some((process, port)),
                None => {
                    let _ = process.kill();
                    let _ = process.wait();
                    None
                }
            }
        };
        // The port that it finds free may be another driver's by the time that it takes it; then it
        // ends.
        let (mut process, port) = iter::repeat_with(start)
            .take(5)
            .flatten()
            .next()
            .unwrap_or_else(|| panic!("{} does not say where it listens", program.display()));

        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime starts");
        let builder = WebDriver::builder(format!("http://127.0.0.1:{port}"), capabilities(options))
            .request_timeout(COMMAND);
        let driver = runtime.block_on(async { builder.await });
        let driver = match driver {
            Ok(driver) => driver,
            Err(error) => {
                let _ = process.kill();
                panic!("{:?} cannot be started: {error}", options.kind);
            }
        };
        let browser = Self {
            runtime,
            driver: Some(driver),
            process,
            port,
            kind: options.kind,
        };
        browser.set_up(options, before_pages);
        browser
    }

    fn set_up(&self, options: &Options, before_pages: &str) {
        self.resize(options.width, options.height);
        if self.kind == Kind::Firefox {
            return;
        }
        self.cdp(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": before_pages }),
        );
        self.set_media(options.dark, options.still);
        if options.save_data {
            self.cdp(
                "Emulation.setDataSaverOverride",
                json!({ "dataSaverEnabled": true }),
            );
        }
    }

    /// The driver's process, which has started the browser.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Ends all processes of the browser in the middle of whatever they do, as a crash or a power
    /// cut would.
    pub fn kill(self) {
        let mut processes = vec![self.process.id()];
        let mut at = 0;
        while let Some(parent) = processes.get(at) {
            processes.extend(children_of(*parent));
            at += 1;
        }
        // The driver, which is the first, ends as ever.
        for process in &processes[1..] {
            let _ = Command::new("kill")
                .args(["-9", &process.to_string()])
                .status();
        }
    }

    /// Sets the size of the viewport in CSS pixels.
    #[track_caller]
    pub fn resize(&self, width: u32, height: u32) {
        if self.kind == Kind::Firefox {
            self.run("resizing the window", async |driver| {
                let script = "return [outerWidth - innerWidth, outerHeight - innerHeight]";
                let frame: [u32; 2] = driver.execute(script, []).await?.convert()?;
                driver
                    .set_window_rect(0, 0, width + frame[0], height + frame[1])
                    .await
            });
            return;
        }
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Which browser it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the visitor prefers from now on: dark pages, and nothing that moves. In Chromium alone.
    #[track_caller]
    pub fn set_media(&self, dark: bool, still: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let motion = if still { "reduce" } else { "no-preference" };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": motion },
        ]);
        self.cdp(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        );
    }

    /// Sends a command of the Chrome DevTools Protocol, which Chromium alone understands.
    #[track_caller]
    pub fn cdp(&self, method: &str, parameters: Value) -> Value {
        self.run(method, async |driver| {
            driver.cdp().send_raw(method, parameters).await
        })
    }

    /// Does something with the driver and waits for it. `what` names it in the failure.
    #[track_caller]
    pub fn run<T>(
        &self,
        what: &str,
        work: impl AsyncFnOnce(&WebDriver) -> WebDriverResult<T>,
    ) -> T {
        self.try_run(work)
            .unwrap_or_else(|error| panic!("the browser failed at `{what}`: {error}"))
    }

    /// Does something with the driver that may fail.
    pub fn try_run<T>(
        &self,
        work: impl AsyncFnOnce(&WebDriver) -> WebDriverResult<T>,
    ) -> WebDriverResult<T> {
        let driver = self
            .driver
            .as_ref()
            .expect("the browser is there until it is dropped");
        self.runtime.block_on(work(driver))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            // Ends the browser and removes its profile.
            let _ = self.runtime.block_on(driver.quit());
        }
        if self.kind == Kind::Firefox {
            // Takes a browser along that the session has lost, as killing it would not.
            let _ = Command::new("kill")
                .arg(self.process.id().to_string())
                .status();
        }
        // The driver's own way out, which also takes a browser along that the session has lost.
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = stream.write_all(
                b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            );
            let _ = stream.read(&mut [0; 64]);
        }
        let patience = Instant::now() + Duration::from_secs(5);
        while matches!(self.process.try_wait(), Ok(None)) && Instant::now() < patience {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The processes that a process has started.
fn children_of(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
        .filter(|process: &u32| {
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            // The name, in parentheses, may hold anything; behind it come the state and the parent.
            let behind = stat.rsplit_once(") ").map_or("", |(_, behind)| behind);
            behind.split(' ').nth(1) == Some(&parent.to_string())
        })
        .collect()
}

/// Reads the driver's port from what it says when it has started:
/// `started successfully on port 1234.` or `Listening on 127.0.0.1:1234`. None if it ends instead.
fn driver_port(process: &mut Child) -> Option<u16> {
    let mut lines = BufReader::new(process.stdout.take().expect("stdout is piped")).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let port = line
            .rsplit_once("successfully on port ")
            .or_else(|| line.rsplit_once("Listening on 127.0.0.1:"))?
            .1;
        port.trim_end_matches('.').parse().ok()
    });
    // A pipe that nobody reads would block the driver once it is full.
    thread::spawn(move || lines.for_each(drop));
    port
}

fn capabilities(options: &Options) -> Capabilities {
    let file =
        |variable: &str| env::var_os(variable).map(|file| file.to_string_lossy().into_owned());
    let capabilities = match options.kind {
        Kind::Chromium => {
            let mut arguments: Vec<String> =
                CHROMIUM_ARGUMENTS.iter().map(|&a| a.to_owned()).collect();
            if options.camera {
                arguments.push("--use-fake-device-for-media-stream".to_owned());
                arguments.push("--use-fake-ui-for-media-stream".to_owned());
            }
            if let Some(profile) = &options.profile {
                arguments.push(format!("--user-data-dir={}", profile.display()));
            }
            let blocks = if options.blocks_cookies { 2 } else { 1 };
            let preferences = json!({ "profile.default_content_setting_values.cookies": blocks });
            let mut options = json!({ "args": arguments, "prefs": preferences });
            if let Some(chrome) = file("CHROME") {
                options["binary"] = json!(chrome);
            }
            json!({
                "browserName": "chrome",
                "goog:chromeOptions": options,
                "goog:loggingPrefs": { "browser": "ALL" },
            })
        }
        Kind::Firefox => {
            let mut preferences = firefox::preferences();
            preferences["layout.css.prefers-color-scheme.content-override"] =
                json!(if options.dark { 0 } else { 1 });
            preferences["privacy.resistFingerprinting"] = json!(options.resists_fingerprinting);
            if options.blocks_cookies {
                preferences["network.cookie.cookieBehavior"] = json!(2);
            }
            let mut options = json!({ "args": firefox::ARGUMENTS, "prefs": preferences });
            if let Some(firefox) = file("FIREFOX") {
                options["binary"] = json!(firefox);
            }
            json!({ "browserName": "firefox", "moz:firefoxOptions": options })
        }
    };
    serde_json::from_value(capabilities).expect("capabilities are any object")
}
