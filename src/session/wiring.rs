//! Who listens to whom: what follows in one controller from what happens in another that does not
//! know it.

use crate::controllers::{ASK_AT_ONCE, Changed, PAUSE_WHILE_TYPING};

use super::Session;

impl Session {
    pub(super) fn wire(self) {
        let Self {
            query,
            labels,
            label_details,
            models,
            pictures,
            scoring,
            camera,
            draft,
            collection,
            frame,
            search,
            ..
        } = self;
        self.autosave.on_due.set(move |()| self.save());
        query.on_change.set(move |what| match what {
            Changed::Labels => {
                labels.show_changed();
                scoring.ask_after(ASK_AT_ONCE);
            }
            Changed::Label(id) => {
                scoring.ask_after_typing();
                if label_details.is_open(id) {
                    label_details.read();
                }
            }
            Changed::Template => {
                label_details.read();
                scoring.ask_after(PAUSE_WHILE_TYPING);
            }
            Changed::Scoring => scoring.ask_after_typing(),
            Changed::Restored => {
                labels.show_restored();
                label_details.read();
                scoring.ask_after(ASK_AT_ONCE);
            }
        });
        labels.on_drawn.set(move |()| scoring.arrange_when_quiet());
        pictures.on_taken.set(move |()| collection.make_way());
        pictures.on_change.set(move |()| {
            labels.refresh_all();
            scoring.ask_after(ASK_AT_ONCE);
        });
        models.on_ready.set(move |()| scoring.ask_now());
        models
            .on_listed
            .set(move |()| self.embed.look_for_wanted_model());
        models.on_shown.set(move |()| self.offline.keep_page());
        scoring.on_due.set(move |()| {
            if frame.searches() {
                search.now();
                return false;
            }
            collection.go_on();
            // The camera's next picture is asked with what there is then.
            if camera.is_live() {
                models.go_on();
                return false;
            }
            true
        });
        scoring.on_answer.set(move |()| {
            label_details.read();
            draft.ask();
        });
        self.engine
            .get()
            .on_status(move |status| self.engine_became(status));
    }
}
