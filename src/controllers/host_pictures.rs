//! The pictures that the page around has given.

use std::collections::HashMap;

use leptos::prelude::*;
use web_sys::Blob;

use super::support::{Local, lasting, readable};

/// A picture that the host has given.
#[derive(Clone)]
pub struct HostPicture {
    /// Its address.
    pub url: String,
    /// Its file's name.
    pub name: String,
    /// How it is.
    pub state: ArcRwSignal<HostPictureState>,
}

/// How a picture is that the host has given.
#[derive(Clone, Debug, PartialEq)]
pub enum HostPictureState {
    /// Its bytes are being fetched.
    OnItsWay,
    /// They are here, and the browser finds them at this address.
    Here(String),
    /// They did not come, for this reason.
    Failed(String),
}

/// The list of them, and their files.
pub struct HostPictures {
    list: RwSignal<Vec<HostPicture>>,
    files: Local<HashMap<String, Blob>>,
}

impl HostPictures {
    pub(crate) fn new() -> &'static Self {
        lasting(Self {
            list: RwSignal::default(),
            files: Local::default(),
        })
    }

    readable! {
        /// All of them, in the host's order.
        list: Vec<HostPicture>;
    }

    pub(crate) fn set(&self, list: Vec<HostPicture>) {
        self.list.set(list);
    }

    /// The picture at an address.
    pub(crate) fn get(&self, url: &str) -> Option<HostPicture> {
        self.list()
            .with_untracked(|list| list.iter().find(|given| given.url == url).cloned())
    }

    pub(crate) fn file(&self, url: &str) -> Option<Blob> {
        self.files.with(|files| files.get(url).cloned())
    }

    pub(crate) fn put_file(&self, url: &str, file: Blob) {
        self.files.with(|files| files.insert(url.to_owned(), file));
    }

    pub(crate) fn drop_file(&self, url: &str) {
        self.files.with(|files| files.remove(url));
    }
}
