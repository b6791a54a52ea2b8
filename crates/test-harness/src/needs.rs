//! What a test needs of the browser, and what becomes of it where the browser lacks that.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::thread;

use crate::browser::{BROWSER, Kind};

/// What a test needs of the browser that it runs in, and not every browser has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Need {
    /// That it is this one: the test names it.
    Browser(Kind),
    /// Commands that WebDriver does not have: for the network, the quota, the processor, and
    /// scripts that run in whatever page comes.
    Protocol,
    /// What the visitor prefers can change while a page is open.
    Media,
    /// The visitor can ask to save data.
    SavingData,
    /// The device can have a camera.
    Camera,
    /// It says what it has logged.
    Log,
    /// It tells pages of long tasks and of what has moved.
    Observers,
    /// Pages have a `StorageManager`: a private file system, where a test can look, and an estimate
    /// of the room.
    PrivateFiles,
    /// A test can paste: what it puts on the clipboard of an event comes to the page.
    Pasted,
    /// It knows the addition and multiplication in one step that some of the engine's builds have.
    RelaxedSimd,
}

impl Need {
    /// Whether this browser has it.
    pub fn is_met_by(self, kind: Kind) -> bool {
        match self {
            Self::Browser(named) => named == kind,
            Self::Protocol | Self::Media | Self::SavingData | Self::Observers => {
                kind == Kind::Chromium
            }
            Self::Camera | Self::PrivateFiles | Self::RelaxedSimd => kind != Kind::WebKit,
            Self::Log | Self::Pasted => kind != Kind::Firefox,
        }
    }

    /// Why a test that needs it is left out.
    fn reason(self) -> String {
        match self {
            Self::Browser(named) => return format!("it is a test of {named}"),
            Self::Protocol => "no commands for the network, the quota and the processor",
            Self::Media => "what the visitor prefers cannot change while a page is open",
            Self::SavingData => "no visitor who saves data",
            Self::Camera => "no camera without a device",
            Self::Log => "nobody is told what is logged",
            Self::Observers => "pages are not told of long tasks and of what has moved",
            Self::PrivateFiles => "no private file system, and no estimate of the room",
            Self::Pasted => "nobody but a person can paste",
            Self::RelaxedSimd => "no relaxed SIMD",
        }
        .to_owned()
    }
}

/// Whether the browser of this run lacks one of these. Then the test is to return at once, and is
/// noted as left out in the file that `CLIPLET_LEFT_OUT` names, which `cargo xtask test` reads.
///
/// ```no_run
/// use cliplet_test_harness::{Need, lacks};
///
/// if lacks(&[Need::Camera]) {
///     return;
/// }
/// ```
#[must_use]
pub fn lacks(needs: &[Need]) -> bool {
    let missing = needs.iter().find(|need| match need {
        Need::Browser(kind) => !Kind::of_this_run().contains(kind),
        need => !need.is_met_by(Kind::default()),
    });
    let Some(missing) = missing else { return false };
    // libtest names a test's thread after it.
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    let engine = match env::var_os(BROWSER) {
        Some(_) => Kind::default().to_string(),
        None => "Chromium and Firefox".to_owned(),
    };
    let line = format!("{test}\t{engine}\t{}\n", missing.reason());
    eprint!("left out: {line}");
    if let Some(file) = env::var_os("CLIPLET_LEFT_OUT") {
        let file = OpenOptions::new().append(true).create(true).open(&file);
        // At once, as other tests write there too.
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .expect("the file that CLIPLET_LEFT_OUT names can be written to");
    }
    true
}
