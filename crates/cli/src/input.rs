//! Model and picture files from the disk.

use std::fs::File;
use std::path::Path;

use cliplet_clip::picture::{self, Picture};
use cliplet_clip::{Clip, Error};

use crate::Stop;
use crate::arguments::ModelArguments;

/// Reads the model.
pub(crate) fn model(arguments: &ModelArguments) -> Result<Clip, Stop> {
    let path = &arguments.model;
    let mut file = File::open(path).map_err(|error| {
        Stop::Failed(format!("{} could not be opened: {error}.", path.display()))
    })?;
    Clip::read(&mut file, arguments.arithmetic()).map_err(|error| about(path, &error))
}

/// Reads a picture.
pub(crate) fn picture(path: &Path) -> Result<Picture, Stop> {
    let bytes = std::fs::read(path)
        .map_err(|error| Stop::Failed(format!("{} could not be read: {error}.", path.display())))?;
    picture::decode(&bytes).map_err(|error| about(path, &error))
}

fn about(path: &Path, error: &Error) -> Stop {
    Stop::Failed(format!("{}: {error}", path.display()))
}
