//! A part of a file, in order, asked for again where the connection breaks.

use std::cell::{Cell, RefCell};

use js_sys::Uint8Array;

use super::super::source::{Source, Version};
use super::super::tasks::{Stopped, Task, now};
use super::answer::{Answer, Asked, DownloadError};
use super::patience::{self, Patience};
use cliplet_protocol::messages::{Failure, Progress};

/// How often a wait tells of itself, in milliseconds.
const WAIT_TOLD_EVERY: f64 = 1_000.0;

/// What all parts of a file have in common.
pub(in super::super) struct Transfer<'a> {
    pub(in super::super) task: &'a Task,
    source: &'a Source,
    patience: Patience,
    /// The version that the first answer, or the part that is kept already, is of.
    pub(in super::super) version: RefCell<Option<Version>>,
    /// Bytes of the file, once they are known.
    pub(in super::super) total: Cell<Option<u64>>,
    total_hint: Cell<Option<u64>>,
    /// Bytes that are here.
    pub(in super::super) received: Cell<u64>,
    /// The server gives whole files only.
    pub(in super::super) whole_only: Cell<bool>,
    /// The server has answered, so that a request without an answer is a broken connection.
    reached: Cell<bool>,
    last_byte: Cell<f64>,
}

/// Why a part ends before its end.
#[derive(Debug)]
pub(in super::super) enum Ended {
    Stopped(Stopped),
    /// The file at the server is not the one that was begun with.
    Changed,
    /// The server gives whole files only, which was not known before.
    NoParts,
    /// The server wants fewer requests at a time. Only for parts that say they can wait for others.
    TooMany,
}

impl From<Stopped> for Ended {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Stopped(failure.into())
    }
}

impl<'a> Transfer<'a> {
    /// Of a file of which `received` bytes of some version are here.
    pub(in super::super) fn new(
        task: &'a Task,
        source: &'a Source,
        patience: Patience,
        version: Option<Version>,
        total: Option<u64>,
        received: u64,
    ) -> Self {
        Self {
            task,
            source,
            patience,
            version: RefCell::new(version),
            total: Cell::new(source.bytes.or(total)),
            total_hint: Cell::new(None),
            received: Cell::new(received),
            whole_only: Cell::new(false),
            reached: Cell::new(false),
            last_byte: Cell::new(now()),
        }
    }

    /// Forgets all that was known of the file but what the catalogue says.
    pub(super) fn begin_anew(&self) {
        self.version.replace(None);
        self.total.set(self.source.bytes);
        self.total_hint.set(None);
        self.received.set(0);
    }

    /// Bytes of the file for showing progress. A hint that has turned out to be too small was that
    /// of a compressed answer.
    pub(in super::super) fn likely_total(&self) -> Option<u64> {
        let hint = self.total_hint.get();
        let hint = hint.filter(|&hint| self.received.get() <= hint);
        self.total.get().or(hint)
    }

    /// Says how far it is.
    pub(super) fn progress(&self) -> Progress {
        Progress::Downloading {
            received: self.received.get(),
            total: self.likely_total(),
        }
    }

    /// Compares an answer with what is known of the file, and learns from it.
    fn learn(&self, answer: &Answer) -> Result<(), Ended> {
        self.reached.set(true);
        if let (Some(known), Some(total)) = (self.total.get(), answer.total)
            && known != total
        {
            return match self.source.bytes {
                Some(expected) => Err(Failure::WrongLength {
                    expected,
                    found: Some(total),
                }
                .into()),
                None => Err(Ended::Changed),
            };
        }
        let mut version = self.version.borrow_mut();
        match &*version {
            Some(known) if !known.may_be(&answer.version) => return Err(Ended::Changed),
            Some(_) => {}
            None => *version = Some(answer.version.clone()),
        }
        self.total.set(self.total.get().or(answer.total));
        self.total_hint.set(answer.total_hint);
        Ok(())
    }

    /// Why there is no file, when it is tried no more.
    fn give_up(&self, trouble: &DownloadError) -> Stopped {
        let (received, total) = (self.received.get(), self.likely_total());
        let failure = match *trouble {
            DownloadError::Cancelled => return Stopped::Cancelled,
            DownloadError::Unreachable if !self.reached.get() => Failure::Unreachable,
            DownloadError::Unreachable | DownloadError::Broken => {
                Failure::Interrupted { received, total }
            }
            DownloadError::Silence => Failure::Stalled { received, total },
            DownloadError::Status { code, .. } => Failure::HttpStatus { code },
            DownloadError::WebPage => Failure::WebPage,
        };
        Stopped::Failed(failure)
    }

