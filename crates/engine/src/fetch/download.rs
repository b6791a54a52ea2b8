//! A whole file, from the network into the store.

use std::cell::RefCell;
use std::ops::Range;

use futures_util::future::try_join_all;
use js_sys::Uint8Array;

use super::super::ranges::Ranges;
use super::super::source::Source;
use super::super::store::Arriving;
use super::super::tasks::{Stopped, Task};
use super::patience::Patience;
use super::range_download::{Ended, RangeDownload, Transfer};
use cliplet_protocol::messages::{Failure, Progress};

/// Bytes that are asked for at a time.
const PIECE: u64 = 8 << 20;

/// A file that is no longer than this comes as a whole.
const SMALL: u64 = 2 * PIECE;

/// Pieces that are asked for at the same time. Against a server that gives each connection so much
/// and no more, three are three times as quick as one; where the line is what is slow, they are as
/// quick as one (docs/performance.md).
const LANES: usize = 3;

/// How often a file that changes is begun with again.
const MOST_BEGINNINGS: u32 = 2;

/// Goes on from what is there of a file until all of it is there. `tell` hears how far it is.
///
/// # Errors
/// Those of the network, of a server that has another file than the catalogue says, and of a store
/// without room. What has arrived stays in all cases but one: a file that is not what it should be
/// is of no use, and the caller is to delete it.
pub(in super::super) async fn bring_in(
    task: &Task,
    source: &Source,
    patience: Patience,
    arriving: &mut Arriving,
    tell: &dyn Fn(Progress),
) -> Result<(), Stopped> {
    let transfer = Transfer::new(
        task,
        source,
        patience,
        arriving.version().cloned(),
        arriving.total(),
        arriving.have().bytes(),
    );
    tell(transfer.progress());
    let download = Download {
        transfer,
        arriving: RefCell::new(arriving),
        claimed: RefCell::default(),
        tell,
    };
    let mut beginnings = 0;
    loop {
        let ended = download.run().await;
        // Whoever was at it is gone.
        download.claimed.take();
        match ended {
            Ok(()) => break,
            Err(Ended::NoParts) if !download.transfer.whole_only.get() => {
                download.transfer.whole_only.set(true);
            }
            Err(Ended::Changed | Ended::NoParts) if beginnings < MOST_BEGINNINGS => {
                beginnings += 1;
                download.transfer.begin_anew();
                download.arriving.borrow_mut().begin_anew()?;
            }
            Err(Ended::Changed | Ended::NoParts) => return Err(Failure::Changing.into()),
            // The last of several never leaves.
            Err(Ended::TooMany) => return Err(Failure::HttpStatus { code: 429 }.into()),
            Err(Ended::Stopped(stopped)) => return Err(stopped),
        }
    }
    tell(download.transfer.progress());
    Ok(())
}

struct Download<'a> {
    transfer: Transfer<'a>,
    arriving: RefCell<&'a mut Arriving>,
    /// What is being fetched now.
    claimed: RefCell<Ranges>,
    tell: &'a dyn Fn(Progress),
}

impl<'a> Download<'a> {
    async fn run(&'a self) -> Result<(), Ended> {
        while let Some(range) = self.claim() {
            let mut part = self.range_download(&range);
            part.connect().await?;
            let several = self.arriving.borrow().takes_any_order()
                && !self.transfer.whole_only.get()
                && self.transfer.total.get().is_some();
            if several {
                let others = (1..LANES).map(|_| None);
                let lanes = [Some((part, range))].into_iter().chain(others);
                let lanes = lanes.map(|begun| self.lane(begun));
                try_join_all(lanes).await?;
            } else {
                self.pour(part).await?;
                self.claimed.borrow_mut().remove(&range);
            }
        }
        Ok(())
    }

    /// The next range that nobody fetches, until nothing is missing.
    fn claim(&self) -> Option<Range<u64>> {
        let arriving = self.arriving.borrow();
        let total = self.transfer.total.get();
        let mut claimed = self.claimed.borrow_mut();
        let mut taken = arriving.have().clone();
        taken.insert_all(&claimed);
        // A store that takes bytes in their order has no use for pieces, and a server that gives no
        // parts does not give them. A file whose length is not known is asked for in pieces at
        // first, for what the answer says of the length.
        let one_by_one = !self.transfer.whole_only.get()
            && match total {
                Some(total) => arriving.takes_any_order() && total > SMALL,
                None => taken.end() == 0,
            };
        let most = if one_by_one { PIECE } else { u64::MAX };
        let range = taken.first_gap(total, most)?;
        claimed.insert(range.clone());
        Some(range)
    }

    fn range_download(&'a self, range: &Range<u64>) -> RangeDownload<'a> {
        let end = (range.end < u64::MAX).then_some(range.end);
        RangeDownload::new(&self.transfer, range.start, end)
    }

    /// Fetches one piece after the other while there are any, beginning with one that has begun
    /// already.
    async fn lane(&'a self, begun: Option<(RangeDownload<'a>, Range<u64>)>) -> Result<(), Ended> {
        let can_leave = begun.is_none();
        let mut next = begun;
        loop {
            let begun = next.take().or_else(|| {
                let range = self.claim()?;
                Some((self.range_download(&range), range))
            });
            let Some((mut part, range)) = begun else {
                return Ok(());
            };
            part.can_leave = can_leave;
            let ended = self.pour(part).await;
            self.claimed.borrow_mut().remove(&range);
            match ended {
                // The first lane fetches what this one leaves.
                Err(Ended::TooMany) => return Ok(()),
                ended => ended?,
            }
        }
    }

    /// Puts what comes into the store.
    async fn pour(&self, mut part: RangeDownload<'a>) -> Result<(), Ended> {
        while let Some((at, bytes)) = part.next().await? {
            if at == 0 && is_web_page(&bytes) {
                return Err(Failure::WebPage.into());
            }
            let ready = {
                let mut arriving = self.arriving.borrow_mut();
                let version = self.transfer.version.borrow();
                arriving.describe(version.as_ref(), self.transfer.total.get());
                arriving.write(at, &bytes)?;
                self.transfer.received.set(arriving.have().bytes());
                arriving.ready()
            };
            if let Some(ready) = ready {
                ready.await?;
            }
            if self.transfer.task.is_time_to_tell() {
                (self.tell)(self.transfer.progress());
            }
        }
        Ok(())
    }
}

/// Whether these bytes, the first of a file, are those of a web page.
fn is_web_page(bytes: &Uint8Array) -> bool {
    const ENOUGH: u32 = 256;
    let beginning = bytes.subarray(0, ENOUGH.min(bytes.length())).to_vec();
    let text = String::from_utf8_lossy(&beginning).to_ascii_lowercase();
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    text.starts_with("<!doctype html") || text.starts_with("<html")
}
