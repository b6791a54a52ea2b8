//! When what stays between visits is saved.

use std::time::Duration;

use super::support::{Hook, Local, lasting};
use crate::browser::Timer;

/// Saves soon after a change, so that many changes are saved once.
pub struct Autosave {
    timer: Local<Timer>,
    /// What saving is.
    pub(crate) on_due: Hook,
}

impl Autosave {
    pub(crate) fn new() -> &'static Self {
        lasting(Self {
            timer: Local::default(),
            on_due: Hook::default(),
        })
    }

    /// Something has changed that stays.
    pub(crate) fn soon(&'static self) {
        const WAIT: Duration = Duration::from_millis(400);
        self.timer.with(|timer| timer.set(WAIT, || self.now()));
    }

    /// Saves now.
    pub fn now(&self) {
        self.timer.with(|timer| timer.clear());
        self.on_due.call(());
    }
}