    /// Waits some milliseconds, and says so if nothing comes meanwhile by another way.
    async fn wait(&self, milliseconds: f64) -> Result<(), Stopped> {
        let end = now() + milliseconds;
        loop {
            let left = end - now();
            if left <= 0.0 {
                return Ok(());
            }
            if now() - self.last_byte.get() > WAIT_TOLD_EVERY.min(milliseconds) / 2.0 {
                self.task.tell(Progress::Retrying {
                    received: self.received.get(),
                    total: self.likely_total(),
                    seconds: (left / 1_000.0).ceil() as u32,
                });
            }
            self.task.sleep(left.min(WAIT_TOLD_EVERY)).await?;
        }
    }
}

/// A part of a file that is arriving.
pub(in super::super) struct RangeDownload<'a> {
    transfer: &'a Transfer<'a>,
    /// Where the next bytes belong.
    at: u64,
    /// Where it ends, if that is known.
    end: Option<u64>,
    /// There are others that go on if the server refuses this one.
    pub(super) can_leave: bool,
    answer: Option<Answer<'a>>,
    /// Bytes of the present answer that are here already.
    skip: u64,
    /// The present answer has brought something.
    brought: bool,
    failures: u32,
    /// Bytes since the last failure.
    good: u64,
    /// Where an answer with the whole file ended, before the file did.
    ended_at: Option<u64>,
}

impl<'a> RangeDownload<'a> {
    /// From a byte on, up to but not including `end`, or to the end of the file.
    pub(in super::super) fn new(transfer: &'a Transfer<'a>, at: u64, end: Option<u64>) -> Self {
        Self {
            transfer,
            at,
            end,
            can_leave: false,
            answer: None,
            skip: 0,
            brought: false,
            failures: 0,
            good: 0,
            ended_at: None,
        }
    }

    /// Waits for an answer, which [`next`](Self::next) would do as well.
    pub(super) async fn connect(&mut self) -> Result<(), Ended> {
        while self.answer.is_none() && self.end != Some(self.at) {
            match self.ask().await {
                Ok(Ok(())) => {}
                Ok(Err(ended)) => return Err(ended),
                Err(trouble) => self.try_again(trouble).await?,
            }
        }
        Ok(())
    }

    /// The next bytes, and where they belong; none at the end.
    pub(in super::super) async fn next(&mut self) -> Result<Option<(u64, Uint8Array)>, Ended> {
        loop {
            self.connect().await?;
            let Some(answer) = &mut self.answer else {
                return Ok(None);
            };
            let is_part = answer.is_part;
            let length = answer.length;
            match answer.next().await {
                // A server may announce more than there is; what counts is what there should be.
                Err(trouble)
                    if self.transfer.total.get() == Some(self.at)
                        && !matches!(trouble, DownloadError::Cancelled) =>
                {
                    self.answer = None;
                    self.end = Some(self.at);
                }
                Err(trouble) => {
                    self.answer = None;
                    self.try_again(trouble).await?;
                }
                Ok(Some(bytes)) => {
                    if let Some(bytes) = self.take(bytes, is_part)? {
                        return Ok(Some(bytes));
                    }
                }
                Ok(None) => {
                    self.answer = None;
                    match self.transfer.total.get() {
                        Some(total) if self.at >= total => self.end = Some(self.at),
                        Some(expected) if !is_part => {
                            let found = Some(self.at - self.skip.min(self.at));
                            // Of a compressed answer that broke off, Firefox says that it has
                            // ended. One that ends there again is as long as that.
                            if found == length || found == self.ended_at {
                                return Err(Failure::WrongLength { expected, found }.into());
                            }
                            self.ended_at = found;
                            self.try_again(DownloadError::Broken).await?;
                        }
                        // The end of the answer is the end of the file, as a broken connection is
                        // no end.
                        None if !is_part => {
                            self.transfer.total.set(Some(self.at));
                            self.end = Some(self.at);
                        }
                        // A server may give less than it was asked for.
                        _ if self.brought => {}
                        _ => self.try_again(DownloadError::Broken).await?,
                    }
                }
            }
        }
    }

