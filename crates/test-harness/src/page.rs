//! The page as a visitor sees and uses it.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::prelude::*;
use thirtyfour::support::base64_encode;

use crate::browser::{Kind, Options};
use crate::pool::Lent;
use crate::{TestServer, repository, webkit};

/// How long is waited for what should happen at once, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often is looked whether it has happened.
const TICK: Duration = Duration::from_millis(50);

/// Runs before the page's own scripts: notes the tasks that block the page's thread for longer than
/// 50 ms.
const BEFORE_PAGES: &str = "
    window.longTasks = [];
    new PerformanceObserver((list) => {
        for (const task of list.getEntries()) window.longTasks.push({ start: task.startTime, ms: task.duration });
    }).observe({ type: 'longtask', buffered: true });
";

/// Lets a page find what Chromium has for long answers where the disk is nearly full: bytes, and no
/// blob.
pub const NO_BLOBS: &str =
    "Response.prototype.blob = () => Promise.reject(new TypeError('Failed to fetch'));";

/// A page, in a browser that no other page is in at the time.
pub struct Page {
    browser: Lent,
    /// What the browser has logged, as it gives every line only once.
    log: RefCell<Vec<LogLine>>,
}

#[derive(Clone, Debug)]
struct LogLine {
    level: String,
    message: String,
}

/// A row of the results.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The label.
    pub label: String,
    /// Its score, from 0 to 1; `None` while there is none.
    pub score: Option<f64>,
}

impl Page {
    /// Opens the server's page in a browser.
    #[track_caller]
    pub fn open(server: &TestServer) -> Self {
        Self::open_with(server, &Options::default())
    }

    /// Opens the server's page in a browser that is set up in some way.
    #[track_caller]
    pub fn open_with(server: &TestServer, options: &Options) -> Self {
        Self::open_url(&server.url(), options)
    }

    /// Opens the server's page in a browser of this kind.
    #[track_caller]
    pub fn open_in(kind: Kind, server: &TestServer) -> Self {
        let options = Options {
            kind,
            ..Options::default()
        };
        Self::open_with(server, &options)
    }

    /// Opens the server's page in a browser that has no service workers, so that nothing is
    /// fetched but what this visit needs.
    #[track_caller]
    pub fn open_without_service_worker(server: &TestServer) -> Self {
        let page = Self::blank(&Options::default());
        page.run_before(server, "delete Navigator.prototype.serviceWorker");
        page.go(&server.url());
        page
    }

    /// Opens the server's page in a browser, with something behind its address such as
    /// `?build=simd128`.
    #[track_caller]
    pub fn open_at(server: &TestServer, behind: &str) -> Self {
        Self::open_at_with(server, behind, &Options::default())
    }

    /// The same in a browser that is set up in some way.
    #[track_caller]
    pub fn open_at_with(server: &TestServer, behind: &str, options: &Options) -> Self {
        Self::open_url(&format!("{}{behind}", server.url()), options)
    }

    #[track_caller]
    fn open_url(url: &str, options: &Options) -> Self {
        let page = Self::blank(options);
        page.go(url);
        page
    }

    /// An empty page in a browser.
    pub fn blank(options: &Options) -> Self {
        Self {
            browser: Lent::new(options, BEFORE_PAGES),
            log: RefCell::default(),
        }
    }

    /// An empty page in a browser that nobody has used before, and nobody will.
    pub fn blank_alone(options: &Options) -> Self {
        Self {
            browser: Lent::alone(options, BEFORE_PAGES),
            log: RefCell::default(),
        }
    }

    /// Runs a script in every document from now on, before the document's own scripts. In Chromium
    /// only.
    #[track_caller]
    pub fn run_before_pages(&self, script: &str) {
        self.browser.cdp(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": script }),
        );
    }

    /// Runs a script in the server's pages from now on, before their own scripts. Outside of
    /// Chromium it is the server that puts it there.
    #[track_caller]
    pub fn run_before(&self, server: &TestServer, script: &str) {
        match self.browser.kind() {
            Kind::Chromium => self.run_before_pages(script),
            // Chromium runs it in no worker either.
            _ => server.run_before_scripts(&format!("if (globalThis.document) {{ {script} }}")),
        }
    }

