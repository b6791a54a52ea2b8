//! Pictures with their classes: a folder with a subfolder a class, as torchvision's ImageFolder
//! reads it, or webdataset's tar archives, where beside each picture a `.cls` says the number of
//! its class.

use std::fs;
use std::path::{Path, PathBuf};

use cliplet_clip::ImageEncoder;
use cliplet_protocol::system_files::is_system_name;
use cliplet_protocol::text;

use crate::encode::{Batches, Embedded, Pending};
use crate::labels::labels_in;
use crate::pictures::{Member, Members, Unit, below, is_archive, is_picture};
use crate::progress::Progress;
use crate::stop::Stop;

/// Takes a picture, with its class or why that is not known.
type Push<'a> = dyn FnMut(Pending<Result<usize, String>>) -> Result<(), Stop> + 'a;

/// A data set.
pub(super) struct Data {
    /// The classes' names, in the order of their numbers.
    pub(super) classes: Vec<String>,
    source: Source,
}

enum Source {
    /// Pictures and the numbers of their classes; what cannot be looked at may have any.
    Folder(Vec<(Unit, usize)>),
    Archives(Vec<PathBuf>),
}

impl Data {
    /// Looks at a folder, or at archives. `names` is a file with a class name a line: for a folder
    /// in the alphabetical order of its subfolders, whose own names they replace.
    pub(super) fn find(paths: &[PathBuf], names: Option<&Path>) -> Result<Self, Stop> {
        let names = names.map(labels_in).transpose()?;
        match paths {
            [folder] if folder.is_dir() && !has_archives(folder)? => Self::in_folder(folder, names),
            _ => Self::in_archives(paths, names),
        }
    }

    fn in_folder(folder: &Path, names: Option<Vec<String>>) -> Result<Self, Stop> {
        let (subfolders, others): (Vec<PathBuf>, Vec<PathBuf>) = children(folder)?
            .into_iter()
            .partition(|path| path.is_dir());
        if subfolders.is_empty() {
            return Err(Stop::Failed(format!(
                "{} has no subfolders: it should have one for each class, with its pictures.",
                folder.display()
            )));
        }
        let classes = match names {
            Some(names) if names.len() == subfolders.len() => names,
            Some(names) => {
                return Err(Stop::Failed(format!(
                    "There are {} class names, and {} has {} subfolders.",
                    names.len(),
                    folder.display(),
                    subfolders.len()
                )));
            }
            None => {
                let name = |path: &PathBuf| {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    name.replace('_', " ")
                };
                subfolders.iter().map(name).collect()
            }
        };
        let mut pictures = Vec::new();
        for path in others {
            let cause = match fs::metadata(&path) {
                Ok(_) if is_picture(&path) => "it is in no class's folder".to_owned(),
                // A link to nothing may have been one to a folder.
                Err(error) if is_picture(&path) || path.extension().is_none() => error.to_string(),
                _ => continue,
            };
            let sentence = format!("{} is left out: {cause}.", path.display());
            pictures.push((Unit::Missing(path, sentence), 0));
        }
        for (class, subfolder) in subfolders.iter().enumerate() {
            let found = below(subfolder, |_| false);
            pictures.extend(found.into_iter().map(|unit| (unit, class)));
        }
        Ok(Self {
            classes,
            source: Source::Folder(pictures),
        })
    }

    fn in_archives(paths: &[PathBuf], names: Option<Vec<String>>) -> Result<Self, Stop> {
        let mut archives = Vec::new();
        for path in paths {
            if path.is_dir() {
                let mut found = children(path)?;
                found.retain(|path| is_archive(path));
                archives.extend(found);
            } else if is_archive(path) {
                archives.push(path.clone());
            } else {
                return Err(Stop::Usage(format!(
                    "{} is neither a folder nor a tar archive.",
                    path.display()
                )));
            }
        }
        let classes = names.ok_or_else(|| {
            Stop::Usage(
                "Archives do not say what their classes are called: --classes names a file that does."
                    .to_owned(),
            )
        })?;
        Ok(Self {
            classes,
            source: Source::Archives(archives),
        })
    }

