//! How far it is, in one line on stderr that is written over, if somebody sees it.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::stop::say;

/// A line of progress. It is gone when it is dropped.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Of so many things; none if nobody knows how many.
    pub(crate) fn of(total: Option<u64>, what: &str) -> Self {
        let unit = format!("{{human_pos}}{} {what}", of_total(total));
        Self::with(total, &format!("{unit}, {{rate}}, {{left}} left"))
    }

    /// Of so many bytes.
    pub(crate) fn of_bytes(total: u64) -> Self {
        Self::with(Some(total), "{bytes} of {total_bytes}, {left} left")
    }

    fn with(total: Option<u64>, template: &str) -> Self {
        // Lines of results on the same screen would be torn by it.
        let hidden = !io::stderr().is_terminal();
        let target = if hidden {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(total, target);
        let template = match total {
            Some(_) => format!("cliplet: [{{bar:24}}] {template}"),
            None => format!("cliplet: {}", template.replace(", {left} left", "")),
        };
        let style = ProgressStyle::with_template(&template).expect("the templates are right");
        let style = style.with_key("rate", rate).with_key("left", left);
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

// By all that has been done since the beginning: indicatif's own estimate of the last seconds takes
// results that come many at a time for a pause and a leap.

/// How many things are done in a second.
fn per_second(state: &ProgressState) -> f64 {
    state.pos() as f64 / state.elapsed().as_secs_f64().max(1e-3)
}

fn rate(state: &ProgressState, out: &mut dyn Write) {
    let _ = write!(out, "{:.1} a second", per_second(state));
}

fn left(state: &ProgressState, out: &mut dyn Write) {
    let things = state.len().unwrap_or_default().saturating_sub(state.pos());
    let seconds = things as f64 / per_second(state);
    // Before the first, nobody knows.
    let _ = match Duration::try_from_secs_f64(seconds.ceil()) {
        Ok(left) if state.pos() > 0 => write!(out, "{:#}", HumanDuration(left)),
        _ => write!(out, "?"),
    };
}

fn of_total(total: Option<u64>) -> &'static str {
    match total {
        Some(_) => " of {human_len}",
        None => "",
    }
}