    /// What is new of some bytes.
    fn take(
        &mut self,
        bytes: Uint8Array,
        is_part: bool,
    ) -> Result<Option<(u64, Uint8Array)>, Ended> {
        let length = u64::from(bytes.length());
        let skipped = self.skip.min(length);
        self.skip -= skipped;
        let room = match (self.end, self.transfer.total.get()) {
            (Some(end), _) if is_part => end - self.at,
            (_, Some(total)) if length - skipped > total - self.at => {
                return Err(Failure::WrongLength {
                    expected: total,
                    found: None,
                }
                .into());
            }
            _ => u64::MAX,
        };
        let new = (length - skipped).min(room);
        if new == 0 {
            return Ok(None);
        }
        let at = self.at;
        self.at += new;
        self.good += new;
        self.brought = true;
        if self.good >= patience::PROGRESS {
            self.failures = 0;
        }
        if is_part && self.end == Some(self.at) {
            self.answer = None;
        }
        self.transfer.last_byte.set(now());
        let new = bytes.subarray(skipped as u32, (skipped + new) as u32);
        Ok(Some((at, new)))
    }

    async fn ask(&mut self) -> Result<Result<(), Ended>, DownloadError> {
        let transfer = self.transfer;
        let whole = self.at == 0 && self.end == transfer.total.get();
        let asked = if transfer.whole_only.get() || whole {
            Asked::Whole
        } else {
            Asked::Part {
                first: self.at,
                end: self.end,
            }
        };
        let (url, silence) = (&transfer.source.url, transfer.patience.silence());
        let answer = match Answer::to(transfer.task, url, asked, silence).await {
            Ok(answer) => answer,
            // Where a whole file was asked for by parts, these may be what the server does not
            // like.
            Err(DownloadError::Unreachable | DownloadError::Status { code: 416, .. })
                if asked != Asked::Whole && self.at == 0 && !transfer.reached.get() =>
            {
                return Ok(Err(Ended::NoParts));
            }
            Err(DownloadError::Status { code: 416, .. }) if asked != Asked::Whole => {
                return Ok(match (self.end, transfer.total.get()) {
                    // Where nobody has said how long the file is, this says that it ends here.
                    (None, None) => {
                        transfer.total.set(Some(self.at));
                        self.end = Some(self.at);
                        Ok(())
                    }
                    _ => Err(Ended::Changed),
                });
            }
            Err(DownloadError::Status {
                code: 429 | 503, ..
            }) if self.can_leave => {
                return Ok(Err(Ended::TooMany));
            }
            Err(trouble) => return Err(trouble),
        };
        Ok(self.begin(asked, answer))
    }

    /// Begins to read an answer, if it is what was asked for.
    fn begin(&mut self, asked: Asked, answer: Answer<'a>) -> Result<(), Ended> {
        self.transfer.learn(&answer)?;
        if !answer.is_part {
            if self.at > 0 && asked != Asked::Whole {
                return Err(Ended::NoParts);
            }
            // The whole file has come: what is here of it is not needed, and all the rest is.
            self.transfer.whole_only.set(true);
            self.skip = self.at;
            self.end = None;
        } else if answer.is_compressed || answer.first.is_some_and(|first| first != self.at) {
            return Err(Ended::NoParts);
        }
        if let (Some(end), Some(total)) = (self.end, self.transfer.total.get()) {
            self.end = Some(end.min(total));
        }
        self.answer = Some(answer);
        self.brought = false;
        Ok(())
    }

    /// Waits for the next attempt.
    async fn try_again(&mut self, trouble: DownloadError) -> Result<(), Ended> {
        let transfer = self.transfer;
        self.failures = if self.good >= patience::PROGRESS {
            1
        } else {
            self.failures + 1
        };
        self.good = 0;
        let (may, asked) = match trouble {
            DownloadError::Cancelled | DownloadError::WebPage => (false, None),
            DownloadError::Unreachable => (transfer.reached.get(), None),
            DownloadError::Status { code, wait } => (patience::is_passing(code), wait),
            DownloadError::Broken | DownloadError::Silence => (true, None),
        };
        match transfer.patience.wait(self.failures, asked).filter(|_| may) {
            Some(wait) => Ok(transfer.wait(wait).await?),
            None => Err(transfer.give_up(&trouble).into()),
        }
    }
}
