//! Scores of what a camera sees, one picture after the other, inside another page.

use std::rc::Rc;

use leptos::html;
use leptos::prelude::*;

use cliplet_engine::messages::{Done, Failure, Request};

use super::{Picture, Session};
use crate::browser;
use crate::camera::{Camera, Trouble};
use crate::engine::Ended;
use crate::state::embed::messages::Code;
use crate::state::embed::settings::Mode;
use crate::text;

/// Between two pictures at least, in milliseconds: more often, nobody can read the scores.
const BETWEEN: f64 = 200.0;

/// Whether the camera is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Live {
    /// It is off.
    #[default]
    Off,
    /// The browser is asked for it.
    Asked,
    /// It is on.
    On,
}

/// What is under way with the camera.
#[derive(Default)]
pub(super) struct Desk {
    camera: Option<Rc<Camera>>,
    /// Counts starts and stops, so that what was begun before the last one ends.
    turn: u32,
}

impl Session {
    /// Whether pictures come from a camera.
    pub(super) fn is_live(self) -> bool {
        self.embed
            .is_some_and(|embed| embed.mode.get_untracked() == Mode::Camera)
    }

    /// Switches the camera on, and shows and scores what it sees.
    pub fn start_camera(self, video: NodeRef<html::Video>) {
        let Some(embed) = self.embed else { return };
        self.stop_camera();
        self.error.set(None);
        embed.live.set(Live::Asked);
        let turn = self.with_desk(|desk| desk.live.turn);
        leptos::task::spawn_local(async move {
            let camera = Camera::start(move || self.stop_camera()).await;
            if self.with_desk(|desk| desk.live.turn) != turn {
                return;
            }
            match camera {
                Ok(camera) => {
                    let camera = Rc::new(camera);
                    self.with_desk(|desk| desk.live.camera = Some(camera.clone()));
                    embed.live.set(Live::On);
                    self.watch(turn, &camera, video).await;
                }
                Err(trouble) => self.camera_trouble(trouble),
            }
        });
    }

    /// Switches the camera off. Nothing of what it has seen stays.
    pub fn stop_camera(self) {
        let Some(embed) = self.embed else { return };
        let camera = self.with_desk(|desk| {
            desk.live.turn += 1;
            desk.live.camera.take()
        });
        if let Some(camera) = camera {
            camera.stop();
        }
        if embed.live.get_untracked() == Live::Off {
            return;
        }
        embed.live.set(Live::Off);
        if let Some(last) = self.picture.try_update(Option::take).flatten() {
            self.forget(last.id);
        }
        self.nothing_to_ask();
    }

    fn camera_trouble(self, trouble: Trouble) {
        self.stop_camera();
        let sentence = text::no_camera(trouble).to_owned();
        self.say_error(Code::Camera, sentence.clone(), false);
        self.error.set(Some(sentence));
    }

    /// Scores one picture after the other, until the camera is switched off.
    async fn watch(self, turn: u32, camera: &Camera, video: NodeRef<html::Video>) {
        let goes_on = || self.with_desk(|desk| desk.live.turn) == turn;
        self.models.update_value(|models| models.picture_waits());
        self.go_on_with_models();
        // The element is drawn once the camera is on.
        browser::pause(0.0).await;
        if let Some(video) = video.get_untracked() {
            camera.show_in(&video);
        }
        while goes_on() {
            let since = browser::now();
            if let Some(video) = video.get_untracked() {
                self.score_frame(turn, camera, &video).await;
            }
            browser::pause((BETWEEN + since - browser::now()).max(20.0)).await;
        }
    }

    async fn score_frame(self, turn: u32, camera: &Camera, video: &web_sys::HtmlVideoElement) {
        let goes_on = || self.with_desk(|desk| desk.live.turn) == turn;
        if self
            .models
            .with_value(|models| models.answering().is_none())
        {
            return;
        }
        let Some(file) = camera.picture(video).await else {
            return;
        };
        if !goes_on() {
            return;
        }
        let id = self.with_desk(|desk| {
            desk.pictures.last_id += 1;
            desk.pictures.last_id
        });
        let taken = Request::TakePicture { picture: id };
        let taken = self.engine().ask(taken, Some(&file), |_, _| {}).end().await;
        let Ok((Done::PictureTaken { width, height }, _)) = taken else {
            return;
        };
        if !goes_on() {
            return self.forget(id);
        }
        let last = self.picture.try_update(|picture| {
            picture.replace(Picture {
                id,
                url: String::new(),
                name: String::new(),
                alt: String::new(),
                width,
                height,
                sample: None,
                given: None,
            })
        });
        if let Some(last) = last.flatten() {
            self.forget(last.id);
        }
        let Some(question) = self.question() else {
            return self.nothing_to_ask();
        };
        let request = question.request();
        let end = self.engine().ask(request, None, |_, _| {}).end().await;
        if !goes_on() {
            return;
        }
        match end {
            Ok((done @ Done::Scores { .. }, _)) => self.answered(question, done),
            Ok(_) | Err(Ended::Cancelled | Ended::Failed(Failure::NoModel)) => {}
            Err(Ended::Failed(failure)) => {
                self.stop_camera();
                self.error.set(Some(text::not_scored(&failure)));
            }
        }
    }
}
