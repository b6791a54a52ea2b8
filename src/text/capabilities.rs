//! What the browser and the host give, in words: what each thing is for, what is there of it, and
//! what to do for more.

use super::format::size;
use crate::state::capabilities::{Camera, Capabilities, Feature, Group, Running, ServiceWorker};

/// The heading.
pub const HEADING: &str = "About this browser";
/// What is to be read below it.
pub const INTRODUCTION: &str = "What this browser and host provide, and how to get more. Cliplet works without most of it, only more \
                                slowly, or not at the next visit.";
/// While it is found out.
pub const FINDING_OUT: &str = "Finding out";
/// The button that asks the browser to keep everything.
pub const ASK_TO_KEEP: &str = "Ask for it";
/// The browser did not agree.
pub const NOT_KEPT: &str = "The browser did not agree this time.";
/// The link to the chapter on hosting.
pub const HOW_TO_HOST: &str = "How to host Cliplet";

/// What a group of features is for.
pub fn group(group: Group) -> &'static str {
    match group {
        Group::Speed => "How quick it is",
        Group::Keeping => "What is kept for the next visit",
        Group::Access => "What the page may do",
    }
}

/// What a feature is called.
pub fn name(feature: Feature) -> &'static str {
    match feature {
        Feature::Build => "Build of the engine",
        Feature::Threads => "Threads",
        Feature::Isolation => "Cross-origin isolation",
        Feature::Simd => "SIMD",
        Feature::RelaxedSimd => "Relaxed SIMD",
        Feature::ServiceWorker => "Service worker",
        Feature::PrivateFiles => "Private file system",
        Feature::Cache => "Cache API",
        Feature::Persistence => "Persistent storage",
        Feature::Room => "Room",
        Feature::Https => "Secure connection",
        Feature::Headers => "The host’s headers",
        Feature::Camera => "Camera",
    }
}

/// What it is for.
pub fn purpose(feature: Feature) -> &'static str {
    match feature {
        Feature::Build => {
            "The engine comes in four builds. The page takes the quickest that runs here."
        }
        Feature::Threads => "A picture’s arithmetic is shared out to several cores.",
        Feature::Isolation => "What browsers ask of a page before it may have several threads.",
        Feature::Simd => {
            "Instructions that compute on several numbers at once. Nothing works without them."
        }
        Feature::RelaxedSimd => "Instructions that multiply small numbers more quickly still.",
        Feature::ServiceWorker => "It keeps the page for visits without a network.",
        Feature::PrivateFiles => {
            "Models are kept there. A download that breaks off goes on where it was."
        }
        Feature::Cache => "The page’s own files are kept there.",
        Feature::Persistence => {
            "With it the browser clears nothing of this when it runs out of room."
        }
        Feature::Room => {
            "How much more the browser says this page may keep. The real amount may be lower."
        }
        Feature::Https => {
            "HTTPS, or a page from this device itself. Browsers give most of the above only then."
        }
        Feature::Headers => "Two lines with which a host allows threads from the first visit on.",
        Feature::Camera => "For pictures from a camera, where somebody asks for them.",
    }
}

/// What there is of it.
pub fn value(feature: Feature, found: &Capabilities, engine: Option<&Running>) -> String {
    let yes = |there: bool| if there { "yes" } else { "no" };
    let value = match feature {
        Feature::Build => {
            return engine.map_or("not running".to_owned(), |engine| engine.build.clone());
        }
        Feature::Threads => {
            return match (engine, found.cores) {
                (None, _) => "not running".to_owned(),
                (Some(engine), cores @ 2..) => format!("{} on {cores} cores", engine.threads),
                (Some(engine), _) => format!("{} on 1 core", engine.threads),
            };
        }
        Feature::Room => return found.available.map_or("unknown".to_owned(), size),
        Feature::Isolation if found.isolated && found.host_isolates == Some(false) => {
            "yes, by the service worker"
        }
        Feature::Isolation => yes(found.isolated),
        Feature::Simd => yes(found.simd),
        Feature::RelaxedSimd => yes(found.relaxed),
        Feature::ServiceWorker => match found.service_worker {
            ServiceWorker::None => "no",
            ServiceWorker::Able => "not for this visit",
            ServiceWorker::InCharge => "yes",
        },
        Feature::PrivateFiles => yes(found.private_files),
        Feature::Cache => yes(found.cache),
        Feature::Persistence => yes(found.persistent),
        Feature::Https => yes(found.secure),
        Feature::Headers => match found.host_isolates {
            Some(true) => "sent",
            Some(false) => "not sent",
            None => "unknown",
        },
        Feature::Camera => match found.camera {
            Camera::NoWay => "not for this page",
            Camera::NotFound => "none found",
            Camera::Refused => "not allowed",
            Camera::Found => "yes",
        },
    };
    value.to_owned()
}

/// The page did not come by HTTPS.
const OPEN_BY_HTTPS: &str =
    "Open the page by an address that begins with https://. Its host has to offer one.";
/// The browser keeps nothing for this page.
const ORDINARY_WINDOW: &str = "Private windows often have none, nor has a browser that was told to keep nothing. Open the page in an ordinary \
                               window, or in a newer browser.";

