//! The page around, where this one is inside another.

use leptos::prelude::*;

use super::support::{Local, lasting, readable};
use crate::host::Host;
use crate::state::embed::messages::{Code, ToHost};
use crate::state::embed::settings::{Mode, Settings};

/// What there is of a page around.
pub struct Frame {
    embedded: bool,
    settings: Local<Settings>,
    /// `None` in a plain frame, where nobody listens.
    host: Local<Option<Host>>,
    mode: RwSignal<Mode>,
}

impl Frame {
    /// A page of its own.
    pub(crate) fn none() -> &'static Self {
        Self::new(false, Settings::default(), None)
    }

    /// A page inside another one, which has set this.
    pub(crate) fn around(settings: Settings, host: Option<Host>) -> &'static Self {
        Self::new(true, settings, host)
    }

    fn new(embedded: bool, settings: Settings, host: Option<Host>) -> &'static Self {
        lasting(Self {
            embedded,
            mode: RwSignal::new(settings.mode),
            settings: Local::new(settings),
            host: Local::new(host),
        })
    }

    readable! {
        /// What the frame is for.
        mode: Mode;
    }

    /// Whether the page is shown inside another one.
    pub fn is_embedded(&self) -> bool {
        self.embedded
    }

    /// Whether pictures are searched, and not scored.
    pub(crate) fn searches(&self) -> bool {
        self.embedded && self.mode().get_untracked() == Mode::Search
    }

    /// Whether pictures come from a camera, and from nowhere else.
    pub(crate) fn is_for_camera(&self) -> bool {
        self.embedded && self.mode().get_untracked() == Mode::Camera
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        self.mode.set(mode);
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings.read(Settings::clone)
    }

    pub(crate) fn set_settings(&self, settings: Settings) {
        self.settings.with(|held| *held = settings);
    }

    /// The page around, if it listens.
    pub(crate) fn host(&self) -> Option<Host> {
        self.host.read(Option::clone)
    }

    pub(crate) fn tell(&self, message: &ToHost) {
        if let Some(host) = self.host() {
            host.say(message);
        }
    }

    pub(crate) fn error(&self, code: Code, message: String, fatal: bool) {
        self.tell(&ToHost::Error {
            code,
            message,
            fatal,
        });
    }
}
