//! What the tests are written with: a server that plays the network ([`TestServer`]) and a
//! visitor's browser ([`Page`]).
//!
//! ```no_run
//! use cliplet_test_harness::{Fault, Page, TestServer, picture};
//!
//! let server = TestServer::with_page();
//! server.set_fault("models/starter.gguf", Fault::Cut { after: 1000 });
//! let page = Page::open(&server);
//! page.choose_file(&picture("cat.jpg"));
//! page.wait_for("[data-testid=error]");
//! ```
//!
//! Everything here blocks, and everything that does not come to pass in time panics with what was
//! waited for, what the page shows, and what the browser has logged.

mod axe;
mod browser;
mod firefox;
pub mod host_page;
mod needs;
mod page;
mod pool;
pub mod references;
mod server;
mod visitor;
mod webkit;
pub mod world;

pub use browser::{Kind, Options};
pub use needs::{Need, lacks};
pub use page::{NO_BLOBS, Page, Row};
pub use server::{Fault, RecordedRequest, TestServer};
pub use visitor::{DROP_ZONE, ERROR, LABEL, LABEL_INPUT, STATUS, TEMPLATE};

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// A picture of `tests/pictures`.
pub fn picture(name: &str) -> PathBuf {
    repository("tests/pictures").join(name)
}

/// Where the built page lies.
pub fn page_directory() -> PathBuf {
    let directory = env::var_os("CLIPLET_PAGE");
    directory
        .expect("these tests need the built page: run `cargo xtask test --only browser`, which builds it first")
        .into()
}

/// The page's file below `engine/` that begins and ends so, relative to the page.
pub fn engine_file(beginning: &str, ending: &str) -> String {
    let names = fs::read_dir(page_directory().join("engine")).expect("the page has an engine");
    let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let name = names.find(|name| {
        let rest = name
            .strip_prefix(beginning)
            .and_then(|name| name.strip_suffix(ending));
        // What is between is the hash alone: `relaxed` is no `relaxed-threads`.
        rest.is_some_and(|hash| hash.len() == 16 && !hash.contains('-'))
    });
    let name = name.unwrap_or_else(|| panic!("there is a file {beginning}*{ending}"));
    format!("engine/{name}")
}

/// A text file of the built page.
pub fn page_file(path: &str) -> String {
    let path = page_directory().join(path);
    fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()))
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let root = crates
        .and_then(Path::parent)
        .expect("a crate lies in the repository");
    root.join(path)
}
