//! `cliplet convert`.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use cliplet_clip::Error;
use cliplet_clip::hugging_face::{
    Conversion, Repository, SAFETENSORS, SAFETENSORS_INDEX, Source, shards,
};
use tempfile::NamedTempFile;

use crate::arguments::ConvertArguments;
use crate::{Stop, input, say};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

pub(crate) fn run(arguments: &ConvertArguments) -> Result<(), Stop> {
    let ConvertArguments {
        weights,
        folder,
        out,
    } = arguments;
    if !folder.is_dir() {
        return Err(Stop::Failed(format!("{} is no folder.", folder.display())));
    }
    let failed = |error: Error| Stop::Failed(input::about(folder, &error));
    let config = small_file(folder, "config.json")?;
    let preprocessor_config = match small_file(folder, "preprocessor_config.json")? {
        None => small_file(folder, "processor_config.json")?,
        found => found,
    };
    let tokenizer = small_file(folder, "tokenizer.json")?;
    let repository = Repository {
        config: config.as_deref(),
        preprocessor_config: preprocessor_config.as_deref(),
        tokenizer: tokenizer.as_deref(),
    };
    let mut conversion = Conversion::new(&repository, *weights).map_err(failed)?;
    for remark in conversion.remarks() {
        say(remark);
    }
    let files = weight_files(folder)?
        .into_iter()
        .map(|name| {
            let file = input::open(&folder.join(&name))?;
            let length = file
                .metadata()
                .map_err(|error| unreadable(&name, &error))?
                .len();
            Ok((name, file, length))
        })
        .collect::<Result<Vec<_>, Stop>>()?;

    let mut new = temporary(out)?;
    let mut progress = Progress::new(files.iter().map(|(.., length)| length).sum());
    conversion.begin(&mut new).map_err(failed)?;
    let mut chunk = vec![0; CHUNK];
    for (name, mut file, _) in files {
        let mut source = Source::new(&name);
        loop {
            let read = file
                .read(&mut chunk)
                .map_err(|error| unreadable(&name, &error))?;
            if read == 0 {
                break;
            }
            conversion
                .push(&mut source, &chunk[..read], &mut new)
                .map_err(failed)?;
            progress.advance(read as u64);
        }
    }
    conversion.finish(&mut new).map_err(failed)?;
    new.as_file()
        .sync_all()
        .map_err(|error| unwritable(out, &error))?;
    new.persist(out)
        .map_err(|error| unwritable(out, &error.error))?;
    progress.end();
    say(&format!(
        "{} is written: {weights}, {} bytes.",
        out.display(),
        conversion.length()
    ));
    Ok(())
}

/// The bytes of a file, if it is there.
fn small_file(folder: &Path, name: &str) -> Result<Option<Vec<u8>>, Stop> {
    let path = folder.join(name);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(&path.display().to_string(), &error)),
    }
}

/// The names of the files with the weights.
fn weight_files(folder: &Path) -> Result<Vec<String>, Stop> {
    if folder.join(SAFETENSORS).exists() {
        return Ok(vec![SAFETENSORS.to_owned()]);
    }
    if let Some(index) = small_file(folder, SAFETENSORS_INDEX)? {
        return shards(&index).map_err(|error| Stop::Failed(input::about(folder, &error)));
    }
    let folder = folder.display();
    Err(Stop::Failed(format!(
        "{folder} has neither {SAFETENSORS} nor {SAFETENSORS_INDEX}: Cliplet reads weights in the safetensors format alone."
    )))
}

/// A file beside the one that is wanted, which becomes that one when it is whole and is deleted if it does not.
fn temporary(out: &Path) -> Result<NamedTempFile, Stop> {
    let folder = match out.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cliplet-").suffix(".part");
    // As for any new file, and not for its owner alone, which is what temporary files have.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
        .tempfile_in(folder)
        .map_err(|error| unwritable(out, &error))
}

fn unreadable(name: &str, error: &io::Error) -> Stop {
    Stop::Failed(format!("{name} could not be read: {error}."))
}

fn unwritable(out: &Path, error: &io::Error) -> Stop {
    Stop::Failed(format!("{} could not be written: {error}.", out.display()))
}

/// How far it is, in one line that is written over, if somebody sees it.
struct Progress {
    shown: bool,
    total: u64,
    done: u64,
}

impl Progress {
    fn new(total: u64) -> Self {
        let shown = io::stderr().is_terminal();
        Self {
            shown,
            total,
            done: 0,
        }
    }

    fn advance(&mut self, bytes: u64) {
        let percent = |done: u64| 100 * done / self.total.max(1);
        let before = percent(self.done);
        self.done += bytes;
        let now = percent(self.done);
        if self.shown && now != before {
            eprint!("\rcliplet: {now} % of {} MB", self.total / 1_000_000);
        }
    }

    fn end(&self) {
        if self.shown {
            eprintln!();
        }
    }
}
