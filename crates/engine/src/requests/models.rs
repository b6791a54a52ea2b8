//! Requests about models: loading one, from the store or from where it can be had, and deleting
//! files.

use std::rc::Rc;

use crate::conversion::{self, Origin};
use crate::fetch::{self, Patience};
use crate::model::LoadedModel;
use crate::page_session::PageSession;
use crate::source::Source;
use crate::store::{self, Arriving, Label, Lock, ModelFile};
use crate::tasks::{Stopped, Task};
use cliplet_protocol::catalogue::{Layout, ModelEntry};
use cliplet_protocol::messages::{Failure, ModelReady, Progress, StoredFiles};

impl PageSession {
    pub(super) async fn load_model(
        &self,
        task: &Task,
        model: &ModelEntry,
        patience: Patience,
    ) -> Result<ModelReady, Stopped> {
        let name = store::file_name(model);
        let source = Source {
            url: model.url.clone(),
            // Those of a folder are not those of the file that is made of it.
            bytes: model.bytes.filter(|_| model.layout == Layout::Gguf),
            sha256: model.sha256.clone(),
        };
        let _lock = Lock::take(task, &name, {
            let progress_sender = task.progress_sender();
            move |received, total| progress_sender.tell(Progress::Elsewhere { received, total })
        })
        .await?;
        if let Some(loaded) = self.all.model(&name, &source) {
            return Ok(self.answer_with(loaded));
        }
        if let Some(file) = ModelFile::kept(&name, &source).await {
            match self.read_model(task, model, &source, file).await {
                // A kept file that cannot be read is as good as none.
                Err(Stopped::Failed(_)) => drop(store::remove(&name).await),
                other => return other,
            }
        }
        let handed_over = self.model_files.borrow_mut().remove(&model.id);
        let origin = match &handed_over {
            Some(files) => Origin::Device(files),
            None if model.is_on_device() => return Err(Failure::FilesGone.into()),
            None => Origin::Server {
                folder: &model.url,
                patience,
            },
        };
        let tell = |progress: Progress| {
            if let Progress::Downloading { received, total } = progress {
                store::tell_other_tabs(&name, received, total);
            }
            task.tell(progress);
        };
        let file = match model.layout {
            Layout::Gguf => bring_in(task, model, &name, &source, origin, &tell).await?,
            Layout::Transformers => conversion::convert(task, model, &name, origin, &tell).await?,
        };
        let read = self.read_model(task, model, &source, file).await;
        match read {
            Err(Stopped::Failed(_)) => drop(store::remove(&name).await),
            // Nobody has asked for the one before it: it came with the page. What somebody has
            // chosen is theirs to delete.
            Ok(_) if model.preview => store::delete_other_revisions(model).await,
            _ => {}
        }
        read
    }

    async fn read_model(
        &self,
        task: &Task,
        model: &ModelEntry,
        source: &Source,
        mut file: ModelFile,
    ) -> Result<ModelReady, Stopped> {
        task.tell(Progress::LoadingModel);
        task.yield_now().await?;
        let loaded = LoadedModel::read(model, source, &mut file).await?;
        Ok(self.answer_with(Rc::new(loaded)))
    }

    /// Makes a model the one that answers.
    fn answer_with(&self, model: Rc<LoadedModel>) -> ModelReady {
        let ready = ModelReady {
            model: model.id.clone(),
            kept: model.kept,
        };
        self.state.model.replace(Some(model));
        ready
    }

    pub(super) async fn delete_file(&self, name: &str) -> Result<StoredFiles, Stopped> {
        for model in self.all.models() {
            if model.file == name {
                model.close_kept_prompts();
            }
        }
        store::delete(name).await?;
        Ok(store::files().await)
    }
}

/// Brings a model's one file into the store. The small one that comes with the page is held in
/// memory where it has no room there, as nothing answers without it; for another one a person can
/// make room. The caller has its lock.
async fn bring_in(
    task: &Task,
    model: &ModelEntry,
    name: &str,
    source: &Source,
    origin: Origin<'_>,
    tell: &dyn Fn(Progress),
) -> Result<ModelFile, Stopped> {
    let label = Label::of(model);
    let arriving = Arriving::open(name, &label, source).await;
    let file = fill(task, name, source, origin, tell, arriving).await;
    match file {
        Err(Stopped::Failed(Failure::NoRoom { .. })) if model.preview => {
            store::remove(name).await;
            let arriving = Arriving::in_memory(name, &label, source);
            fill(task, name, source, origin, tell, arriving).await
        }
        file => file,
    }
}

/// Lets a file arrive until it is whole.
async fn fill(
    task: &Task,
    name: &str,
    source: &Source,
    origin: Origin<'_>,
    tell: &dyn Fn(Progress),
    mut arriving: Arriving,
) -> Result<ModelFile, Stopped> {
    let fetched = match (
        arriving.reserve(source.bytes.unwrap_or_default()).await,
        origin,
    ) {
        (Err(no_room), _) => Err(no_room.into()),
        (Ok(()), Origin::Server { patience, .. }) => {
            fetch::bring_in(task, source, patience, &mut arriving, tell).await
        }
        (Ok(()), Origin::Device(files)) => conversion::copy(task, files, &mut arriving, tell).await,
    };
    let began = arriving.have().bytes() > 0;
    let wanted = source.bytes.unwrap_or_default();
    let wanted = wanted.saturating_sub(arriving.have().bytes());
    let file = match fetched {
        Ok(()) => arriving.finish(task, source).await,
        Err(stopped) => {
            drop(arriving);
            Err(stopped)
        }
    };
    match file {
        Err(Stopped::Failed(Failure::WrongLength { .. } | Failure::WrongHash)) => {
            store::remove(name).await;
        }
        Err(_) if !began => drop(store::remove(name).await),
        _ => {}
    }
    match file {
        // Whatever the browser says, it has not taken the next bytes.
        Err(Stopped::Failed(Failure::NoRoom { missing: None })) => {
            let missing = Some(wanted).filter(|&missing| missing > 0);
            Err(Failure::NoRoom { missing }.into())
        }
        file => file,
    }
}
