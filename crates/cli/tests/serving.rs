//! `cliplet serve`, and what clap makes of the arguments.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use common::{cliplet, cliplet_with, fresh_folder, stderr, stdout};

/// The program while it serves; it ends with the test.
struct Serving(Child, String);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(folder: &std::path::Path) -> Serving {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cliplet"))
        .args(["serve", "--port", "0"])
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.trim().strip_prefix("http://").unwrap();
    let address = address.strip_suffix('/').unwrap().to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    Serving(child, address)
}

fn ask(serving: &Serving, request: &str) -> String {
    let mut stream = TcpStream::connect(&serving.1).unwrap();
    write!(
        stream,
        "{request}\r\nHost: here\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_folder_is_served_as_the_page_wants_it() {
    let folder = fresh_folder("served");
    let dist = folder.join("dist");
    fs::create_dir(&dist).unwrap();
    fs::write(folder.join("secret"), "secret").unwrap();
    fs::write(dist.join("index.html"), "<p>hello").unwrap();
    fs::write(dist.join("engine.wasm"), "0123456789").unwrap();
    fs::write(dist.join("worker.js"), "1").unwrap();
    let serving = serve(&dist);
    let page = ask(&serving, "GET / HTTP/1.1");
    assert!(
        page.starts_with("HTTP/1.1 200") && page.ends_with("<p>hello"),
        "{page}"
    );
    for header in [
        "Cross-Origin-Opener-Policy: same-origin",
        "Cross-Origin-Embedder-Policy: require-corp",
        "Content-Security-Policy: frame-ancestors 'self'",
        "Content-Type: text/html",
    ] {
        assert!(page.contains(header), "{header}\n{page}");
    }
    let part = ask(&serving, "GET /engine.wasm HTTP/1.1\r\nRange: bytes=2-4");
    assert!(
        part.starts_with("HTTP/1.1 206") && part.ends_with("\r\n\r\n234"),
        "{part}"
    );
    assert!(part.contains("Content-Type: application/wasm"));
    let worker = ask(&serving, "GET /worker.js HTTP/1.1");
    assert!(
        worker.contains("Content-Security-Policy: default-src 'none'"),
        "{worker}"
    );
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "//secret",
        "/nothing",
    ] {
        let answer = ask(&serving, &format!("GET {path} HTTP/1.1"));
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(!answer.ends_with("\r\n\r\nsecret"));
    }

    let port = serving.1.rsplit_once(':').unwrap().1;
    let output = cliplet_with(&[&"serve", &"--port", &port, &dist]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("taken"), "{}", stderr(&output));
    let output = cliplet_with(&[&"serve", &folder.join("nowhere")]);
    assert!(stderr(&output).contains("is no folder"));
}

#[test]
fn shells_and_man_know_every_command() {
    for (shell, sign) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef cliplet"),
        ("fish", "complete -c cliplet"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = stdout(&cliplet(&["completions", shell]));
        assert!(
            script.contains(sign) && script.contains("classify"),
            "{shell}"
        );
    }
    assert_eq!(cliplet(&["completions", "abacus"]).status.code(), Some(2));
    let folder = fresh_folder("man").join("man1");
    let output = cliplet_with(&[&"man", &folder]);
    assert!(output.status.success(), "{}", stderr(&output));
    for page in [
        "cliplet.1",
        "cliplet-classify.1",
        "cliplet-eval-zero-shot.1",
    ] {
        let text = fs::read_to_string(folder.join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
}

#[test]
fn help_shows_by_example() {
    for command in [
        &["classify"][..],
        &["embed"],
        &["convert"],
        &["info"],
        &["compare"],
        &["serve"],
        &["completions"],
        &["man"],
        &["eval", "zero-shot"],
        &["eval", "retrieval"],
        &["eval", "probe"],
    ] {
        let help = stdout(&cliplet(&[command, &["--help"]].concat()));
        let example = format!("\n  cliplet {} ", command.join(" "));
        assert!(help.contains(&example), "{help}");
    }
}
