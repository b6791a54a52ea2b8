//! `cargo xtask serve`: the built page on this machine.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};

use cliplet_server::{Server, Site};

use crate::engine::Choice;
use crate::page;
use crate::step::Result;
use crate::workspace::Workspace;

/// The port where nothing else is asked for, and how many after it are tried.
const FIRST_PORT: u16 = 8080;
const PORTS: u16 = 20;

/// Builds the page and serves it until the program is stopped.
pub fn serve(workspace: &Workspace, choice: &Choice, port: Option<u16>, open: bool) -> Result {
    // Before the build, so that a port that is taken is said at once.
    let listener = listen(port)?;
    let dist = page::build(workspace, choice)?;

    let site = Site::new(&dist)
        .map_err(|error| format!("{} cannot be read: {error}.", dist.display()))?
        .guarded();
    let server = Server::start(listener, site)
        .map_err(|error| format!("The server cannot start: {error}."))?;
    let url = format!("http://{}/", server.address());
    println!("\nCliplet is at {url}\nCtrl+C stops it.");
    if open {
        open_browser(&url);
    }
    server.wait();
    Ok(())
}

fn listen(port: Option<u16>) -> Result<TcpListener> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let candidates = match port {
        Some(port) => port..=port,
        None => FIRST_PORT..=FIRST_PORT + PORTS,
    };
    for port in candidates.clone() {
        match bind(port) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => {
                return Err(format!(
                    "Port {port} cannot be used: {error}. Try another with --port."
                )
                .into());
            }
        }
    }
    let (first, last) = (candidates.start(), candidates.end());
    Err(match port {
        Some(port) => format!("Port {port} is taken by another program. Name another with --port, or leave --port out.").into(),
        None => format!("All ports from {first} to {last} are taken. Name another with --port.").into(),
    })
}

/// Opens the person's own browser, where there is one.
fn open_browser(url: &str) {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        Command::new("explorer")
    } else {
        Command::new("xdg-open")
    };
    // The address is on the screen: without a browser nothing is lost.
    let _ = command
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
}