    /// Sends a command of the Chrome DevTools Protocol. To Chromium only.
    #[track_caller]
    pub fn cdp(&self, method: &str, parameters: Value) -> Value {
        self.browser.cdp(method, parameters)
    }

    /// The browser's name and version.
    pub fn browser_version(&self) -> String {
        let version = self.browser.cdp("Browser.getVersion", json!({}));
        version["product"].as_str().unwrap_or_default().to_owned()
    }

    /// The process that all processes of the browser descend from.
    pub fn process_id(&self) -> u32 {
        self.browser.process_id()
    }

    /// Goes to an address.
    #[track_caller]
    pub fn go(&self, url: &str) {
        self.browser
            .run(&format!("going to {url}"), async |driver| {
                driver.goto(url).await
            });
    }

    /// Ends the browser in the middle of whatever it does.
    pub fn kill(self) {
        self.browser.kill();
    }

    /// Goes to an address in a new tab, which all that follows is about. Gives a name for
    /// [`switch_to`](Self::switch_to).
    #[track_caller]
    pub fn open_tab(&self, url: &str) -> WindowHandle {
        self.browser.run("opening a tab", async |driver| {
            let tab = driver.new_tab().await?;
            driver.switch_to_window(tab.clone()).await?;
            driver.goto(url).await?;
            Ok(tab)
        })
    }

    /// The tab that all is about.
    #[track_caller]
    pub fn tab(&self) -> WindowHandle {
        self.browser
            .run("finding the tab", async |driver| driver.window().await)
    }

    /// All that follows is about this tab.
    #[track_caller]
    pub fn switch_to(&self, tab: &WindowHandle) {
        self.browser.run("switching to a tab", async |driver| {
            driver.switch_to_window(tab.clone()).await
        });
    }

    /// Closes the tab that all was about; all that follows is about another one.
    #[track_caller]
    pub fn close_tab(&self, other: &WindowHandle) {
        self.browser.run("closing a tab", async |driver| {
            driver.close_window().await?;
            driver.switch_to_window(other.clone()).await
        });
    }

    /// Lets the site take no more than this many bytes of the device.
    #[track_caller]
    pub fn set_quota(&self, server: &TestServer, bytes: Option<u64>) {
        let url = server.url();
        let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
        let mut parameters = json!({ "origin": origin });
        if let Some(bytes) = bytes {
            parameters["quotaSize"] = json!(bytes);
        }
        self.browser
            .cdp("Storage.overrideQuotaForOrigin", parameters);
    }

    /// Loads the page again, as a visitor does who comes back.
    #[track_caller]
    pub fn reload(&self) {
        self.browser.run("reloading", async |driver| {
            match self.browser.kind() {
                Kind::Chromium | Kind::WebKit => driver.refresh().await,
                // Its driver's own way is that of Shift and the button: past service workers.
                Kind::Firefox => driver.goto(driver.current_url().await?.as_str()).await,
            }
        });
    }

    // ---- Looking ----

    /// Whether something matches a CSS selector.
    pub fn has(&self, css: &str) -> bool {
        self.count(css) > 0
    }

    /// How many elements match a CSS selector.
    pub fn count(&self, css: &str) -> usize {
        let count = self.script(
            "return document.querySelectorAll(arguments[0]).length",
            [json!(css)],
        );
        count.as_u64().unwrap_or(0) as usize
    }

    /// The visible text of the first match, `None` without one.
    pub fn text(&self, css: &str) -> Option<String> {
        let text = self.script(
            "return document.querySelector(arguments[0])?.innerText ?? null",
            [json!(css)],
        );
        text.as_str().map(str::to_owned)
    }