/// What to do for more of a feature that is not all that Cliplet can use.
pub fn advice(feature: Feature, found: &Capabilities, needed: Option<u64>) -> String {
    let for_want_of_https = |otherwise: &'static str| {
        if found.secure {
            otherwise
        } else {
            OPEN_BY_HTTPS
        }
    };
    let advice = match feature {
        Feature::Build | Feature::Threads if found.isolated && !found.sharing => {
            "This browser gives pages nothing that threads could share, or refuses it as it refuses cookies. Allow this \
             site to keep data, or try another browser."
        }
        Feature::Build => match (found.isolated, found.relaxed) {
            (false, false) => {
                "Isolation would bring one with threads, and relaxed SIMD a quicker one: see below."
            }
            (false, true) => "Isolation would bring one with threads: see below.",
            (true, false) => "Relaxed SIMD would bring a quicker one: see below.",
            (true, true) => {
                "Load the page again. If ?build= or ?threads= stands behind its address, take that away."
            }
        },
        Feature::Threads => match (found.isolated, found.cores) {
            (_, ..2) => "This browser gives pages one core, so there is nothing to share out.",
            (false, _) => "Isolation would bring several: see below.",
            (true, _) => {
                "Load the page again. If ?build= or ?threads= stands behind its address, take that away."
            }
        },
        Feature::Isolation => match (found.host_isolates, found.service_worker) {
            _ if !found.secure => OPEN_BY_HTTPS,
            (Some(true), _) => "Open the page in a tab of its own, not inside another page.",
            (_, ServiceWorker::None) => {
                "Only the host’s headers can bring it here: see below. In an ordinary window the service worker would."
            }
            _ => {
                "Wait until the page says that it works without a network, then load it again: its service worker adds what \
                 the host does not send."
            }
        },
        Feature::Simd => "Update the browser.",
        Feature::RelaxedSimd => {
            "Update the browser, or try another: Chrome and Edge have it from version 114 on."
        }
        Feature::ServiceWorker => match found.service_worker {
            ServiceWorker::None => for_want_of_https(ORDINARY_WINDOW),
            _ => {
                "Wait until the page says that it works without a network. The next visit then has it."
            }
        },
        Feature::PrivateFiles | Feature::Cache => for_want_of_https(ORDINARY_WINDOW),
        Feature::Persistence => {
            if found.secure {
                "Ask the browser. It agrees more readily to pages that are bookmarked, installed or often visited."
            } else {
                OPEN_BY_HTTPS
            }
        }
        Feature::Room => {
            return match (found.available, needed) {
                (Some(_), Some(needed)) => format!(
                    "The model that this page is made for needs {}. Delete a kept model under Models, or other files of this device.",
                    size(needed)
                ),
                _ => "This browser does not say. If there is too little, the page will.".to_owned(),
            };
        }
        Feature::Https => {
            "Ask the host for an address that begins with https://. Without one nothing is kept, and one thread computes."
        }
        Feature::Headers => match found.host_isolates {
            Some(_) => {
                "Who hosts the page can send them. Until then the first visit has one thread."
            }
            None => "The host does not answer now. The page works without it.",
        },
        Feature::Camera => match found.camera {
            Camera::Refused => "Allow the camera for this page in the browser’s settings.",
            Camera::NotFound => "Connect one, and look again.",
            _ => for_want_of_https(
                "Open the page in a tab of its own, in a browser that gives pages the camera.",
            ),
        },
    };
    advice.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::capabilities::{GROUPS, Standing};

    /// All that can be found out, combined.
    fn every_case() -> Vec<Capabilities> {
        let mut cases = Vec::new();
        for bits in 0..64_u32 {
            let bit = |nth: u32| bits >> nth & 1 == 1;
            for service_worker in [
                ServiceWorker::None,
                ServiceWorker::Able,
                ServiceWorker::InCharge,
            ] {
                for camera in [
                    Camera::NoWay,
                    Camera::NotFound,
                    Camera::Refused,
                    Camera::Found,
                ] {
                    for host_isolates in [None, Some(false), Some(true)] {
                        cases.push(Capabilities {
                            secure: bit(0),
                            isolated: bit(1),
                            sharing: bit(5),
                            simd: bit(2),
                            relaxed: bit(2),
                            cores: bits % 3,
                            service_worker,
                            private_files: bit(3),
                            cache: bit(4),
                            persistent: bit(3),
                            available: bit(5).then_some(1_000_000),
                            camera,
                            host_isolates,
                        });
                    }
                }
            }
        }
        cases
    }

    #[test]
    fn every_case_has_a_value_and_whatever_is_less_an_advice() {
        let engine = Running {
            build: "simd128".to_owned(),
            threads: 1,
        };
        for found in every_case() {
            for feature in GROUPS.iter().flat_map(|(_, features)| *features) {
                assert!(!value(*feature, &found, Some(&engine)).is_empty());
                let standing = found.standing(*feature, Some(&engine), Some(2_000_000));
                if standing != Standing::Full {
                    let advice = advice(*feature, &found, Some(2_000_000));
                    assert!(advice.ends_with('.'), "{feature:?}: {advice}");
                }
            }
        }
    }

    #[test]
    fn what_lacks_https_is_advised_to_have_it() {
        let found = Capabilities::default();
        for feature in [
            Feature::Isolation,
            Feature::ServiceWorker,
            Feature::PrivateFiles,
            Feature::Cache,
            Feature::Persistence,
            Feature::Https,
            Feature::Camera,
        ] {
            assert!(advice(feature, &found, None).contains("https://"));
        }
    }

    #[test]
    fn threads_and_room_are_told_in_numbers() {
        let engine = Running {
            build: "relaxed-threads".to_owned(),
            threads: 4,
        };
        let found = Capabilities {
            cores: 8,
            available: Some(2_345_000_000),
            ..Capabilities::default()
        };
        assert_eq!(
            value(Feature::Threads, &found, Some(&engine)),
            "4 on 8 cores"
        );
        assert_eq!(value(Feature::Room, &found, None), "2.3 GB");
        assert!(advice(Feature::Room, &found, Some(164_391_744)).contains("164 MB"));
    }
}
