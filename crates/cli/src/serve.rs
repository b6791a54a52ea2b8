//! `cliplet serve`.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::PathBuf;

use clap::Args;
use cliplet_server::{Server, Site};

use crate::stop::{Stop, say};

pub(crate) const EXAMPLES: &str = "\
Examples:
  cliplet serve dist
  cliplet serve --port 9000 dist

Files have the headers that the page wants: it is isolated from others, so that it may use all processor cores, and what is in it may
connect to nothing but where models come from. Ranges are answered, and nothing outside of the folder is.";

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// The port; 0 for any that is free.
    #[arg(long, default_value = "8080")]
    port: u16,
    /// The address to listen at. Any but the loopback's lets other machines read the folder, over a
    /// connection that is not encrypted, and browsers there do not let the page use all cores.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// The folder with the built page.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) fn run(arguments: &ServeArguments) -> Result<(), Stop> {
    let folder = &arguments.folder;
    if !folder.is_dir() {
        return Err(Stop::Failed(format!("{} is no folder.", folder.display())));
    }
    let site = Site::new(folder)
        .map_err(|error| Stop::unreadable(folder, &error))?
        .guarded();
    let (address, port) = (arguments.address, arguments.port);
    let listener = TcpListener::bind((address, port)).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Stop::Failed(format!(
            "Port {port} is taken by another program: name another with --port."
        )),
        _ => Stop::Failed(format!("{address} port {port} cannot be used: {error}.")),
    })?;
    if !address.is_loopback() {
        say("Other machines can read what is in the folder.");
    }
    if !folder.join("index.html").exists() {
        say("The folder has no index.html, so that only files under their names can be had.");
    }
    let server = Server::start(listener, site)
        .map_err(|error| Stop::Failed(format!("The server cannot start: {error}.")))?;
    let mut out = io::stdout().lock();
    writeln!(out, "http://{}/", server.address())?;
    out.flush()?;
    drop(out);
    server.wait();
    Ok(())
}
