//! Browsers that tests use one after another, as to start one takes a sixth of the time of a test.
//!
//! A test gets a browser with one empty tab, and each browser once, so that each of its visitors is
//! a new one. What the tests before it have kept is still there, but no
//! [`TestServer`](crate::TestServer) has a port that another one had, so that to a browser it is
//! another site's. A browser that a test set up in a way of its own, or failed in, ends with it.

use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, Once};
use std::thread::{self, ThreadId};

use thirtyfour::prelude::*;

use crate::browser::{Browser, Kind, Options};

/// How many tests a browser serves. What they keep in it takes room on the disk until it ends.
const TESTS: usize = 24;

/// How many browsers wait for a test at most.
const MOST_IDLE: usize = 3;

static IDLE: Mutex<Vec<Idle>> = Mutex::new(Vec::new());

struct Idle {
    browser: Browser,
    served: Vec<Test>,
}

/// libtest has a thread for each test.
type Test = ThreadId;

fn idle() -> MutexGuard<'static, Vec<Idle>> {
    IDLE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A browser, as long as a test needs it.
pub struct Lent {
    /// `None` only while it is being dropped.
    browser: Option<Browser>,
    /// The tests that it has served; `None` if it is for this one alone.
    served: Option<Vec<Test>>,
}

impl Lent {
    /// A browser that is set up so, which may have served other tests. `before_pages` is JavaScript
    /// that runs in every page of Chromium before the page's own.
    pub fn new(options: &Options, before_pages: &str) -> Self {
        if !is_usual(options) {
            return Self::alone(options, before_pages);
        }
        let test = thread::current().id();
        let found = {
            let mut idle = idle();
            let at = idle.iter().position(|idle| {
                idle.browser.kind() == options.kind && !idle.served.contains(&test)
            });
            at.map(|at| idle.swap_remove(at))
        };
        let (browser, mut served) = match found {
            Some(Idle { browser, served }) => {
                browser.set_up(options, before_pages);
                (browser, served)
            }
            None => (Browser::start(options, before_pages), Vec::new()),
        };
        served.push(test);
        Self {
            browser: Some(browser),
            served: Some(served),
        }
    }

    /// A browser that is started now, and ends when this is dropped.
    pub fn alone(options: &Options, before_pages: &str) -> Self {
        Self {
            browser: Some(Browser::start(options, before_pages)),
            served: None,
        }
    }

    /// Ends the browser in the middle of whatever it does.
    pub fn kill(mut self) {
        if let Some(browser) = self.browser.take() {
            browser.kill();
        }
    }
}

impl Deref for Lent {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        self.browser
            .as_ref()
            .expect("the browser is there until it is dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let (Some(browser), Some(served)) = (self.browser.take(), self.served.take()) else {
            return;
        };
        let goes_on = served.len() < TESTS && !thread::panicking();
        if goes_on && browser.try_run(leave_one_empty_tab).is_ok() {
            browser.forget_log();
            end_all_at_exit();
            let mut idle = idle();
            idle.push(Idle { browser, served });
            let too_many = (idle.len() > MOST_IDLE).then(|| idle.remove(0));
            // Others need not wait while it ends.
            drop(idle);
            drop(too_many);
        }
    }
}

/// Whether a browser can be brought into this state whatever it was used for.
fn is_usual(options: &Options) -> bool {
    let Options {
        kind,
        width: _,
        height: _,
        dark,
        still,
        camera,
        save_data,
        resists_fingerprinting,
        blocks_cookies,
        profile,
    } = options;
    // The others are told these two when they start.
    let told_at_start = *kind != Kind::Chromium && (*dark || *still);
    let of_its_own = *camera || *save_data || *resists_fingerprinting || *blocks_cookies;
    !told_at_start && !of_its_own && profile.is_none()
}

/// What was emulated in the other tabs, and what waits in them, ends with them.
async fn leave_one_empty_tab(driver: &WebDriver) -> WebDriverResult<()> {
    let used = driver.windows().await?;
    let empty = driver.new_tab().await?;
    for tab in used {
        driver.switch_to_window(tab).await?;
        driver.close_window().await?;
    }
    driver.switch_to_window(empty).await
}

/// Nothing that is static is dropped when a process ends, and browsers would go on.
fn end_all_at_exit() {
    // The C library's own; any function that does not unwind may be given to it.
    #[expect(
        unsafe_code,
        reason = "it is declared as C has it: int atexit(void (*)(void))"
    )]
    // SAFETY: C's standard has it so, and its argument is all that it needs.
    unsafe extern "C" {
        safe fn atexit(function: extern "C" fn()) -> i32;
    }

    extern "C" fn end_all() {
        // In a thread, as this one's own variables, which the driver's runtime needs, have ended.
        let ending = thread::Builder::new().spawn(|| {
            let browsers = std::mem::take(&mut *idle());
            drop(browsers);
        });
        let _ = ending.map(thread::JoinHandle::join);
    }

    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        atexit(end_all);
    });
}
