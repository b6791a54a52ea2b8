//! Pictures of other sites, by their addresses.

use leptos::prelude::*;
use web_sys::DataTransfer;

use super::Session;
use super::pictures::Incoming;
use crate::state::picture_address::{self, MOST_BYTES};
use crate::{browser, remote_picture, text};

/// What the field for an address shows.
#[derive(Clone, Copy, Default)]
pub struct AddressField {
    /// It is there.
    pub open: RwSignal<bool>,
    /// What is typed.
    pub typed: RwSignal<String>,
}

impl Session {
    /// Fetches the picture at an address that was typed, pasted or dropped. Returns whether it is one that can be asked.
    pub fn take_address(self, typed: &str) -> bool {
        let address = match picture_address::read(typed) {
            Ok(address) => address,
            Err(trouble) => {
                self.refuse(text::no_picture_address(trouble));
                return false;
            }
        };
        if self.is_live() {
            self.stop_camera();
        }
        let host = browser::host_of(&address);
        let name = browser::decoded(&text::file_name(&address));
        let name = text::picture_of_host(&name, &host);
        let turn = self.begin(&name);
        leptos::task::spawn_local(async move {
            let fetched =
                remote_picture::fetch_picture(&address, MOST_BYTES, || self.is_latest(turn)).await;
            if !self.is_latest(turn) {
                return;
            }
            match fetched {
                Ok(file) => {
                    self.address.open.set(false);
                    self.take(Incoming {
                        file,
                        alt: text::picture_alt(&name),
                        name,
                        sample: None,
                        given: None,
                        note: None,
                    });
                }
                Err(trouble) => self.refuse(&text::not_from_elsewhere(&host, &trouble)),
            }
        });
        true
    }
}

/// The address in what was dropped or pasted: that of an image, where there is one in it, before that of a link around it.
pub(super) fn address_in(transfer: &DataTransfer) -> Option<String> {
    let get = |kind: &str| transfer.get_data(kind).unwrap_or_default();
    let is_fetched = |address: &String| picture_address::read(address).is_ok();
    if let Some(image) = browser::first_image(&get("text/html")).filter(is_fetched) {
        return Some(image);
    }
    let list = get("text/uri-list");
    if let Some(address) = picture_address::first_of_list(&list) {
        return Some(address.to_owned());
    }
    let text = get("text/plain");
    let text = text.trim();
    let is_address = picture_address::looks_like_one(text) || text.starts_with("data:image/");
    is_address.then(|| text.to_owned())
}
