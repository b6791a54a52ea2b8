//! The npm package of `cliplet.js` in somebody's Vite project, as `cargo xtask test` has built it,
//! and as Vite serves it while it is written.

use std::env;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Kind, Options, Page, TestServer};

fn project() -> PathBuf {
    env::var_os("CLIPLET_VITE_PROJECT")
        .expect("these tests need the built project: run `cargo xtask test --only browser`, which builds it first")
        .into()
}

/// What the project's page has found out.
#[track_caller]
fn assert_finds_the_rocket(page: &Page) -> Value {
    let found = page.wait_until("the project's scores", Duration::from_secs(60), || {
        Some(page.script("return globalThis.found ?? null", [])).filter(|found| !found.is_null())
    });
    assert_eq!(found["results"][0]["label"], "rocket", "{found}");
    found
}

#[test]
fn the_built_project_works_as_it_is() {
    for (built, kind) in [
        ("dist", Kind::Chromium),
        ("dist", Kind::Firefox),
        ("dist", Kind::WebKit),
        ("dist-7", Kind::Chromium),
    ] {
        if !Kind::of_this_run().contains(&kind) {
            continue;
        }
        let server = TestServer::of(&project().join(built));
        let page = Page::open_with(
            &server,
            &Options {
                kind,
                ..Options::default()
            },
        );
        let found = assert_finds_the_rocket(&page);
        assert!(
            found["engine"]["threads"].as_u64() > Some(1),
            "the server's pages are isolated: {found}"
        );
        // Nothing but what is used.
        let fetched = server.files_asked_for("assets/engine-");
        assert_eq!(fetched.len(), 2, "{fetched:?}");
    }
}

#[test]
fn vite_serves_it_while_it_is_written() {
    for vite in ["vite", "vite-7"] {
        let server = Vite::start(&project(), vite);
        let page = Page::blank(&Options::default());
        page.go(&server.url());
        let found = assert_finds_the_rocket(&page);
        assert_eq!(
            found["engine"]["threads"],
            json!(1),
            "its pages are not isolated"
        );
    }
}

#[test]
fn the_package_can_be_imported_where_there_is_no_browser() {
    let script = "const { Cliplet } = await import('cliplet');
        await Cliplet.load().catch(({ code, message }) => console.log(code, message));";
    let output = Command::new("node")
        .args(["--input-type=module", "--eval", script])
        .current_dir(project())
        .output()
        .expect("node starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.starts_with("no-browser "), "{printed}");
}

/// Vite's server for development.
struct Vite {
    process: Child,
    port: u16,
}

impl Vite {
    fn start(project: &Path, vite: &str) -> Self {
        // Vite takes no port of the system's choice.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let process = Command::new("node")
            .arg(project.join("node_modules").join(vite).join("bin/vite.js"))
            .args([
                "--host",
                "127.0.0.1",
                "--strictPort",
                "--force",
                "--port",
                &port.to_string(),
            ])
            .current_dir(project)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("node starts");
        let server = Self { process, port };
        let patience = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < patience, "{vite} does not listen");
            thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

impl Drop for Vite {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
