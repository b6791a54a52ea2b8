//! Files over the network, as they arrive, whatever becomes of the connection.
//!
//! `answer` is one request and the bytes that come of it. `range_download` is a part of a file, in
//! order: it asks again where a connection breaks. `download` brings a whole file into the store,
//! by several parts at once where the server gives parts of files; `small` reads one that is no
//! longer than a text. What is not here: where the bytes are put ([`super::store`]), and what they
//! mean.
//!
//! Each part is asked for at the file's own address and not at the one that a redirection led to,
//! as public hosts lead to addresses that hold for minutes. A page may see no more of another
//! origin's answer than its length and the date of its last change, unless the server says
//! otherwise: what more there is (`ETag`, `Content-Range`) is compared where it can be seen.
//! `If-Range` would have the browser ask for permission first, which many servers do not give, so
//! what came is compared instead.

mod answer;
mod download;
mod patience;
mod range_download;
mod small;

pub(super) use download::bring_in;
pub(super) use patience::Patience;
pub(super) use range_download::{Ended, RangeDownload, Transfer};
pub(super) use small::small;
