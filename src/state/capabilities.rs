//! What the browser and the host give the page, and how good each of it is.
//!
//! Found out by [`crate::probe`], put into words by [`crate::text::capabilities`].

/// What was found out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Capabilities {
    /// The page came over a connection that others cannot change: by HTTPS, or from this machine.
    pub secure: bool,
    /// The page is cross-origin isolated.
    pub isolated: bool,
    /// The browser gives an isolated page what threads need: memory that they share, and a channel.
    pub sharing: bool,
    /// WebAssembly has vectors.
    pub simd: bool,
    /// WebAssembly has relaxed vector instructions.
    pub relaxed: bool,
    /// How many threads the browser says the device can run at once.
    pub cores: u32,
    /// The service worker.
    pub service_worker: ServiceWorker,
    /// There is an origin private file system that lets the page in.
    pub private_files: bool,
    /// There is a Cache API that lets the page in.
    pub cache: bool,
    /// The browser has agreed not to clear what is kept.
    pub persistent: bool,
    /// Bytes that the site may still take, where the browser says.
    pub available: Option<u64>,
    /// The camera.
    pub camera: Camera,
    /// What the host sends of the two headers that isolation needs; `None` if it could not be
    /// asked.
    pub host_isolates: Option<bool>,
}

/// What there is of a service worker.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ServiceWorker {
    /// The browser gives none.
    #[default]
    None,
    /// It can have one, and this visit began without.
    Able,
    /// One answers for this page.
    InCharge,
}

/// What there is of a camera. Nobody is asked for it here.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Camera {
    /// The browser does not let pages have cameras, or not this one.
    #[default]
    NoWay,
    /// There is none.
    NotFound,
    /// The person has said no.
    Refused,
    /// There is one; the person will be asked.
    Found,
}

/// What runs in the worker.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    /// Its build, such as `relaxed-threads`.
    pub build: String,
    /// How many threads compute.
    pub threads: u32,
}

/// One of the things that are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feature {
    /// Which build of the engine runs.
    Build,
    /// How many threads compute.
    Threads,
    /// Cross-origin isolation, without which there is one thread.
    Isolation,
    /// Vectors in WebAssembly.
    Simd,
    /// Relaxed vector instructions.
    RelaxedSimd,
    /// A service worker, for visits without a network.
    ServiceWorker,
    /// The origin private file system, for models.
    PrivateFiles,
    /// The Cache API, for the page's own files.
    Cache,
    /// That nothing is cleared.
    Persistence,
    /// Room for models.
    Room,
    /// A connection that others cannot change.
    Https,
    /// The host's headers.
    Headers,
    /// A camera.
    Camera,
}

/// The features by what they are for, in the order in which they are told.
pub const GROUPS: [(Group, &[Feature]); 3] = [
    (
        Group::Speed,
        &[
            Feature::Build,
            Feature::Threads,
            Feature::Isolation,
            Feature::Simd,
            Feature::RelaxedSimd,
        ],
    ),
    (
        Group::Keeping,
        &[
            Feature::ServiceWorker,
            Feature::PrivateFiles,
            Feature::Cache,
            Feature::Persistence,
            Feature::Room,
        ],
    ),
    (
        Group::Access,
        &[Feature::Https, Feature::Headers, Feature::Camera],
    ),
];

/// What features are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// How quick it is.
    Speed,
    /// What is there at the next visit.
    Keeping,
    /// What the page may have at all.
    Access,
}

/// How good something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// All that Cliplet can use.
    Full,
    /// Less than it could use; it works all the same.
    Less,
    /// Not there; something does not work, or only more slowly.
    Missing,
    /// Nobody knows yet.
    Unknown,
}

impl Standing {
    /// As it stands in the page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Less => "less",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }
}

impl Capabilities {
    /// How good a feature is. `engine` is `None` as long as it does not run; `needed` are the bytes
    /// of the model that the page is made for, where known.
    pub fn standing(
        &self,
        feature: Feature,
        engine: Option<&Running>,
        needed: Option<u64>,
    ) -> Standing {
        let or_missing = |there: bool| {
            if there {
                Standing::Full
            } else {
                Standing::Missing
            }
        };
        let or_less = |best: bool| if best { Standing::Full } else { Standing::Less };
        match feature {
            Feature::Build => engine.map_or(Standing::Unknown, |engine| {
                or_less(engine.build == "relaxed-threads")
            }),
            Feature::Threads => {
                engine.map_or(Standing::Unknown, |engine| or_less(engine.threads > 1))
            }
            Feature::Isolation => or_less(self.isolated),
            Feature::Simd => or_missing(self.simd),
            Feature::RelaxedSimd => or_less(self.relaxed),
            Feature::ServiceWorker => match self.service_worker {
                ServiceWorker::None => Standing::Missing,
                ServiceWorker::Able => Standing::Less,
                ServiceWorker::InCharge => Standing::Full,
            },
            Feature::PrivateFiles => or_missing(self.private_files),
            Feature::Cache => or_missing(self.cache),
            Feature::Persistence => or_less(self.persistent),
            Feature::Room => match (self.available, needed) {
                (Some(available), Some(needed)) => or_less(available >= needed),
                (Some(_), None) => Standing::Full,
                (None, _) => Standing::Unknown,
            },
            Feature::Https => or_missing(self.secure),
            Feature::Headers => self.host_isolates.map_or(Standing::Unknown, or_less),
            Feature::Camera => match self.camera {
                Camera::NoWay | Camera::NotFound => Standing::Missing,
                Camera::Refused => Standing::Less,
                Camera::Found => Standing::Full,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that a browser can give.
    pub fn everything() -> Capabilities {
        Capabilities {
            secure: true,
            isolated: true,
            sharing: true,
            simd: true,
            relaxed: true,
            cores: 8,
            service_worker: ServiceWorker::InCharge,
            private_files: true,
            cache: true,
            persistent: true,
            available: Some(1 << 40),
            camera: Camera::Found,
            host_isolates: Some(true),
        }
    }

    fn standings(found: &Capabilities, engine: Option<&Running>) -> Vec<(Feature, Standing)> {
        let features = GROUPS.iter().flat_map(|(_, features)| features.iter());
        features
            .map(|&feature| (feature, found.standing(feature, engine, Some(164_391_744))))
            .collect()
    }

    #[test]
    fn the_best_browser_has_all_and_the_poorest_nothing() {
        let engine = Running {
            build: "relaxed-threads".to_owned(),
            threads: 4,
        };
        for (feature, standing) in standings(&everything(), Some(&engine)) {
            assert_eq!(standing, Standing::Full, "{feature:?}");
        }
        for (feature, standing) in standings(&Capabilities::default(), None) {
            assert_ne!(standing, Standing::Full, "{feature:?}");
        }
    }

    #[test]
    fn one_thread_is_less_than_several_and_little_room_less_than_enough() {
        let engine = Running {
            build: "relaxed".to_owned(),
            threads: 1,
        };
        let found = Capabilities {
            available: Some(1_000),
            ..everything()
        };
        let standing = |feature| found.standing(feature, Some(&engine), Some(1_001));
        assert_eq!(standing(Feature::Build), Standing::Less);
        assert_eq!(standing(Feature::Threads), Standing::Less);
        assert_eq!(standing(Feature::Room), Standing::Less);
        assert_eq!(
            found.standing(Feature::Room, None, Some(1_000)),
            Standing::Full
        );
    }
}
