//! When what stays between visits is saved.

use std::time::Duration;

use super::support::{Hook, Local, lasting};
use crate::browser::Timer;

/// Saves soon after a change, so that many changes are saved once.
pub struct Autosave {
    timer: Local<Timer>,
    save: Hook,
}

impl Autosave {
    pub(crate) fn new() -> &'static Self {
        lasting(Self {
            timer: Local::default(),
            save: Hook::default(),
        })
    }

    /// `save` is what saving is.
    pub(crate) fn on_due(&self, save: impl Fn() + 'static) {
        self.save.set(move |()| save());
    }

    /// Something has changed that stays.
    pub(crate) fn soon(&'static self) {
        const WAIT: Duration = Duration::from_millis(400);
        self.timer.with(|timer| timer.set(WAIT, || self.now()));
    }

    /// Saves now.
    pub fn now(&self) {
        self.timer.with(|timer| timer.clear());
        self.save.call(());
    }
}
