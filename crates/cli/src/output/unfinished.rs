//! Files that are being written: they have names of their own until they are whole, and are removed
//! if the program ends before, also by a signal.

use std::fs::Permissions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

/// Every file that is being written. Whoever makes, names or removes one holds this, so that a
/// signal finds all of them.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file with a name of its own. It is removed when this is dropped.
pub(super) struct Unfinished(Option<NamedTempFile>);

impl Unfinished {
    /// Makes a file in a folder.
    pub(super) fn create_in(folder: &Path) -> io::Result<Self> {
        watch_signals();
        let mut builder = tempfile::Builder::new();
        builder.prefix(".cliplet-").suffix(".part");
        // As for any new file, and not for its owner alone, which is what temporary files have.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut unfinished = unfinished();
        let file = builder.tempfile_in(folder)?;
        unfinished.push(file.path().to_owned());
        Ok(Self(Some(file)))
    }

    pub(super) fn file(&self) -> &std::fs::File {
        self.0.as_ref().expect("it is taken last").as_file()
    }

    /// Gives the file its name, and the permissions of one that it replaces.
    pub(super) fn persist(mut self, path: &Path, as_before: Option<Permissions>) -> io::Result<()> {
        let mut unfinished = unfinished();
        let file = self.0.take().expect("it is taken last");
        let own = file.path().to_owned();
        let kept = match as_before {
            Some(permissions) => file.as_file().set_permissions(permissions),
            None => Ok(()),
        };
        let kept = kept.and_then(|()| file.persist(path).map_err(|error| error.error));
        unfinished.retain(|other| *other != own);
        kept.map(drop)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(file) = self.0.take() {
            let mut unfinished = unfinished();
            unfinished.retain(|other| other != file.path());
            drop(file);
        }
    }
}

/// From the first file on, a signal that ends the program removes what is unfinished first.
#[cfg(unix)]
fn watch_signals() {
    use std::sync::Once;
    use std::{fs, thread};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    static WATCHING: Once = Once::new();
    WATCHING.call_once(|| {
        // `nohup`, and shells for what runs in the background, have some signals ignored: those
        // stay ignored.
        let signals = [SIGINT, SIGTERM, SIGHUP].into_iter();
        let Ok(mut signals) = Signals::new(signals.filter(|&signal| !is_ignored(signal))) else {
            return;
        };
        thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                // Held to the end, so that no file is made, and none gets its name, after this.
                let unfinished = unfinished();
                for path in &*unfinished {
                    let _ = fs::remove_file(path);
                }
                // So whoever started the program sees which signal ended it: a shell as 128 and the
                // signal's number.
                let _ = emulate_default_handler(signal);
            }
        });
    });
}

#[cfg(not(unix))]
fn watch_signals() {}

/// Whether the program was started with a signal ignored, where that can be asked: Linux shows it
/// as bits.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    ignored.is_some_and(|bits| bits >> (signal - 1) & 1 == 1)
}
