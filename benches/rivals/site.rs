//! The server that all contestants fetch from: the built page, the rivals, the models, the
//! pictures, each below a path of its own, with the headers that threads need, and a record of what
//! was fetched.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use cliplet_server::{Server, Site};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::plan::Plan;

/// The page's own entry that the timed model takes the place of, so that the page treats it as it
/// treats that one.
const REPLACED: &str = "laion-vit-b-32-q8_0";

/// Below this, a folder for each contestant is the page's folder `engine`.
const ENGINES: &str = "/engines/";

/// A running server.
pub struct Sites {
    server: Server,
    fetched: Arc<Mutex<Vec<String>>>,
    engine: String,
    catalogue: Value,
}

impl Sites {
    /// Serves what the plan names.
    pub fn start(plan: &Plan) -> Self {
        let catalogue = catalogue(plan);
        let engine = worker_script(&plan.page);
        let fetched = Arc::<Mutex<Vec<String>>>::default();
        let folders = Arc::new(Folders::new(plan, &catalogue));
        let log = Arc::clone(&fetched);
        let router = Router::new().fallback(async move |request: Request| {
            let (request, _) = request.into_parts();
            lock(&log).push(request.uri.path().to_owned());
            folders.respond(request).await
        });
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let server = Server::start(listener, router).expect("the server starts");
        Self {
            server,
            fetched,
            engine,
            catalogue,
        }
    }

    /// The URL of a path, which begins with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    /// Where Cliplet's worker lies for a contestant of this name: everybody has an address of their
    /// own, so that what they fetch is seen here and comes from no cache.
    pub fn engine(&self, contestant: &str) -> String {
        format!("{ENGINES}{}/{}", contestant.replace('/', "-"), self.engine)
    }

    /// The entry of a model in a list of models.
    pub fn entry(&self, model: &str) -> Value {
        self.catalogue[model].clone()
    }

    /// The paths that were asked for since the last time, in their order.
    pub fn fetched(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.fetched))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What requests are answered from.
struct Folders {
    /// Each below its path.
    sites: Vec<(String, Site)>,
    /// The page's list of models, in the place of its own.
    models: String,
    /// The page's service worker, in the place of its own.
    service_worker: String,
}

impl Folders {
    fn new(plan: &Plan, catalogue: &Value) -> Self {
        let site = |directory: &Path, base: &str| {
            let site = Site::below(directory, base);
            let site = site.unwrap_or_else(|error| {
                panic!("{} cannot be served: {error}", directory.display())
            });
            (base.to_owned(), site)
        };
        let code = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/rivals/page");
        let mut sites = vec![
            site(&plan.page, "/cliplet/"),
            site(&plan.rivals, "/rivals/"),
            site(&plan.pictures, "/pictures/"),
            site(&code, "/bench/"),
        ];
        for model in &plan.models {
            let folder = model.gguf.parent().expect("a file lies in a folder");
            for (directory, kind) in [(folder, "gguf"), (&model.hub, "hub")] {
                sites.push(site(directory, &format!("/models/{}/{kind}/", model.name)));
            }
        }
        let models = models_of_the_page(plan, &catalogue[&plan.models[0].name]).to_string();
        let service_worker = service_worker(plan, &models);
        Self {
            sites,
            models,
            service_worker,
        }
    }

    async fn respond(&self, mut request: Parts) -> Response {
        let path = request.uri.path();
        let written = match path {
            "/cliplet/models.json" => Some(("application/json", &self.models)),
            "/cliplet/service-worker.js" => Some(("text/javascript", &self.service_worker)),
            _ => None,
        };
        if let Some((media_type, text)) = written {
            return ([(header::CONTENT_TYPE, media_type)], text.clone()).into_response();
        }
        let engine = path.strip_prefix(ENGINES);
        if let Some((_, file)) = engine.and_then(|path| path.split_once('/')) {
            let file = Uri::try_from(format!("/cliplet/engine/{file}"));
            request.uri = file.expect("a part of a path is one");
        }
        let path = request.uri.path();
        match self.sites.iter().find(|(base, _)| path.starts_with(base)) {
            Some((_, site)) => site.respond(&request).await,
            // What a browser asks for by itself.
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }
}

/// Each model as an entry of `models.json`, by its name.
fn catalogue(plan: &Plan) -> Value {
    let mut entries = serde_json::Map::new();
    for model in &plan.models {
        let bytes = fs::metadata(&model.gguf)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", model.gguf.display()))
            .len();
        let file = model
            .gguf
            .file_name()
            .expect("a file has a name")
            .to_string_lossy();
        let entry = json!({
            "id": format!("bench-{}", model.name),
            "name": "Benchmark",
            "weights": "q8_0",
            "url": format!("/models/{}/gguf/{file}", model.name),
            "revision": "1",
            "bytes": bytes,
            "licence": "MIT",
            "about": "What cargo xtask bench measures with.",
        });
        entries.insert(model.name.clone(), entry);
    }
    Value::Object(entries)
}

/// The page's own list of models, with one of them replaced.
fn models_of_the_page(plan: &Plan, entry: &Value) -> Value {
    let path = plan.page.join("models.json");
    let text = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
    let mut models: Value = serde_json::from_str(&text).expect("the list of models is JSON");
    let replaced = models["models"]
        .as_array_mut()
        .into_iter()
        .flatten()
        .find(|model| model["id"] == REPLACED);
    *replaced.unwrap_or_else(|| panic!("{} has no model {REPLACED}", path.display())) =
        entry.clone();
    models
}

/// The page's own service worker, with the replaced list of models in its list of files.
fn service_worker(plan: &Plan, models: &str) -> String {
    let read = |name: &str| {
        let path = plan.page.join(name);
        fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()))
    };
    let hash = |text: &str| -> String {
        let hash = Sha256::digest(text);
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    read("service-worker.js").replace(&hash(&read("models.json")), &hash(models))
}

/// The name of the script that starts Cliplet's worker.
fn worker_script(page: &Path) -> String {
    let names = fs::read_dir(page.join("engine")).expect("the page has an engine");
    let script = names
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .find(|name| name.starts_with("worker-") && name.ends_with(".js"));
    script.expect("the engine has a worker's script")
}