    /// Embeds every picture, and hands each with its class to `done`. Returns how many could not be
    /// used, which has been said of each.
    pub(super) fn embed(
        &self,
        encoder: &ImageEncoder,
        mut done: impl FnMut(usize, Vec<f32>),
    ) -> Result<usize, Stop> {
        let total = match &self.source {
            Source::Folder(pictures) => Some(pictures.len() as u64),
            Source::Archives(_) => None,
        };
        let progress = Progress::of(total, "pictures");
        let mut unusable = 0;
        let mut batches = Batches::new(
            encoder,
            |picture: Pending<Result<usize, String>>, embedded: Embedded| {
                progress.advance(1);
                match embedded.and_then(|embedding| Ok((picture.tag?, embedding))) {
                    Ok((class, embedding)) => {
                        if let Some(note) = embedding.note(&picture.path) {
                            progress.say(&note);
                        }
                        done(class, embedding.vector);
                    }
                    Err(sentence) => {
                        unusable += 1;
                        progress.say(&sentence);
                    }
                }
                Ok(())
            },
        )?;
        match &self.source {
            Source::Folder(pictures) => {
                for (unit, class) in pictures {
                    batches.push(Pending {
                        tag: Ok(*class),
                        path: unit.path().to_owned(),
                        bytes: match unit {
                            Unit::Missing(_, sentence) => Some(Err(sentence.clone())),
                            _ => None,
                        },
                    })?;
                }
            }
            Source::Archives(archives) => {
                for archive in archives {
                    self.of_archive(archive, &mut |picture| batches.push(picture))?;
                }
            }
        }
        batches.flush()?;
        drop(batches);
        Ok(unusable)
    }

    /// The pictures of an archive, each with what the `.cls` of its sample says. The files of a
    /// sample stand one behind the other.
    fn of_archive(&self, archive: &Path, push: &mut Push) -> Result<(), Stop> {
        let lost = |sentence: String| Pending {
            tag: Err(sentence.clone()),
            path: archive.to_owned(),
            bytes: Some(Err(sentence)),
        };
        let mut members = match Members::open(archive) {
            Ok(members) => members,
            Err(Stop::Failed(sentence)) => return push(lost(sentence)),
            Err(other) => return Err(other),
        };
        let mut sample: Vec<Member> = Vec::new();
        let end = |sample: &mut Vec<Member>, push: &mut Push| -> Result<(), Stop> {
            let class = sample.iter().find(|member| member.extension == "cls");
            let class = match class {
                Some(member) => self.class(member),
                None => Err("it has no .cls beside it".to_owned()),
            };
            for picture in sample.drain(..).filter(|member| member.extension != "cls") {
                let what = |what: &String| format!("{}: {what}.", picture.path.display());
                push(Pending {
                    tag: class.as_ref().copied().map_err(what),
                    path: picture.path,
                    bytes: Some(picture.bytes),
                })?;
            }
            Ok(())
        };
        for member in members.iter(&["cls"])? {
            let member = match member {
                Ok(member) => member,
                Err(sentence) => {
                    push(lost(sentence))?;
                    continue;
                }
            };
            if sample.first().is_some_and(|first| first.key != member.key) {
                end(&mut sample, push)?;
            }
            sample.push(member);
        }
        end(&mut sample, push)
    }

    fn class(&self, member: &Member) -> Result<usize, String> {
        let bytes = member.bytes.as_ref().map_err(String::clone)?;
        let text = text::decode(bytes).map_err(|error| format!("its .cls {error}"))?;
        let text = text.trim();
        text.parse()
            .ok()
            .filter(|&class| class < self.classes.len())
            .ok_or_else(|| {
                format!(
                    "its .cls says {:?}, which is no number below {}",
                    text.chars().take(40).collect::<String>(),
                    self.classes.len()
                )
            })
    }
}

/// What is in a folder, in alphabetical order, without what systems leave there.
fn children(folder: &Path) -> Result<Vec<PathBuf>, Stop> {
    let unreadable = |error| Stop::unreadable(folder, &error);
    let mut children = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if !is_system_name(&entry.file_name().to_string_lossy()) {
            children.push(entry.path());
        }
    }
    children.sort();
    Ok(children)
}

fn has_archives(folder: &Path) -> Result<bool, Stop> {
    Ok(children(folder)?.iter().any(|path| is_archive(path)))
}
