//! How far it is, in one line on stderr that is written over, if somebody sees it.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::stop::say;

/// A line of progress. It is gone when it is dropped.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Of so many things; none if nobody knows how many.
    pub(crate) fn of(total: Option<u64>, what: &str) -> Self {
        let unit = format!("{{human_pos}}{} {what}", of_total(total));
        Self::with(total, &format!("{unit}, {{per_sec}}, {{eta}} left"))
    }

    /// Of so many bytes.
    pub(crate) fn of_bytes(total: u64) -> Self {
        Self::with(Some(total), "{bytes} of {total_bytes}, {eta} left")
    }

    fn with(total: Option<u64>, template: &str) -> Self {
        // Lines of results on the same screen would be torn by it.
        let hidden = !io::stderr().is_terminal();
        let target = match hidden {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        let bar = ProgressBar::with_draw_target(total, target);
        let template = match total {
            Some(_) => format!("cliplet: [{{bar:24}}] {template}"),
            None => format!("cliplet: {}", template.replace(", {eta} left", "")),
        };
        let style = ProgressStyle::with_template(&template).expect("the templates are right");
        bar.set_style(style.progress_chars("#> "));
        Self(bar)
    }

    /// Some more of them are done.
    pub(crate) fn advance(&self, more: u64) {
        self.0.inc(more);
    }

    /// Does something that writes to the screen, without the line.
    pub(crate) fn without<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.suspend(work)
    }

    /// Tells the person something, above the line.
    pub(crate) fn say(&self, sentence: &str) {
        self.without(|| say(sentence));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn of_total(total: Option<u64>) -> &'static str {
    match total {
        Some(_) => " of {human_len}",
        None => "",
    }
}
