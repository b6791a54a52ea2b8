//! Scores of what a camera sees, one picture after the other: in the page, and inside another one where that wants it.

use std::rc::Rc;

use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlVideoElement;

use cliplet_protocol::messages::{Failure, PictureTaken};

use super::pictures::Incoming;
use super::{Picture, Session, scoring};
use crate::browser;
use crate::camera::{self, Camera, CameraError, Facing};
use crate::engine::Ended;
use crate::state::embed::messages::Code;
use crate::state::embed::settings::Mode;
use crate::state::rate::Rate;
use crate::text;

/// Between two pictures at least, in milliseconds: more often, nobody can read the scores.
const BETWEEN: f64 = 100.0;
/// Between two words on how many there are a second, in milliseconds.
const BETWEEN_RATES: f64 = 500.0;

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

/// What there is to see of the camera.
#[derive(Clone, Copy, Default)]
pub struct Viewfinder {
    /// What it sees is to take the place of the picture. Inside another page it does in any case.
    pub open: RwSignal<bool>,
    /// Whether it is on.
    pub live: RwSignal<Live>,
    /// Which one is wanted.
    pub facing: RwSignal<Facing>,
    /// There is another one.
    pub several: RwSignal<bool>,
    /// It looks at the person, who expects a mirror. Only what is shown is turned, not what is scored.
    pub mirrored: RwSignal<bool>,
    /// Pictures scored a second.
    pub rate: RwSignal<Option<f64>>,
    /// It was just switched off by the person, whose focus goes to what switches it on.
    pub left: RwSignal<bool>,
}

/// What is under way with the camera.
#[derive(Default)]
pub(super) struct Desk {
    camera: Option<Rc<Camera>>,
    /// Counts starts and stops, so that what was begun before the last one ends.
    turn: u32,
    /// The picture that was on screen before, and will be again.
    before: Option<Picture>,
}

impl Session {
    /// Whether pictures come from a camera.
    pub(super) fn is_live(self) -> bool {
        match self.embed {
            Some(embed) => embed.mode.get_untracked() == Mode::Camera,
            None => self.camera.live.get_untracked() != Live::Off,
        }
    }

    /// Puts the camera in the place of the picture; what is drawn there switches it on.
    pub fn open_camera(self) {
        self.error.set(None);
        self.camera.open.set(true);
    }

    /// Switches the camera on, and shows and scores what it sees.
    pub fn start_camera(self, video: NodeRef<html::Video>) {
        self.switch_off();
        self.error.set(None);
        self.camera.live.set(Live::Asked);
        let turn = self.with_desk(|desk| desk.live.turn);
        leptos::task::spawn_local(async move {
            let facing = self.camera.facing.get_untracked();
            let camera = Camera::start(facing, move || self.stop_camera()).await;
            if self.with_desk(|desk| desk.live.turn) != turn {
                return;
            }
            match camera {
                Ok(camera) => {
                    let camera = Rc::new(camera);
                    let before = self.picture.try_update(Option::take).flatten();
                    self.with_desk(|desk| {
                        desk.live.camera = Some(camera.clone());
                        desk.live.before = before;
                    });
                    self.picture_note.set(None);
                    self.camera.mirrored.set(camera.faces_person());
                    self.camera.live.set(Live::On);
                    self.announce(text::CAMERA_ON.to_owned());
                    self.camera.several.set(camera::are_several().await);
                    self.watch(turn, &camera, video).await;
                }
                Err(trouble) => self.camera_trouble(trouble),
            }
        });
    }

    /// Takes the other camera.
    pub fn turn_camera(self, video: NodeRef<html::Video>) {
        self.camera.facing.update(|facing| *facing = facing.other());
        self.start_camera(video);
    }

    /// Switches the camera off. Nothing of what it has seen stays, and what was on screen before is there again.
    pub fn stop_camera(self) {
        self.switch_off();
        self.camera.open.set(false);
    }

