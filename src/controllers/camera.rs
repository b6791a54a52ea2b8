//! Scores of what a camera sees, one picture after the other: in the page, and inside another one
//! where that wants it.

use std::rc::Rc;

use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlVideoElement;

use cliplet_protocol::messages::{Failure, PictureTaken};

use super::base::Base;
use super::models::ModelsController;
use super::pictures::PicturesController;
use super::pictures::{Incoming, Picture};
use super::scoring;
use super::scoring::ScoringController;
use super::support::{Local, lasting, readable};
use crate::browser;
use crate::camera::{self, Camera, CameraError, Facing};
use crate::canvas;
use crate::engine::Ended;
use crate::state::embed::messages::Code;
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

/// The camera, and what there is to see of it.
pub struct CameraController {
    base: Base,
    models: &'static ModelsController,
    pictures: &'static PicturesController,
    scoring: &'static ScoringController,
    open: RwSignal<bool>,
    live: RwSignal<Live>,
    facing: RwSignal<Facing>,
    several: RwSignal<bool>,
    mirrored: RwSignal<bool>,
    rate: RwSignal<Option<f64>>,
    left: RwSignal<bool>,
    pending: Local<Pending>,
}

#[derive(Default)]
struct Pending {
    camera: Option<Rc<Camera>>,
    /// Counts starts and stops, so that what was begun before the last one ends.
    turn: u32,
    /// The picture that was on screen before, and will be again.
    before: Option<Picture>,
}