    /// An attribute of the first match.
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let script =
            "return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? null";
        self.script(script, [json!(css), json!(name)])
            .as_str()
            .map(str::to_owned)
    }

    /// What stands in the first matching input field.
    pub fn value(&self, css: &str) -> Option<String> {
        let value = self.script(
            "return document.querySelector(arguments[0])?.value ?? null",
            [json!(css)],
        );
        value.as_str().map(str::to_owned)
    }

    /// The rows of the results, from top to bottom.
    pub fn results(&self) -> Vec<Row> {
        let script = "return Array.from(document.querySelectorAll('[data-testid=result]'),
                          (row) => [row.dataset.label, row.dataset.score])";
        let rows = self.script(script, []);
        let row = |row: &Value| Row {
            label: row[0].as_str().unwrap_or_default().to_owned(),
            score: row[1].as_str().and_then(|score| score.parse().ok()),
        };
        rows.as_array().into_iter().flatten().map(row).collect()
    }

    /// The results once every row has a score and `enough` says so of them.
    #[track_caller]
    pub fn wait_for_results(&self, what: &str, enough: impl Fn(&[Row]) -> bool) -> Vec<Row> {
        self.wait_until(what, PATIENCE, || {
            let rows = self.results();
            let complete = !rows.is_empty() && rows.iter().all(|row| row.score.is_some());
            (complete && enough(&rows)).then_some(rows)
        })
    }

    /// Waits until something matches a CSS selector.
    #[track_caller]
    pub fn wait_for(&self, css: &str) {
        self.wait_until(&format!("`{css}`"), PATIENCE, || {
            self.has(css).then_some(())
        });
    }

    /// Waits until nothing matches a CSS selector.
    #[track_caller]
    pub fn wait_for_none(&self, css: &str) {
        self.wait_until(&format!("no `{css}`"), PATIENCE, || {
            (!self.has(css)).then_some(())
        });
    }

    /// Waits until the visible text of the first match contains some words.
    #[track_caller]
    pub fn wait_for_text(&self, css: &str, words: &str) {
        self.wait_until(&format!("\"{words}\" in `{css}`"), PATIENCE, || {
            self.text(css).filter(|text| text.contains(words)).map(drop)
        });
    }

    /// Waits until `look` gives something.
    #[track_caller]
    pub fn wait_until<T>(&self, what: &str, patience: Duration, look: impl Fn() -> Option<T>) -> T {
        // WebKitGTK has the processor draw all that others leave to something quicker.
        let patience = match self.browser.kind() {
            Kind::WebKit => patience * 2,
            _ => patience,
        };
        let deadline = Instant::now() + patience;
        loop {
            if let Some(found) = look() {
                return found;
            }
            if Instant::now() >= deadline {
                panic!(
                    "waited {} s in vain for {what}\n{}",
                    patience.as_secs(),
                    self.describe()
                );
            }
            thread::sleep(TICK);
        }
    }

    /// What a person would want to know of a page on which a test has failed.
    pub fn describe(&self) -> String {
        let text = self.text("body").unwrap_or_default();
        let log: Vec<String> = self
            .log()
            .iter()
            .map(|line| format!("{}: {}", line.level, line.message))
            .collect();
        format!(
            "---- the page shows ----\n{text}\n---- the browser has logged ----\n{}\n----",
            log.join("\n")
        )
    }

    // ---- Doing ----

    /// Clicks on the first match. One that is on its way to another place, or not drawn yet, is
    /// clicked when it has arrived there.
    #[track_caller]
    pub fn click(&self, css: &str) {
        self.wait_for(css);
        let patience = Instant::now() + Duration::from_secs(5);
        self.browser
            .run(&format!("clicking on `{css}`"), async |driver| {
                loop {
                    let clicked = driver.find(By::Css(css)).await?.click().await;
                    let not_there_yet = clicked.as_ref().is_err_and(|error| {
                        let error = error.to_string();
                        error.contains("click intercepted") || error.contains("not interactable")
                    });
                    if !not_there_yet || Instant::now() >= patience {
                        return clicked;
                    }
                    thread::sleep(Duration::from_millis(50));
                }
            });
    }

    /// Types into the first match, after what stands there. Keys such as [`Key::Enter`] can be part
    /// of the text: `format!("cat{}", Key::Enter.value())`.
    #[track_caller]
    pub fn type_into(&self, css: &str, text: &str) {
        self.wait_for(css);
        self.browser
            .run(&format!("typing into `{css}`"), async |driver| {
                driver.find(By::Css(css)).await?.send_keys(text).await
            });
    }

    /// Presses keys, wherever the focus is.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        // Not to the focused element: a file field would take any key for a path.
        self.browser.run("pressing keys", async |driver| {
            driver.action_chain().send_keys(keys).perform().await
        });
    }

    /// Replaces what stands in the first matching input field by typing over it.
    #[track_caller]
    pub fn retype(&self, css: &str, text: &str) {
        self.type_into(
            css,
            &format!("{}a{}", Key::Control.value(), Key::Null.value()),
        );
        self.type_into(css, text);
    }

    /// Chooses a file as a click on the drop zone would let the visitor do.
    #[track_caller]
    pub fn choose_file(&self, file: &Path) {
        self.choose_files_in("[data-testid=file-input]", &[file.to_owned()]);
    }

    /// Chooses files in a field for files.
    #[track_caller]
    pub fn choose_files_in(&self, css: &str, files: &[PathBuf]) {
        self.wait_for(css);
        let paths = files
            .iter()
            .map(|file| absolute(file).to_string_lossy().into_owned());
        let paths: Vec<String> = paths.collect();
        self.browser.run("choosing files", async |driver| {
            driver
                .find(By::Css(css))
                .await?
                .send_keys(paths.join("\n"))
                .await
        });
    }

    /// Drags a file, or a folder, over the first match and drops it there, as from a file manager.
    #[track_caller]
    pub fn drop_file(&self, css: &str, file: &Path) {
        self.drag_file(css, file, &["dragEnter", "dragOver", "drop"]);
    }

    /// Drags a file over the first match and holds it there.
    #[track_caller]
    pub fn hold_file_over(&self, css: &str, file: &Path) {
        self.drag_file(css, file, &["dragEnter", "dragOver"]);
    }

    #[track_caller]
    fn drag_file(&self, css: &str, file: &Path, events: &[&str]) {
        self.wait_for(css);
        let script = "const element = document.querySelector(arguments[0]);
                      element.scrollIntoView({ block: 'center', behavior: 'instant' });
                      const box = element.getBoundingClientRect();
                      return [box.x + box.width / 2, box.y + box.height / 2]";
        let point = self.script(script, [json!(css)]);
        if self.browser.kind() != Kind::Chromium {
            return self.drag_made(css, file, events);
        }
        let data = json!({ "items": [], "files": [absolute(file)], "dragOperationsMask": 1 });
        for event in events {
            let parameters = json!({ "type": event, "x": point[0], "y": point[1], "data": data });
            self.browser.cdp("Input.dispatchDragEvent", parameters);
        }
    }

    /// Drags a file by events of the page's own making, as WebDriver knows of no file managers. A
    /// page can make no entry of a file system, so a folder's are objects that do the same.
    #[track_caller]
    fn drag_made(&self, css: &str, file: &Path, events: &[&str]) {
        let script = "const [css, dragged, events] = arguments;
            const file = ({ name, type, base64 }) => {
                const bytes = Uint8Array.from(atob(base64 ?? ''), (character) => character.charCodeAt(0));
                return new File([bytes], name, { type });
            };
            const entry = (node, above) => {
                const path = `${above}/${node.name}`;
                const isDirectory = node.children !== undefined;
                return {
                    name: node.name, fullPath: path, isDirectory, isFile: !isDirectory,
                    file: (found) => setTimeout(() => found(file(node))),
                    createReader: () => {
                        const left = node.children.map((child) => entry(child, path));
                        // No more at once than Chromium gives.
                        return { readEntries: (found) => setTimeout(() => found(left.splice(0, 100))) };
                    },
                };
            };
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(file(dragged));
            const element = document.querySelector(css);
            const { x, y, width, height } = element.getBoundingClientRect();
            const [clientX, clientY] = [x + width / 2, y + height / 2];
            const target = document.elementFromPoint(clientX, clientY) ?? element;
            const before = DataTransferItem.prototype.webkitGetAsEntry;
            if (dragged.children) {
                DataTransferItem.prototype.webkitGetAsEntry = () => entry(dragged, '');
            }
            let taken = false;
            for (const event of events) {
                const type = event.toLowerCase();
                // Nothing can be dropped where nothing says that it takes it.
                if (type === 'drop' && !taken) throw new Error('nothing takes what is dragged there');
                const left = target.dispatchEvent(
                    new DragEvent(type, { dataTransfer, clientX, clientY, bubbles: true, cancelable: true }));
                taken = type === 'dragover' && !left;
            }
            DataTransferItem.prototype.webkitGetAsEntry = before";
        self.script(
            script,
            [json!(css), dragged(&absolute(file)), json!(events)],
        );
    }

    /// Pastes a file, as after a screenshot or "Copy image", wherever the focus is.
    #[track_caller]
    pub fn paste_file(&self, file: &Path, media_type: &str) {
        let bytes = fs::read(file)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", file.display()));
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let script = "const [name, type, base64] = arguments;
                      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
                      const clipboardData = new DataTransfer();
                      clipboardData.items.add(new File([bytes], name, { type }));
                      (document.activeElement ?? document.body).dispatchEvent(
                          new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))";
        self.script(
            script,
            [json!(name), json!(media_type), json!(base64_encode(&bytes))],
        );
    }

    /// Pastes text into the first match. An event of the page's own making does not change the
    /// field by itself, so what the browser would do with a paste that the page leaves to it is
    /// done here. Firefox lets nobody make such an event: there the text is typed, and ends of
    /// lines are the Enter key.
    #[track_caller]
    pub fn paste_text(&self, css: &str, text: &str) {
        if self.browser.kind() == Kind::Firefox {
            return self.type_into(css, &text.replace('\n', &Key::Enter.value().to_string()));
        }
        let script = "const [css, text] = arguments;
                      const field = document.querySelector(css);
                      field.focus();
                      const clipboardData = new DataTransfer();
                      clipboardData.setData('text/plain', text);
                      const left = field.dispatchEvent(
                          new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
                      if (left) document.execCommand('insertText', false, text)";
        self.wait_for(css);
        self.script(script, [json!(css), json!(text)]);
    }

    /// Takes the browser off the network, or brings it back: `navigator.onLine` follows, and
    /// requests of the page fail. Requests of a worker are a matter of their own to Chromium; to
    /// stop those too, [stop](TestServer::stop) the server.
    #[track_caller]
    pub fn set_offline(&self, offline: bool) {
        let conditions = json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.browser.cdp("Network.enable", json!({}));
        self.browser
            .cdp("Network.emulateNetworkConditions", conditions);
    }

    /// Sets the size of the viewport in CSS pixels.
    #[track_caller]
    pub fn resize(&self, width: u32, height: u32) {
        self.browser.resize(width, height);
    }

    /// The visitor prefers dark pages from now on, or light ones, and that nothing moves. In
    /// Chromium only.
    #[track_caller]
    pub fn set_scheme(&self, dark: bool) {
        self.browser.set_media(dark, true);
    }

    // ---- Frames ----

    /// All that follows is about the inside of the frame that a script gives, as
    /// `return document.querySelector('iframe')`.
    #[track_caller]
    pub fn enter_frame(&self, script: &str) {
        self.browser.run("entering a frame", async |driver| {
            let frame = driver.execute(script, []).await?.element()?;
            frame.enter_frame().await
        });
    }

    /// All that follows is about the page again.
    #[track_caller]
    pub fn leave_frames(&self) {
        self.browser.run("leaving a frame", async |driver| {
            driver.enter_default_frame().await
        });
    }

    // ---- Measuring and recording ----

    /// Runs the body of a JavaScript function and gives what it returns. A promise is waited for.
    #[track_caller]
    pub fn script(&self, body: &str, arguments: impl Into<Vec<Value>>) -> Value {
        let arguments = arguments.into();
        // Chromium would let the body wait as it is, Firefox would not.
        let script = format!("return (async function () {{ {body} }}).apply(null, arguments)");
        let result = self
            .browser
            .try_run(async |driver| Ok(driver.execute(script, arguments).await?.json().clone()));
        match result {
            Ok(value) => value,
            Err(error) => panic!("this script failed: {error}\n{body}"),
        }
    }

    /// The longest time that the page's thread has been blocked at a stretch since it was opened;
    /// zero if never longer than 50 ms, which is where Chromium begins to count.
    #[track_caller]
    pub fn longest_task(&self) -> Duration {
        let longest = self.script(
            "return Math.max(0, ...window.longTasks.map((task) => task.ms))",
            [],
        );
        Duration::from_secs_f64(longest.as_f64().unwrap_or(0.0) / 1000.0)
    }

    /// Forgets the long tasks so far.
    #[track_caller]
    pub fn forget_tasks(&self) {
        self.script("window.longTasks.length = 0", []);
    }

    /// What the browser has logged as errors: uncaught exceptions, failed requests,
    /// `console.error`. Firefox tells nobody, and WebKit nothing of answers whose status is an
    /// error's.
    #[track_caller]
    pub fn console_errors(&self) -> Vec<String> {
        assert_ne!(self.browser.kind(), Kind::Firefox);
        let log = self.log();
        log.iter()
            .filter(|line| line.level == "SEVERE")
            .map(|line| line.message.clone())
            .collect()
    }

    fn log(&self) -> Vec<LogLine> {
        match self.browser.kind() {
            Kind::Chromium => {}
            Kind::Firefox => return Vec::new(),
            Kind::WebKit => return self.browser.printed().into_iter().map(printed).collect(),
        }
        let new = self
            .browser
            .try_run(async |driver| driver.browser_log().await)
            .unwrap_or_default();
        let lines = new.into_iter().map(|entry| LogLine {
            level: entry.level,
            message: entry.message,
        });
        let mut log = self.log.borrow_mut();
        log.extend(lines);
        log.clone()
    }

    /// Saves what the page looks like as `target/screenshots/NAME.png`; gives the file's path. Not
    /// in WebKit.
    #[track_caller]
    pub fn screenshot(&self, name: &str) -> PathBuf {
        let directory = repository("target/screenshots");
        fs::create_dir_all(&directory).expect("the target directory can be written to");
        let path = directory.join(name).with_extension("png");
        // WebKitGTK's driver may wait for ever, where nothing is drawn anew meanwhile.
        if self.browser.kind() != Kind::WebKit {
            self.browser.run("taking a screenshot", async |driver| {
                driver.screenshot(&path).await
            });
        }
        path
    }
}