    fn switch_off(self) {
        let (camera, before) = self.with_desk(|desk| {
            desk.live.turn += 1;
            (desk.live.camera.take(), desk.live.before.take())
        });
        if let Some(camera) = camera {
            camera.stop();
        }
        let was = self.camera.live.get_untracked();
        if was == Live::Off {
            return;
        }
        self.camera.rate.set(None);
        self.camera.live.set(Live::Off);
        if was == Live::Asked {
            return;
        }
        let last = self
            .picture
            .try_update(|picture| std::mem::replace(picture, before));
        if let Some(last) = last.flatten() {
            self.forget(last.id);
        }
        self.nothing_to_ask();
        self.score_after(scoring::AT_ONCE);
    }

    /// Keeps what the camera sees now as the picture, and switches the camera off.
    pub fn take_snapshot(self, video: NodeRef<html::Video>) {
        let Some(video) = video.get_untracked() else {
            return;
        };
        let turn = self.with_desk(|desk| desk.live.turn);
        leptos::task::spawn_local(async move {
            let file = camera::snapshot(&video).await;
            if self.with_desk(|desk| desk.live.turn) != turn {
                return;
            }
            self.leave_camera();
            match file {
                Some(file) => self.take(Incoming {
                    file,
                    name: text::SNAPSHOT_FILE.to_owned(),
                    alt: text::SNAPSHOT.to_owned(),
                    sample: None,
                    given: None,
                    note: None,
                }),
                None => self.error.set(Some(text::NO_SNAPSHOT.to_owned())),
            }
        });
    }

    /// Switches the camera off, as the person wants it.
    pub fn leave_camera(self) {
        self.camera.left.set(true);
        self.stop_camera();
    }

    fn camera_trouble(self, trouble: CameraError) {
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
        let mut rate = Rate::default();
        let mut said = browser::now();
        while goes_on() {
            let since = browser::now();
            if let Some(video) = video.get_untracked()
                && self.score_frame(turn, &video).await
            {
                rate.count(browser::now());
            }
            if goes_on() && browser::now() - said > BETWEEN_RATES {
                said = browser::now();
                self.camera.rate.set(rate.a_second());
            }
            browser::pause((BETWEEN + since - browser::now()).max(10.0)).await;
        }
    }

    /// Scores what there is to be seen now. Returns whether that came to scores.
    async fn score_frame(self, turn: u32, video: &HtmlVideoElement) -> bool {
        let goes_on = || self.with_desk(|desk| desk.live.turn) == turn;
        if self
            .models
            .with_value(|models| models.answering().is_none())
        {
            return false;
        }
        let Some(pixels) = camera::frame(video).await else {
            return false;
        };
        if !goes_on() {
            return false;
        }
        let id = self.with_desk(|desk| {
            desk.pictures.last_id += 1;
            desk.pictures.last_id
        });
        let taken = self.engine().hand_over(id, &pixels).end().await;
        let Ok(PictureTaken { width, height, .. }) = taken else {
            return false;
        };
        if !goes_on() {
            self.forget(id);
            return false;
        }
        let last = self.picture.try_update(|picture| {
            picture.replace(Picture {
                id,
                url: String::new(),
                name: text::SNAPSHOT_FILE.to_owned(),
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
            self.nothing_to_ask();
            return false;
        };
        let end = self.engine().ask(question.request()).end().await;
        if !goes_on() {
            return false;
        }
        match end {
            Ok(answer) => {
                self.answered(question, answer);
                return true;
            }
            // The engine may have been another one meanwhile, which does not know this picture; the next it will.
            Err(Ended::Cancelled | Ended::Failed(Failure::NoModel | Failure::UnknownPicture)) => {}
            Err(Ended::Failed(failure)) => {
                self.stop_camera();
                self.error.set(Some(text::not_scored(&failure)));
            }
        }
        false
    }
}
