//! A headless browser with a profile of its own, and its driver.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::iter;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::prelude::*;
use tokio::runtime::Runtime;
use xtask::CHROMIUM_ARGUMENTS;

use crate::firefox;
use crate::webkit;

/// The variable that names the browser of a run: `chromium`, `firefox` or `webkit`.
pub const BROWSER: &str = "CLIPLET_BROWSER";

/// Which browser it is. That of [`Default`] is the one that `CLIPLET_BROWSER` names, and Chromium
/// where it is not set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Chromium: only it lets a test do all that the harness offers.
    Chromium,
    /// Firefox.
    Firefox,
    /// WebKitGTK, whose engine is Safari's.
    WebKit,
}

impl Kind {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    /// The browsers that a test of several is to run in: the one that `CLIPLET_BROWSER` names, or
    /// Chromium and Firefox where it is not set.
    pub fn of_this_run() -> &'static [Self] {
        match env::var_os(BROWSER) {
            None => &[Self::Chromium, Self::Firefox],
            Some(_) => match Self::default() {
                Self::Chromium => &[Self::Chromium],
                Self::Firefox => &[Self::Firefox],
                Self::WebKit => &[Self::WebKit],
            },
        }
    }
}

impl Default for Kind {
    fn default() -> Self {
        let Some(name) = env::var_os(BROWSER) else {
            return Self::Chromium;
        };
        let kind = Self::ALL
            .into_iter()
            .find(|kind| name.to_str() == Some(kind.to_string().to_lowercase().as_str()));
        kind.unwrap_or_else(|| {
            panic!(
                "{BROWSER} is chromium, firefox or webkit, and not {}",
                name.display()
            )
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
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
    /// The visitor prefers that nothing moves.
    pub still: bool,
    /// The device has a camera, which sees a pattern that moves, and pages are allowed it. Not in
    /// WebKit.
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
            kind: Kind::default(),
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
    /// What the processes have printed. Chromium's are asked for what they log.
    printed: Lines,
    /// Dropped when the browser has ended: what WebKit shows its windows on, and what it keeps.
    _display: Option<webkit::Display>,
    _profile: Option<webkit::Profile>,
}

type Lines = Arc<Mutex<Vec<String>>>;

/// Longest time for one command to the browser.
const COMMAND: Duration = Duration::from_secs(60);

impl Browser {
    /// Starts a browser. `before_pages` is JavaScript that runs in every page of Chromium before
    /// the page's own.
    pub fn start(options: &Options, before_pages: &str) -> Self {
        let is_webkit = options.kind == Kind::WebKit;
        let display = is_webkit.then(webkit::Display::start);
        let profile = (is_webkit && options.profile.is_none()).then(webkit::Profile::new);
        let printed = Lines::default();
        let start = || start_driver(options.kind, display.as_ref(), &printed);
        // The port that it finds free may be another driver's by the time that it takes it; then it
        // ends.
        let (mut process, port) = iter::repeat_with(start)
            .take(5)
            .flatten()
            .next()
            .unwrap_or_else(|| panic!("the driver of {} listens nowhere", options.kind));

        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime starts");
        let capabilities = match options
            .profile
            .as_deref()
            .or(profile.as_ref().map(webkit::Profile::path))
        {
            Some(profile) if is_webkit => webkit::capabilities(options, profile),
            _ => capabilities(options),
        };
        let capabilities: Capabilities =
            serde_json::from_value(capabilities).expect("capabilities are any object");
        let builder = WebDriver::builder(format!("http://127.0.0.1:{port}"), capabilities)
            .request_timeout(COMMAND);
        let driver = runtime.block_on(async { builder.await });
        let driver = match driver {
            Ok(driver) => driver,
            Err(error) => {
                kill_all(&descendants_of(process.id()));
                let _ = process.kill();
                panic!("{} cannot be started: {error}", options.kind);
            }
        };
        let browser = Self {
            runtime,
            driver: Some(driver),
            process,
            port,
            kind: options.kind,
            printed,
            _display: display,
            _profile: profile,
        };
        browser.set_up(options, before_pages);
        browser
    }

    /// Sets up the tab that all is about. `before_pages` is as in [`start`](Self::start).
    pub fn set_up(&self, options: &Options, before_pages: &str) {
        self.resize(options.width, options.height);
        if self.kind != Kind::Chromium {
            return;
        }
        // A tab that was opened after others has the focus only then.
        self.cdp("Page.bringToFront", json!({}));
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
        // The driver, which is none of them, ends as ever.
        kill_all(&descendants_of(self.process.id()));
    }

    /// What the browser has printed so far.
    pub fn printed(&self) -> Vec<String> {
        let lines = self.printed.lock();
        lines
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }

    /// Nothing of what has been logged or printed so far is told any more.
    pub fn forget_log(&self) {
        if self.kind == Kind::Chromium {
            // It gives each line once.
            let _ = self.try_run(async |driver| driver.browser_log().await);
        }
        let lines = self.printed.lock();
        lines
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clear();
    }

    /// Sets the size of the viewport in CSS pixels.
    #[track_caller]
    pub fn resize(&self, width: u32, height: u32) {
        if self.kind != Kind::Chromium {
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
        let descendants = descendants_of(self.process.id());
        if let Some(driver) = self.driver.take() {
            // Ends the browser and removes its profile.
            let _ = self.runtime.block_on(driver.quit());
        }
        if self.kind != Kind::Chromium {
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
        if self.kind == Kind::WebKit {
            // Some of its processes go on for a while, and write what is kept.
            while descendants.iter().any(|process| is_alive(*process)) && Instant::now() < patience
            {
                thread::sleep(Duration::from_millis(20));
            }
            kill_all(&descendants);
        }
    }
}

/// Starts a driver. None if it ends at once. What it prints from then on is put into `printed`.
fn start_driver(
    kind: Kind,
    display: Option<&webkit::Display>,
    printed: &Lines,
) -> Option<(Child, u16)> {
    let (variable, name) = match kind {
        Kind::Chromium => ("CHROMEDRIVER", "chromedriver"),
        Kind::Firefox => ("GECKODRIVER", "geckodriver"),
        Kind::WebKit => ("WEBKITDRIVER", "WebKitWebDriver"),
    };
    let program = env::var_os(variable).unwrap_or_else(|| OsString::from(name));
    let webkit_port = webkit::free_port();
    let mut command = match display {
        Some(display) => webkit::driver(&program, webkit_port, display),
        None => Command::new(&program),
    };
    match kind {
        Kind::Chromium => command.arg("--port=0"),
        Kind::Firefox => command
            .args(["--port=0", "--websocket-port=0"])
            // It writes there, although it has a profile elsewhere.
            .env("HOME", env::temp_dir()),
        Kind::WebKit => &mut command,
    };
    command.stdin(Stdio::null());
    match kind {
        // Its browser prints to this one.
        Kind::WebKit => command.stdout(Stdio::null()).stderr(Stdio::piped()),
        _ => command.stdout(Stdio::piped()).stderr(Stdio::null()),
    };
    let mut process = command.spawn().unwrap_or_else(|error| {
        panic!(
            "{} cannot be started: {error}; run `cargo xtask test --only browser --browser {}`",
            program.display(),
            kind.to_string().to_lowercase()
        )
    });
    let port = match kind {
        Kind::WebKit => {
            let stderr = process.stderr.take().expect("stderr is piped");
            collect(BufReader::new(stderr), printed);
            webkit::listens(&mut process, webkit_port).then_some(webkit_port)
        }
        _ => driver_port(&mut process, printed),
    };
    if port.is_none() {
        let _ = process.kill();
        let _ = process.wait();
    }
    port.map(|port| (process, port))
}

/// Puts the lines that come into `lines`. A pipe that nobody reads would block who writes once it
/// is full.
fn collect(from: impl BufRead + Send + 'static, lines: &Lines) {
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        for line in from.split(b'\n').map_while(Result::ok) {
            let mut lines = lines
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            lines.push(String::from_utf8_lossy(&line).into_owned());
        }
    });
}

/// Ends processes in the middle of whatever they do.
fn kill_all(processes: &[u32]) {
    for process in processes.iter().filter(|process| is_alive(**process)) {
        let _ = Command::new("kill")
            .args(["-9", &process.to_string()])
            .status();
    }
}

/// Whether a process is there, and not only its result.
fn is_alive(process: u32) -> bool {
    stat(process).is_some_and(|(state, _)| state != "Z")
}

/// The processes that a process has started, and those that these have.
fn descendants_of(process: u32) -> Vec<u32> {
    let mut descendants = children_of(process);
    let mut at = 0;
    while let Some(parent) = descendants.get(at) {
        descendants.extend(children_of(*parent));
        at += 1;
    }
    descendants
}

/// The processes that a process has started.
fn children_of(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
        .filter(|process| stat(*process).is_some_and(|(_, its)| its == parent))
        .collect()
}

/// A process's state, and which process has started it.
fn stat(process: u32) -> Option<(String, u32)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything; behind it come the state and the parent.
    let mut behind = stat.rsplit_once(") ")?.1.split(' ');
    Some((behind.next()?.to_owned(), behind.next()?.parse().ok()?))
}

/// Reads the driver's port from what it says when it has started:
/// `started successfully on port 1234.` or `Listening on 127.0.0.1:1234`. None if it ends instead.
fn driver_port(process: &mut Child, printed: &Lines) -> Option<u16> {
    let mut stdout = BufReader::new(process.stdout.take().expect("stdout is piped"));
    let port = stdout
        .by_ref()
        .lines()
        .map_while(Result::ok)
        .find_map(|line| {
            let port = line
                .rsplit_once("successfully on port ")
                .or_else(|| line.rsplit_once("Listening on 127.0.0.1:"))?
                .1;
            port.trim_end_matches('.').parse().ok()
        });
    collect(stdout, printed);
    port
}

/// What the driver of Chromium or Firefox is asked for.
fn capabilities(options: &Options) -> Value {
    let file =
        |variable: &str| env::var_os(variable).map(|file| file.to_string_lossy().into_owned());
    match options.kind {
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
            let mut arguments: Vec<String> =
                firefox::ARGUMENTS.iter().map(|&a| a.to_owned()).collect();
            if let Some(profile) = &options.profile {
                fs::create_dir_all(profile).expect("a profile can be made");
                arguments.extend(["-profile".to_owned(), profile.display().to_string()]);
            }
            let preferences = firefox::preferences(options);
            let mut options = json!({ "args": arguments, "prefs": preferences });
            if let Some(firefox) = file("FIREFOX") {
                options["binary"] = json!(firefox);
            }
            json!({ "browserName": "firefox", "moz:firefoxOptions": options })
        }
        Kind::WebKit => unreachable!("it has capabilities of its own"),
    }
}
