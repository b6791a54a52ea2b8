//! What is drawn: one component a file, its style in `style.css` under the same name.
//!
//! A component reads the signals of [`Session`](crate::session::Session) and calls its deeds; it keeps nothing that
//! would be missed after a reload.

mod about_browser;
mod announcer;
mod camera_stage;
mod drop_veil;
mod embed_footer;
mod error_note;
mod footer;
mod given_pictures;
mod header;
mod kept_files;
mod label_adder;
mod label_details;
mod label_list;
mod label_notice;
mod label_panel;
mod label_row;
mod label_sets_dialog;
mod model_card;
mod model_status;
mod models_dialog;
mod other_model;
mod samples;
mod score_options;
mod search_panel;
mod stage;
mod template_field;
mod update_note;

pub use about_browser::{ADDRESS as ABOUT_BROWSER, AboutBrowser};
pub use announcer::Announcer;
pub use camera_stage::CameraStage;
pub use drop_veil::DropVeil;
pub use embed_footer::EmbedFooter;
pub use error_note::ErrorNote;
pub use footer::Footer;
pub use given_pictures::GivenPictures;
pub use header::Header;
pub use kept_files::KeptFiles;
pub use label_adder::LabelAdder;
pub use label_details::LabelDetails;
pub use label_list::LabelList;
pub use label_notice::LabelNotice;
pub use label_panel::LabelPanel;
pub use label_row::LabelRow;
pub use label_sets_dialog::{LabelSetsDialog, OpenLabelSets};
pub use model_card::ModelCards;
pub use model_status::ModelStatus;
pub use models_dialog::{ModelsDialog, OpenModels};
pub use other_model::OtherModel;
pub use samples::Samples;
pub use score_options::ScoreOptions;
pub use search_panel::SearchPanel;
pub use stage::Stage;
pub use template_field::TemplateField;
pub use update_note::UpdateNote;
