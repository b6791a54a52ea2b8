//! The page's controllers, made in the order in which they know each other. `wiring` says who
//! listens to whom, and `visit` what happens at the beginning and at the end of a visit.

mod visit;
mod wiring;

use leptos::prelude::*;

use crate::controllers::{
    Autosave, Base, CameraController, CapabilitiesController, CollectionController,
    DraftController, EmbedController, EngineController, ExportController, Frame, HostPictures,
    IntakeController, LabelDetailsController, LabelSetsController, LabelsController,
    LinkController, MessagesController, ModelsController, OfflineController, Picture,
    PicturesController, QueryController, ScoringController, SearchController, WhyController,
};
use crate::state::collection_saved::SavedCollection;
use crate::state::labels::Labels;
use crate::state::models::Models;
use crate::state::saved::Tools;
use crate::state::template::Template;

/// All controllers, each under its subject. Copies are the same ones.
#[derive(Clone, Copy)]
pub struct Session {
    /// What is said to the person.
    pub messages: &'static MessagesController,
    /// The engine as a whole.
    pub engine: &'static EngineController,
    /// When what stays between visits is saved.
    pub autosave: &'static Autosave,
    /// The page around, if there is one.
    pub frame: &'static Frame,
    /// What the model is asked.
    pub query: &'static QueryController,
    /// The labels' rows.
    pub labels: &'static LabelsController,
    /// The label that is looked at closely.
    pub label_details: &'static LabelDetailsController,
    /// Sets of labels.
    pub label_sets: &'static LabelSetsController,
    /// Models and their files.
    pub models: &'static ModelsController,
    /// The picture on screen.
    pub pictures: &'static PicturesController,
    /// Its scores.
    pub scoring: &'static ScoringController,
    /// The camera.
    pub camera: &'static CameraController,
    /// The score of what is typed.
    pub draft: &'static DraftController,
    /// What speaks for a label.
    pub why: &'static WhyController,
    /// Many pictures.
    pub collection: &'static CollectionController,
    /// The way in for files and addresses.
    pub intake: &'static IntakeController,
    /// Taking a result along.
    pub export: &'static ExportController,
    /// The link that the page was opened by.
    pub link: &'static LinkController,
    /// Visits without a network.
    pub offline: &'static OfflineController,
    /// What the browser and the host give.
    pub capabilities: &'static CapabilitiesController,
    /// The pictures that another page has given.
    pub host_pictures: &'static HostPictures,
    /// The search inside another page.
    pub search: &'static SearchController,
    /// What is said to another page, and by it.
    pub embed: &'static EmbedController,
}

impl Session {
    /// With labels, templates and models as they are at first.
    fn new(
        frame: &'static Frame,
        labels: Labels,
        template: Template,
        tools: Tools,
        models: Models,
        collection: SavedCollection,
    ) -> Self {
        let picture: RwSignal<Option<Picture>> = RwSignal::default();
        let picture_id =
            Signal::derive(move || picture.with(|shown| shown.as_ref().map(|shown| shown.id)));

        let base = Base::new(frame);
        let query = QueryController::new(base, labels, template, tools.scoring);
        let labels = LabelsController::new(base, query, picture_id);
        let label_sets = LabelSetsController::new(base, query);
        let models = ModelsController::new(base, models);
        let pictures = PicturesController::new(base, labels, picture);
        let scoring = ScoringController::new(base, query, labels, models, pictures, tools.shown);
        let camera = CameraController::new(base, models, pictures, scoring);
        let collection = CollectionController::new(
            base, query, labels, label_sets, models, pictures, collection,
        );
        let host_pictures = HostPictures::new();
        let search = SearchController::new(base, query, models, pictures, scoring, host_pictures);
        let session = Self {
            messages: base.messages,
            engine: base.engine,
            autosave: base.autosave,
            frame,
            query,
            labels,
            label_details: LabelDetailsController::new(base, query, labels),
            label_sets,
            models,
            pictures,
            scoring,
            camera,
            draft: DraftController::new(base, models, scoring, camera),
            why: WhyController::new(base, pictures, scoring, camera),
            collection,
            intake: IntakeController::new(base, models, pictures, camera, collection),
            export: ExportController::new(base, query, models, pictures, scoring),
            link: LinkController::new(query, models),
            offline: OfflineController::new(base, models),
            capabilities: CapabilitiesController::new(),
            host_pictures,
            search,
            embed: EmbedController::new(
                base,
                query,
                models,
                pictures,
                scoring,
                host_pictures,
                search,
            ),
        };
        session.wire();
        session
    }
}
