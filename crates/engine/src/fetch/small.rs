//! A small file, read as a whole.

use super::super::source::Source;
use super::super::tasks::{Stopped, Task};
use super::patience::Patience;
use super::range_download::{Ended, RangeDownload, Transfer};
use cliplet_protocol::messages::Failure;

/// Bytes of the largest that is read: a tokenizer of a hundred thousand tokens has some ten
/// millions.
const MOST: usize = 64 << 20;

/// The bytes of the file at an address; none if the server says that there is no such file.
///
/// # Errors
/// Those of the network, and [`Failure::UnusableModel`] if it is too large.
pub(in super::super) async fn small(
    task: &Task,
    url: &str,
    patience: Patience,
) -> Result<Option<Vec<u8>>, Stopped> {
    let source = Source {
        url: url.to_owned(),
        bytes: None,
        sha256: None,
    };
    let transfer = Transfer::new(task, &source, patience, None, None, 0);
    // It is not worth the question whether the server gives parts of files.
    transfer.whole_only.set(true);
    let mut part = RangeDownload::new(&transfer, 0, None);
    let mut bytes = Vec::new();
    loop {
        match part.next().await {
            Ok(Some((_, more))) => bytes.extend(more.to_vec()),
            Ok(None) => return Ok(Some(bytes)),
            Err(Ended::Stopped(Stopped::Failed(Failure::HttpStatus { code: 404 | 410 }))) => {
                return Ok(None);
            }
            Err(Ended::Stopped(stopped)) => return Err(stopped),
            Err(Ended::Changed | Ended::NoParts | Ended::TooMany) => {
                return Err(Failure::Changing.into());
            }
        }
        if bytes.len() > MOST {
            return Err(Failure::UnusableModel {
                reason: format!(
                    "The file at {url} is too large to be what it should be by its name."
                ),
            }
            .into());
        }
    }
}