impl CameraController {
    pub(crate) fn new(
        base: Base,
        models: &'static ModelsController,
        pictures: &'static PicturesController,
        scoring: &'static ScoringController,
    ) -> &'static Self {
        lasting(Self {
            base,
            models,
            pictures,
            scoring,
            open: RwSignal::default(),
            live: RwSignal::default(),
            facing: RwSignal::default(),
            several: RwSignal::default(),
            mirrored: RwSignal::default(),
            rate: RwSignal::default(),
            left: RwSignal::default(),
            pending: Local::default(),
        })
    }

    readable! {
        /// What it sees is to take the place of the picture. Inside another page it does in any
        /// case.
        open: bool;
        /// Whether it is on.
        live: Live;
        /// There is another one.
        several: bool;
        /// It looks at the person, who expects a mirror. Only what is shown is turned, not what is
        /// scored.
        mirrored: bool;
        /// Pictures scored a second.
        rate: Option<f64>;
    }

    /// Whether the person has just switched it off, whose focus goes to what switches it on. Says
    /// so once.
    pub fn was_left(&self) -> bool {
        self.left.try_update(std::mem::take).unwrap_or_default()
    }

    /// Whether pictures come from a camera.
    pub(crate) fn is_live(&'static self) -> bool {
        if self.base.frame.is_embedded() {
            self.base.frame.is_for_camera()
        } else {
            self.live().get_untracked() != Live::Off
        }
    }

    /// Puts the camera in the place of the picture; what is drawn there switches it on.
    pub fn show(&'static self) {
        self.base.messages.dismiss_error();
        self.open.set(true);
    }

    /// Switches the camera on, and shows and scores what it sees.
    pub fn start(&'static self, video: NodeRef<html::Video>) {
        self.switch_off();
        self.base.messages.dismiss_error();
        self.live.set(Live::Asked);
        let turn = self.pending.with(|pending| pending.turn);
        leptos::task::spawn_local(async move {
            let facing = self.facing.get_untracked();
            let camera = Camera::start(facing, move || self.stop()).await;
            if self.pending.with(|pending| pending.turn) != turn {
                return;
            }
            match camera {
                Ok(camera) => {
                    let camera = Rc::new(camera);
                    let before = self.pictures.replace(None);
                    self.pending.with(|pending| {
                        pending.camera = Some(camera.clone());
                        pending.before = before;
                    });
                    self.pictures.dismiss_note();
                    self.mirrored.set(camera.faces_person());
                    self.live.set(Live::On);
                    self.base.messages.announce(text::CAMERA_ON.to_owned());
                    self.several.set(camera::are_several().await);
                    self.watch(turn, &camera, video).await;
                }
                Err(trouble) => self.failed(trouble),
            }
        });
    }

    /// Takes the other camera.
    pub fn turn(&'static self, video: NodeRef<html::Video>) {
        self.facing.update(|facing| *facing = facing.other());
        self.start(video);
    }

    /// Switches the camera off. Nothing of what it has seen stays, and what was on screen before is
    /// there again.
    pub fn stop(&'static self) {
        self.switch_off();
        self.open.set(false);
    }

    fn switch_off(&'static self) {
        let (camera, before) = self.pending.with(|pending| {
            pending.turn += 1;
            (pending.camera.take(), pending.before.take())
        });
        if let Some(camera) = camera {
            camera.stop();
        }
        let was = self.live().get_untracked();
        if was == Live::Off {
            return;
        }
        self.rate.set(None);
        self.live.set(Live::Off);
        if was == Live::Asked {
            return;
        }
        if let Some(last) = self.pictures.replace(before) {
            self.pictures.forget(last.id);
        }
        self.scoring.clear();
        self.scoring.ask_after(scoring::AT_ONCE);
    }

    /// Keeps what the camera sees now as the picture, and switches the camera off.
    pub fn snapshot(&'static self, video: NodeRef<html::Video>) {
        let Some(video) = video.get_untracked() else {
            return;
        };
        let turn = self.pending.with(|pending| pending.turn);
        leptos::task::spawn_local(async move {
            let file = camera::snapshot(&video).await;
            if self.pending.with(|pending| pending.turn) != turn {
                return;
            }
            self.leave();
            match file {
                Some(file) => self.pictures.take(Incoming::new(
                    file,
                    text::SNAPSHOT_FILE.to_owned(),
                    text::SNAPSHOT.to_owned(),
                )),
                None if canvas::is_hidden() => self.failed(CameraError::Hidden),
                None => self.base.messages.fail(text::NO_SNAPSHOT),
            }
        });
    }

    /// Switches the camera off, as the person wants it.
    pub fn leave(&'static self) {
        self.left.set(true);
        self.stop();
    }

    fn failed(&'static self, trouble: CameraError) {
        self.stop();
        let sentence = text::no_camera(trouble).to_owned();
        self.base.frame.error(Code::Camera, sentence.clone(), false);
        self.base.messages.fail(sentence);
    }

    /// Scores one picture after the other, until the camera is switched off.
    async fn watch(&'static self, turn: u32, camera: &Camera, video: NodeRef<html::Video>) {
        let goes_on = || self.pending.with(|pending| pending.turn) == turn;
        self.models.picture_waits();
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
                self.rate.set(rate.a_second());
            }
            browser::pause((BETWEEN + since - browser::now()).max(10.0)).await;
        }
    }

    /// Scores what there is to be seen now. Returns whether that came to scores.
    async fn score_frame(&'static self, turn: u32, video: &HtmlVideoElement) -> bool {
        let goes_on = || self.pending.with(|pending| pending.turn) == turn;
        if self.models.answering().is_none() {
            return false;
        }
        let Some(pixels) = camera::frame(video).await else {
            return false;
        };
        if !goes_on() {
            return false;
        }
        let id = self.pictures.next_id();
        let taken = self.base.engine().hand_over(id, &pixels).end().await;
        if goes_on() && taken == Err(Ended::Failed(Failure::HiddenPixels)) {
            self.failed(CameraError::Hidden);
        }
        let Ok(PictureTaken { width, height, .. }) = taken else {
            return false;
        };
        if !goes_on() {
            self.pictures.forget(id);
            return false;
        }
        let last = self.pictures.replace(Some(Picture {
            id,
            url: String::new(),
            name: text::SNAPSHOT_FILE.to_owned(),
            alt: String::new(),
            width,
            height,
            sample: None,
            given: None,
        }));
        if let Some(last) = last {
            self.pictures.forget(last.id);
        }
        let Some(question) = self.scoring.question() else {
            self.scoring.clear();
            return false;
        };
        let end = self.base.engine().ask(question.request()).end().await;
        if !goes_on() {
            return false;
        }
        match end {
            Ok(answer) => {
                self.scoring.answered(question, answer);
                return true;
            }
            // The engine may have been another one meanwhile, which does not know this picture; the
            // next it will.
            Err(Ended::Cancelled | Ended::Failed(Failure::NoModel | Failure::UnknownPicture)) => {}
            Err(Ended::Failed(failure)) => {
                self.stop();
                self.base.messages.fail(text::not_scored(&failure));
            }
        }
        false
    }
}