fn absolute(file: &Path) -> PathBuf {
    file.canonicalize()
        .unwrap_or_else(|error| panic!("{} cannot be found: {error}", file.display()))
}

/// What WebKit has printed, in Chromium's words for levels.
fn printed(message: String) -> LogLine {
    let level = if webkit::is_error(&message) {
        "SEVERE"
    } else {
        "INFO"
    };
    LogLine {
        level: level.to_owned(),
        message,
    }
}

/// A file or a folder with all that is in it, for a script.
fn dragged(path: &Path) -> Value {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if path.is_dir() {
        let children = fs::read_dir(path).expect("the folder can be read");
        let children = children.map(|child| dragged(&child.expect("it can be read").path()));
        return json!({ "name": name, "children": children.collect::<Vec<_>>() });
    }
    let bytes = fs::read(path).expect("the file can be read");
    json!({ "name": name, "type": media_type(path), "base64": base64_encode(&bytes) })
}

/// What browsers call a file of this name.
fn media_type(path: &Path) -> &'static str {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    match ending.to_str().unwrap_or_default() {
        "avif" => "image/avif",
        "bmp" => "image/bmp",
        "csv" => "text/csv",
        "gif" => "image/gif",
        "jpeg" | "jpg" => "image/jpeg",
        "json" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "tif" | "tiff" => "image/tiff",
        "txt" => "text/plain",
        "webp" => "image/webp",
        _ => "",
    }
}
