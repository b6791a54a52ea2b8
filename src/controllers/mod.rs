//! What happens when: one controller per subject, with the signals that the page shows and the
//! actions that change them.
//!
//! A controller's signals are its own: others read and follow them by the methods of the same name.
//! It knows the controllers that it calls, which are made before it, and tells those that it does
//! not know by hooks; [`Session`](crate::session::Session) makes all of them and says who listens
//! to whom. Data and their rules are in [`crate::state`]; what is drawn is in
//! [`crate::components`].

mod autosave;
mod base;
mod camera;
mod capabilities;
mod collection;
mod draft;
mod embed;
mod engine;
mod export;
mod frame;
mod host_pictures;
mod intake;
mod label_details;
mod label_sets;
mod labels;
mod link;
mod messages;
mod models;
mod offline;
mod pictures;
mod query;
mod scoring;
mod search;
mod support;
mod why;

pub use autosave::Autosave;
pub(crate) use base::Base;
pub use camera::{CameraController, Live};
pub use capabilities::CapabilitiesController;
pub use collection::{Checked, CollectionController, Described, Probe, Tool, Undo, View, Words};
pub use draft::DraftController;
pub use embed::EmbedController;
pub use engine::EngineController;
pub use export::{ExportController, Kind, Shared};
pub use frame::Frame;
pub use host_pictures::{HostPicture, HostPictureState, HostPictures};
pub use intake::IntakeController;
pub use label_details::{LabelDetailsController, Reading};
pub use label_sets::LabelSetsController;
pub use labels::{LabelsController, Row, RowLook};
pub use link::{LinkContents, LinkController};
pub use messages::{Action, MessagesController, Notice};
pub use models::ModelsController;
pub use offline::{NewVersion, OfflineController};
pub use pictures::{Picture, PicturesController};
pub(crate) use query::Changed;
pub use query::QueryController;
pub(crate) use scoring::{AT_ONCE as ASK_AT_ONCE, PAUSE_WHILE_TYPING};
pub use scoring::{AtWork, ScoringController};
pub use search::SearchController;
pub use why::WhyController;
